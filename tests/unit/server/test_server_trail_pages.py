"""The trail's pages and their twins: what is listed, found, told of an entry, and kept from whom."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from litestar.testing import TestClient

from assay.adapters.folder_reader import FolderReader
from assay.server.acting import Actor
from assay.server.app import create_app
from assay.server.pages import trail
from assay.server.serving import Server
from server_home import application, home_at
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from litestar import Litestar

HTML = {"Accept": "text/html"}
MAX_PAGE_BYTES = 200_000
AT = "2026-01-05T00:00:00Z"


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    made = small_project(tmp_path / "home", capsys)
    for line in (
        ("keys", "new", "mila"),
        ("run", "--key", "mila"),
        ("trail", "append", "monitor.ack", "--as", "mila", "--at", AT, "-f", "alert=a-1", "-f", "by=mila"),
    ):
        said = made.say(*line)
        assert said.code == 0, said.err
    return made


@pytest.fixture
def client(project: SmallProject) -> Iterator[TestClient[Litestar]]:
    app = application(home_at(project.root), by_default="auditor")
    with TestClient(app, base_url="http://127.0.0.1:8600", raise_server_exceptions=False) as made:
        yield made


def rows(client: TestClient[Litestar], query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/trail.json{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


def test_entries_are_listed_newest_first_with_words_and_signers(client: TestClient[Litestar]) -> None:
    found = rows(client)
    assert [one["index"] for one in found] == list(range(len(found)))[::-1]
    assert found[0]["type"] == "monitor.ack"
    assert found[0]["summary"]
    assert {name for one in found for name in one["signed_by"]} == {"mila"}
    html = client.get("/trail", headers=HTML).text
    assert all(f'href="/trail/{one["index"]}"' in html for one in found)
    assert len(html) < MAX_PAGE_BYTES


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("?type=gate.decision", {"gate.decision"}),
        ("?person=mila&type=monitor.ack", {"monitor.ack"}),
        ("?since=2026-01-05&until=2026-01-05", {"monitor.ack"}),
        ("?model=nobody", set()),
        ("?text=0", None),
        ("?text=no-such-id", set()),
        (f"?text={'9' * 5000}", set()),
        (f"?text={'9' * 18}", set()),
        ("?before=-5", set()),
        ("?text=%00", set()),
        ("?model=%ff%fe", set()),
        (f"?text={'f' * 64}", set()),
    ],
)
def test_filters_find_what_they_say(client: TestClient[Litestar], query: str, types: set[str] | None) -> None:
    found = rows(client, query)
    if types is None:
        assert [one["index"] for one in found] == [0]
    else:
        assert {one["type"] for one in found} == types
    assert ("No entry is like that" in client.get(f"/trail{query}", headers=HTML).text) == (not found)


def test_the_model_and_a_digest_lead_to_entries(client: TestClient[Litestar]) -> None:
    of_model = rows(client, "?model=small")
    assert {"gate.decision", "validation.result"} <= {one["type"] for one in of_model}
    decided = next(one for one in of_model if one["type"] == "gate.decision")
    page = client.get(f"/trail/{decided['index']}.json").json()
    digest = page["subjects"]["verdict.json"]
    assert decided["index"] in {one["index"] for one in rows(client, f"?text={digest}")}
    assert f'href="/trail?text={digest}"' in client.get(f"/trail/{decided['index']}", headers=HTML).text


def test_pages_go_on_where_the_one_before_ended(client: TestClient[Litestar]) -> None:
    everything = [one["index"] for one in rows(client)]
    assert [one["index"] for one in rows(client, "?before=3")] == [2, 1, 0]
    assert everything[-3:] == [2, 1, 0]


@pytest.mark.parametrize("query", ["?since=yesterday", "?until=2026-13-01", "?before=x"])
def test_a_question_that_is_none_is_refused(client: TestClient[Litestar], query: str) -> None:
    assert client.get(f"/trail.json{query}").status_code == 400


def test_an_entry_is_told_with_its_times_signers_statement_and_proof(client: TestClient[Litestar]) -> None:
    index = rows(client)[0]["index"]
    page = client.get(f"/trail/{index}.json").json()
    assert page["times"]["claimed"] == "2026-01-05T00:00:00Z"
    assert page["times"]["recorded"]
    said = {one["name"]: one for one in page["said"]}
    assert said["alert"]["value"] == "a-1"
    assert re.fullmatch(r"mila \(p_[0-9a-f]{32}\)", said["by"]["value"])
    assert all(one["meaning"] for one in page["said"])
    html = client.get(f"/trail/{index}", headers=HTML).text
    assert f'data-proof="/trail/{index}/proof.json"' in html
    assert "no outsider has seen it yet" in html
    assert "<script>" not in html
    assert "style=" not in html
    assert len(html) < MAX_PAGE_BYTES


def test_proof_entry_and_tiles_are_what_the_log_holds(client: TestClient[Litestar], project: SmallProject) -> None:
    log = project.root / ".assay/log"
    reader = FolderReader.open(log)
    size = reader.checkpoint().checkpoint.size
    assert client.get("/trail/1/entry").content == reader.tree(size).entry(1)
    assert client.get("/trail/1/entry.tlog-proof").content == reader.prove(1).content()
    assert client.get("/trail/1/proof.json").json()["size"] == size
    for path in sorted(one.relative_to(log).as_posix() for one in log.rglob("*") if one.is_file()):
        answer = client.get(f"/log/{path}", headers={"Authorization": "Bearer nobody"})
        assert (answer.status_code, answer.content) == (200, (log / path).read_bytes())
        kind = "text/plain; charset=utf-8" if path == "checkpoint" else "application/octet-stream"
        assert answer.headers["content-type"] == kind
        assert ("immutable" in answer.headers["cache-control"]) == (path != "checkpoint")


@pytest.mark.parametrize(
    "path",
    [
        f"/trail/{2**70}", f"/trail/{2**70}/proof.json", f"/log/shards/{2**70}/checkpoint", "/log/tile/0/000%00",
        "/trail/9999", "/trail/9999/proof.json", "/trail/9999/entry", "/log/tile/0/000.p/255", "/log/tile/0/0",
        "/log/tile/../../log.private/key", "/log/tile/%2e%2e/%2e%2e/log.vkey", "/log/shards/1/checkpoint",
        "/log/shards/7/tile/0/000", "/trail/-1", "/trail/x",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client: TestClient[Litestar], path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/trail", "/trail/0", "/trail/0/proof.json", "/trail/0/entry"])
@pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("pipeline", 403), ("auditor", 200)])
def test_only_those_who_may_read_the_trail_read_it(
    client: TestClient[Litestar], path: str, who: str, status: int
) -> None:
    assert client.get(path, headers={"Authorization": f"Bearer {who}"}).status_code == status


def _known(actor: Actor, _connection: object) -> Actor:
    return actor


def test_an_entry_about_anothers_system_is_not_there(project: SmallProject) -> None:
    for system, there in (("small", True), ("pricing", False)):
        reader = Actor(kind="person", name="dev", roles=("developer",), systems=(system,), session="d" * 64)
        app = create_app(Server(home_at(project.root), identify=partial(_known, reader)), [*trail.ROUTES])
        with TestClient(app, base_url="http://127.0.0.1:8600", raise_server_exceptions=False) as client:
            listed = {one["type"]: one["index"] for one in rows(client)}
            assert ("gate.decision" in listed, "run.started" in listed) == (there, False)
            with TestClient(application(home_at(project.root), by_default="auditor")) as all_seeing:
                index = next(one["index"] for one in rows(all_seeing) if one["type"] == "gate.decision")
            for path in ("", ".json", "/proof.json", "/entry", "/entry.tlog-proof"):
                assert client.get(f"/trail/{index}{path}").status_code == (200 if there else 404)


def test_tiles_are_for_those_who_have_signed_in_where_the_settings_say_so(project: SmallProject) -> None:
    app = application(home_at(project.root, log="signed-in"))
    with TestClient(app, base_url="http://127.0.0.1:8600", raise_server_exceptions=False) as client:
        for who, status in (("nobody", 401), ("pipeline", 403), ("auditor", 200)):
            answer = client.get("/log/checkpoint", headers={"Authorization": f"Bearer {who}"})
            assert answer.status_code == status


def test_nothing_recorded_yet_is_said(tmp_path: Path) -> None:
    app = application(home_at(tmp_path / "empty"), by_default="auditor")
    with TestClient(app, base_url="http://127.0.0.1:8600", raise_server_exceptions=False) as client:
        assert "Nothing is recorded yet" in client.get("/trail", headers=HTML).text
        assert client.get("/trail/0").status_code in {400, 404}
        assert client.get("/log/checkpoint").status_code == 404


def test_what_an_entry_says_is_shown_and_never_run(project: SmallProject, client: TestClient[Litestar]) -> None:
    hostile = project.write("hostile", b"<script>alert(1)</script>\r\n</pre><img src=x onerror=alert(1)>")
    assert project.say("log", "append", ".assay/log", str(hostile)).code == 0
    index = rows(client)[0]["index"]
    html = client.get(f"/trail/{index}", headers=HTML).text
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "no signed statement" in html
