"""How far the current rows of a column have moved from the reference's, and how good they are.

Everything is computed from `assay.records.comparison.ColumnCounts`. Bins of numeric columns are the reference's
deciles; a value that holds a tenth of the reference or more gets a bin of its own. Logarithms of ``psi`` are natural;
those of ``jensen_shannon`` are to base 2, so that it lies in [0, 1].

    psi             Siddiqi 2006, "Credit Risk Scorecards", Wiley, chapter 8: sum of (q - p) ln(q / p); a bin that
                    is empty on one side counts as half a row there
    jensen_shannon  Endres and Schindelin 2003, IEEE Trans. Inf. Theory 49(7): square root of Lin's divergence (1991)
    chi_squared     Pearson 1900: the statistic of the 2 x k table, without continuity correction; categories only
    ks              Smirnov 1939: the greatest distance between the two distribution functions; numeric only
    wasserstein     Vallender 1973, Theory Probab. Appl. 18(4): the area between the two distribution functions, in the
                    column's own unit; numeric only
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from assay.metrics.intervals.divergence import EMPTY, jensen_shannon_interval, psi_interval
from assay.metrics.intervals.divergence import METHOD as DIVERGENCE
from assay.metrics.intervals.level import at_level
from assay.metrics.intervals.mover import difference
from assay.metrics.intervals.wilson import wilson
from assay.records.comparison import ColumnMeasurement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.records.comparison import ColumnCounts, TableComparison
    from assay.records.measurement import Unit

OWN_BIN = 0.1
"""A value with this share of the reference gets a bin of its own."""

NAMED_CATEGORIES = 5
"""New categories that a message names."""

_NO_INTERVAL = "no interval: none with a sourced coverage"


def compare_counts(comparison: TableComparison, *, level: float = 0.95) -> tuple[ColumnMeasurement, ...]:
    """Measure drift and quality of every column, in the order of the comparison.

    Args:
        comparison: counts of both tables.
        level: two-sided confidence of the intervals.
    """
    return tuple(found for counts in comparison.columns for found in _column(counts, level))


def _column(counts: ColumnCounts, level: float) -> Iterator[ColumnMeasurement]:
    yield from _missing(counts, level)
    if counts.reference.type is not None and counts.current.type is not None:
        yield _type_change(counts)
    if counts.kind == "incomparable":
        for metric in ("psi", "jensen_shannon"):
            yield _measured(counts, metric, None, "score", reason=counts.reason, method="not measured")
        return
    reason = _nothing_to_compare(counts)
    if counts.kind == "numeric":
        yield from _numeric(counts, level, reason)
    else:
        yield from _categories(counts, level, reason)


def _nothing_to_compare(counts: ColumnCounts) -> str | None:
    for name, side in (("reference", counts.reference), ("current table", counts.current)):
        if side.usable == 0:
            return f"the {name} has no usable value in this column"
    return None


def _numeric(counts: ColumnCounts, level: float, reason: str | None) -> Iterator[ColumnMeasurement]:
    yield from _bins(counts, *binned(counts), reason, level)
    if reason:
        yield _measured(counts, "ks", None, "difference", reason=reason, method="not measured")
        yield _measured(counts, "wasserstein", None, "difference", reason=reason, method="not measured")
        yield _measured(counts, "out_of_range_share", None, "rate", reason=reason, method="not measured")
        return
    yield _ks(counts, level)
    yield _wasserstein(counts)
    yield _out_of_range(counts, level)


def _categories(counts: ColumnCounts, level: float, reason: str | None) -> Iterator[ColumnMeasurement]:
    p = [category.reference for category in counts.categories]
    q = [category.current for category in counts.categories]
    yield from _bins(counts, p, q, reason, level)
    yield from _chi_squared(counts, p, q, reason)
    new = [category.name for category in counts.categories if not category.reference]
    named = ", ".join(repr(name) for name in new[:NAMED_CATEGORIES]) + (", ..." if len(new) > NAMED_CATEGORIES else "")
    told = reason or (f"not in the reference: {named}" if new else None)
    usable = counts.current.usable
    unseen = sum(category.current for category in counts.categories if not category.reference)
    yield _measured(
        counts, "new_categories", None if reason else len(new), "count", interval=None if reason else (len(new),) * 2,
        reason=told, method="count of the categories that the reference lacks",
    )  # fmt: skip
    yield _measured(
        counts, "unseen_share", None if reason else unseen / usable, "rate",
        interval=None if reason else _share(unseen, usable, level), level=level,
        reason=told, method="share of current rows in categories that the reference lacks; Wilson interval",
    )  # fmt: skip


def _bins(
    counts: ColumnCounts, p: Sequence[int], q: Sequence[int], reason: str | None, level: float
) -> Iterator[ColumnMeasurement]:
    """Yield the metrics that need bins or categories only."""
    over = f"over {len(p)} {'categories' if counts.kind == 'category' else 'bins of the reference'}"
    z = at_level(level).z
    for metric, measure, interval, what in (
        ("psi", psi, psi_interval, ""),
        ("jensen_shannon", jensen_shannon, jensen_shannon_interval, "distance to base 2, "),
    ):
        value = None if reason else measure(p, q)
        yield _measured(
            counts, metric, value, "score", reason=reason, level=level,
            interval=None if value is None else interval(p, q, value, z),
            method=f"{what}{over}; interval by {DIVERGENCE}",
        )  # fmt: skip


def _chi_squared(
    counts: ColumnCounts, p: Sequence[int], q: Sequence[int], reason: str | None
) -> Iterator[ColumnMeasurement]:
    if reason is None and len(p) == 1:
        reason = "one category on both sides: nothing can differ"
    statistic, freedom = (None, 0) if reason else chi_squared(p, q)
    yield _measured(
        counts, "chi_squared", statistic, "score", reason=reason,
        method=f"Pearson statistic, {freedom} degrees of freedom; a statistic, so no interval",
    )  # fmt: skip
    chance = None if statistic is None else chi_squared_tail(statistic, freedom)
    yield _measured(
        counts, "chi_squared_p_value", chance, "rate", reason=reason,
        method="chance of a statistic as great when nothing has changed; says nothing of size",
    )  # fmt: skip


def binned(counts: ColumnCounts) -> tuple[list[int], list[int]]:
    """Return the rows of reference and current in the reference's bins, those empty on both sides left out."""
    _, p, q = binned_at(counts)
    return p, q


