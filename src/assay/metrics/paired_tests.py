"""Tests of two versions on the same people: McNemar's of decisions, DeLong's of areas, Holm's for many groups."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, erfc, hypot, sqrt
from typing import TYPE_CHECKING

from assay.metrics.intervals.auc import PERFECT, newcombe
from assay.metrics.intervals.clopper_pearson import incomplete_beta

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    from assay.metrics.intervals.level import Level
    from assay.records.paired import PairedRanks

    Key = TypeVar("Key")

FEW_DISCORDANT = 25
"""Below so many people whom the versions decide differently the exact test is used (Fagerland et al. 2013, section 5,
and most textbooks since Siegel 1956): the mid-p test is as good there but may exceed its level a little."""

EXACT, MID_P = "McNemar's exact test", "McNemar's mid-p test"

_TOO_FEW = 4
"""As in `intervals.auc`: fewer pairs of errors than this and DeLong's variance rests on too few people."""


def mcnemar(risen: int, fallen: int) -> tuple[float, str]:
    """Return the two-sided chance of a split at least as uneven, were both turns equally likely; and the test's name.

    Source: McNemar (1947), Psychometrika 12:153-157; Fagerland, Lydersen and Laake (2013), "The McNemar test for binary
    matched-pairs data: mid-p and asymptotic are better than exact conditional", BMC Medical Research Methodology 13:91
    (https://doi.org/10.1186/1471-2288-13-91): exact conditional below 25 discordant pairs, mid-p from there on.

    Args:
        risen: people that the second version counts and the first does not.
        fallen: the other way round.
    """
    n, least = risen + fallen, min(risen, fallen)
    if n < FEW_DISCORDANT:
        tail = sum(comb(n, k) for k in range(least + 1)) / 2**n
        return min(1.0, 2 * tail), EXACT
    # P(X <= k) = I(1/2; n - k, k + 1) (NIST DLMF 8.17.5).
    below = incomplete_beta(0.5, n - least, least + 1)
    without = incomplete_beta(0.5, n - least + 1, least) if least else 0.0
    return min(1.0, below + without), MID_P  # twice the tail less once the point: mid-p of both sides


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """Return the p-values adjusted so that the chance of any false finding among them stays at the level.

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics
    6:65-70. It holds however the tests depend on each other: groups may overlap.
    """
    adjusted: dict[Key, float] = {}
    before = 0.0
    for rank, key in enumerate(sorted(p_values, key=lambda one: p_values[one])):
        before = max(before, min(1.0, (len(p_values) - rank) * p_values[key]))
        adjusted[key] = before
    return adjusted


@dataclass(frozen=True, slots=True)
class Areas:
    """The areas under two curves of the same people, and their difference.

    Attributes:
        champion: the first area.
        challenger: the second one.
        interval: of the second less the first; None where there are too few people for one.
        p_value: of no difference; None where no variance can be told.
        method: how both were made.
    """

    champion: float
    challenger: float
    interval: tuple[float, float] | None
    p_value: float | None
    method: str


DELONG = "DeLong's covariance from midranks"
APART = f"MOVER of each area's interval ({PERFECT}), as though they were independent, which is wider"


def delong(ranks: PairedRanks, level: Level) -> Areas:
    """Compare two areas under the ROC curve on the same people, both classes present.

    Source: DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver
    operating characteristic curves: a nonparametric approach", Biometrics 44:837-845, equations 1 to 6; Sun and Xu
    (2014), "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21:1389-1393, for midranks. All
    sums are whole numbers: nothing is rounded before the last division. Where an area is so near to 0 or 1 that its
    variance rests on too few people (it is 0 at an area of 1) each area's own interval is made by Newcombe's method 5
    and both are joined by MOVER (Zou and Donner 2008, Statistics in Medicine 27:1693-1702), taken as independent: wider
    than need be, never narrower.

    Args:
        ranks: sums over midranks of one group.
        level: of the interval.
    """
    m, n = ranks.positives, ranks.negatives
    pairs = 2 * m * n
    first, second = (beaten / pairs for beaten in ranks.beaten)
    change, which = second - first, (1, -2, 1)
    spread = _part(ranks.beaten, ranks.positive_squares, m, n, which)
    spread += _part(ranks.beaten, ranks.negative_squares, n, m, which)
    p_value = erfc(abs(change) / sqrt(2 * spread)) if spread > 0 else None
    few = any(min(area, 1 - area) * min(m, n) < _TOO_FEW for area in (first, second))
    if few or spread <= 0:
        (low0, high0), (low1, high1) = (newcombe(area, m, n, level.z) for area in (first, second))
        interval = (change - hypot(second - low1, high0 - first), change + hypot(high1 - second, first - low0))
        return Areas(first, second, _within(interval), None if few else p_value, APART)
    half = level.z * sqrt(spread)
    return Areas(first, second, _within((change - half, change + half)), p_value, DELONG)


def _within(interval: tuple[float, float]) -> tuple[float, float]:
    return max(-1.0, interval[0]), min(1.0, interval[1])


def _part(
    beaten: tuple[int, int], squares: tuple[int, int, int], mine: int, others: int, which: tuple[int, int, int]
) -> float:
    """Return one class's part of the variance of a combination of both areas; a single person has no spread."""
    if mine < 2:  # noqa: PLR2004 - a variance takes two
        return 0.0
    products = (beaten[0] * beaten[0], beaten[0] * beaten[1], beaten[1] * beaten[1])
    found = sum(
        sign * (mine * square - product) for sign, square, product in zip(which, squares, products, strict=True)
    )
    return max(0, found) / (4 * mine * mine * (mine - 1) * others * others)
