"""Judging an iteration of a training run: its tally, under the controls of a policy that a tally can settle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from assay.checks import Control
from assay.errors import InputError, suggest
from assay.lifecycle.run_record import Watched
from assay.metrics import METRICS, measure
from assay.policy import find, plan
from assay.policy.form import Policy
from assay.records.canonical import canonical_json
from assay.records.verdict import Limit, Provenance

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from assay.lifecycle.run_record import Status
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.tally import Roles, Tally
    from assay.records.verdict import Finding

WATCHABLE = ("group-gap", "group-floor", "impact-ratio", "performance-floor", "intersections-large-enough")
"""The checks that a tally settles: those that a run can be held against while it runs."""

_IMPACT = "impact-ratio"


@dataclass(frozen=True, slots=True)
class Judged:
    """What an iteration came to.

    Attributes:
        status: satisfied, breached or undecided; undecided is not satisfied.
        findings: what was compared.
        measurements: what was measured.
        reason: the worst finding's reason; empty when all is well.
    """

    status: Status
    findings: tuple[Finding, ...]
    measurements: tuple[Measurement, ...]
    reason: str

    def overall(self, metric: str) -> float | None:
        """Return a metric's value over everybody; None when it has none."""
        return next(
            (one.value for one in self.measurements if one.metric == metric and not one.group and not one.over), None
        )

    def watched(self) -> tuple[Watched, ...]:
        """Return the findings that compare a number, as short as a chart needs them."""
        return tuple(
            Watched(
                id=one.id,
                metric=one.metric or "",
                status=one.status,
                value=one.measured,
                interval=one.interval,
                n=one.n,
                limit=(one.limit.min, one.limit.max),
            )
            for one in self.findings
            if one.limit is not None and one.status != "not-applicable"
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What an iteration came to.

    Attributes:
        iteration: its number.
        status: satisfied, breached, undecided (which is not satisfied) or failed (it could not be measured).
        reason: the worst finding's reason, or why it failed.
        findings: what was compared.
        is_best: whether it is the best so far that satisfies the policy.
        should_stop: whether the run is to end here.
    """

    iteration: int
    status: Status
    reason: str
    findings: tuple[Finding, ...] = field(repr=False)
    is_best: bool
    should_stop: bool


class Judge:
    """A policy, reduced to what can be watched, and all that judging needs beside the tally.

    Attributes:
        policy: the policy with the controls that are watched.
        metrics: the metrics that an iteration is measured by.
    """

    def __init__(self, policy: Policy, template: Evidence, also: Collection[str] = ()) -> None:
        self._whole = policy
        self.policy = watched_part(policy)
        self._template = template
        self._plan = plan(self.policy, template.materiality)
        names = {*self._plan.metrics, *also, "selection_rate"}
        names |= {"impact_ratio" for one in self.policy.controls if one.check == _IMPACT and one.metric is None}
        self.metrics = tuple(name for name in METRICS if name in names)

    def require(self, roles: Roles) -> None:
        """Check that what the policy compares was given.

        Raises:
            InputError: when an attribute or the labels are missing.
        """
        for name in self._plan.attributes:
            if name not in roles.protected:
                raise InputError(
                    f"expected the protected attribute {name!r}, which the policy compares, found "
                    f"{', '.join(roles.protected) or 'none'}{suggest(name, roles.protected)}. Give its values for the "
                    "validation set"
                )
        strange = [name for name in self._plan.metrics if name in METRICS and roles.task not in METRICS[name].tasks]
        if strange:
            fitting = [name for name, one in METRICS.items() if one.tasks == (roles.task,)]
            raise InputError(
                f"expected metrics of the task {roles.task}, found {', '.join(strange)}, which it has not. Leave "
                f"them to another stage, or take metrics of it: {', '.join(fitting)}, ..."
            )
        lacking = [name for name in self._plan.metrics if "label" in METRICS[name].needs] if roles.label is None else []
        if lacking:
            raise InputError(f"expected labels of the validation set, found none: {', '.join(lacking)} needs them")

    def stops_on_failure(self) -> bool:
        """Say whether the policy demands that every iteration is measured: a control that denies when one failed."""
        return any(
            one.check == "training-run" and one.metric == "iterations_failed" and one.enforcement == "deny"
            for one in self._whole.controls
            if one.stage in {None, "training"}
        )

    def needs_scores(self) -> bool:
        """Say whether a metric needs the scores, not the predictions alone."""
        return any("score" in METRICS[name].needs for name in self.metrics)

    def __call__(self, tally: Tally, at: str) -> Judged:
        """Measure a tally and hold it against the policy.

        Args:
            tally: the counts of one iteration.
            at: the time, RFC 3339 in UTC.
        """
        known = set(tally.roles.protected)
        crossed = [names for names in self._plan.intersections if known.issuperset(names)]
        measured: dict[bytes, Measurement] = {}
        for minimum in self._plan.minimum_groups:
            found = measure(
                tally, level=self._plan.level, intersections=crossed, minimum_group=minimum, metrics=self.metrics
            )
            if len(self._plan.minimum_groups) == 1:
                return self._judged(found, tally, at)
            for one in found:
                measured.setdefault(canonical_json(one), one)
        return self._judged(tuple(measured.values()), tally, at)

    def _judged(self, measurements: tuple[Measurement, ...], tally: Tally, at: str) -> Judged:
        evidence = msgspec.structs.replace(self._template, measurements=measurements, rows=tally.rows, measured_at=at)
        findings = find(self.policy, evidence, at=at)
        status, reason = status_of(findings)
        return Judged(status, findings, measurements, reason)


def status_of(findings: Sequence[Finding]) -> tuple[Status, str]:
    """Return what findings come to, and the reason of the worst: a fail before an unknown; what denies decides."""
    denying = [one for one in findings if one.enforcement == "deny"]
    for wanted, status in (("fail", "breached"), ("unknown", "undecided")):
        worst = next((one for one in denying if one.status == wanted), None)
        if worst is not None:
            return status, worst.reason  # type: ignore[return-value]
    if all(one.status == "not-applicable" for one in findings):
        return "undecided", "nothing was compared"
    warned = next((one.reason for one in findings if one.status in {"fail", "unknown"}), "")
    return "satisfied", warned


def watched_part(policy: Policy) -> Policy:
    """Return a policy with those of its controls that apply to training and that a tally settles.

    Raises:
        InputError: when it has none.
    """
    controls = tuple(one for one in policy.controls if one.stage in {None, "training"} and one.check in WATCHABLE)
    if not controls:
        raise InputError(
            f"the policy {policy.name} {policy.version} has no control that a training run can be held against: one "
            f"with stage training, or none, and one of the checks {', '.join(WATCHABLE)}. Add one, or give limits="
        )
    return msgspec.structs.replace(policy, controls=controls)


def policy_of(limits: Mapping[str, Any], attributes: Sequence[str], *, on: str, level: float, minimum: int) -> Policy:
    """Return a policy of limits given in Python.

    Args:
        limits: metric to ``{"min": ...}``, ``{"max": ...}``, both, or a number: the most of a difference, the least of
            a ratio.
        attributes: the attributes compared.
        on: the day, as the limits' date.
        level: two-sided confidence of the intervals.
        minimum: smallest group that decides.

    Raises:
        InputError: for an unknown metric, or a limit that says nothing.
    """
    controls = []
    for name, given in limits.items():
        if name not in METRICS:
            raise InputError(f"limits: expected a metric, found {name!r}{suggest(name, METRICS)}")
        metric = METRICS[name]
        check = "group-gap" if metric.scope == "between" else "impact-ratio" if "impact" in name else "group-floor"
        controls.append(
            Control(
                id=name.replace("_", "-"), title=f"{metric.title[:1].upper()}{metric.title[1:]} keeps to its limit",
                check=check, metric=name, attributes=tuple(attributes), limit=_limit(name, given), stage="training",
                provenance=Provenance(
                    set_by="the training script", when=on, source="limits given in Python",
                    why="whoever trains has set it",
                ),
            )
        )  # fmt: skip
    if not controls:
        raise InputError("limits: expected at least one metric with its limit, found none")
    return Policy(name="limits-in-python", version="1", controls=tuple(controls), level=level, minimum_group=minimum)


def _limit(name: str, given: Any) -> Limit:  # noqa: ANN401 - what a person wrote
    metric = METRICS[name]
    if isinstance(given, int | float) and not isinstance(given, bool):
        if metric.unit in {"difference", "ratio"}:
            found = {"max": float(given)} if metric.unit == "difference" else {"min": float(given)}
        else:
            raise InputError(
                f'limits: {name}: expected {{"min": ...}} or {{"max": ...}}, found {given!r}: which is it?'
            )
    elif isinstance(given, dict) and given and set(given) <= {"min", "max"}:
        found = {key: float(value) for key, value in given.items()}
    else:
        raise InputError(f'limits: {name}: expected a number, {{"min": ...}} or {{"max": ...}}, found {given!r}')
    low, high = metric.range
    if found.get("max", low - 1) >= high or found.get("min", high + 1) <= low:
        raise InputError(f"limits: {name}: nothing could breach {given!r}: its values lie from {low:g} to {high:g}")
    return Limit(**found)
