"""Difference of two proportions of the same people."""

from __future__ import annotations

from math import copysign, sqrt

from assay.metrics.intervals.root import falling_root

METHOD = "Tango's score interval for paired proportions"
_CLOSE = 1e-4
_INSIDE = 1e-12
_FAR = 99.0


def tango(risen: int, fallen: int, n: int, z: float) -> tuple[float, float]:
    """Return the score interval of the difference (risen - fallen) / n.

    Source: Tango (1998), "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17:891-908, the restricted likelihood in its equations 11 to 14;
    among those recommended by Newcombe (1998), Statistics in Medicine 17:2635-2650, and Fagerland, Lydersen and Laake
    (2014), Statistics in Medicine 33:2850-2875. It is the inversion of the test whose statistic at no difference is
    McNemar's, so test and interval tell the same story.

    Coverage at 95 %, computed exactly over all tables of 30 and of 100 people, shares that turn from 0.02 to 0.3 either
    way (tests/unit/metrics/test_metrics_paired_coverage.py): 93.6 to 98.6 %, 95 to 96 % on average, 99.7 %
    where fewer than two people are expected to turn.

    Args:
        risen: people that the second version counts and the first does not.
        fallen: people that the first version counts and the second does not.
        n: people, at least 1.
        z: standard normal quantile of the level.
    """
    point = (risen - fallen) / n

    def standing(gap: float) -> float:
        # The share that falls that is likeliest under this difference: the greater root of a quadratic.
        b = (2 * n - risen + fallen) * gap - risen - fallen
        c = -fallen * gap * (1 - gap)
        likely = (sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * (2 * max(0.0, likely) + gap * (1 - gap))
        distance = risen - fallen - n * gap
        if variance <= _INSIDE:
            return 0.0 if abs(distance) < _INSIDE * n else copysign(_FAR, distance)
        return distance / sqrt(variance)

    low, high = _INSIDE - 1, 1 - _INSIDE
    lower = falling_root(standing, z, low, point, _CLOSE) if low < point else point
    open_above = point >= high or standing(high) >= -z
    upper = 1.0 if open_above else falling_root(standing, -z, point, high, _CLOSE)
    return max(-1.0, min(point, lower)), min(1.0, max(point, upper))
