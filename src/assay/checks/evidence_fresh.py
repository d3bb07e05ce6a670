"""evidence-fresh: the evidence is not older than the policy permits, and not from the future."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from assay.checks._finding import finding
from assay.checks.control import Check

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding

CLOCK_SKEW = timedelta(minutes=5)
"""Two machines' clocks may differ by this much before a measurement counts as made in the future."""


def is_future(measured_at: str, at: str) -> bool:
    """Say whether evidence claims to be from after a decision, or claims a time that is none."""
    age = _age(measured_at, at)
    return age is None or age < -CLOCK_SKEW


def _age(measured_at: str, at: str) -> timedelta | None:
    try:
        return datetime.fromisoformat(at) - datetime.fromisoformat(measured_at)
    except (ValueError, TypeError):
        return None


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield one finding: pass, or unknown; stale evidence says nothing about today."""
    age = _age(evidence.measured_at, terms.at)
    if age is None:
        reason = f"the evidence says it was measured at {evidence.measured_at!r}, which is no RFC 3339 time in UTC."
        return (finding(control, terms, "unknown", reason),)
    if age < -CLOCK_SKEW:
        reason = f"the evidence says it was measured at {evidence.measured_at}, after this decision at {terms.at}."
        return (finding(control, terms, "unknown", f"{reason} Check the clocks and measure again."),)
    days = max(0, age.days)
    limit = terms.evidence_age_days
    if limit is not None and age > timedelta(days=limit):
        reason = f"the evidence is {days} days old; the policy permits {limit}. Measure again."
        return (finding(control, terms, "unknown", reason),)
    permitted = f"the policy permits {limit}" if limit is not None else "the policy permits any age"
    return (finding(control, terms, "pass", f"the evidence is {days} days old; {permitted}."),)


CHECK = Check(
    id="evidence-fresh",
    title="The evidence is not older than the policy permits",
    run=run,
    takes=frozenset({"evidence_age_days"}),
)
