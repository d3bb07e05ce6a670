"""not-worse-than: by how much this version may fall behind the version in production."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from assay.checks._finding import finding, group_label, group_words
from assay.checks._judge import judged_finding
from assay.checks._metrics import known_metrics
from assay.checks._select import between, class_label, in_groups, not_measured, same_minimum, small_group, wrong_minimum
from assay.checks.control import Check
from assay.records.measurement import joined

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Baseline, Evidence
    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding


def worsening(now: Measurement, before: Measurement, *, higher_is_better: bool) -> Measurement:
    """Return how much worse the value has become, with its interval.

    The interval is Newcombe's method 10 ("Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17, 1998), which Zou and Donner ("Construction of confidence limits about effect measures",
    Statistics in Medicine 27, 2008) extended to any two estimates with intervals of their own. It takes the two as
    independent; when both were measured on the same people they rise and fall together, and the interval is wider
    than it need be, which can only make the comparison undecided.
    """
    if now.value is None or before.value is None:
        which = ("this version", now) if now.value is None else ("the version in production", before)
        return msgspec.structs.replace(now, value=None, interval=None, reason=f"{which[0]}: {which[1].reason}")
    change = now.value - before.value
    sign = -1.0 if higher_is_better else 1.0
    interval = None
    if now.interval is not None and before.interval is not None:
        below = math.hypot(now.value - now.interval[0], before.interval[1] - before.value)
        above = math.hypot(now.interval[1] - now.value, before.value - before.interval[0])
        ends = sorted((sign * (change - below), sign * (change + above)))
        interval = (ends[0], ends[1])
    return msgspec.structs.replace(
        now, value=sign * change, interval=interval, level=min(now.level, before.level), n=min(now.n, before.n)
    )


def _twin(one: Measurement, baseline: Baseline) -> Measurement | None:
    def key(m: Measurement) -> tuple[object, ...]:
        return (m.metric, m.group, m.over, m.one_of, m.minimum_group)

    return next((m for m in baseline.measurements if key(m) == key(one)), None)


def _compare(
    control: Control, evidence: Evidence, terms: Terms, attributes: tuple[str, ...], baseline: Baseline
) -> list[Finding]:
    metric = known_metrics()[control.metric or ""]
    over = between(evidence, metric.name, attributes)
    found = same_minimum(over, terms.minimum_group) if metric.scope == "between" else None
    if found is None:
        found = in_groups(evidence, metric.name, attributes)
    if not found:
        absent = wrong_minimum(control, terms, over, attributes) if over else None
        return [absent or not_measured(control, terms, evidence, metric.name, attributes)]
    findings: list[Finding] = []
    for one in found:
        about = (group_label(one.group) or joined(attributes)) + class_label(one)
        if one.n < terms.minimum_group:
            findings.append(small_group(control, terms, evidence, one.group, one.n))
            continue
        before = _twin(one, baseline)
        where = (
            f"{metric.name} of {group_words(one.group)}"
            if not attributes or one.group
            else f"{metric.name} over {about}"
        )
        if before is None:
            reason = (
                f"{where} is not in the evidence of {baseline.name} {baseline.version}: measure that version again."
            )
            findings.append(finding(control, terms, "unknown", reason, about=about, metric=metric.name))
            continue
        worse = worsening(one, before, higher_is_better=metric.higher_is_better is not False)
        subject = f"{where}, worse than in {baseline.name} {baseline.version} by"
        findings.append(judged_finding(worse, control, terms, subject=subject, about=about.lstrip(";")))
    return findings


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for everybody, or for each attribute or group that the control names."""
    baseline = evidence.baseline
    if baseline is None:
        if evidence.facts.get("production") == "none":
            reason = "no version is in production, as assay.yaml says: there is nothing to fall behind."
            return (finding(control, terms, "not-applicable", reason, metric=control.metric),)
        reason = (
            "the evidence holds no version in production to compare with. Name it in assay.yaml "
            "(`production: name/version`), or write `production: none` when there is none."
        )
        return (finding(control, terms, "unknown", reason, metric=control.metric),)
    named = tuple((name,) for name in control.attributes) + control.intersections
    compares = known_metrics()[control.metric or ""].scope == "between"
    wanted = terms.attributes if compares else named or ((),)
    return tuple(f for attributes in wanted for f in _compare(control, evidence, terms, attributes, baseline))


CHECK = Check(
    id="not-worse-than",
    title="This version falls behind the one in production by no more than a limit",
    run=run,
    needs=frozenset({"metric", "limit", "provenance"}),
    takes=frozenset({"attributes", "intersections", "decide", "minimum_group", "small_groups"}),
    scope="any",
)
