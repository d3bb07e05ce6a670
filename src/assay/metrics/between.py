"""Metrics between groups: greatest differences, least ratios, worst groups."""

from __future__ import annotations

from math import exp, inf
from typing import TYPE_CHECKING

from assay.metrics.intervals import extremes, mover, ratio, score
from assay.metrics.intervals.wilson import wilson
from assay.metrics.metric import Estimate, undefined
from assay.metrics.rates import NO_INTERVAL_WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.metrics.comparisons import Comparison
    from assay.metrics.intervals.level import Level

_RATES = frozenset(
    {"selection_rate", "true_positive_rate", "false_positive_rate", "false_negative_rate", "precision", "accuracy"}
)


def compare(
    comparison: Comparison,
    table: Sequence[dict[str, Estimate]],
    name_of: Callable[[int], str],
    level: Level,
) -> Estimate:
    """Compare groups.

    Intervals. Two groups: the difference of rates folds Miettinen and Nurminen's score interval, that of other values
    MOVER's; the ratio folds Koopman's. More groups: every pair is looked at (`intervals.extremes`). A worst group's
    limit on the worse side is the most extreme of the groups' limits, on the better side the most extreme of limits
    that hold for all groups at once.

    Coverage at 95 % over more than two groups (seeded simulation, tests/unit/metrics/test_metrics_extremes.py; 3 to
    60 groups of 22 to 1,700 people, equal or not, rates from 0.02 to 0.98): 94 to 97 % where all groups are alike,
    and from 96 to 100 % where they are not: the more groups stand near the ends, the more it errs to the safe side.
    It falls short where the ends have rates near 0 and near 1: with 0.02 and 0.98 90 % with 30 people a group and
    93 to 95 % with 66 to 100 people. Ratios: the same, and 92 % for ten groups of 30 that are alike; where fewer
    than five people of a group have the outcome 90 to 100 %, and where a group has none the limits are those of its
    own ratio to the highest group (Koopman). Worst groups: 95 to 100 %. Equalized odds, the wider of two ranges: 95 to
    100 %, the ratio of three groups of 30 that are alike 92 %.

    Args:
        comparison: which.
        table: the groups that take part, each with its metrics; at least two.
        name_of: a group's name, for reasons.
        level: of the interval.
    """
    columns = []
    for of in comparison.of:
        column = [row[of] for row in table]
        for number, estimate in enumerate(column):
            if estimate.value is None:
                words = of.replace("_", " ")
                return undefined(f"{words} of {name_of(number)} is undefined: {estimate.reason}", _people(column))
        columns.append(column)
    if comparison.kind == "difference":
        return _difference(comparison, columns, level)
    if comparison.kind == "ratio":
        return _ratio(comparison, columns, level)
    return _worst(comparison, columns[0], level)


def _people(column: Sequence[Estimate]) -> int:
    return sum(estimate.n for estimate in column)


def _values(column: Sequence[Estimate]) -> list[float]:
    return [estimate.value for estimate in column if estimate.value is not None]


def _limits(of: str, column: Sequence[Estimate], z: float, wanted: float | None = None) -> list[mover.Limits]:
    """Return the groups' values and limits, at the quantile ``wanted`` instead of ``z`` where it is given.

    Wilson's limits of rates are made anew; other limits are moved in proportion.
    """
    if wanted is None:
        return [_three(estimate) for estimate in column]
    if of in _RATES:
        return [(e.value or 0.0, *wilson(e.value or 0.0, e.effective, wanted)) for e in column]
    scale = wanted / z
    threes = map(_three, column)
    return [(value, value - scale * (value - low), value + scale * (high - value)) for value, low, high in threes]


def _no_interval(columns: Sequence[Sequence[Estimate]]) -> str | None:
    for column in columns:
        for estimate in column:
            if estimate.low is None or estimate.high is None:
                return estimate.method or NO_INTERVAL_WEIGHTED
            if estimate.high == inf:
                return "no interval: a group's own interval has no end"
    return None


def _ends(values: Sequence[float]) -> tuple[int, int]:
    return values.index(min(values)), values.index(max(values))


