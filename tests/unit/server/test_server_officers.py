"""A release in which the project has erased somebody is taken once a person here has accepted who may erase there."""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest

from approved_project import ERASE, NAME, approved_project
from assay.adapters.here import project_at
from assay.attest.keys import generate_key
from assay.lifecycle.keyring import read_public_keys
from assay.server.store import project_keys
from assay.trail.searching import Search
from delivery_home import DeliveryHome, pipeline_of
from delivery_server import AT, running
from small_project import SmallProject, files_under
from unit.server._home import ADA, IDA, Browser, person

if TYPE_CHECKING:
    from pathlib import Path

    from assay.attest.keys import PublicKey
    from assay.lifecycle.delivering import Refused
    from assay.lifecycle.receiving_checks import Pipeline


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("erased")


@pytest.fixture
def erased(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """A project of which nothing was delivered when its officer erased the approver."""
    if not (made / "assay.yaml").exists():
        said = approved_project(made, capsys).say(*ERASE, NAME)
        assert said.code == 0, said
    shutil.copytree(made, tmp_path / "project")
    return SmallProject(tmp_path / "project", capsys)


@pytest.fixture
def home(tmp_path: Path, erased: SmallProject) -> DeliveryHome:
    found = DeliveryHome(tmp_path / "home")
    found.root.mkdir()
    found.adopt(erased.root / "policy.yaml")
    return found


def key_of(project: SmallProject, name: str) -> PublicKey:
    return read_public_keys(project_at(project.root).keys)[name]


def ci(project: SmallProject, *officers: PublicKey, signs: str = "mila") -> Pipeline:
    return dataclasses.replace(pipeline_of(key_of(project, signs)), officers=officers)


def without_dora(project: SmallProject) -> None:
    """Take the officer out of the project's trust file."""
    trust = (project.root / "trust.yaml").read_text()
    project.write("trust.yaml", trust[: trust.index("  - name: dora")])


def test_it_waits_for_a_person_and_is_taken_when_they_accept_the_key(home: DeliveryHome, erased: SmallProject) -> None:
    (refused,) = home.push(erased.root, ci(erased)).refused
    assert f"by the key {key_of(erased, 'dora').key_id:.16}, which no administrator" in refused.words
    assert list(home.receiver.kept.releases()) == []
    pushed = home.push(erased.root, ci(erased, key_of(erased, "dora")), again=[refused])
    (outcome,) = pushed.outcomes
    assert (outcome.outcome, outcome.decision, pushed.refused) == ("decided", "undecided", [])  # nobody here approved
    assert [name for name, content in files_under(home.root).items() if Search(NAME).found_in(content)] == []


def test_another_accepted_key_opens_nothing(home: DeliveryHome, erased: SmallProject) -> None:
    stranger = generate_key().public
    (refused,) = home.push(erased.root, ci(erased, stranger)).refused
    assert "which no administrator" in refused.words


def test_an_erasure_by_whom_the_project_does_not_name_is_refused(home: DeliveryHome, erased: SmallProject) -> None:
    without_dora(erased)
    (refused,) = home.push(erased.root, ci(erased)).refused
    assert "known here or shown with the delivery, found none" in refused.words


def test_what_signs_evidence_does_not_erase(home: DeliveryHome, erased: SmallProject) -> None:
    keys = pipeline_of(key_of(erased, "mila"), key_of(erased, "dora"))
    (refused,) = home.push(erased.root, keys).refused
    assert "which signs the pipeline's evidence" in refused.words


def test_an_erasure_that_was_edited_counts_for_nobody(home: DeliveryHome, erased: SmallProject) -> None:
    (path,) = erased.release.glob("erasures/*-1.dsse.json")
    envelope = json.loads(path.read_bytes())
    envelope["signatures"][0]["sig"] = "A" * 86 + "=="
    path.write_text(json.dumps(envelope))
    again: list[Refused] = []
    for officers in ((), (key_of(erased, "dora"),)):
        again = home.push(erased.root, ci(erased, *officers), again=again).refused
        (refused,) = again
        assert "which no administrator" not in refused.words
    assert list(home.receiver.kept.releases()) == []


def test_an_administrator_sees_accepts_and_refuses_a_key(
    tmp_path: Path, erased: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    dora = key_of(erased, "dora").key_id
    with running(tmp_path / "server", erased.root) as found:
        people = found.server.entrance.people
        ours = msgspec.structs.replace(people.pipeline("ci"), public_keys=(key_of(erased, "mila").pem(),))
        people.change_pipeline(ours, "permitted", by="root", at=AT)
        found.adopt(erased.root)

        def push() -> str:
            said = erased.say("push", "--server", found.url)
            return said.out + said.err

        monkeypatch.setenv("ASSAY_TOKEN_FILE", str(found.secret))
        browser = Browser(found.server.home, ADA)
        assert "Somebody who erases" not in browser.get("/people/logs").text
        assert "which no administrator" in push()
        page = browser.get("/people/logs")
        assert dora in page.text
        assert "Somebody who erases, shown by ci: waits" in page.text
        assert dora in Browser(found.server.home, IDA).get("/people/logs").text
        elsewhere = Browser(found.server.home, person("ivo", "auditor", systems=("another",)))
        assert dora not in elsewhere.get("/people/logs").text
        assert "which no administrator" in push()  # it is told as often as it comes

        def say_of(key_id: str, standing: str, by: Browser = browser) -> int:
            (shown,) = browser.get("/people/logs.json").json()["shown"]
            form = {"pipeline": "ci", "role": "officer", "name": key_id, "sha256": shown["sha256"]}
            return by.post("/people/logs/keys", origin=found.url, standing=standing, **form).status_code

        assert say_of(dora, "accepted", Browser(found.server.home, IDA)) == 403
        assert say_of(dora, "maybe") == 400
        assert say_of("0" * 64, "accepted") == 404
        assert say_of(dora, "refused") == 303
        assert "which no administrator" in push()
        with found.server.store.reading() as rows:
            assert [one.standing for one in project_keys.every(rows)] == ["refused"]  # and does not wait again
        assert say_of(dora, "accepted") == 303
        assert "small 1" in push()
        assert [one.place.version for one in found.receiver.kept.releases()] == ["1"]
        browser.server.entrance.outbox.flush()
        browser.server.inside.standing.refresh()
        told = [
            (one.event.fields.change, one.event.fields.key_sha256)
            for one in browser.server.inside.view().reads("pipeline.changed")
            if one.event is not None and "officer" in one.event.fields.change
        ]
        assert told == [("officer-refused", dora), ("officer-accepted", dora)]
