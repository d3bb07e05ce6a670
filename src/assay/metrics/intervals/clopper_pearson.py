"""The exact interval of one proportion."""

from __future__ import annotations

from math import exp, lgamma, log

METHOD = "Clopper-Pearson (exact)"
_TINY = 1e-300
_CLOSE = 1e-14
_STEPS = 50
_MOST_TERMS = 10_000


def clopper_pearson(hits: int, n: int, level: float) -> tuple[float, float]:
    """Return the exact two-sided interval of a proportion.

    Source: Clopper and Pearson (1934), "The use of confidence or fiducial limits illustrated in the case of the
    binomial", Biometrika 26:404-413. Its limits are quantiles of beta distributions: B(a/2; x, n - x + 1) and
    B(1 - a/2; x + 1, n - x) (Brown, Cai and DasGupta 2001, Statistical Science 16(2), section 4.2.1). It covers at
    least as often as the level says, whatever the proportion: what it is chosen for where few decisions change.

    Args:
        hits: rows that count, from 0 to n.
        n: rows, at least 1.
        level: such as 0.95.
    """
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else _quantile(tail, hits, n - hits + 1)
    high = 1.0 if hits == n else _quantile(1 - tail, hits + 1, n - hits)
    return min(low, hits / n), max(high, hits / n)


def _quantile(share: float, a: float, b: float) -> float:
    """Return the quantile of a beta distribution, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if incomplete_beta(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function.

    Source: NIST Digital Library of Mathematical Functions 8.17.22 (https://dlmf.nist.gov/8.17.E22), the continued
    fraction evaluated by Lentz's method (Lentz 1976, Applied Optics 15:668-671).
    """
    if not 0 < x < 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d or _TINY)
    total = d
    for m in range(1, _MOST_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / ((1 + term * d) or _TINY)
            c = (1 + term / c) or _TINY
            total *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return front * total
