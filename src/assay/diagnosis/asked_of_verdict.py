"""What a verdict's findings ask of the counts: each limit as a requirement that can be held again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.diagnosis.requirement import Requirement
from assay.metrics.catalogue import METRICS

if TYPE_CHECKING:
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue
    from assay.records.verdict import Finding, Verdict

OF_MORE_THAN_THESE = frozenset({"not-worse-than", "fairness-over-time"})
"""The checks whose number is a change against another version, or of all windows: these counts do not settle it."""


def measurement_of(finding: Finding, evidence: Evidence) -> Measurement | None:
    """Return the measurement that a finding compared; None when the evidence holds none."""
    over = finding.over.attribute if finding.over else None
    candidates = [
        one
        for one in evidence.measurements
        if one.metric == finding.metric
        and one.group == finding.group
        and (None if one.over is msgspec.UNSET else one.over.attribute) == over
        and one.about == finding.of
    ]
    same = [one for one in candidates if one.value == finding.measured]
    exact = [one for one in same if one.interval == finding.interval]
    return next(iter(exact or same or candidates), None)


def requirement_of(finding: Finding, evidence: Evidence) -> Requirement | None:
    """Return what a finding asks of the counts; None when it asks something else."""
    metric = METRICS.get(finding.metric or "")
    if metric is None or finding.limit is None or finding.check in OF_MORE_THAN_THESE:
        return None
    if finding.of is not msgspec.UNSET or ";class=" in finding.id:
        return None
    attributes = finding.over.names if finding.over else tuple(finding.group)
    return Requirement(
        metric=metric.name,
        limit=finding.limit,
        attributes=attributes,
        group=dict(finding.group),
        decide=finding.decide or "interval",
        minimum_group=_minimum(finding, evidence, attributes),
    )


def _minimum(finding: Finding, evidence: Evidence, attributes: tuple[str, ...]) -> int:
    """Return the smallest group that took part; an impact ratio's table says it through the comparisons beside it."""
    mine = measurement_of(finding, evidence)
    if mine is not None and isinstance(mine.minimum_group, int):
        return mine.minimum_group
    if not finding.over:
        return 1
    beside = [
        one.minimum_group
        for one in evidence.measurements
        if one.over is not msgspec.UNSET and one.over.names == attributes and isinstance(one.minimum_group, int)
    ]
    return min(beside, default=1)


def every_requirement(verdict: Verdict, evidence: Evidence) -> dict[str, Requirement]:
    """Return what has to hold for the decision, by finding: not what is only recorded, nor what a waiver accepts."""
    found = {
        finding.id: requirement_of(finding, evidence)
        for finding in verdict.findings
        if finding.status != "not-applicable" and finding.enforcement != "audit" and finding.waiver is None
    }
    return {name: one for name, one in found.items() if one is not None}


def ends(finding: Finding, evidence: Evidence) -> tuple[dict[str, GroupValue], dict[str, GroupValue]] | None:
    """Return the group that fares worst and the one it is held against, for a finding that compares groups."""
    mine = measurement_of(finding, evidence)
    if mine is None:
        return None
    if finding.group and finding.over:  # an impact ratio: held against the highest of the table
        rows = [
            one
            for one in evidence.measurements
            if one.metric == finding.metric
            and one.over == mine.over
            and one.value is not None
            and one.group != mine.group
        ]
        top = max(rows, key=lambda one: (one.value or 0.0, one.n), default=None)
        return None if top is None else (dict(finding.group), dict(top.group))
    if mine.lowest is msgspec.UNSET or mine.highest is msgspec.UNSET or mine.lowest == mine.highest:
        return None
    worse_high = finding.metric in {"false_positive_rate_difference", "false_negative_rate_difference"}
    low, high = dict(mine.lowest), dict(mine.highest)
    return (high, low) if worse_high else (low, high)
