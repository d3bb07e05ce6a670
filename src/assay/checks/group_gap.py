"""group-gap: a comparison between the groups of an attribute, held against a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.checks._judge import judged_finding
from assay.checks._people import in_people
from assay.checks._select import (
    between,
    class_label,
    not_measured,
    people_in,
    same_minimum,
    small_group,
    wrong_minimum,
)
from assay.checks.control import Check
from assay.records.measurement import joined

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for each attribute or intersection, and one for each group that was too small to take part."""
    metric = control.metric or ""
    findings: list[Finding] = []
    for attributes in terms.attributes:
        found = between(evidence, metric, attributes)
        kept = same_minimum(found, terms.minimum_group)
        if not found:
            findings.append(not_measured(control, terms, evidence, metric, attributes))
        elif not kept:
            findings.append(wrong_minimum(control, terms, found, attributes))
        about = joined(attributes)
        for one in kept:
            people = in_people(evidence, metric, attributes, terms.limit, terms, one_of=one.one_of)
            findings.append(
                judged_finding(
                    one, control, terms, subject=f"{metric} over {about}", about=about + class_label(one), people=people
                )
            )
        left_out = kept[0].left_out if kept else msgspec.UNSET
        small = () if left_out is msgspec.UNSET else left_out
        findings.extend(small_group(control, terms, evidence, group, people_in(evidence, group)) for group in small)
    return tuple(findings)


CHECK = Check(
    id="group-gap",
    title="A comparison between groups stays within a limit",
    run=run,
    needs=frozenset({"metric", "limit", "provenance"}),
    takes=frozenset({"attributes", "intersections", "decide", "minimum_group", "small_groups"}),
    scope="between",
)
