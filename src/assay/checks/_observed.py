"""How a check of one family of observed metrics is made: each measurement held against the limit, a finding each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from assay.checks._finding import finding, group_label, group_words
from assay.checks._judge import judged_finding
from assay.checks._select import over_of, small_group
from assay.checks.control import Check
from assay.errors import suggest
from assay.records.measurement import Measurement, joined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding

_NEEDS = frozenset({"metric", "limit", "provenance"})
_TAKES = frozenset({"decide", "columns", "attributes", "intersections", "minimum_group", "small_groups"})

_AGAIN = "Give what is lacking, and measure again."


def about_words(one: Measurement) -> str:
    """Return what a measurement is about, as a person would name it: ``column income of race black``."""
    named = dict(about(one))
    told = [f"column {named.pop('column')}"] if "column" in named else []
    if told and "with" in named:
        told[0] += f" with {named.pop('with')}"
    if "other" in named:
        told.append(f"{named.pop('dataset', '')} against {named.pop('other')}")
    told += [name if what == "expectation" else f"{what} {name}" for what, name in named.items()]
    if one.group:
        told.append(group_words(one.group))
    over = over_of(one)
    between = f"between groups of {' and '.join(over)}" if over else ""
    return " ".join(part for part in (" of ".join(told), between) if part) or "everything"


def about(one: Measurement) -> dict[str, str]:
    """Return what an observed measurement is about, beside groups."""
    return {} if one.about is msgspec.UNSET else one.about


def _label(one: Measurement) -> str:
    parts = [*about(one).values(), group_label(one.group), joined(over_of(one) or ())]
    return ",".join(part for part in parts if part)


def observed(evidence: Evidence, control: Control) -> Iterator[Measurement]:
    """Yield the measurements that a control is about; of the columns it names, where it names some."""
    for one in evidence.measurements:
        named = not control.columns or about(one).get("column") in control.columns
        if one.metric == control.metric and named and _of_attributes(one, control):
            yield one


def _wanted(control: Control) -> list[tuple[str, ...]]:
    """Return the attributes, and the combinations of them, that a control names; sorted."""
    return [*((name,) for name in control.attributes), *(tuple(sorted(names)) for names in control.intersections)]


def _of_attributes(one: Measurement, control: Control) -> bool:
    """Say whether a measurement is of groups that the control names, or compares them; of any when it names none."""
    wanted = _wanted(control)
    return not wanted or any(_is_of(one, names) for names in wanted)


def _absent(control: Control, evidence: Evidence, terms: Terms) -> Iterator[Finding]:
    """Yield an unknown finding for each column that the control names and nobody measured, or for the metric."""
    metric = control.metric or ""
    mine = [one for one in evidence.measurements if one.metric == metric]
    known = {about(one).get("column", "") for one in mine}
    whole = next((one.reason for one in mine if one.reason and not about(one) and not one.group), None)
    for names in _wanted(control):
        if not any(_is_of(one, names) for one in mine):
            over = joined(names)
            why = whole or "is it among columns.protected in assay.yaml, and known in any row?"
            reason = f"{metric} was not measured for {over}: {why}"
            yield finding(control, terms, "unknown", reason, about=over, metric=metric)
    for column in (name for name in control.columns if name not in known):
        why = whole or "is it there?"
        reason = f"{metric} was not measured for the column {column!r}{suggest(column, known - {''})}: {why}"
        yield finding(control, terms, "unknown", reason, about=column, metric=metric)
    if not known and not control.columns and not _wanted(control):
        reason = f"{metric} was not measured at the stage {evidence.stage}: what it needs was not named in assay.yaml."
        yield finding(control, terms, "unknown", reason, metric=metric)


def _is_of(one: Measurement, names: tuple[str, ...]) -> bool:
    return tuple(sorted(one.group)) == names or (over_of(one) or ()) == names


def _subject(one: Measurement) -> str:
    return f"{one.metric} of {about_words(one)}".replace(" of between", " between")


def unmeasured(control: Control, terms: Terms, one: Measurement) -> Finding:
    """Return the unknown finding of what has no value, with what to do: measuring more people would not help."""
    reason = f"{_subject(one)}: no value: {one.reason or 'the measurement gives no reason'}."
    return finding(
        control, terms, "unknown", reason, about=_label(one), metric=one.metric, group=one.group, n=one.n,
        over=None if one.over is msgspec.UNSET else one.over, limit=terms.limit, remedy=_AGAIN, of=one.about,
    )  # fmt: skip


Tell = Callable[[Measurement, str], str | None]
"""What a measurement means in people and rows, given what people are called; None where nothing can be said."""


def _untold(_one: Measurement, _people: str) -> None:
    return None


def run(
    control: Control, evidence: Evidence, terms: Terms, *, tell: Tell = _untold, remedy: str | None = None
) -> tuple[Finding, ...]:
    """Yield a finding for each thing measured; what was asked for and not measured is unknown."""
    findings: list[Finding] = []
    if control.remedy is None and remedy is not None:
        control = msgspec.structs.replace(control, remedy=remedy)
    for one in observed(evidence, control):
        if one.group and one.n < terms.minimum_group:
            findings.append(small_group(control, terms, evidence, one.group, one.n))
            continue
        if one.value is None:
            findings.append(unmeasured(control, terms, one))
            continue
        people = tell(one, terms.words.people)
        findings.append(judged_finding(one, control, terms, subject=_subject(one), about=_label(one), people=people))
    return (*findings, *_absent(control, evidence, terms))


def observed_check(
    check: str, title: str, metrics: Collection[str], *, tell: Tell = _untold, remedy: str | None = None
) -> Check:
    """Return the check of a family.

    Args:
        check: its id.
        title: what it tests, in one line.
        metrics: names of the metrics that it compares, from `assay.metrics.observed`.
        tell: what a measurement means in people and rows.
        remedy: what to do, where the control does not say it.
    """
    runs = partial(run, tell=tell, remedy=remedy)
    return Check(
        id=check, title=title, run=runs, needs=_NEEDS, takes=_TAKES, scope="observed", metrics=frozenset(metrics)
    )
