from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.here import project_at
from assay.adapters.trail_here import record
from assay.lifecycle.people import pseudonym
from assay.trail.events import make_event
from incident_project import alert, incident_project
from small_project import rows

if TYPE_CHECKING:
    from pathlib import Path

    from small_project import SmallProject

HAZARD = "Women are refused more often"
RISK = (
    "risk", "record", "gap", "--harm", "fundamental-rights", "--likelihood", "4", "--severity", "3", "--hazard", HAZARD,
    "--as", "rosa", "--role", "risk-owner",
)  # fmt: skip
MEASURED = (
    "--measure", "design", "--measures", "Sex and what stands in for it are no features", "--test", "sex-gap",
    "--residual-likelihood", "1", "--residual-severity", "3", "--accepted", "yes",
)  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    found = incident_project(tmp_path, capsys)
    found.write("test.csv", rows(3000))
    assert found.say("run").code in {0, 3}
    return found


def register(project: SmallProject) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(project.say("risk", "list", "--format", "json").out)["risks"]
    return found


def test_a_register_without_risks_is_not_green(project: SmallProject) -> None:
    said = project.say("risk", "list")
    assert said.code == 3
    assert "No risk is recorded" in said.out


def test_from_the_hazard_to_what_is_left(project: SmallProject) -> None:
    assert project.say(*RISK).code == 0
    (found,) = register(project)
    assert (found["likelihood"], found["severity"], found["hazard"]) == (4, 3, HAZARD)
    assert found["open"] == ["no measure", "what is left is not rated",
                             "nobody has judged whether what is left is acceptable"]  # fmt: skip
    assert project.say("risk", "list").code == 3
    assert project.say(*RISK, *MEASURED).code == 0
    (found,) = register(project)
    assert (found["reviews"], found["accepted"], found["by"]) == (2, "yes", "rosa (risk-owner)")
    (test,) = found["tests"]
    verdict = json.loads((project.release / "verdict.json").read_text())
    worst = {one["status"] for one in verdict["findings"] if one["control"] == "sex-gap"}
    assert {test["says"]} == worst
    assert isinstance(test["entry"], int)
    assert found["open"] == ([] if test["says"] == "pass" else [f"the test sex-gap says {test['says']}"])
    assert HAZARD in project.say("risk", "list", "--format", "markdown").out


def test_words_stay_beside_the_log(project: SmallProject) -> None:
    assert project.say(*RISK).code == 0
    tiles = b"".join(path.read_bytes() for path in (project.root / ".assay/log").rglob("*") if path.is_file())
    assert HAZARD.encode() not in tiles


def test_what_fails_or_is_watched_or_was_not_reviewed_is_left_to_do(project: SmallProject) -> None:
    assert project.say(*RISK, *MEASURED, "--monitor", "selection_rate", "--every-version").code == 0
    alert(project)
    assert "the alert a-1 is open" in register(project)[0]["open"]
    project.replace("assay.yaml", 'version: "1"', 'version: "2"')
    project.write("test.csv", rows(3000, gap=0.5))
    assert project.say("run").code == 1
    left = register(project)[0]["open"]
    assert "the test sex-gap says fail" in left
    assert "not reviewed since the version was decided on" in left


def test_one_that_came_by_another_road_without_the_role_counts_no_more_than_it_should(project: SmallProject) -> None:
    code = pseudonym(project.root / ".assay", "mila")
    fields = {
        "risk": "x", "model": "small", "harm": "safety", "likelihood": 2, "severity": 2, "hazard_sha256": "0" * 64,
        "measure": "control", "residual_likelihood": 1, "residual_severity": 1, "accepted": "yes", "owner": code,
        "by": code, "role": "risk-owner", "tests": ["files"],
    }  # fmt: skip
    record(
        [make_event("risk.recorded", fields, claimed_at="2026-10-01T00:00:00Z")], project_at(project.root), key="mila"
    )
    (found,) = register(project)
    assert "found acceptable by somebody who has not the role risk-owner" in found["open"]
    assert found["hazard"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--residual-likelihood", "5", "--residual-severity", "3"), "expected at most 4"),
        (("--residual-likelihood", "1", "--residual-severity", "3"), "say which kind of measure"),
        (("--accepted", "yes"), "rate what is left first"),
        (("--measure", "design"), "expected the measures in words"),
        (("--test", "sex-gop"), "did you mean 'sex-gap'"),
        (("--hazard", " "), "expected the hazard in words"),
        (("--role", "validator"), "expected a role of rosa (risk-owner)"),
        (("--owner", "rosie"), "did you mean 'rosa'"),
        (("--as", "rosie"), "did you mean 'rosa'"),
        ((*MEASURED, "--as", "mila", "--role", "data-scientist"), "expected somebody else than mila"),
    ],
)
def test_what_cannot_be_meant_is_refused(project: SmallProject, arguments: tuple[str, ...], said: str) -> None:
    found = project.say(*RISK, *arguments)
    assert found.code == 2
    assert said in found.err
    assert register(project) == []


def test_the_register_is_evidence_of_the_duties_of_article_nine(project: SmallProject) -> None:
    asked = (
        "status",
        "--framework",
        "eu-ai-act",
        "--role",
        "provider",
        "--route",
        "annex-iii",
        "--ahead",
        "--format",
        "json",
    )

    def state(control: str) -> str:
        listed = json.loads(project.say(*asked).out)["systems"][0]["frameworks"][0]["controls"]
        return next(str(one["state"]) for one in listed if one["control"] == f"eu-ai-act:{control}")

    assert state("9(2)(a)") == "missing"
    assert project.say(*RISK, *MEASURED).code == 0
    assert state("9(2)(a)") == "computed"
