"""Remediations on the console: opened, acted on, tested again and closed by somebody else than who mended it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.lifecycle.keyring import DEFAULT, Keyring
from assay.lifecycle.recording import one_recorder, record
from assay.trail.events import make_event
from unit.server._home import DAN, IDA, MODEL, ROSA, VERA, Browser, waiting_home

if TYPE_CHECKING:
    from pathlib import Path

ONE = f"/models/{MODEL}/1"
DUE = "2999-01-01"


@pytest.fixture
def console(tmp_path: Path) -> Browser:
    return Browser(waiting_home(tmp_path), VERA)


def the_one(console: Browser) -> dict[str, str]:
    (row,) = console.get("/remediations.json?everything=true").json()["rows"]
    return dict(row)


def opened(console: Browser) -> str:
    page = console.get(f"{ONE}.json").json()
    said = {"verdict_sha256": page["verdict_sha256"], "finding": page["failing"][0]["finding"]["id"]}
    answer = console.post(f"{ONE}/remediate", **said, owner="rosa", due=DUE, plan="Weigh the rows anew.")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_finding_is_mended_step_by_step_and_closed_by_somebody_else(console: Browser) -> None:
    place = opened(console)
    assert (the_one(console)["status"], the_one(console)["owner"]) == ("open", "rosa")
    assert "Say what was done" in console.get(place).text
    refused = console.post(f"{place}/act", words="I did it")
    assert (refused.status_code, "expected its owner" in refused.text) == (400, True)
    console.actor = ROSA
    assert console.post(f"{place}/act", words="").status_code == 400
    assert console.post(f"{place}/act", words="Trained with weights.").status_code == 303
    assert the_one(console)["status"] == "awaiting-retest"
    mine = console.post(f"{place}/close")
    assert (mine.status_code, "somebody else than rosa" in mine.text) == (403, True)
    early = console.post(f"{place}/retest")
    assert (early.status_code, "expected a decision on a release" in early.text) == (400, True)
    console.actor = VERA
    assert console.post(f"{place}/close").status_code == 400, "nothing was tested yet"
    assert console.post(f"{place}/assign", owner="vera", due=DUE).status_code == 303
    assert the_one(console)["owner"] == "vera"
    twice = console.get(f"{ONE}.json").json()
    finding = twice["failing"][0]["finding"]["id"]
    said = {"verdict_sha256": twice["verdict_sha256"], "finding": finding, "owner": "rosa", "due": DUE}
    assert console.post(f"{ONE}/remediate", **said).status_code == 400, "one at a time"
    assert console.post(f"{ONE}/remediate", **{**said, "verdict_sha256": "0" * 64}).status_code == 400
    assert [one["name"] for one in twice["remediations"]] == [the_one(console)["id"]]


def test_who_reads_or_has_no_key_does_nothing(console: Browser) -> None:
    place = opened(console)
    for actor in (IDA, DAN):
        console.actor = actor
        assert console.get(place).status_code == 200
        assert console.post(f"{place}/act", words="done").status_code == 403
    assert console.post("/remediations/r-none/act", words="done").status_code == 404
    assert console.post(f"{place}/wish", words="done").status_code == 404


def test_what_an_alert_asks_for_is_mended_and_tested_by_somebody_else(console: Browser) -> None:
    rows = console.get("/incidents.json").json()["rows"]
    name = next(one["id"] for one in rows if one["status"] != "resolved").replace("/", "~")
    place = f"/incidents/{name}"
    for what, said in (
        ("acknowledge", {}), ("assign", {"owner": "vera", "due": DUE}), ("open", {"words": "Look at the intake."}),
        ("close", {"words": "The intake was mended."}),
    ):  # fmt: skip
        if what in console.get(f"{place}.json").json()["acts"]:
            assert console.post(f"{place}/{what}", **said).status_code == 303, what
    assert "retest" in console.get(f"{place}.json").json()["acts"]
    mine = console.post(f"{place}/retest", outcome="passed", words="It is within its limit.")
    assert (mine.status_code, "somebody else than vera" in mine.text) == (403, True)
    console.actor = ROSA
    assert console.post(f"{place}/retest", outcome="passed", words="").status_code == 400
    assert console.post(f"{place}/retest", outcome="passed", words="It is within its limit.").status_code == 303
    (mended,) = console.get(f"{place}.json").json()["row"]["remediations"]
    assert mended["status"] == "mended"


def test_a_registry_that_could_not_be_put_back_is_told_wherever_the_version_is(console: Browser) -> None:
    said = {"registry": "production", "door": "alias", "mark": "champion", "model": MODEL, "version": "1",
            "why": "not-cleared"}  # fmt: skip
    home = console.server.home

    def happens(kind: str, **more: str) -> None:
        event = make_event(kind, {**said, **more}, claimed_at="2026-11-23T12:00:00Z", signed_by="ingest")
        standing = console.server.inside.standing
        with one_recorder(home.state):
            standing.refresh()
            record([event], home.log, Keyring(home.keys).signer(DEFAULT), standing.trail())

    happens("registry.refused")
    assert "It was not let to serve by the alias champion" in console.get(ONE).text
    happens("registry.reverted", outcome="failed")
    for path in (ONE, "/models", f"/models?q={MODEL}"):
        assert "the registry could not be put back" in console.get(path).text, path
    assert "the registry could not be put back" not in console.get(f"/models/{MODEL}/2").text
    happens("registry.reverted", outcome="reverted")
    for path in (ONE, "/models"):
        assert "could not be put back" not in console.get(path).text, path
