"""data-gaps: rows that could not be counted in full, as a share of all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import finding, number
from assay.checks._judge import limit_words
from assay.checks.control import Check

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for each column and kind of gap, or one pass when there is none.

    The share is of the very rows that were measured, not of a sample of them: it has no interval.
    """
    limit = terms.limit
    if limit is None or limit.max is None:
        return (finding(control, terms, "unknown", "the policy gives no greatest share (`limit: {max: ...}`)."),)
    if evidence.rows < 1:
        return (finding(control, terms, "unknown", "the evidence rests on no rows: there is nothing to have gaps."),)
    findings: list[Finding] = []
    for gap in evidence.gaps:
        share = gap.count / evidence.rows
        fails = share > limit.max
        reason = (
            f"{gap.column}: {gap.count:,} of {evidence.rows:,} rows are {gap.kind} ({number(share)}), "
            f"{'beyond' if fails else 'within'} the limit, {limit_words(limit)}."
        )
        findings.append(
            finding(
                control, terms, "fail" if fails else "pass", reason,
                about=f"{gap.column}:{gap.kind}", measured=share, n=evidence.rows, limit=limit,
            )
        )  # fmt: skip
    if findings:
        return tuple(findings)
    reason = f"no gap in any of {evidence.rows:,} rows."
    return (finding(control, terms, "pass", reason, measured=0.0, n=evidence.rows, limit=limit),)


CHECK = Check(
    id="data-gaps",
    title="Few rows lack a value, so what was measured is about everybody",
    run=run,
    needs=frozenset({"limit", "provenance"}),
    bounds=(0.0, 1.0),
)
