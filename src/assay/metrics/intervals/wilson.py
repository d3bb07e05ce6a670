"""Wilson's score interval for one proportion."""

from __future__ import annotations

from math import sqrt

METHOD = "Wilson score"
WEIGHTED = "Wilson score at Kish's effective sample size"


def wilson(rate: float, n: float, z: float) -> tuple[float, float]:
    """Return Wilson's interval of a proportion.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22:209-212;
    recommended by Brown, Cai and DasGupta (2001), Statistical Science 16(2):101-133, section 4
    (https://doi.org/10.1214/ss/1009213286). Weighted rows: ``n`` is Kish's effective sample size, (sum w)^2 / sum w^2
    (Kish 1965, Survey Sampling, section 11.7; Korn and Graubard 1998, Survey Methodology 24:193-201).

    Coverage at 95 %, computed exactly by summing the binomial over rates from 0.02 to 0.98
    (tests/unit/metrics/test_metrics_rates_coverage.py): 95 % on average; at a single rate it moves with the
    discreteness of counts, between 91.9 and 98.1 % with 30 people (93.0 % at a rate of 0.3, 97.8 % at 0.02), 92.7
    and 97.8 % with 100, 94.4 and 95.8 % with 1,000. Nearer to 0 and 1 than one expected person it can fall lower.

    Args:
        rate: the proportion, in [0, 1].
        n: people it rests on, greater than 0.
        z: standard normal quantile of the level.
    """
    z2 = z * z
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    low, high = centre - half, centre + half
    # Rounding must not push the interval off its value or out of the range.
    low, high = low if low < rate else rate, high if high > rate else rate  # noqa: FURB136 - min and max double the cost
    return low if low > 0.0 else 0.0, high if high < 1.0 else 1.0  # noqa: FURB136 - as above


def kish(total: float, squares: float) -> float:
    """Return Kish's effective sample size of a sum of weights and a sum of squared weights."""
    return total * total / squares if squares > 0 else 0.0
