"""What a project's people attest counts in documents made at the server once an administrator accepts their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from assay.lifecycle.setting import now
from assay.server.store import project_keys
from delivery_server import AT, Running, running
from incident_project import incident_project
from unit.server._home import ADA, IDA, Browser, person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from small_project import SmallProject

ANNEX = "/models/small/1/reports/annex-iv.md"
CONTROL = "eu-ai-act:annex-iv(2)(e)"


def attest(project: SmallProject, by: str, role: str) -> None:
    until = f"{int(now()[:4]) + 1}{now()[4:10]}"
    words = ("--until", until, "--statement", "Minutes, item 2")
    said = project.say("attest", CONTROL, "--by", by, "--role", role, *words)
    assert said.code == 0, said.err


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """A project in which rosa, a risk owner, attests how a control stands; mila's key signs the evidence."""
    found = incident_project(tmp_path / "project", capsys)
    assert found.say("run", "--key", "mila").code in {0, 1, 3}
    attest(found, "rosa", "risk-owner")
    return found


@pytest.fixture
def found(project: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(tmp_path / "server", project.root) as server:
        people = server.server.entrance.people
        ours = (project.root / ".assay/keys/mila.pub").read_text()
        people.change_pipeline(
            msgspec.structs.replace(people.pipeline("ci"), public_keys=(ours,)), "permitted", by="root", at=AT
        )
        server.adopt(project.root)
        monkeypatch.setenv("ASSAY_TOKEN_FILE", str(server.secret))
        assert "delivered" in project.say("push", "--server", server.url).out
        yield server


def shown(browser: Browser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get("/people/logs.json").json()["shown"]
    return found


def say(browser: Browser, found: Running, standing: str, **changes: str) -> int:
    (one,) = shown(browser)
    form = {name: one[name] for name in ("pipeline", "role", "title", "name", "sha256")} | changes
    return browser.post("/people/logs/keys", origin=found.url, standing=standing, **form).status_code


def test_it_counts_once_the_key_is_accepted_and_says_what_it_waits_for(found: Running) -> None:
    admin, auditor = Browser(found.server.home, ADA), Browser(found.server.home, IDA)
    (one,) = shown(admin)
    assert (one["role"], one["title"], one["pipeline"], one["standing"]) == ("attester", "risk-owner", "ci", "waits")
    mark = f"attester {one['name']:.8} of ci (risk-owner)"
    waits = f"the attestation of {CONTROL} does not count: its key {one['name']:.8} waits for an administrator"
    text = auditor.get(ANNEX).text
    assert waits in text
    assert mark not in text
    assert say(auditor, found, "accepted") == 403
    for wrong in ({"pipeline": "other"}, {"title": "validator"}, {"sha256": "0" * 64}, {"name": "0" * 64}):
        assert say(admin, found, "accepted", **wrong) == 404, wrong
    assert say(admin, found, "accepted") == 303
    text = auditor.get(ANNEX).text
    assert mark in text
    assert "waits for an administrator" not in text
    assert say(admin, found, "refused") == 303
    text = auditor.get(ANNEX).text
    assert mark not in text
    assert f"its key {one['name']:.8} was refused by an administrator" in text
    elsewhere = Browser(found.server.home, person("ivo", "auditor", systems=("another",)))
    assert shown(elsewhere) == []


def test_the_key_opens_nothing_else(found: Running) -> None:
    """Approvals, erasures and other events count by the people whom the server knows: an attester is none of them."""
    admin = Browser(found.server.home, ADA)
    assert say(admin, found, "accepted") == 303
    key = shown(admin)[0]["name"]
    trust, _ = found.server.inside.trust()
    assert trust.identity_of(key) is None
    found.server.inside.standing.refresh()
    attested = found.server.inside.view().reads("control.attested")
    assert [read.counts for read in attested] == [False]


def test_the_key_that_signs_evidence_and_one_known_here_do_not_wait(found: Running, project: SmallProject) -> None:
    attest(project, "mila", "data-scientist")
    assert project.say("push", "--server", found.url).code in {0, 3}
    (one,) = shown(Browser(found.server.home, ADA))
    assert one["title"] == "risk-owner"


def test_what_was_said_stays_when_it_is_shown_again(found: Running, project: SmallProject) -> None:
    admin = Browser(found.server.home, ADA)
    assert say(admin, found, "refused") == 303
    attest(project, "rosa", "risk-owner")
    assert project.say("push", "--server", found.url).code in {0, 3}
    with found.server.store.reading() as rows:
        assert [one.standing for one in project_keys.every(rows)] == ["refused"]
