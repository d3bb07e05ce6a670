"""Ratio of two independent proportions."""

from __future__ import annotations

from math import inf, sqrt

from assay.metrics.intervals.root import falling_root

METHOD = "Koopman score, folded at 1"


def koopman(x1: float, n1: float, x2: float, n2: float, z: float) -> tuple[float, float]:
    """Return Koopman's score interval of the ratio (x1 / n1) / (x2 / n2).

    Source: Koopman (1984), "Confidence intervals for the ratio of two binomial proportions", Biometrics 40:513-517; the
    restricted maximum likelihood as in Miettinen and Nurminen (1985), Statistics in Medicine 4:213-226, equation 12; recommended by
    Fagerland, Lydersen and Laake (2015), Statistical Methods in Medical Research 24:224-254.

    Args:
        x1: favourable outcomes in the first group (effective ones, for weights).
        n1: people in the first group.
        x2: favourable outcomes in the second group, greater than 0.
        n2: people in the second group.
        z: standard normal quantile of the level.
    """
    p1, p2 = x1 / n1, x2 / n2

    def standing(ratio: float) -> float:
        a = ratio * (n1 + n2)
        b = ratio * (n1 + x2) + x1 + n2
        share2 = (x1 + x2) / (n1 + n2) if a == 0 else (b - sqrt(max(0.0, b * b - 4 * a * (x1 + x2)))) / (2 * a)
        share2 = min(1.0, max(0.0, share2))
        share1 = min(1.0, ratio * share2)
        variance = share1 * (1 - share1) / n1 + ratio * ratio * share2 * (1 - share2) / n2
        gap = p1 - ratio * p2
        if variance <= 0:
            return 0.0 if gap == 0 else inf if gap > 0 else -inf
        return max(-1e9, min(1e9, gap / sqrt(variance)))

    point = p1 / p2
    low = falling_root(standing, z, 1e-12, max(point, 1e-11), 1e-6) if x1 > 0 else 0.0
    high = falling_root(standing, -z, point, 2 * point + 0.5, 1e-6)
    return (min(point, low), max(point, high))


def fold(low: float, high: float) -> tuple[float, float]:
    """Return the interval of min(r, 1 / r), given the interval of r."""
    if low <= 1 <= high:
        return (min(low, 1 / high), 1.0)
    return (low, high) if high < 1 else (1 / high, 1 / low)
