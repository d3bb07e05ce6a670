"""Ratio of two independent proportions."""

from __future__ import annotations

from math import exp, inf, sqrt

from assay.metrics.intervals.root import bracketed_root, falling_root

METHOD = "Koopman score, folded at 1"
_CLOSE = 1e-3


def koopman(x1: float, n1: float, x2: float, n2: float, z: float) -> tuple[float, float]:
    """Return Koopman's score interval of the ratio (x1 / n1) / (x2 / n2).

    Source: Koopman (1984), "Confidence intervals for the ratio of two binomial proportions", Biometrics 40:513-517; the
    restricted maximum likelihood as in Miettinen and Nurminen (1985), Statistics in Medicine 4:213-226, equation
    12; recommended by Fagerland, Lydersen and Laake (2015), Statistical Methods in Medical Research 24:224-254.

    Args:
        x1: favourable outcomes in the first group (effective ones, for weights).
        n1: people in the first group.
        x2: favourable outcomes in the second group, greater than 0.
        n2: people in the second group.
        z: standard normal quantile of the level.
    """
    p1, p2 = x1 / n1, x2 / n2

    both, hits, rest = n1 + n2, x1 + x2, x1 + n2
    share2 = hits / both

    def standing(ratio: float) -> float:
        # The share in the second group that is likeliest under this ratio: the lesser root of a quadratic.
        b = ratio * (n1 + x2) + rest
        likely2 = 2 * hits / (b + sqrt(max(0.0, b * b - 4 * ratio * both * hits))) if ratio > 0 else share2
        likely2 = likely2 if likely2 < 1 else 1.0
        likely1 = ratio * likely2
        likely1 = likely1 if likely1 < 1 else 1.0
        variance = likely1 * (1 - likely1) / n1 + ratio * ratio * likely2 * (1 - likely2) / n2
        gap = p1 - ratio * p2
        if variance <= 0:
            return 0.0 if gap == 0 else inf if gap > 0 else -inf
        return gap / sqrt(variance)

    point = p1 / p2
    # Katz's log interval (1978), with half a person added, is where the search starts.
    spread = exp(z * sqrt(1 / (x1 + 0.5) - 1 / (n1 + 0.5) + 1 / (x2 + 0.5) - 1 / (n2 + 0.5)))
    low = 0.0
    if x1 > 0:
        guess = point / spread**1.3
        at_guess = standing(guess)
        if at_guess > z:
            low = bracketed_root(standing, z, (guess, at_guess), (point, 0.0), _CLOSE)
        else:
            low = falling_root(standing, z, 1e-12, guess, _CLOSE)
    high = falling_root(standing, -z, point, max(point, 0.25 / n1 / p2) * spread * 1.3, _CLOSE)
    return (min(point, low), max(point, high))


def fold(low: float, high: float) -> tuple[float, float]:
    """Return the interval of min(r, 1 / r), given the interval of r."""
    if low <= 1 <= high:
        return (min(low, 1 / high), 1.0)
    return (low, high) if high < 1 else (1 / high, 1 / low)
