"""Intervals of the area under the ROC curve."""

from __future__ import annotations

from math import sqrt

from assay.metrics.intervals.means import logit_interval

METHOD = "DeLong, logit scale"
PERFECT = "Newcombe's method 5 (Hanley-McNeil variance)"


def auc_interval(
    area: float, variance: float, positives: float, negatives: float, z: float
) -> tuple[float, float, str]:
    """Return the interval of an area and how it was made.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845, for the variance; Pepe (2003), The
        Statistical Evaluation of Medical Tests for Classification and Prediction, section 5.2, and Pohar Perme and
        Manevski (2019), Statistical Methods in Medical Research 28:3755-3768, for the logit scale. Where a sample is
        small or separation is nearly perfect that variance is too small (0 at an area of 1); there Newcombe (2006),
        Statistics in Medicine 25:559-573, method 5, is used: Hanley and McNeil's (1982) variance at the limit itself.

    Args:
        area: the area, in [0, 1].
        variance: DeLong's variance.
        positives: people with a positive label.
        negatives: people with a negative label.
        z: standard normal quantile of the level.
    """
    # Fewer than about ten pairs of errors on a side: the variance rests on too few people.
    few = min(area, 1 - area) * min(positives, negatives) < 4  # noqa: PLR2004 - chosen by the simulation in the tests
    found = None if few else logit_interval(area, sqrt(variance), z)
    if found is not None:
        return (min(found[0], area), max(found[1], area), METHOD)
    return (*newcombe(area, positives, negatives, z), PERFECT)


def newcombe(area: float, positives: float, negatives: float, z: float) -> tuple[float, float]:
    """Return the interval of an area by Newcombe's (2006) method 5, which needs no variance of the sample."""
    low = _limit(area, -1, positives, negatives, z)
    high = _limit(area, +1, positives, negatives, z)
    return min(low, area), max(high, area)


def _limit(area: float, side: int, positives: float, negatives: float, z: float) -> float:
    """Return the area whose Hanley-McNeil standard error is |area - limit| / z away; by bisection."""
    star = (positives + negatives) / 2 - 1
    pairs = positives * negatives
    inner, outer = area, (1.0 if side > 0 else 0.0)
    for _ in range(40):
        middle = (inner + outer) / 2
        spread = middle * (1 - middle) * (1 + star * (1 - middle) / (2 - middle) + star * middle / (1 + middle)) / pairs
        if (middle - area) ** 2 <= z * z * spread:
            inner = middle
        else:
            outer = middle
    return inner