def _difference(comparison: Comparison, columns: list[list[Estimate]], level: Level) -> Estimate:
    gaps = [max(values) - min(values) for values in map(_values, columns)]
    value = max(gaps)
    widest = columns[gaps.index(value)]
    lowest, highest = _ends(_values(widest))
    people = max(map(_people, columns))
    bounds = [widest[end].bound or 0.0 for end in (lowest, highest)]
    bound = sum(bounds) if any(bounds) else None
    reason = _no_interval(columns)
    if reason is not None:
        return Estimate(value, None, None, people, reason, None, 0.0, bound, lowest, highest)
    if len(widest) == 2 and len(columns) == 1:  # noqa: PLR2004 - two groups have a closed form
        a, b = widest[highest], widest[1 - highest]
        if comparison.of[0] in _RATES:
            n, m = a.effective, b.effective
            signed = score.miettinen_nurminen((a.value or 0.0) * n, n, (b.value or 0.0) * m, m, level.z)
            method = score.METHOD
        else:
            signed = mover.difference(_three(a), _three(b))
            method = mover.METHOD
        low, high = mover.fold(*signed)
    else:
        plain, wide = _pairs(comparison, columns, level)
        low, high = extremes.range_interval(plain, wide)
        method = extremes.METHOD
    low, high = min(low, value), max(min(high, comparison.metric.high), value)
    return Estimate(value, low, high, people, method, None, 0.0, bound, lowest, highest)


def _pairs(
    comparison: Comparison, columns: list[list[Estimate]], level: Level
) -> tuple[list[list[mover.Limits]], list[list[mover.Limits]]]:
    """Return the columns with limits at the level, and with limits that hold for all pairs at once."""
    wanted = extremes.pairs_quantile(len(columns[0]), level.level, len(columns))
    both = list(zip(comparison.of, columns, strict=True))
    return (
        [_limits(of, column, level.z) for of, column in both],
        [_limits(of, column, level.z, wanted) for of, column in both],
    )


def _three(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value or 0.0, estimate.low or 0.0, estimate.high or 0.0


def _ratio(comparison: Comparison, columns: list[list[Estimate]], level: Level) -> Estimate:
    people = max(map(_people, columns))
    ratios = []
    for of, column in zip(comparison.of, columns, strict=True):
        values = _values(column)
        if max(values) <= 0:
            return undefined(f"{of.replace('_', ' ')} is 0 in every group: 0 / 0", people)
        ratios.append(min(values) / max(values))
    value = min(ratios)
    least = columns[ratios.index(value)]
    lowest, highest = _ends(_values(least))
    reason = _no_interval(columns)
    if reason is not None:
        return Estimate(value, None, None, people, reason, None, 0.0, None, lowest, highest)
    z = level.z
    if value <= 0 or (len(least) == 2 and len(columns) == 1):  # noqa: PLR2004 - two groups have a closed form
        low, high = _folded_ratio(least, highest, z)
        method = ratio.METHOD
    else:
        plain, wide = _pairs(comparison, columns, level)
        least_log, greatest_log = extremes.range_interval(
            [extremes.logarithms(column) for column in plain], [extremes.logarithms(column) for column in wide]
        )
        low, high = exp(-greatest_log), exp(-least_log)
        method = extremes.METHOD
    low, high = min(low, value), max(min(high, 1.0), value)
    return Estimate(value, low, high, people, method, None, 0.0, None, lowest, highest)


def _folded_ratio(column: list[Estimate], highest: int, z: float) -> tuple[float, float]:
    """Return the interval of the least ratio; of several groups with a rate of 0 the one that says least counts."""
    top = column[highest]
    low, high = 1.0, 0.0
    least = min(_values(column))
    for number, estimate in enumerate(column):
        if number == highest or estimate.value != least:
            continue
        here = ratio.koopman(
            least * estimate.effective, estimate.effective, (top.value or 0.0) * top.effective, top.effective, z
        )
        folded = ratio.fold(*here)
        low, high = min(low, folded[0]), max(high, folded[1])
    return low, high


def _worst(comparison: Comparison, column: list[Estimate], level: Level) -> Estimate:
    least = comparison.kind == "least"
    values = _values(column)
    lowest, highest = _ends(values)
    value = values[lowest if least else highest]
    people = _people(column)
    bound = column[lowest if least else highest].bound
    reason = _no_interval([column])
    if reason is not None:
        return Estimate(value, None, None, people, reason, None, 0.0, bound, lowest, highest)
    wide = _limits(comparison.of[0], column, level.z, extremes.groups_quantile(len(column), level.level))
    if least:
        low, high = min(estimate.low or 0.0 for estimate in column), min(high for _, _, high in wide)
    else:
        low, high = max(low for _, low, _ in wide), max(estimate.high or 0.0 for estimate in column)
    low, high = max(comparison.metric.low, min(low, value)), min(comparison.metric.high, max(high, value))
    return Estimate(value, low, high, people, extremes.WORST_METHOD, None, 0.0, bound, lowest, highest)
