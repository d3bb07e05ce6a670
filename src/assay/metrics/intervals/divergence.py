"""Intervals of the population stability index and of the Jensen-Shannon distance, from two rows of counts."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, log, log2, sqrt
from typing import TYPE_CHECKING

from assay.metrics.intervals.wilson import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

METHOD = "delta method with the null's own spread, bias taken off"
FEWEST = 5
"""Bins with fewer rows on a side are pooled (the rule of Cochran 1954, Biometrics 10:417-451)."""

EMPTY = 0.5
"""Rows that an empty bin counts as in the stability index."""

_HALF_BITS = 2 * log(2)
_NULL_BITS = 8 * log(2)
"""Near no change the divergence to base 2 is the stability index over this."""


@dataclass(frozen=True, slots=True)
class _Divergence:
    """A symmetric divergence: a sum over bins of a function of two shares.

    Attributes:
        of: the function.
        first: its derivative in the first share.
        second: its second derivative in the first share.
        at_null: what it is near no change, as a part of the stability index.
    """

    of: Callable[[float, float], float]
    first: Callable[[float, float], float]
    second: Callable[[float, float], float]
    at_null: float


def _bits(a: float, b: float) -> float:
    return fsum(one * log2(2 * one / (a + b)) for one in (a, b) if one) / 2


_PSI = _Divergence(
    of=lambda a, b: (b - a) * log(b / a),
    first=lambda a, b: log(a / b) + 1 - b / a,
    second=lambda a, b: 1 / a + b / (a * a),
    at_null=1.0,
)
_JENSEN_SHANNON = _Divergence(
    of=_bits,
    first=lambda a, b: log(2 * a / (a + b)) / _HALF_BITS,
    second=lambda a, b: (1 / a - 1 / (a + b)) / _HALF_BITS,
    at_null=1 / _NULL_BITS,
)


def psi_interval(p: Sequence[int], q: Sequence[int], value: float, z: float) -> tuple[float, float]:
    """Return the interval of the population stability index.

    The index is a smooth function of two multinomials, so its spread is that of its gradient (delta method: Pardo 2006,
    "Statistical Inference Based on Divergence Measures", Chapman and Hall, section 3.3). Where nothing has changed the
    gradient vanishes, and the index times the harmonic rows is chi-squared with k - 1 degrees of freedom, of mean k - 1
    and variance 2 (k - 1) (Yurdakul and Naranjo 2020, Journal of Risk Model Validation 14(3),
    https://doi.org/10.21314/JRMV.2020.227): that variance is added, and the bias of second order is taken off. Bins of
    fewer than five rows on a side are pooled: pooling never raises a divergence (Csiszar 1967, Studia Scientiarum
    Mathematicarum Hungarica 2:299-318), so the lower limit stays one, and so is what a bin that
    emptied alone vouches for; the upper limit adds the greatest part that each
    such bin can have within its Wilson limits, its shares no less than half a row. The interval holds the value.
    Coverage at 95 % (seeded simulation, 3 to 20 bins, 300 to 100,000 rows, an index of 0 to 0.5;
    tests/unit/metrics/test_metrics_divergence_coverage.py): 92 to 100 %, the higher the nearer to no change.

    Args:
        p: rows of the reference by bin.
        q: rows of the current table by bin.
        value: the index.
        z: standard normal quantile of the level.
    """
    return _interval(p, q, value, z, _PSI)


def jensen_shannon_interval(p: Sequence[int], q: Sequence[int], value: float, z: float) -> tuple[float, float]:
    """Return the interval of the Jensen-Shannon distance to base 2: that of its square, as `psi_interval` has it.

    Args:
        p: rows of the reference by bin.
        q: rows of the current table by bin.
        value: the distance.
        z: standard normal quantile of the level.
    """
    low, high = _interval(p, q, value * value, z, _JENSEN_SHANNON)
    return min(sqrt(low), value), min(max(sqrt(high), value), 1.0)


def _interval(p: Sequence[int], q: Sequence[int], value: float, z: float, kind: _Divergence) -> tuple[float, float]:
    n, m = sum(p), sum(q)
    pairs, sparse = _pooled([(a, b) for a, b in zip(p, q, strict=True) if a or b])
    found = fsum(kind.of(a / n, b / m) for a, b in pairs) if len(pairs) > 1 else 0.0
    low, high = _of_pooled(pairs, (n, m), found, z, kind)
    most = fsum(_greatest(pair, (n, m), z, kind) for pair in sparse)
    return max(0.0, min(value, max(low, _least(sparse, (n, m), z, kind)))), max(value, high + most)


def _pooled(pairs: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the bins with those of few rows as one, and those of few rows."""
    pairs = sorted(pairs, key=min)
    few = sum(min(pair) < FEWEST for pair in pairs)
    if not few:
        return pairs, []
    taken = few
    while taken < len(pairs) and min(map(sum, zip(*pairs[:taken], strict=True))) < FEWEST:
        taken += 1
    pool = (sum(a for a, _ in pairs[:taken]), sum(b for _, b in pairs[:taken]))
    return [pool, *pairs[taken:]], pairs[:taken]


def _of_pooled(
    pairs: list[tuple[int, int]], totals: tuple[int, int], value: float, z: float, kind: _Divergence
) -> tuple[float, float]:
    if len(pairs) < 2:  # noqa: PLR2004 - one bin holds everything, on both sides
        return 0.0, 0.0
    variance = bias = 0.0
    for side, rows in enumerate(totals):
        shares = [(pair[side] / rows, pair[1 - side] / totals[1 - side]) for pair in pairs]
        slopes = [kind.first(a, b) for a, b in shares]
        mean = fsum(a * slope for (a, _), slope in zip(shares, slopes, strict=True))
        variance += fsum(a * (slope - mean) ** 2 for (a, _), slope in zip(shares, slopes, strict=True)) / rows
        bias += fsum(kind.second(a, b) * a * (1 - a) for a, b in shares) / (2 * rows)
    null = kind.at_null * (1 / totals[0] + 1 / totals[1])
    half = z * sqrt(variance + 2 * (len(pairs) - 1) * null * null)
    return value - bias - half, value - bias + half


def _greatest(pair: tuple[int, int], totals: tuple[int, int], z: float, kind: _Divergence) -> float:
    """Return the greatest part of a bin of few rows, its shares within their Wilson limits."""
    ends = [
        [max(end, EMPTY / rows) for end in wilson(part / rows, rows, z)]
        for part, rows in zip(pair, totals, strict=True)
    ]
    return max(kind.of(first, second) for first in ends[0] for second in ends[1])


def _least(sparse: list[tuple[int, int]], totals: tuple[int, int], z: float, kind: _Divergence) -> float:
    """Return what bins that emptied, or filled, alone vouch for: their share and the rest's, within Wilson's limits."""
    least = 0.0
    for side in (0, 1):
        pool = [pair for pair in sparse if pair[side] < FEWEST]
        few, many = (sum(pair[which] for pair in pool) / totals[which] for which in (side, 1 - side))
        most = wilson(few, totals[side], z)[1]
        fewest = wilson(many, totals[1 - side], z)[0]
        if pool and most < fewest:
            least = max(least, kind.of(fewest, most) + kind.of(1 - fewest, 1 - most))
    return least
