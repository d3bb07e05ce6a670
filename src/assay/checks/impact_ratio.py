"""impact-ratio: each group's favourable rate over the highest one's, as United States selection law computes it.

The ratio: 6 RCNY 5-301 (New York City Local Law 144), which sets no limit. The rule of thumb of four fifths:
29 CFR 1607.4(D), https://www.ecfr.gov/current/title-29/part-1607/section-1607.4
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import finding, group_label, group_words
from assay.checks._judge import judged_finding
from assay.checks._people import in_people
from assay.checks._select import in_groups, not_measured, small_group
from assay.checks.control import Check
from assay.records.measurement import joined

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding


def _one(control: Control, evidence: Evidence, terms: Terms, attributes: tuple[str, ...], one: Measurement) -> Finding:
    about, who = group_label(one.group), group_words(one.group)
    if one.n < terms.minimum_group or None in one.group.values():
        return small_group(control, terms, evidence, one.group, one.n)
    if one.value == 1 and one.interval is None:
        return finding(
            control, terms, "pass", f"{who} has the highest rate: the other groups are held against it.", about=about,
            metric=one.metric, group=one.group, measured=one.value, n=one.n, limit=terms.limit, decide=control.decide,
        )  # fmt: skip
    people = in_people(evidence, one.metric, attributes, terms.limit, terms, group=one)
    return judged_finding(one, control, terms, subject=f"{one.metric} of {who}", about=about, people=people)


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for each group; the group with the highest rate has the ratio 1."""
    metric = control.metric or "impact_ratio"
    findings: list[Finding] = []
    for attributes in terms.attributes:
        found = [m for m in in_groups(evidence, metric, attributes) if m.group]
        known = [m for m in found if None not in m.group.values()]
        if not found:
            findings.append(not_measured(control, terms, evidence, metric, attributes))
        elif len(known) < 2:  # noqa: PLR2004 - a comparison needs two
            reason = f"{joined(attributes)} has one group only: there is nobody to compare it with."
            findings.append(finding(control, terms, "unknown", reason, about=joined(attributes), metric=metric))
        else:
            findings += [_one(control, evidence, terms, attributes, one) for one in found]
    return tuple(findings)


CHECK = Check(
    id="impact-ratio",
    title="Each group's favourable rate is a fair share of the highest group's",
    run=run,
    needs=frozenset({"limit", "provenance"}),
    takes=frozenset({"metric", "attributes", "intersections", "decide", "minimum_group", "small_groups"}),
    scope="any",
    bounds=(0.0, 1.0),
)
