"""performance-floor: a metric over everybody, held against a floor, a ceiling, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import finding
from assay.checks._judge import judged_finding
from assay.checks._people import one_in_people
from assay.checks._select import class_label, in_groups, not_measured
from assay.checks.control import Check

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield one finding, or one a class for a metric of one class against the rest."""
    metric = control.metric or ""
    found = in_groups(evidence, metric, ())
    if not found:
        return (not_measured(control, terms, evidence, metric, ()),)
    findings: list[Finding] = []
    for one in found:
        about = class_label(one).lstrip(";")
        if one.n < terms.minimum_group:
            reason = (
                f"{metric}: {one.n} {terms.words.people}, under the minimum of {terms.minimum_group}: measure more."
            )
            findings.append(finding(control, terms, "unknown", reason, about=about, metric=metric, n=one.n))
            continue
        people = one_in_people(evidence, one, terms.limit, terms)
        findings.append(
            judged_finding(one, control, terms, subject=f"{metric} of everybody", about=about, people=people)
        )
    return tuple(findings)


CHECK = Check(
    id="performance-floor",
    title="A metric over everybody stays within a limit",
    run=run,
    needs=frozenset({"metric", "limit", "provenance"}),
    takes=frozenset({"decide", "minimum_group"}),
    scope="group",
)
