"""Finding the measurements that a control is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.checks._finding import finding, group_label, group_words
from assay.checks._metrics import known_metrics
from assay.errors import suggest
from assay.records.measurement import joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue
    from assay.records.verdict import Finding


def over_of(measurement: Measurement) -> tuple[str, ...] | None:
    """Return the attributes that a comparison is over, sorted; None when it compares nothing."""
    over = measurement.over
    return None if over is msgspec.UNSET else tuple(sorted(over.names))


def between(evidence: Evidence, metric: str, attributes: tuple[str, ...]) -> list[Measurement]:
    """Return a metric's comparisons of the groups that these attributes make."""
    wanted = tuple(sorted(attributes))
    return [m for m in evidence.measurements if m.metric == metric and not m.group and over_of(m) == wanted]


def in_groups(evidence: Evidence, metric: str, attributes: tuple[str, ...]) -> list[Measurement]:
    """Return a metric's values in the groups that these attributes make; for everybody when there are none.

    One a group (and class): where a group was measured twice, for two minimum sizes, the one with a value.
    """
    found: dict[tuple[object, ...], Measurement] = {}
    for m in evidence.measurements:
        if m.metric == metric and set(m.group) == set(attributes) and (attributes or over_of(m) is None):
            key = (*sorted(m.group.items(), key=str), over_of(m), m.one_of)
            if key not in found or found[key].value is None:
                found[key] = m
    return list(found.values())


def attributes_measured(evidence: Evidence) -> tuple[str, ...]:
    """Return every attribute that any measurement is about."""
    found = {name for m in evidence.measurements for name in (*m.group, *(over_of(m) or ()))}
    return tuple(sorted(found))


def not_measured(
    control: Control, terms: Terms, evidence: Evidence, metric: str, attributes: tuple[str, ...]
) -> Finding:
    """Return the unknown finding of a measurement that is not there, with what to do."""
    about = joined(attributes)
    known = attributes_measured(evidence)
    absent = [name for name in attributes if name not in known]
    where = f" over {about}" if attributes else ""
    if absent:
        near = suggest(absent[0], known)
        names = ", ".join(known) or "none"
        reason = (
            f"{metric} was not measured{where}: {absent[0]} is not among the attributes of this evidence ({names})"
            f"{near}. Add it to columns.protected in assay.yaml and measure again."
        )
    elif not any(m.metric == metric for m in evidence.measurements):
        known_metric = known_metrics().get(metric)
        needs = " and ".join(known_metric.needs) if known_metric is not None and known_metric.needs else "nothing else"
        reason = f"{metric} was not measured at all: it needs the columns {needs}. Name them in assay.yaml (columns)."
    else:
        reason = f"{metric} was not measured{where}. Measure again with this policy, which asks for it."
    again = "Measure again: assay run."
    return finding(control, terms, "unknown", reason, about=about, metric=metric, remedy=again)


def same_minimum(found: list[Measurement], minimum_group: int) -> list[Measurement]:
    """Keep the comparisons in which groups of just this size and larger took part."""
    return [m for m in found if m.minimum_group == minimum_group]


def wrong_minimum(control: Control, terms: Terms, found: list[Measurement], attributes: tuple[str, ...]) -> Finding:
    """Return the unknown finding of a comparison made among other groups than the policy wants."""
    sizes = sorted({str(m.minimum_group) if isinstance(m.minimum_group, int) else "none named" for m in found})
    reason = (
        f"{control.metric} over {','.join(attributes)} was measured with a minimum group of {', '.join(sizes)}, "
        f"the policy wants {terms.minimum_group}: measure again with this policy."
    )
    return finding(control, terms, "unknown", reason, about=joined(attributes), metric=control.metric)


UNKNOWN_SHARE = 0.05
"""People whose membership is not known take no part in comparisons. Up to this share of all rows that is reported and
no more; beyond it, what was compared may not be about everybody, and the finding is unknown."""


def small_group(
    control: Control, terms: Terms, evidence: Evidence, group: Mapping[str, GroupValue], n: int | None
) -> Finding:
    """Return the finding of a group that decides nothing: it is too small, or its membership is not known."""
    people = terms.words.people
    if None in group.values():
        unknown = n is None or n > UNKNOWN_SHARE * evidence.rows
        count = f"{n:,} {people}" if n is not None else people.capitalize()
        reason = f"{group_words(group)}: {count} whose membership is not known take no part in comparisons."
        remedy = f"Find out why it is not known for more than {UNKNOWN_SHARE:.0%} of the rows."
    else:
        unknown = terms.small_groups == "unknown"
        count = f"{n} {people}" if n is not None else f"fewer {people} than the minimum"
        reason = (
            f"{group_words(group)}: {count}, under the minimum of {terms.minimum_group}: reported, decides nothing."
        )
        remedy = "Collect more, have the risk accepted in writing, or let the policy say `small_groups: report`."
    return finding(
        control,
        terms,
        "unknown" if unknown else "not-applicable",
        reason,
        about=group_label(group),
        remedy=remedy if unknown else None,
        metric=control.metric,
        group=dict(group),
        n=n,
    )


def people_in(evidence: Evidence, group: Mapping[str, GroupValue]) -> int | None:
    """Return the most rows that any measurement of a group rests on; None when there is none.

    Observed metrics are left out: a group's share of a table rests on everybody in it.
    """
    known = known_metrics()
    observed = {name for name, metric in known.items() if metric.scope == "observed"}
    counts = [m.n for m in evidence.measurements if m.group == group and m.metric not in observed]
    return max(counts) if counts else None


def class_label(measurement: Measurement) -> str:
    """Return ``;class=x`` for a measurement of one class against the rest, else nothing."""
    return "" if measurement.one_of is msgspec.UNSET else f";class={measurement.one_of}"
