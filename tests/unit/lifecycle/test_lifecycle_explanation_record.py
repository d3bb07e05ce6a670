"""`assay explain --record`: what was said is signed, kept beside the log, and told to the trail; nothing else is."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

import assay
from assay.attest import dsse
from assay.lifecycle.explanation_record import EXPLAINED
from small_project import SmallProject, files_under, small_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def denied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    project = small_project(tmp_path, capsys, gap=0.3)
    assert project.say("run").code == 1
    return project


def explained_events(project: SmallProject) -> list[Any]:
    with assay.open_trail(project.root) as trail:
        return [fact.said for fact in trail.view().facts("finding.explained")]


def test_an_explanation_is_kept_signed_and_told_to_the_trail(denied: SmallProject) -> None:
    said = denied.say("explain", "small/1", "--rows", "--record", "--format", "json")
    assert said.code == 1, said.err
    shown = json.loads(said.out)
    assert "Recorded in the trail" in shown["remarks"][-1]
    (event,) = explained_events(denied)
    assert event.finding == "sex-gap/sex"
    assert list(event.causes) == [cause["kind"] for cause in shown["findings"][0]["causes"]]
    assert event.cause == event.causes[0]
    assert "rows" in event.examined
    kept = denied.root / ".assay/evidence"
    record = json.loads((kept / event.record_sha256).read_bytes())
    assert record["findings"] == shown["findings"]
    statements = [
        json.loads(base64.b64decode(dsse.parse(content, name=path).payload))
        for path, content in files_under(kept).items()
        if b'"payloadType"' in content
    ]
    (signed,) = [one for one in statements if one["predicateType"] == EXPLAINED]
    assert {"sha256": event.record_sha256} in [one["digest"] for one in signed["subject"]]


def test_looking_leaves_nothing(denied: SmallProject) -> None:
    before = files_under(denied.root)
    assert denied.say("explain", "small/1").code == 1
    assert files_under(denied.root) == before
    assert explained_events(denied) == []


def test_a_table_and_a_verdict_without_a_project_have_no_trail(denied: SmallProject, tmp_path: Path) -> None:
    of_rows = denied.say("explain", "--data", "test.csv", "--record")
    assert of_rows.code == 2
    assert "a table has no trail" in of_rows.err
    lone = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    lone.mkdir()
    (lone / "verdict.json").write_bytes((denied.release / "verdict.json").read_bytes())
    alone = SmallProject(lone, denied.capsys).say("explain", "verdict.json", "--record")
    assert alone.code == 2
    assert "expected a verdict of a project" in alone.err
    assert explained_events(denied) == []
