"""Means of bounded or positive quantities: normal theory with Student's quantile, on a scale that keeps the range."""

from __future__ import annotations

from math import exp, inf, log, sqrt

METHOD = "normal, Student's t"
LOG_METHOD = "normal on the log scale, Student's t"
LOGIT_METHOD = "normal on the logit scale, Student's t"


def student(z: float, degrees: float) -> float:
    """Return Student's quantile from the normal one.

    Source: Cornish-Fisher expansion to the second order (Abramowitz and Stegun 1964, 26.7.5); within 0.2 % from 10
        degrees of freedom upwards at 95 %.
    """
    if degrees <= 0:
        return inf
    third, fifth = z**3, z**5
    first = (third + z) / (4 * degrees)
    second = (5 * fifth + 16 * third + 3 * z) / (96 * degrees * degrees)
    return z + first + second


def mean_interval(mean: float, variance: float, n: float, z: float) -> tuple[float, float] | None:
    """Return mean -/+ t * sqrt(variance / (n - 1)); None under two people.

    Args:
        mean: the mean.
        variance: population variance (divided by n).
        n: people.
        z: standard normal quantile of the level.
    """
    if n < 2:  # noqa: PLR2004 - one person has no spread
        return None
    half = student(z, n - 1) * sqrt(max(variance, 0.0) / (n - 1))
    return (mean - half, mean + half)


def log_interval(mean: float, variance: float, n: float, z: float) -> tuple[float, float] | None:
    """Return the interval of a positive mean, by the delta method on the log scale; None under two people or at 0."""
    if n < 2 or mean <= 0:  # noqa: PLR2004 - as above
        return None
    half = min(student(z, n - 1) * sqrt(max(variance, 0.0) / (n - 1)) / mean, 700.0)
    return (mean * exp(-half), mean * exp(half))


def logit_interval(mean: float, error: float, quantile: float) -> tuple[float, float] | None:
    """Return the interval of a value in (0, 1) with a standard error, made on the logit scale; None at 0 and 1."""
    if not 0 < mean < 1:
        return None
    half = quantile * error / (mean * (1 - mean))
    odds = log(mean / (1 - mean))
    return (expit(odds - half), expit(odds + half))


def expit(odds: float) -> float:
    """Return 1 / (1 + exp(-odds)) without overflow."""
    return 1 / (1 + exp(-odds)) if odds > -700 else 0.0  # noqa: PLR2004 - exp overflows at 709
