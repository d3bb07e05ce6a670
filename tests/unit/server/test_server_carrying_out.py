"""What two persons have agreed to is carried out by the server itself, once, whatever interrupts it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.folder_reader import FolderReader
from assay.attest import dsse
from assay.attest.keys import Signer, generate_key
from assay.attest.trust import parse_trust
from assay.errors import StorageError
from assay.lifecycle.log_shards import shards
from assay.lifecycle.log_trust import trust_beside
from assay.lifecycle.people import pseudonym, read_people
from assay.lifecycle.verification import verify_release
from assay.records.canonical import sha256_hex
from assay.records.delivery import parse_delivery
from assay.server import carrying_out, two_persons
from assay.server.acting import Actor
from assay.server.erasures_told import ask_for_erasures
from assay.server.home import Home, open_home
from assay.server.log_key import about_log_key
from assay.server.proving import prove_entry
from assay.server.starting import start
from assay.server.store import accounts, two_person
from assay.tlog.vkey import parse_vkey
from assay.trail.events import event_statement, make_event
from assay.trail.searching import Search
from delivery_home import BareLog
from small_project import files_under
from unit.server._home import ADA, MODEL, ROSA, VERA, Browser, waiting_home

if TYPE_CHECKING:
    from pathlib import Path

    from assay.server.serving import Server

AT = "2026-11-23T12:00:00Z"
CHILD = """
import importlib, os, signal, sys, time
from pathlib import Path
from assay.server import carrying_out
from assay.server.home import open_home
from assay.server.starting import start

where, what, when = sys.argv[2:]
owner = importlib.import_module(where.partition(":")[0])
owner = getattr(owner, where.partition(":")[2]) if ":" in where else owner
done = getattr(owner, what)

def dies(*given, **named):
    if when == "after":
        done(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, what, dies)
with start(open_home(Path(sys.argv[1]))) as server:
    time.sleep(60)
"""
ERASING = (
    ("assay.lifecycle.erasing", "keep_copies", "after"),
    ("assay.lifecycle.erasing", "remember", "before"),
    ("assay.lifecycle.erasing", "apply_plan", "before"),
    ("assay.lifecycle.erasing", "apply_plan", "after"),
    ("assay.server.erasing_here", "erase_name", "after"),
    ("assay.server.two_persons", "finish", "after"),
)
ROTATING = (
    ("assay.adapters.log_succession", "_boundary", "after"),
    ("assay.adapters.log_succession", "_publish_keys", "after"),
    ("assay.adapters.log_private:LogPrivate", "finish_rotation", "before"),
    ("assay.adapters.log_private:LogPrivate", "finish_rotation", "after"),
    ("assay.server.two_persons", "finish", "before"),
)


def agreed(home: Home, what: two_person.What, about: dict[str, str]) -> str:
    """Have ada ask and vera consent, and nobody carry it out; return the request's id."""
    server = Browser(home, ADA).server
    entrance = server.entrance
    at = entrance.at()
    with entrance.store.writing() as rows:
        asked = two_persons.open_request(
            rows, entrance.outbox, ADA, what=what, about=about, reason="ticket 4711", at=at
        )  # fmt: skip
        two_persons.decide(rows, entrance.outbox, VERA, asked.id, consent=True, words="yes", at=at)
    entrance.close()
    return asked.id


def account(home: Home, name: str) -> None:
    server = Browser(home, ADA).server
    made = accounts.Account(name=name, roles=("approver",), created_by="ada", created_at=1, changed_at=1)
    server.entrance.people.add(made, at=1)
    with server.entrance.store.writing() as rows:
        rows.execute("UPDATE account SET created_by = ? WHERE name <> ?", name, name)
    server.entrance.outbox.flush()
    server.entrance.close()


def request_of(server: Server, identity: str) -> two_person.Request:
    with server.store.reading() as rows:
        return two_persons.require_request(rows, identity)


def carried_out(server: Server) -> None:
    """Carry out what waits, again while the log is still being read, as the server's own thread does."""
    ends = time.monotonic() + 60
    while not carrying_out.carry_out_all(server) and time.monotonic() < ends:
        time.sleep(0.1)


def holding(home: Home, name: str) -> list[str]:
    """Return every file of the folder that holds a name, but the policy that people wrote."""
    found = files_under(home.root)
    return [path for path, content in found.items() if Search(name).found_in(content) and "systems/" not in path]


def events(server: Server, kind: str) -> list[Any]:
    server.entrance.outbox.flush()
    return [one.event.fields for one in server.inside.view().reads(kind) if one.event is not None]