def binned_at(counts: ColumnCounts) -> tuple[list[float], list[int], list[int]]:
    """Return the bins as `binned` does, after the greatest value of each."""
    edges = set(counts.deciles)
    usable = counts.reference.usable
    for before, step in pairwise(counts.steps):
        if step.reference >= OWN_BIN * usable:
            edges |= {before.at, step.at}
    limits = [*sorted(edges), math.inf]
    p, q = [0] * len(limits), [0] * len(limits)
    here = 0
    for step in counts.steps:
        while step.at > limits[here]:
            here += 1
        p[here] += step.reference
        q[here] += step.current
    kept = [index for index in range(len(limits)) if p[index] or q[index]]
    return [limits[index] for index in kept], [p[index] for index in kept], [q[index] for index in kept]


def psi(p: Sequence[int], q: Sequence[int]) -> float:
    """Return the population stability index of two rows of counts of equal length.

    Sum over bins of ``(q - p) ln(q / p)`` of the shares; a count of 0 beside one that is not stands as half a row.
    """
    total_p, total_q = sum(p), sum(q)
    shares = [((a or EMPTY) / total_p, (b or EMPTY) / total_q) for a, b in zip(p, q, strict=True) if a or b]
    return math.fsum((b - a) * math.log(b / a) for a, b in shares)


def jensen_shannon(p: Sequence[int], q: Sequence[int]) -> float:
    """Return the Jensen-Shannon distance to base 2 of two rows of counts: 0 when equal, 1 when nothing is shared."""
    total_p, total_q = sum(p), sum(q)
    parts: list[float] = []
    for a, b in zip(p, q, strict=True):
        if a * total_q == b * total_p:
            continue  # equal shares add nothing; rounding would, and the root below would make much of it
        share_p, share_q = a / total_p, b / total_q
        middle = (share_p + share_q) / 2
        parts.extend(share * math.log2(share / middle) for share in (share_p, share_q) if share)
    return math.sqrt(max(math.fsum(parts) / 2, 0.0))


def chi_squared(p: Sequence[int], q: Sequence[int]) -> tuple[float, int]:
    """Return Pearson's statistic of the 2 x k table, and its degrees of freedom."""
    total_p, total_q = sum(p), sum(q)
    total = total_p + total_q
    parts = []
    for a, b in zip(p, q, strict=True):
        for found, side in ((a, total_p), (b, total_q)):
            expected = (a + b) * side / total
            parts.append((found - expected) ** 2 / expected)
    return math.fsum(parts), len(p) - 1


def chi_squared_tail(statistic: float, freedom: int) -> float:
    """Return the chance that a chi-squared variable exceeds a statistic.

    The regularised incomplete gamma function Q(freedom / 2, statistic / 2): its series below the mean, its continued
    fraction above (NIST Digital Library of Mathematical Functions, 8.11.4 and 8.9.2, https://dlmf.nist.gov/8).
    """
    a, x = freedom / 2, statistic / 2
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        step = a
        while term > total * 1e-17:
            step += 1
            term *= x / step
            total += term
        return max(1 - front * total, 0.0)
    tiny = 1e-300
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    value = d
    for i in range(1, 10_000):
        numerator = -i * (i - a)
        b += 2
        d = 1 / (numerator * d + b or tiny)
        c = b + numerator / c or tiny
        change = c * d
        value *= change
        if abs(change - 1) < 1e-16:  # noqa: PLR2004 - below the spacing of floats
            break
    return front * value


