"""How a check of one family of observed metrics is made: each measurement held against the limit, a finding each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.checks._finding import finding, group_label, group_words
from assay.checks._judge import judged_finding
from assay.checks._select import over_of, small_group
from assay.checks.control import Check
from assay.errors import suggest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding

_NEEDS = frozenset({"metric", "limit", "provenance"})
_TAKES = frozenset({"decide", "columns", "minimum_group", "small_groups"})


def about_words(one: Measurement) -> str:
    """Return what a measurement is about, as a person would name it: ``column income of race black``."""
    told = [f"{what} {name}" for what, name in about(one).items()]
    if one.group:
        told.append(group_words(one.group))
    over = over_of(one)
    if over:
        told.append(f"over {' and '.join(over)}")
    return " of ".join(told) or "everything"


def about(one: Measurement) -> dict[str, str]:
    """Return what an observed measurement is about, beside groups."""
    return {} if one.about is msgspec.UNSET else one.about


def _label(one: Measurement) -> str:
    parts = [*about(one).values(), group_label(one.group), ",".join(over_of(one) or ())]
    return ",".join(part for part in parts if part)


def observed(evidence: Evidence, control: Control) -> Iterator[Measurement]:
    """Yield the measurements that a control is about; of the columns it names, where it names some."""
    for one in evidence.measurements:
        if one.metric == control.metric and (not control.columns or about(one).get("column") in control.columns):
            yield one


def _absent(control: Control, evidence: Evidence, terms: Terms) -> Iterator[Finding]:
    """Yield an unknown finding for each column that the control names and nobody measured, or for the metric."""
    metric = control.metric or ""
    known = {about(one).get("column", "") for one in evidence.measurements if one.metric == metric}
    for column in (name for name in control.columns if name not in known):
        reason = f"{metric} was not measured for the column {column!r}{suggest(column, known - {''})}: is it there?"
        yield finding(control, terms, "unknown", reason, about=column, metric=metric)
    if not known and not control.columns:
        reason = f"{metric} was not measured at the stage {evidence.stage}: what it needs was not named in assay.yaml."
        yield finding(control, terms, "unknown", reason, metric=metric)


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for each thing measured; what was asked for and not measured is unknown."""
    findings: list[Finding] = []
    for one in observed(evidence, control):
        if one.group and one.n < terms.minimum_group:
            findings.append(small_group(control, terms, evidence, one.group, one.n))
            continue
        subject = f"{one.metric} of {about_words(one)}"
        findings.append(judged_finding(one, control, terms, subject=subject, about=_label(one)))
    return (*findings, *_absent(control, evidence, terms))


def observed_check(check: str, title: str, metrics: Collection[str]) -> Check:
    """Return the check of a family.

    Args:
        check: its id.
        title: what it tests, in one line.
        metrics: names of the metrics that it compares, from `assay.metrics.observed`.
    """
    return Check(
        id=check, title=title, run=run, needs=_NEEDS, takes=_TAKES, scope="observed", metrics=frozenset(metrics)
    )
