"""How a control stands: what is computed in part, what nothing in Assay can show, and what would settle each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.packs import parse_pack
from assay.packs.dates import Standing
from assay.packs.evidence_kinds import KINDS, RECORDED
from assay.packs.status import Attested, Held, plan, statuses
from assay.records.status import ControlStatus, Shown
from assay.trail import holdings

PACK = """\
schema: assay.pack/v1
framework: house-rules
version: 2026-01-01
title: House rules
issuer: The bank
force: internal
text: {{id: HR-7, kind: internal, cite: House rules no. 7}}
in_force: {{from: 2026-01-01}}
roles: {{owner: who answers}}
readings: {{ours: {{verified: true, by: the rules, when: 2026-01-02, sure: high}}}}
dates: {{start: {{from: 2026-01-01, certainty: settled, source: rule 9}}}}
controls:
  - {{id: "1", title: One, says: Something is asked., roles: [owner], dates: start, automation: {automation},
     evidence: [{evidence}], checks: [{checks}], verified: ours}}
"""
PASSED = Shown(kind="finding", name="gap/sex", says="pass", check="group-gap")
ATTESTED = Shown(kind="attestation", name="rosa (owner)", says="met", until="2999-01-01")


def stands(automation: str, evidence: str, checks: str = "", held: Held | None = None) -> ControlStatus:
    text = PACK.format(automation=automation, evidence=evidence, checks=checks)
    pack = parse_pack(text.encode(), "house.yaml")
    (row,) = statuses(plan(pack, Standing(), "2026-06-01"), held or Held())
    return row


def record(kind: str) -> dict[str, Shown]:
    return {kind: Shown(kind="record", name=kind, says="held")}


def test_a_partial_control_is_computed_in_part_and_says_what_is_left() -> None:
    row = stands("partial", "bias_report, procedure_document", "group-gap", Held(checks={"group-gap": (PASSED,)}))
    assert (row.state, row.outcome, row.in_part, row.open) == ("computed", "pass", True, True)
    assert row.lacking == ("bias_report", "procedure_document")
    assert any(command.startswith("assay attest 'house-rules:1'") for command in row.mend)
    assert "assay run, under a control of the check group-gap or impact-ratio" in row.mend


def test_a_full_control_of_which_evidence_is_lacking_is_computed_in_part() -> None:
    held = Held(checks={"group-gap": (PASSED,)}, records=record("bias_report"))
    assert stands("full", "bias_report, raci", "group-gap", held).in_part
    whole = stands("full", "bias_report", "group-gap", held)
    assert (whole.in_part, whole.open, whole.mend) == (False, False, ())


@pytest.mark.parametrize(
    ("automation", "evidence", "checks", "by_people"),
    [
        ("manual", "eval_results", "", True),  # a machine's numbers do not make up for a judgement
        ("partial", "procedure_document, raci", "", True),
        ("full", "retention_check", "", True),
        ("partial", "procedure_document, risk_register", "", False),
        ("full", "raci", "group-gap", False),
    ],
)
def test_what_nothing_in_assay_can_show_says_so(automation: str, evidence: str, checks: str, by_people: bool) -> None:
    row = stands(automation, evidence, checks)
    assert (row.state, row.by_people) == ("missing", by_people)
    assert ("nothing in Assay can show this" in row.reason) is by_people
    assert row.mend[-1].startswith("assay attest 'house-rules:1' --by")


def test_what_is_attested_alone_although_a_machine_could_show_it_says_so() -> None:
    given = {"house-rules:1": Attested(counts=ATTESTED)}
    assert "nothing computed stands beside it" in stands("full", "eval_results", held=Held(attested=given)).reason
    assert "nothing computed" not in stands("manual", "policy_document", held=Held(attested=given)).reason


def test_what_assay_holds_is_what_the_trail_takes_in() -> None:
    source = Path(holdings.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'"([a-z_]+)"', source)) & KINDS == RECORDED.keys()


def test_every_command_that_would_mend_is_one_of_assays() -> None:
    from assay.cli import VERBS  # noqa: PLC0415 - only here

    commands = [said for said in RECORDED.values() if said.startswith("assay ")]
    assert commands
    assert {said.split()[1].rstrip(",") for said in commands} <= set(VERBS)