def _ks(counts: ColumnCounts, level: float) -> ColumnMeasurement:
    """Measure the Kolmogorov-Smirnov distance.

    The interval adds the two Dvoretzky-Kiefer-Wolfowitz bands with Massart's constant (1990, Annals of Probability
    18(3)), half of the error each: conservative at every size.
    """
    n, m = counts.current.usable, counts.reference.usable
    below = above = 0
    greatest = widest = 0.0
    for step in counts.steps:
        below += step.reference
        above += step.current
        greatest = max(greatest, abs(below / m - above / n))
        widest = max(widest, step.reference / m, step.current / n)
    bound = 0.0 if counts.exact else min(widest, 1 - greatest)
    band = sum(math.sqrt(math.log(4 / (1 - level)) / (2 * rows)) for rows in (n, m))
    return _measured(
        counts, "ks", greatest, "difference", level=level, bound=bound,
        interval=(max(greatest - band, 0.0), min(greatest + band + bound, 1.0)),
        method="greatest distance of the distribution functions"
        + ("" if counts.exact else " at the edges of narrow bins")
        + "; interval by Dvoretzky, Kiefer, Wolfowitz and Massart, conservative",
    )  # fmt: skip


def _wasserstein(counts: ColumnCounts) -> ColumnMeasurement:
    n, m = counts.current.usable, counts.reference.usable
    below = above = 0
    areas, errors = [], []
    gap = 0.0
    start = min(side for side in (counts.reference.low, counts.current.low) if side is not None)
    for step in counts.steps:
        below += step.reference
        above += step.current
        before, gap = gap, below / m - above / n
        width = step.at - start
        if counts.exact:
            areas.append(abs(before) * width)
        else:
            areas.append((abs(before) + abs(gap)) / 2 * width)
            errors.append(width * max(step.reference / m, step.current / n))
        start = step.at
    return _measured(
        counts, "wasserstein", math.fsum(areas), "difference", bound=math.fsum(errors),
        method=f"area between the distribution functions, in the column's own unit; {_NO_INTERVAL}",
    )  # fmt: skip


def _out_of_range(counts: ColumnCounts, level: float) -> ColumnMeasurement:
    low, high = counts.reference.low, counts.reference.high
    if low is None or high is None:
        raise ValueError("a side with usable values has a least and a greatest one")
    usable, outside = counts.current.usable, counts.out_of_range
    return _measured(
        counts, "out_of_range_share", outside / usable, "rate", level=level, interval=_share(outside, usable, level),
        method=f"share of current rows outside {low:g} to {high:g}, the range of the reference; Wilson interval",
    )  # fmt: skip


def _missing(counts: ColumnCounts, level: float) -> Iterator[ColumnMeasurement]:
    reference, current = counts.reference, counts.current
    sides = (("missing_share", current), ("reference_missing_share", reference))
    for metric, side in sides:
        gone = side.type is None
        empty = counts.reason or "the table has no rows"
        yield _measured(
            counts, metric, None if gone or not side.rows else side.missing / side.rows, "rate",
            interval=None if gone or not side.rows else _share(side.missing, side.rows, level), level=level,
            reason=empty if gone or not side.rows else None, method="share of rows without a value; Wilson interval",
        )  # fmt: skip
    both = reference.type is not None and current.type is not None and reference.rows > 0 and current.rows > 0
    yield _measured(
        counts, "missing_share_difference",
        current.missing / current.rows - reference.missing / reference.rows if both else None, "difference",
        interval=_difference_of_missing(counts, level) if both else None,
        level=level, reason=None if both else counts.reason or "a table has no rows",
        method="current minus reference; Newcombe interval",
    )  # fmt: skip


def _share(some: int, rows: int, level: float) -> tuple[float, float]:
    return wilson(some / rows, rows, at_level(level).z)


def _difference_of_missing(counts: ColumnCounts, level: float) -> tuple[float, float]:
    """Return Newcombe's interval of the difference of the missing shares, current minus reference."""
    now, before = counts.current, counts.reference
    return difference(
        (now.missing / now.rows, *_share(now.missing, now.rows, level)),
        (before.missing / before.rows, *_share(before.missing, before.rows, level)),
    )


def _type_change(counts: ColumnCounts) -> ColumnMeasurement:
    before, after = counts.reference.type, counts.current.type
    changed = before != after
    return _measured(
        counts, "type_change", int(changed), "count", interval=(int(changed), int(changed)),
        reason=f"{before} in the reference, {after} now" if changed else None,
        method="1 when the engine reads the column as another type",
    )  # fmt: skip


def _measured(
    counts: ColumnCounts, metric: str, value: float | None, unit: Unit, *, method: str,
    interval: tuple[float, float] | None = None, level: float = 0.95, reason: str | None = None, bound: float = 0.0,
) -> ColumnMeasurement:  # fmt: skip
    whole = metric.endswith("missing_share") or metric in {"missing_share_difference", "type_change"}
    return ColumnMeasurement(
        metric=metric, column=counts.column, value=value, interval=interval, level=level,
        n=counts.current.rows if whole else counts.current.usable,
        reference_n=counts.reference.rows if whole else counts.reference.usable,
        unit=unit, reason=reason, method=method, bound=bound,
    )  # fmt: skip
