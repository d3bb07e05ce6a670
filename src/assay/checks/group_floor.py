"""group-floor: a metric in each group, held against a floor, a ceiling, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import group_label, group_words
from assay.checks._judge import judged_finding
from assay.checks._people import one_in_people
from assay.checks._select import class_label, in_groups, not_measured, small_group
from assay.checks.control import Check

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for each group; a group is small when its denominator is under the minimum."""
    metric = control.metric or ""
    findings: list[Finding] = []
    for attributes in terms.attributes:
        found = in_groups(evidence, metric, attributes)
        if not found:
            findings.append(not_measured(control, terms, evidence, metric, attributes))
        for one in found:
            if one.n < terms.minimum_group:
                findings.append(small_group(control, terms, evidence, one.group, one.n))
                continue
            about = group_label(one.group) + class_label(one)
            subject = f"{metric} of {group_words(one.group)}"
            people = one_in_people(evidence, one, terms.limit, terms)
            findings.append(judged_finding(one, control, terms, subject=subject, about=about, people=people))
    return tuple(findings)


CHECK = Check(
    id="group-floor",
    title="A metric stays within a limit in each group",
    run=run,
    needs=frozenset({"metric", "limit", "provenance"}),
    takes=frozenset({"attributes", "intersections", "decide", "minimum_group", "small_groups"}),
    scope="group",
)
