"""Intervals of a range over several independent groups (greatest less least value), and of a greatest value alone.

No resampling: every limit is one of a pair's or of a group's own limits, so there is nothing to draw and no seed; the
same tally gives the same bytes. Quantiles of resampled ranges cover next to never where groups are alike (ADR 0053).

*Upper limit of a range*: the greatest upper limit of any pair's difference, each at the level itself. The true range is
the difference of one pair, and that pair's limit fails no more often than it says, so the greatest of all limits does
not either (Berger and Hsu 1996, "Bioequivalence trials, intersection-union tests and equivalence confidence sets",
Statistical Science 11:283-319, section 4). *Lower limit of a range*: the greatest lower limit of any pair's
difference, at limits wide enough to hold for all pairs at once (Tukey-Kramer: Hayter 1984, "A proof of the conjecture
that the Tukey-Kramer multiple comparisons procedure is conservative", Annals of Statistics 12:61-75). Sizes may
differ in any way: each pair is held against its own error, so a tiny group hides nothing that large ones show.

A pair's difference comes from the two groups' limits (`intervals.mover`), on the log scale for ratios.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import repeat
from math import erf, exp, hypot, inf, log, pi, sqrt
from operator import add, sub
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeAlias

from assay.metrics.intervals.root import falling_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.metrics.intervals.mover import Limits

METHOD = "all pairs: the widest upper limit; Tukey-Kramer lower limit"
WORST_METHOD = "all groups: the most extreme limit on the worse side; Sidak limit on the better side"

Column: TypeAlias = "list[Limits]"
"""The groups' values, each with its limits."""

_ROOT_TWO = sqrt(2)
_STEP = 0.25
_NODES = tuple(
    (x / _ROOT_TWO, exp(-x * x / 2), erf(x / _ROOT_TWO))
    for x in (number * _STEP - 8.0 for number in range(int(16 / _STEP) + 1))
)
"""Where the range's integral is taken: the place over the root of 2, the normal curve and the error function there."""


def range_interval(plain: Sequence[Column], wide: Sequence[Column]) -> tuple[float, float]:
    """Return the interval of the greatest of several ranges (one column: of its range).

    Args:
        plain: for each range the groups with their limits at the level itself.
        wide: the same groups with limits at `pairs_quantile`, which hold for all pairs at once.

    Coverage at 95 % (seeded simulation, proportions with Wilson's limits, rates from 0.02 to 0.98; pinned by
    tests/unit/metrics/test_metrics_extremes.py): see `between.compare`.
    """
    return max(map(_lower, wide)), max(map(_upper, plain))


def _upper(column: Column) -> float:
    """Return the greatest upper limit of a difference of two different groups."""
    values = [value for value, _, _ in column]
    below = [value - low for value, low, _ in column]
    bottom = min(low for _, low, _ in column)
    best = 0.0
    for number, (value, _, high) in sorted(enumerate(column), key=lambda pair: -pair[1][2]):
        # hypot(a, b) is at most a + b: nobody further down the list reaches further.
        if high - bottom <= best:
            break
        reach = list(map(add, map(sub, repeat(value), values), map(hypot, repeat(high - value), below)))
        reach[number] = 0.0
        best = max(best, *reach)
    return best


def _lower(column: Column) -> float:
    """Return the greatest lower limit of a difference of two groups, at least 0."""
    values = [value for value, _, _ in column]
    above = [high - value for value, _, high in column]
    least = min(values)
    best = 0.0
    for value, low, _ in sorted(column, key=lambda limits: -limits[1]):
        if low - least <= best:
            break
        best = max(best, *map(sub, map(sub, repeat(value), values), map(hypot, repeat(value - low), above)))
    return best


def logarithms(column: Column) -> list[Limits]:
    """Return positive values and their limits on the log scale."""
    return [(log(value), log(low) if low > 0 else -inf, log(high)) for value, low, high in column]


@lru_cache(maxsize=256)
def pairs_quantile(groups: int, level: float, ranges: int = 1) -> float:
    """Return the standard normal quantile at which the limits of all pairs of groups hold at once.

    It is Tukey's studentized range quantile (infinite degrees of freedom) over the root of 2. Source: Hartley (1942),
    Biometrika 32:334-348, for the distribution. Several independent ranges share the error (Sidak 1967, JASA
    62:626-633).

    Args:
        groups: compared, at least two.
        level: two-sided confidence.
        ranges: how many ranges are looked at.
    """
    missed = 1 - level ** (1 / ranges)
    return falling_root(lambda z: 1 - range_below(groups, z * _ROOT_TWO), missed, 0.0, 8.0, 1e-6)


def range_below(groups: int, width: float) -> float:
    """Return the chance that independent standard normal values lie within a range of ``width``."""
    # The trapezoid rule is exact to many digits for such a function.
    total = 0.0
    for x, density, below in _NODES:
        total += density * (0.5 * (erf(x + width / _ROOT_TWO) - below)) ** (groups - 1)
    return min(1.0, groups * total * _STEP / sqrt(2 * pi))


@lru_cache(maxsize=256)
def groups_quantile(groups: int, level: float) -> float:
    """Return the standard normal quantile at which one-sided limits of all groups hold at once.

    Source: Sidak (1967), "Rectangular confidence regions for the means of multivariate normal distributions", JASA
    62:626-633.
    """
    return NormalDist().inv_cdf((0.5 + level / 2) ** (1 / groups))
