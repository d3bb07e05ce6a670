from __future__ import annotations

from typing import Any

import pytest

from assay.trail.examples import EXAMPLES, of
from assay.trail.histories import alerts, decisions, remediations, validations
from assay.trail.inventory import inventory
from assay.trail.telling import answer_markdown, answer_text
from unit.trail.memory_trail import EVIDENCE, FILES, MILA, MODEL, POLICY, ROSA, VERA, MemoryTrail

MENDER, TESTER = "p_" + "a" * 32, "p_" + "b" * 32
OPENED: dict[str, Any] = {
    "remediation": "r-1",
    "model": "credit",
    "version": "2",
    "finding": "gap",
    "severity": "high",
    "owner": MENDER,
    "due": "2026-11-30",
}


def mended(*acts: tuple[str, dict[str, Any], Any]) -> dict[str, Any]:
    """Return the row of a remediation after some acts: what, fields, who signs."""
    trail = MemoryTrail(people={MENDER: "mila", TESTER: "vera"})
    trail.say("remediation.opened", signer=ROSA, **OPENED)
    for kind, fields, signer in acts:
        trail.say(f"remediation.{kind}", signer=signer, remediation="r-1", evidence_sha256=of("e"), **fields)
    answer = remediations(trail.view(), "credit")
    assert answer.sentences[0].entries == tuple(answer.rows[0]["entries"])
    return answer.rows[0] | {"words": answer.sentences[0].text}


CLOSED = ("closed", {"by": MENDER}, MILA)


def test_a_remediation_is_mended_when_somebody_else_has_tested_it() -> None:
    assert mended()["status"] == "open"
    assert mended(CLOSED)["status"] == "awaiting-retest"
    passed = mended(CLOSED, ("retested", {"by": TESTER, "outcome": "passed"}, VERA))
    assert passed["status"] == "mended"
    assert "vera tested it again" in passed["words"]
    failed = mended(CLOSED, ("retested", {"by": TESTER, "outcome": "failed"}, VERA))
    assert failed["status"] == "retest-failed"


@pytest.mark.parametrize(
    "retest",
    [
        ("retested", {"by": MENDER, "outcome": "passed"}, VERA),  # the same person, by another key
        ("retested", {"by": TESTER, "outcome": "passed"}, MILA),  # another name, by the same key
    ],
)
def test_a_test_by_who_mended_it_counts_for_nothing(retest: tuple[str, dict[str, Any], Any]) -> None:
    row = mended(CLOSED, retest)
    assert row["status"] == "awaiting-retest"
    assert "counts for nothing" in row["words"]


def test_a_test_before_it_was_closed_counts_for_nothing() -> None:
    assert mended(("retested", {"by": TESTER, "outcome": "passed"}, VERA), CLOSED)["status"] == "awaiting-retest"


def test_an_alert_is_open_until_it_is_resolved() -> None:
    trail = MemoryTrail(people={MENDER: "mila"})
    alert = {**EXAMPLES["monitor.alert"], "model": "credit"}
    trail.say("monitor.alert", **alert)
    trail.say("monitor.alert", **{**alert, "alert": "a-78", "column": "income", "kind": "drift"})
    assert [row["status"] for row in alerts(trail.view()).rows] == ["open", "open"]
    trail.say("monitor.ack", alert="a-77", by=MENDER)
    assert [row["status"] for row in alerts(trail.view()).rows] == ["acknowledged", "open"]
    trail.say("monitor.resolved", alert="a-77", how="back-within-limit")
    answer = alerts(trail.view(), "credit")
    assert [(row["status"], row["entries"]) for row in answer.rows] == [("resolved", [0, 2, 3]), ("open", [1])]
    assert "selection_rate of race=black was 0.41, limit 0.55. mila took it up" in answer.sentences[0].text
    assert alerts(trail.view(), "other").rows == ()
    assert "It tells of: credit" in alerts(trail.view(), "other").missing[-1]


def test_decisions_are_told_in_the_logs_order_with_the_version_they_are_about() -> None:
    trail = MemoryTrail()
    trail.say("model.registered", **FILES, owner=MENDER, exposure="high", purpose="credit-decision")
    consent = trail.approve()[1]
    trail.waive()
    trail.release()
    trail.revoke(consent, "2026-10-05T00:00:00Z")
    answer = decisions(trail.view(), "credit")
    assert [(row["event"], row["model"], row["version"]) for row in answer.rows] == [
        ("approval.granted", "credit", "2"),
        ("waiver.granted", "credit", "2"),
        ("gate.decision", "credit", "2"),
        ("approval.revoked", "credit", "2"),
    ]
    assert "vera took back the consent" in answer.sentences[-1].text
    assert decisions(trail.view(), "other").rows == ()


def test_criteria_count_when_they_were_fixed_before_the_test() -> None:
    for before in (True, False):
        trail = MemoryTrail()
        fix: dict[str, Any] = {"model": "credit", "policy": "lending", "policy_sha256": POLICY, "by": MENDER}
        if before:
            trail.say("validation.criteria", **fix)
        trail.release()
        if not before:
            trail.say("validation.criteria", **fix)
        told = " ".join(sentence.text for sentence in validations(trail.view()).sentences)
        assert ("criteria fixed before the test" in told) is before
        assert ("not shown to have been fixed before" in told) is not before


def test_the_inventory_has_materiality_owner_status_validation_and_what_is_open() -> None:
    trail = MemoryTrail(people={MENDER: "mila"})
    trail.say("model.registered", **FILES, owner=MENDER, exposure="high", purpose="credit-decision", tier="high")
    assert inventory(trail.view()).rows[0]["status"] == "registered"
    trail.release()
    assert inventory(trail.view()).rows[0]["status"] == "decided: allow"
    trail.deploy("2026-10-01T00:00:00Z")
    trail.say("remediation.opened", **OPENED)
    trail.say(
        "model.registered",
        model="credit",
        version="1",
        model_sha256=of("model 1"),
        owner=MENDER,
        exposure="low",
        purpose="credit-decision",
    )
    first, second = inventory(trail.view()).rows
    assert (first["version"], first["status"], first["last_validation"], first["open_findings"]) == (
        "1",
        "registered",
        None,
        None,
    )
    assert second | {} == {
        "model": "credit",
        "version": "2",
        "model_sha256": MODEL,
        "exposure": "high",
        "purpose": "credit-decision",
        "tier": "high",
        "owner": "mila",
        "status": "serving",
        "serves_in": ["production"],
        "decision": "allow",
        "decided_at": "2026-09-30T08:00:00Z",
        "last_validation": "warned",
        "open_findings": ["c/group=New England"],
        "open_remediations": ["r-1"],
        "entries": [0, 1, 2, 3, 4],
    }
    trail.say("model.retired", "2026-10-02T00:00:00Z", model="credit", version="2", by=MENDER)
    assert inventory(trail.view(), "credit").rows[1]["status"] == "retired"
    assert inventory(trail.view(), "other").rows == ()


def test_a_name_that_would_be_markup_is_shown_as_it_is() -> None:
    trail = MemoryTrail()
    trail.say(
        "validation.result",
        model="<script>alert(1)</script>|",
        model_sha256=MODEL,
        outcome="failed",
        policy="[x](http://evil)",
        policy_sha256=POLICY,
        evidence_sha256=EVIDENCE,
        failed=["`a`", "b\u202ec"],
    )
    answer = validations(trail.view())
    page = answer_markdown(answer)
    assert "<script>" not in page
    assert "[x](" not in page.replace("\\[x\\](", "")
    assert "\u202e" not in page + answer_text(answer)