def test_a_person_is_erased_from_the_whole_folder_and_the_proofs_hold(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    account(home, "mila")
    assert len(holding(home, "mila")) > 5
    asked = agreed(home, "erasure", {"person": "mila"})
    with start(home) as server:
        carried_out(server)
        done = request_of(server, asked)
        assert (done.state, done.done_at is not None) == ("done", True), done.outcome
        assert "rows of the database" in str(done.outcome)
        assert [one.erasure for one in events(server, "privacy.erasure")] == [f"x_{asked[2:]}"]
        assert [one.outcome for one in events(server, "request.decided")] == ["consented", "taken", "done"]
        assert "mila" not in read_people(home.state).values()
        with server.store.reading() as rows:
            assert accounts.find(rows, "mila") is None
        page = Browser(home, VERA).get("/requests")
        assert (page.status_code, "Done on" in page.text, "mila" in page.text) == (200, True, False)
    assert holding(home, "mila") == []
    trust = parse_trust(home.trust.read_bytes())
    assert ("assay serve", ("data-protection-officer",)) in {(one.name, one.roles) for one in trust.people}
    told = Browser(home, VERA).get(f"/models/{MODEL}/2")
    assert (told.status_code, "mila" in told.text) == (200, False)
    verified = verify_release(home.state / "releases" / MODEL / "2", trust=trust)
    assert verified is not None


def test_what_nobody_holds_is_told_as_not_done(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    asked = agreed(home, "erasure", {"person": "nobody-at-all"})
    with start(home) as server:
        carried_out(server)
        assert request_of(server, asked).state == "failed"
        assert "something to erase" in str(request_of(server, asked).outcome)


def test_what_cannot_be_done_now_is_kept_told_and_done_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = waiting_home(tmp_path)
    asked = agreed(home, "erasure", {"person": "rosa"})
    server = Browser(home, ADA).server

    def full(*_given: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("assay.lifecycle.erasing.apply_plan", full)
        assert not carrying_out.carry_out_all(server)
    assert (request_of(server, asked).state, "the disk is full" in str(request_of(server, asked).outcome)) == (
        "taken", True,
    )  # fmt: skip
    assert carrying_out.carry_out_all(server)
    assert request_of(server, asked).state == "done"
    assert holding(home, "rosa") == []
    server.entrance.close()


def test_another_key_of_the_log_is_made_once_and_proofs_follow_by_size(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    before = about_log_key(home, "planned")
    asked = agreed(home, "log-key-rotation", before)
    with start(home) as server:
        carried_out(server)
        done = request_of(server, asked)
        assert done.state == "done", done.outcome
        after = about_log_key(home, "planned")
        assert after["key"] != before["key"]
        assert after["key"] in str(done.outcome)
        assert [one.reason for one in events(server, "key.rotated")] == ["planned"]
        assert [one.outcome for one in events(server, "request.decided")] == ["consented", "taken", "done"]
        server.inside.view()
        proof = prove_entry(server.inside.trail(), home.log_folder, 0)
        assert proof.vkey == after["key"]
        trust_beside(home.log_folder).open(proof.checkpoint.encode())
    assert parse_vkey(before["key"]) in {one.key for one in trust_beside(home.log_folder).logs[0].ranges}
    again = agreed(home, "log-key-rotation", before)
    with start(home) as server:
        carried_out(server)
        assert request_of(server, again).state == "done"
        assert about_log_key(home, "planned")["key"] == after["key"], "that key was replaced already"
    assert FolderReader.open(shards(home.log_folder)[-1]).check().problems == ()


@pytest.mark.parametrize(("where", "what", "when"), ERASING)
def test_an_erasure_that_kill_9_interrupts_is_finished_at_the_next_start(
    tmp_path: Path, where: str, what: str, when: str
) -> None:
    home = waiting_home(tmp_path)
    account(home, "mila")
    asked = agreed(home, "erasure", {"person": "mila"})
    killed(home, where, what, when)
    with start(open_home(home.root)) as server:
        carried_out(server)
        assert request_of(server, asked).state == "done", request_of(server, asked).outcome
        assert {one.erasure for one in events(server, "privacy.erasure")} == {f"x_{asked[2:]}"}
        assert len(events(server, "privacy.erasure.done")) == 1
    assert holding(home, "mila") == []
    assert len((home.root / "erasures.jsonl").read_bytes().splitlines()) == 1
    verify_release(home.state / "releases" / MODEL / "2", trust=parse_trust(home.trust.read_bytes()))


@pytest.mark.parametrize(("where", "what", "when"), ROTATING)
def test_a_rotation_that_kill_9_interrupts_is_finished_at_the_next_start(
    tmp_path: Path, where: str, what: str, when: str
) -> None:
    home = waiting_home(tmp_path)
    before = about_log_key(home, "stolen")
    asked = agreed(home, "log-key-rotation", before)
    killed(home, where, what, when)
    with start(open_home(home.root)) as server:
        carried_out(server)
        assert request_of(server, asked).state == "done", request_of(server, asked).outcome
        assert len(events(server, "key.rotated")) == 1
        assert about_log_key(home, "planned")["key"] != before["key"]
    reader = FolderReader.open(home.log_folder)
    assert reader.check().problems == ()
    assert len({one.key for one in trust_beside(home.log_folder).logs[0].ranges}) == 2


def killed(home: Home, where: str, what: str, when: str) -> None:
    """Start the server in a process that ends by kill -9 at a step."""
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, str(home.root), where, what, when], capture_output=True, timeout=120, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def test_the_pseudonym_of_somebody_erased_stays_theirs(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    code = pseudonym(home.state, "rosa")
    asked = agreed(home, "erasure", {"person": "rosa"})
    with start(home) as server:
        carried_out(server)
        assert code in str(request_of(server, asked).outcome)
        assert server.outbox.person(code) == code
        assert code not in read_people(home.state)


def test_nobody_erases_the_last_administrator_or_repeats_the_name(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    server = Browser(home, ADA).server
    made = accounts.Account(name="ada", roles=("administrator",), created_by="x", created_at=1, changed_at=1)
    server.entrance.people.add(made, at=1)
    server.entrance.close()
    browser = Browser(home, ROSA)
    said = {"what": "erasure", "about": "ada", "reason": "she left"}
    assert browser.post("/requests", **said).status_code == 403
    assert browser.post("/requests", **{**said, "about": "mila", "reason": "mila left"}).status_code == 400
    assert browser.post("/requests", **{**said, "about": "mila", "ground": "whim"}).status_code == 400
    assert browser.post("/requests", what="log-key-rotation", about="whim", reason="why not").status_code == 400
    assert browser.post("/requests", what="log-key-rotation", about="planned", reason="a year").status_code == 303
    assert browser.post("/requests", **{**said, "about": "mila", "ground": "unlawful"}).status_code == 303


def test_what_a_project_has_erased_is_erased_here_once_a_person_consents(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    folder = home.state / "releases" / MODEL / "1"
    gone = sha256_hex((folder / "report.html").read_bytes())
    said = {"erasure": "x_1", "person": f"p_{'7' * 32}", "ground": "request", "disclosures": 1, "destroyed": [gone]}
    stranger = Signer("dora", generate_key())
    entry = dsse.sign(event_statement(make_event("privacy.erasure", said, claimed_at=AT)), [stranger]).content()
    log = BareLog(tmp_path / "project" / "log")
    log.append(entry)
    server = Browser(home, ADA).server
    pipeline = Actor(kind="pipeline", name="ci", roles=("pipeline",), systems=(MODEL,))
    for _ in range(2):
        ask_for_erasures(server, pipeline, parse_delivery(log.delivery(0)))
    home.log.append([entry])
    with server.store.reading() as rows:
        (asked,) = two_person.latest(rows)
    assert (asked.asked_by, asked.about["erasure"], (folder / "report.html").exists()) == ("ci", "x_1", True)
    with server.store.writing() as rows:
        at = server.entrance.at()
        two_persons.decide(rows, server.outbox, VERA, asked.id, consent=True, words="", at=at)
    assert carrying_out.carry_out_all(server)
    assert request_of(server, asked.id).state == "done", request_of(server, asked.id).outcome
    assert not (folder / "report.html").exists()
    assert "Erasure x_" in Browser(home, VERA).get("/requests").text
    server.entrance.close()


def test_every_kind_of_request_is_shown(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    browser = Browser(home, ROSA)
    glass = {"cluster": "prod", "namespace": "credit", "hours": "1", "reason": "the queue is full"}
    assert browser.post("/requests/break-glass", **glass, image_sha256="a" * 64).status_code == 303
    assert browser.post("/requests/break-glass", **glass, model_sha256="b" * 64).status_code == 303
    assert browser.post("/requests", what="log-key-rotation", about="planned", reason="a year").status_code == 303
    assert browser.post("/requests", what="erasure", about="mila", reason="she asked").status_code == 303
    page = browser.get("/requests")
    assert page.status_code == 200
    for words in ("a" * 64, "b" * 64, "Erase a person: mila", "Another key for the log"):
        assert words in page.text
