"""not-worse-than-champion: on the same people, nobody falls behind the version in production by more than a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.checks._finding import finding
from assay.checks._observed import run as held
from assay.checks.control import Check
from assay.metrics.paired import METRICS

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding

_MEANT = {
    "selection_rate_change": ("more are selected", "fewer are selected"),
    "accuracy_change": ("more are decided rightly", "fewer are decided rightly"),
    "true_positive_rate_change": ("more with a positive label are found", "fewer with a positive label are found"),
    "false_positive_rate_change": (
        "more with a negative label are selected",
        "fewer with a negative label are selected",
    ),
}

_REMEDY = "Look at who loses (assay challenge), and mend the new version for them before it takes the place of the old."


def tell(one: Measurement, people: str) -> str | None:
    """Return what a change means in people, net: ``12 of 339 applicants fewer are decided rightly``."""
    if not one.value or one.metric not in _MEANT:
        return None
    more, fewer = _MEANT[one.metric]
    return f"Net {abs(round(one.value * one.n)):,} of {one.n:,} {people}: {more if one.value > 0 else fewer}."


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for everybody and each group, paired with the version in production on the same people."""
    if evidence.facts.get("production") == "none":
        reason = "no version is in production, as assay.yaml says: there is nothing to fall behind."
        return (finding(control, terms, "not-applicable", reason, metric=control.metric),)
    if not any(one.metric == control.metric for one in evidence.measurements):
        reason = (
            f"{control.metric} was not measured: the evidence holds no decisions of the version in production about "
            "these people. Name them in assay.yaml (`production: VERSION`, and the section `champion`), or write "
            "`production: none` when there is none."
        )
        return (finding(control, terms, "unknown", reason, metric=control.metric),)
    # A gap compared among other groups than the policy wants is not the one that it is about.
    kept = tuple(
        one for one in evidence.measurements if one.minimum_group in {msgspec.UNSET, terms.minimum_group} or one.group
    )
    return held(control, msgspec.structs.replace(evidence, measurements=kept), terms, tell=tell, remedy=_REMEDY)


CHECK: Check = Check(
    id="not-worse-than-champion",
    title="On the same people nobody falls behind the version in production by more than a limit",
    run=run,
    needs=frozenset({"metric", "limit", "provenance"}),
    takes=frozenset({"decide", "attributes", "intersections", "minimum_group", "small_groups"}),
    scope="observed",
    metrics=frozenset(metric.name for metric in METRICS),
)
