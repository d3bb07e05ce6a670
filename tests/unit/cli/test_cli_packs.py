from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from small_project import SmallProject, small_project
from unit.packs.test_packs_reading import PACK

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return small_project(tmp_path, capsys, count=20)


def test_the_list_tells_what_counts_on_a_day(project: SmallProject) -> None:
    said = project.say("packs", "list", "--as-of", "2026-01-01", "--format", "json")
    rows = {row["framework"]: row for row in json.loads(said.out)["packs"]}
    assert said.code == 0
    assert rows["eu-ai-act"]["version"] == "2024-08-01"
    assert rows["sr-26-2"] | {"version": None, "status": "not yet: from 2026-04-17"} == rows["sr-26-2"]
    assert "superseded on 2026-04-17 by sr-26-2" in project.say("packs", "list", "--as-of", "2026-11-23").out


def test_a_control_tells_what_it_meets_elsewhere_and_whose_reading_that_is(project: SmallProject) -> None:
    crosswalk = """\
schema: assay.crosswalk/v1
from: house-rules
to: nist-ai-rmf
title: House rules and NIST
rows:
  - {from: "1(a)", to: GOVERN-2.1, relation: subset, source: "House table 3, 2026-01-05"}
  - {from: "1(a)", to: GOVERN-1.6, relation: intersects, ours: true}
"""
    project.write("packs/house.yaml", PACK)
    project.write("packs/house--nist.yaml", crosswalk)
    said = project.say("packs", "show", "house-rules", "1(a)", "--packs", "packs", "--format", "json")
    assert json.loads(said.out)["controls"][0]["meets"] == [
        {"clause": "nist-ai-rmf:GOVERN-2.1", "relation": "subset", "source": "House table 3, 2026-01-05"},
        {"clause": "nist-ai-rmf:GOVERN-1.6", "relation": "intersects", "source": "our own reading"},
    ]
    back = project.say("packs", "show", "nist-ai-rmf", "GOVERN-2.1", "--packs", "packs").out
    assert "house-rules:1(a) (superset; House table 3, 2026-01-05)" in " ".join(back.split())


def test_a_control_is_shown_with_all_that_its_names_stand_for(project: SmallProject) -> None:
    said = project.say("packs", "show", "eu-ai-act", "9(8)", "--as-of", "2026-11-23", "--format", "json")
    shown = json.loads(said.out)
    assert shown["text"]["id"] == "02024R1689-20260727"
    assert [one["id"] for one in shown["controls"]] == [
        "eu-ai-act:9(8).before-market",
        "eu-ai-act:9(8).thresholds",
    ]
    assert (
        shown["controls"][1]
        | {
            "clause": "9(8)",
            "by_route": {"annex-iii": "2027-12-02", "annex-i": "2028-08-02"},
            "automation": "full",
            "certainty": "settled",
        }
        == shown["controls"][1]
    )
    assert shown["controls"][1]["verified"]["verified"] is True
    text = project.say("packs", "show", "eu-ai-act", "9(8)", "--role", "provider", "--route", "annex-iii").out
    assert "applies from 2027-12-02" in " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "eu-ai-act", "--as-of", "2019-01-01"), "before that there was no"),
        (("show", "eu-ai-akt"), "did you mean 'eu-ai-act'"),
        (("show", "eu-ai-act@2025-01-01"), "expected a version of eu-ai-act"),
        (("show", "eu-ai-act", "9(9)(z)"), "expected a clause of"),
        (("show", "eu-ai-act", "--role", "providor"), "did you mean 'provider'"),
        (("show", "eu-ai-act", "--route", "annex-ii"), "did you mean 'annex-ii"),
        (("list", "--as-of", "tomorrow"), "expected a day such as"),
        (("list", "--packs", "nowhere"), "nowhere"),
        (("schema", "packs"), "did you mean 'pack'"),
    ],
)
def test_what_is_not_there_is_told(project: SmallProject, arguments: tuple[str, ...], said: str) -> None:
    found = project.say("packs", *arguments)
    assert found.code == 2
    assert said in found.err
    assert found.out == ""


def test_a_change_of_law_is_told(project: SmallProject) -> None:
    said = project.say("packs", "diff", "eu-ai-act@2024-08-01", "eu-ai-act@2026-07-27", "--format", "json")
    kinds = {(one["control"], one["kind"]) for one in json.loads(said.out)["differences"]}
    assert {("10(5)", "removed"), ("4a(1)", "added"), ("9(1)", "dates"), ("72(3)", "words")} <= kinds
    assert "annex-iii: from 2027-12-02" in project.say("packs", "diff", "eu-ai-act@2024-08-01", "eu-ai-act").out


def test_an_organisation_adds_its_own(project: SmallProject) -> None:
    project.write("packs/house.yaml", PACK)
    project.write("assay.yaml", (project.root / "assay.yaml").read_text() + "packs: packs\n")
    assert "House rules on AI" in project.say("packs", "list").out
    assert project.say("packs", "lint").code == 0
    project.write("packs/house.yaml", PACK.replace("[approvals]", "[aprovals]"))
    said = project.say("packs", "lint")
    assert said.code == 2
    assert "packs/house.yaml:22:14 $.controls[0].checks[0]: no such check" in said.out
    assert "no such check" in project.say("packs", "list").err
    sarif = json.loads(project.say("packs", "lint", "packs", "--format", "sarif").out)
    assert len(sarif["runs"][0]["results"]) == 1


def test_copied_words_are_found_where_the_text_is_at_hand(project: SmallProject) -> None:
    project.write(
        "packs/house.yaml",
        PACK.replace("Somebody answers for it by name.", "The owner shall be named by the board in writing."),
    )
    project.write("text.txt", "Whereas the owner shall be named by the board in writing, we decide.")
    assert project.say("packs", "lint", "packs").code == 0
    said = project.say("packs", "lint", "packs", "--against", "text.txt")
    assert said.code == 2
    assert "$.controls[0].says" in said.out


def test_the_schema_is_one(project: SmallProject) -> None:
    shown = json.loads(project.say("packs", "schema").out)
    assert shown["$schema"].endswith("2020-12/schema")
    assert "PackControl" in shown["$defs"]


def test_what_the_system_is_before_a_law_stands_in_assay_yaml(project: SmallProject) -> None:
    text = (project.root / "assay.yaml").read_text()
    project.write("assay.yaml", text + "regulation:\n  eu-ai-act: {role: provider, placed: 2026-13-01}\n")
    assert "$.regulation.eu-ai-act.placed: expected a day" in project.say("packs", "list").err
