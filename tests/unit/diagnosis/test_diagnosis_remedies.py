from __future__ import annotations

import pytest

from assay.diagnosis.mitigation import METHODS, MORE_ROWS
from assay.diagnosis.other_findings import other_causes
from assay.diagnosis.remedies import REMEDIES, remedies_for
from assay.records.explanation import CAUSE_KINDS, Cause
from assay.records.verdict import Finding

LINE = "assay mitigate loans/1"
CAUSES = [Cause(kind=kind, confidence=0.9, detail="seen") for kind in CAUSE_KINDS]  # type: ignore[arg-type]


def test_every_cause_has_a_remedy_but_none() -> None:
    assert {*CAUSE_KINDS} - {"none"} == {*REMEDIES}


@pytest.mark.parametrize(("allowed", "asked"), [(None, True), (True, False)])
def test_what_can_be_tried_carries_its_line(allowed: bool | None, asked: bool) -> None:
    found = remedies_for(CAUSES, mitigate=LINE, by_group=allowed)
    for one in found:
        asks = " --allow-attribute" if asked and one.needs_attribute else ""
        tried = one.name in METHODS or one.name == MORE_ROWS
        assert one.command == (f"{LINE} --candidates {one.name}{asks}" if tried else None)
    assert {"threshold", "threshold_by_group", "recalibration", MORE_ROWS} <= {one.name for one in found if one.command}


def test_what_the_policy_forbids_is_not_named() -> None:
    named = remedies_for(CAUSES, mitigate=LINE, by_group=False)
    assert named
    assert not [one.name for one in named if one.needs_attribute]


def test_without_rows_that_a_line_can_name_there_is_none() -> None:
    assert not [one for one in remedies_for(CAUSES) if one.command]


def test_an_approval_that_is_not_given_has_no_rows() -> None:
    finding = Finding(
        id="approvals/validator", control="approvals", check="approvals", title="Approved", status="unknown",
        enforcement="deny", severity="high", reason="validator: 0 of 1, given by nobody.", n=0,
    )  # fmt: skip
    (clue,) = other_causes(finding)[0].evidence
    assert (clue.n, clue.told) == (None, "validator: 0 of 1, given by nobody")
