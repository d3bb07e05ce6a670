"""What a breach means in people: how many decisions would have to change for the value to reach the limit.

The arithmetic is exact: groups are counted in whole people, every group that is short of the limit is named, and with
so many changed decisions the value is within its limit, with one fewer it is not. Metrics that are no plain rates of
people (areas, mean scores), and rates of weighted rows, are not said like this.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from assay.checks._finding import group_words, listed, number
from assay.checks._metrics import known_metrics
from assay.checks._select import in_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.checks.control import Terms
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.verdict import Limit


class Rate(NamedTuple):
    """A rate behind a metric: what it counts, and whether more or fewer of it mend a breach.

    Attributes:
        metric: the groups' rate.
        counts: what is counted, in the plural; ``{favourable}`` stands for the policy's own word.
        mend: ``more``, ``fewer``; ``undone``: fewer, which makes the rate's denominator smaller too.
    """

    metric: str
    counts: str
    mend: Literal["more", "fewer", "undone"]


_FAVOURABLE = "{favourable}"
_SELECTED = Rate("selection_rate", _FAVOURABLE, "more")
_FOUND = Rate("true_positive_rate", "correct positive predictions", "more")
_MISSED = Rate("false_negative_rate", "false negatives", "fewer")
_FALSE = Rate("false_positive_rate", "false positives", "fewer")
_RIGHT = Rate("accuracy", "correct predictions", "more")
_PRECISE = Rate("precision", "wrong positive predictions", "undone")
_CLEARED = Rate("true_negative_rate", "correct negative predictions", "more")

RATES: dict[str, tuple[Rate, ...]] = {
    "demographic_parity_difference": (_SELECTED,),
    "demographic_parity_ratio": (_SELECTED,),
    "impact_ratio": (_SELECTED,),
    "equal_opportunity_difference": (_FOUND,),
    "equal_opportunity_ratio": (_FOUND,),
    "equalized_odds_difference": (_FOUND, _FALSE),
    "equalized_odds_ratio": (_FOUND, _FALSE),
    "accuracy_difference": (_RIGHT,),
    "false_positive_rate_difference": (_FALSE,),
    "false_negative_rate_difference": (_MISSED,),
    "predictive_parity_difference": (_PRECISE,),
    "worst_group_accuracy": (_RIGHT,),
    "worst_group_true_positive_rate": (_FOUND,),
    "worst_group_false_positive_rate": (_FALSE,),
    "worst_group_false_negative_rate": (_MISSED,),
    "worst_group_precision": (_PRECISE,),
}
OF_ONE = {rate.metric: rate for rate in (_SELECTED, _FOUND, _MISSED, _FALSE, _RIGHT, _PRECISE, _CLEARED)}
_TINY = 1e-9
"""Below this a count of people is rounding: 16.9999999999 people are 17."""


class Short(NamedTuple):
    """A group short of a limit: its rate, its people, and how many of them would have to be decided otherwise."""

    one: Measurement
    value: float
    rows: int


def _targets(values: Sequence[float], metric: str, rate: Rate, limit: Limit) -> float | None:
    """Return the rate that every group has to reach (``more``), or come down to (``fewer``)."""
    least, greatest = min(values), max(values)
    if known_metrics()[metric].unit == "difference":
        if limit.max is None:
            return None
        return least + limit.max if rate.mend == "fewer" else greatest - limit.max
    if known_metrics()[metric].unit == "ratio":
        if limit.min is None:
            return None
        if rate.mend == "fewer":
            return least / limit.min if limit.min > 0 else None
        return limit.min * greatest
    return limit.max if rate.mend == "fewer" else limit.min


def _count(value: float, n: int, target: float, mend: str) -> int:
    """Return how many decisions of ``n`` people bring a rate to a target."""
    hits = value * n
    if mend == "fewer":
        return math.ceil(hits - target * n - _TINY)
    if mend == "undone":
        return math.ceil(n - hits / target - _TINY) if target > 0 else 0
    return math.ceil(target * n - hits - _TINY)


def _is_counted(one: Measurement) -> bool:
    """Say whether a rate is one of whole people, and not of weights."""
    hits = (one.value or 0.0) * one.n
    return abs(hits - round(hits)) < 1e-6 * max(one.n, 1)


def _good_is_positive(evidence: Evidence, rates: Sequence[Measurement]) -> bool | None:
    """Say whether a rate is that of the favourable outcome, as impact ratios show it; None: they contradict it."""
    ratios = {
        tuple(m.group.items()): m.value
        for m in evidence.measurements
        if m.metric == "impact_ratio" and m.value is not None
    }
    shared = [
        (m.value or 0.0, ratios[tuple(m.group.items())] or 0.0) for m in rates if tuple(m.group.items()) in ratios
    ]
    if not shared:
        return True

    def fits(values: list[float]) -> bool:
        best = max(values)
        return all(
            abs(value - ratio * best) < 1e-6  # noqa: PLR2004 - equal but for rounding
            for value, (_, ratio) in zip(values, shared, strict=True)
        )

    if fits([value for value, _ in shared]):
        return True
    return False if fits([1 - value for value, _ in shared]) else None


def _told(shorts: Sequence[Short], rate: Rate, counts: str, beside: str, terms: Terms) -> str:
    mend = "more" if rate.mend == "more" else "fewer"
    parts = []
    for place, short in enumerate(shorts):
        what, whom = (mend, "") if place else (f"{mend} {counts}", f" {terms.words.people}")
        group = f" with {group_words(short.one.group)}" if short.one.group else ""
        parts.append(f"{short.rows:,} {what} among the {short.one.n:,}{whom}{group}")
    now = listed([number(short.value) for short in shorts])
    return f"{listed(parts)} would reach the limit ({now} now{beside})."


def in_people(
    evidence: Evidence, metric: str, attributes: tuple[str, ...], limit: Limit | None, terms: Terms,
    *, group: Measurement | None = None, one_of: str | int | msgspec.UnsetType = msgspec.UNSET,
) -> str | None:  # fmt: skip
    """Return what reaching a limit takes, in people; None where that cannot be said.

    Args:
        evidence: where the groups' own rates are.
        metric: the comparison that breached.
        attributes: the attributes whose groups were compared.
        limit: the limit.
        terms: the words for people, and the minimum group.
        group: the group's own measurement, for a metric that compares one group with the best.
        one_of: the class that was measured against the rest, of more than two.
    """
    if limit is None:
        return None
    asked = _Asked(evidence, metric, limit, terms, group)
    told = []
    for rate in RATES.get(metric, ()):
        found = [
            m
            for m in in_groups(evidence, rate.metric, attributes)
            if m.value is not None
            and m.n >= terms.minimum_group
            and None not in m.group.values()
            and m.one_of == one_of
        ]
        if len(found) >= 2 and all(map(_is_counted, found)):  # noqa: PLR2004 - a comparison needs two
            told.append(_compared(asked, rate, found))
    return " ".join(sentence for sentence in told if sentence) or None


class _Asked(NamedTuple):
    """What a comparison was held against."""

    evidence: Evidence
    metric: str
    limit: Limit
    terms: Terms
    group: Measurement | None


def _compared(asked: _Asked, rate: Rate, found: list[Measurement]) -> str | None:
    """Return the sentence of one rate of groups that are compared."""
    metric, terms, group = asked.metric, asked.terms, asked.group
    counts, values = rate.counts, [m.value or 0.0 for m in found]
    if counts == _FAVOURABLE:
        good = _good_is_positive(asked.evidence, found)
        if good is None or (not good and metric == "demographic_parity_ratio"):
            return None
        counts = terms.words.favourable
        values = values if good else [1 - value for value in values]
    target = _targets(values, metric, rate, asked.limit)
    if target is None:
        return None
    shorts = [
        Short(one, value, count)
        for one, value in zip(found, values, strict=True)
        if (group is None or one.group == group.group) and (count := _count(value, one.n, target, rate.mend)) >= 1
    ]
    if not shorts or not _reached(asked, rate, values, {id(short.one): short.rows for short in shorts}, found):
        return None
    best = min(values) if rate.mend == "fewer" else max(values)
    at_best = found[values.index(best)]
    compares = known_metrics()[metric].unit in {"difference", "ratio"}
    beside = f"; {number(best)} for {group_words(at_best.group)}" if compares else ""
    return _told(sorted(shorts, key=lambda short: -short.rows), rate, counts, beside, terms)


def _reached(
    asked: _Asked, rate: Rate, values: Sequence[float], counts: dict[int, int], found: Sequence[Measurement]
) -> bool:
    """Say whether the limit is kept afterwards: in tiny groups one person too many is beyond the best group."""

    def after(one: Measurement, value: float) -> float:
        count = counts.get(id(one), 0)
        if rate.mend == "undone":
            return value * one.n / (one.n - count) if one.n > count else 1.0
        return value + (count if rate.mend == "more" else -count) / one.n

    moved = [after(one, value) for one, value in zip(found, values, strict=True)]
    least, greatest, limit = min(moved), max(moved), asked.limit
    unit = known_metrics()[asked.metric].unit
    if asked.group is not None or unit not in {"difference", "ratio"}:
        return True
    if unit == "difference":
        return greatest - least <= (limit.max or 0.0) + _TINY
    return greatest <= 0 or least / greatest >= (limit.min or 0.0) - _TINY


def one_in_people(evidence: Evidence, one: Measurement, limit: Limit | None, terms: Terms) -> str | None:
    """Return what it takes, in people, for a rate of one group or of everybody to reach a floor or a ceiling."""
    rate = OF_ONE.get(one.metric)
    if rate is None or limit is None or one.value is None or one.n < 1 or not _is_counted(one):
        return None
    mend: Literal["more", "fewer", "undone"] = rate.mend
    if limit.min is not None and one.value < limit.min and rate.mend != "undone":
        target, mend = limit.min, "more"
    elif limit.min is not None and one.value < limit.min:
        target = limit.min
    elif limit.max is not None and one.value > limit.max:
        target, mend = limit.max, "fewer"
    else:
        return None
    counts = rate.counts
    if counts == _FAVOURABLE:
        rates = [m for m in in_groups(evidence, rate.metric, tuple(one.group)) if m.value is not None]
        good = _good_is_positive(evidence, rates) if one.group else None
        counts = terms.words.favourable if good else "positive predictions"
    count = _count(one.value, one.n, target, mend)
    return _told((Short(one, one.value, count),), Rate(rate.metric, counts, mend), counts, "", terms) if count else None
