"""Deliveries over HTTP, to a real server: delivered once, whoever else delivers and however often it is away."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from assay.adapters import server_push
from assay.adapters.folder_reader import FolderReader
from assay.adapters.here import project_at
from assay.adapters.http_post import get, post
from assay.adapters.server_push import HttpServer, UnreachableError, push, waiting
from assay.errors import InputError, NotThereError, RefusedError, VerificationError
from assay.lifecycle.verification import verify_release
from assay.records.delivery import OutOfStepError
from assay.server.acting import Actor
from assay.server.pages.deciding import gate_again
from assay.server.today import rules_of
from delivery_home import BareLog
from delivery_server import AT, SYSTEM, running
from live_server import free_port
from small_project import small_project

if TYPE_CHECKING:
    from pathlib import Path

    from delivery_server import Running
    from small_project import SmallProject


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    made = small_project(tmp_path / "project", capsys)
    assert made.say("run").code == 0
    return made


def entries(folder: Path) -> list[bytes]:
    reader = FolderReader.open(folder)
    return list(reader.entries(0, reader.checkpoint().checkpoint.size))


def in_order(found: Running, root: Path) -> bool:
    theirs = entries(root / ".assay/log")
    return [entry for entry in entries(found.server.home.log_folder) if entry in theirs] == theirs


def test_what_waited_while_the_server_was_away_is_delivered_once(
    project: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr(server_push, "PAUSES", (0.05,))
    monkeypatch.setenv("ASSAY_TOKEN_FILE", str(tmp_path / "secret"))
    (tmp_path / "secret").write_text("ci:none yet")
    said = project.say("run", "--server", f"http://127.0.0.1:{port}")
    assert said.code == 0  # the verdict's, not the network's
    count = len(entries(project.root / ".assay/log"))
    assert f"could not be reached: no answer: Connection refused. {count} entries wait" in said.err
    assert project.say("push", "--server", f"http://127.0.0.1:{port}").code == 2
    (tmp_path / "secret").unlink()
    with running(tmp_path, project.root, port=port) as found:
        said = project.say("push", "--server", found.url, "--format", "json")
        assert said.code == 0, said.err
        document = json.loads(said.out)
        assert (document["entries"], document["outcomes"][0]["outcome"]) == (count, "waits")
        assert json.loads(project.say("push", "--server", found.url, "--format", "json").out)["entries"] == 0
        assert in_order(found, project.root)
        assert waiting(project_at(project.root), found.url) == 0
    assert project.say("run", "--server", f"http://127.0.0.1:{port}").code == 0
    with running(tmp_path, port=port) as found:
        found.adopt(project.root)
        said = project.say("run", "--server", found.url)
        assert "small 1: the server decided allow" in said.err
        assert in_order(found, project.root)
        assert verify_release(found.server.home.state / "releases/small/1").decision == "allow"
        assert project.say("push", "--wait", "5", "--server", found.url).code == 0


def test_without_a_decision_a_job_that_waits_ends_undecided(
    project: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, project.root) as found:
        monkeypatch.setenv("ASSAY_TOKEN_FILE", str(found.secret))
        said = project.say("push", "--wait", "0", "--server", found.url)
        assert (said.code, "nobody has adopted a policy" in said.out) == (3, True)


def test_deciding_again_after_a_consent_keeps_what_the_pipeline_said_of_the_files(
    project: SmallProject, tmp_path: Path
) -> None:
    """The model is not at the server: that nobody changed it rests on the verdict that its pipeline signed."""
    with running(tmp_path, project.root) as found:
        push(project_at(project.root), found.url, server=found.client())
        found.adopt(project.root)
        inside, auditor = found.server.inside, Actor(kind="person", name="adam", roles=("auditor",), session="s" * 64)
        before = inside.release(auditor, "small", "1")
        rules = rules_of(found.server, SYSTEM)
        assert rules is not None
        gate_again(found.server, before, rules)
        after = inside.release(auditor, "small", "1")
        assert after.report is not None
        assert after.report.verdict.decision == "allow"
        assert verify_release(after.folder).decision == "allow"


def test_many_at_once_lose_nothing_and_keep_the_order(project: SmallProject, tmp_path: Path) -> None:
    """Two runs of one project and other logs, all at once."""
    logs = [BareLog(tmp_path / f"log-{number}" / "log", f"example.com/{number}") for number in range(6)]
    with running(tmp_path, project.root) as found:
        failed: list[BaseException] = []

        def deliver(log: BareLog) -> None:
            try:
                client = found.client()
                for number in range(6):
                    log.append(f"{log.origin} {number}".encode())
                    taken = client.deliver(log.delivery(number))
                    assert (taken.new, taken.reached.size) == (1, number + 1)
            except BaseException as error:  # noqa: BLE001 - told by the test's own thread
                failed.append(error)

        def push_all() -> None:
            try:
                push(project_at(project.root), found.url, server=found.client())
            except BaseException as error:  # noqa: BLE001 - as above
                failed.append(error)

        threads = [threading.Thread(target=deliver, args=(log,)) for log in logs]
        threads += [threading.Thread(target=push_all) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert failed == []
        taken = entries(found.server.home.log_folder)
        for log in logs:
            theirs = [f"{log.origin} {number}".encode() for number in range(6)]
            assert [entry for entry in taken if entry in theirs] == theirs
        assert in_order(found, project.root)


def test_who_does_not_say_who_they_are_delivers_nothing(project: SmallProject, tmp_path: Path) -> None:
    with running(tmp_path, project.root) as found:
        with pytest.raises(InputError, match="expected to know who delivers"):
            push(project_at(project.root), found.url, server=HttpServer(found.url, {}))
        (tmp_path / "wrong").write_text("ci:" + "A" * 43)
        with pytest.raises(RefusedError, match="expected the name of a pipeline and its secret"):
            push(
                project_at(project.root),
                found.url,
                server=HttpServer(found.url, {"ASSAY_TOKEN_FILE": str(tmp_path / "wrong")}),
            )
        for path in ("/deliveries/any", "/releases/small/1"):
            assert get(f"{found.url}/api/v1{path}", timeout_s=10, cap=10_000).status == 401
        for path in ("/deliveries", "/known-documents"):
            assert post(f"{found.url}/api/v1{path}", b"{}", "application/json", timeout_s=10, cap=10_000).status == 401


def test_a_pipeline_sees_nothing_of_another_system(
    project: SmallProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = small_project(tmp_path / "other", capsys)
    other.replace("assay.yaml", "system: small", "system: other")
    other.replace("assay.yaml", "name: small", "name: another")
    assert other.say("run").code == 0
    with running(tmp_path, project.root, other.root, systems=(SYSTEM, "other")) as found:
        push(project_at(other.root), found.url, server=found.client())
        people = found.server.entrance.people
        changed = msgspec.structs.replace(people.pipeline("ci"), systems=(SYSTEM,))
        people.change_pipeline(changed, "permitted", by="root", at=AT + 1)
        client = found.client()
        with pytest.raises(NotThereError):
            client.outcome("another", "1")
        with pytest.raises(NotThereError):
            client.reached("assay.invalid/other")
        with pytest.raises((NotThereError, RefusedError)):
            push(project_at(other.root), found.url, server=client)


def test_errors_of_deliveries_are_told_in_words(tmp_path: Path) -> None:
    log = BareLog(tmp_path / "bare" / "log")
    log.append(b"one", b"two")
    with running(tmp_path) as found:
        client = found.client()
        with pytest.raises(OutOfStepError) as caught:
            client.deliver(log.delivery(1))
        assert caught.value.reached.size == 0
        with pytest.raises(InputError, match="delivery"):
            client.deliver(b"{}")
        with pytest.raises(VerificationError, match="do not give the root"):
            client.deliver(log.delivery(0, None, entries=(b"x", b"y")))
        assert client.reached(log.origin).size == 0
        answer = post(
            f"{found.url}/api/v1/deliveries", log.delivery(0), "text/plain", timeout_s=10, cap=10_000,
            headers={"Authorization": f"Bearer {client._token}"},
        )  # fmt: skip
        assert answer.status == 415


@pytest.mark.parametrize(
    "url",
    [
        "http://assay.example.org",
        "ftp://127.0.0.1",
        "https://user@example.org",
        "https://example.org/path",
        "127.0.0.1",
    ],
)
def test_an_address_that_nothing_should_be_sent_to_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="--server: expected"):
        HttpServer(url, {})


def test_a_server_that_never_answers_is_told_after_a_few_tries() -> None:
    waits: list[float] = []
    client = HttpServer(f"http://127.0.0.1:{free_port()}", {"ASSAY_ID_TOKEN": "x"}, waits.append)
    with pytest.raises(UnreachableError, match="could not be reached"):
        client.reached("any")
    assert waits == [0.0, *server_push.PAUSES]
