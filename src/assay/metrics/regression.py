"""Regression: errors (prediction minus label) of a group, from exact sums."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING

from assay.metrics.histogram import ONE
from assay.metrics.intervals.means import LOG_METHOD, METHOD, log_interval, mean_interval
from assay.metrics.intervals.wilson import kish
from assay.metrics.metric import Estimate, Metric, undefined

if TYPE_CHECKING:
    from assay.metrics.error_sums import ErrorSums
    from assay.metrics.groups import Group
    from assay.metrics.intervals.level import Level

_INFINITY = float("inf")
_WILLMOTT = "Willmott and Matsuura (2005), Climate Research 30:79-82; scikit-learn {}"

METRICS = (
    Metric(
        name="mean_absolute_error",
        title="mean absolute error",
        unit="score",
        needs=("label", "prediction"),
        tasks=("regression",),
        higher_is_better=False,
        high=_INFINITY,
        formula="mean of |prediction - label|",
        source=_WILLMOTT.format("mean_absolute_error"),
    ),
    Metric(
        name="root_mean_squared_error",
        title="root of the mean squared error",
        unit="score",
        needs=("label", "prediction"),
        tasks=("regression",),
        higher_is_better=False,
        high=_INFINITY,
        formula="sqrt(mean of (prediction - label)^2)",
        source=_WILLMOTT.format("root_mean_squared_error"),
    ),
    Metric(
        name="mean_error",
        title="mean error (bias): above 0 predictions are too high",
        unit="score",
        needs=("label", "prediction"),
        tasks=("regression",),
        low=-_INFINITY,
        high=_INFINITY,
        formula="mean of prediction - label",
        source="Willmott and Matsuura (2005), Climate Research 30:79-82",
    ),
    Metric(
        name="r2",
        title="coefficient of determination",
        unit="score",
        needs=("label", "prediction"),
        tasks=("regression",),
        higher_is_better=True,
        low=-_INFINITY,
        formula="1 - sum of (prediction - label)^2 / sum of (label - mean label)^2",
        source="Kvalseth (1985), The American Statistician 39:279-285, equation 1; scikit-learn r2_score",
    ),
)

_FEW = "no interval: fewer than two people, or no error at all"
_FAR = 1e6


def regression(group: Group, level: Level) -> dict[str, Estimate]:
    """Return the error metrics of one group.

    Intervals: normal theory with Student's quantile, for positive quantities on the log scale (delta method: Cox and
    Hinkley 1974, Theoretical Statistics, section 9.2). The mean absolute error's variance is exact; that of the
    squared errors comes from the histogram of errors. Coverage at 95 % (seeded simulation, 30, 100 and 1,000 people;
    tests/unit/metrics/test_metrics_other_coverage.py): 93 to 97 % for normal errors, and for Laplacian ones (kurtosis
    6) as well, except the root mean squared error: 89 % with 30 people, 91 to 92 % with 100. Heavier tails were not
    simulated; there it falls lower. With weights Kish's effective size stands for the people; not simulated.
    """
    sums = group.errors
    names = [metric.name for metric in METRICS]
    if sums is None or not sums.rows:
        return dict.fromkeys(names, undefined("no row has both a label and a prediction"))
    if not sums.known:
        return dict.fromkeys(names, undefined("the tally keeps no weighted errors: count the rows again", sums.rows))
    mass = sums.sums["mass"]
    if not mass:
        return dict.fromkeys(names, undefined("the weights of these rows add up to 0", sums.rows))
    bias, mae, mse = (sums.sums[name] / mass for name in ("errors", "absolute", "squared"))
    fourth = sums.sums["fourth"] / ONE**4 / (mass if sums.weighted else sums.rows)
    n = kish(mass / ONE, sums.sums["mass_squares"] / ONE) if sums.weighted else sums.rows
    rows, z = sums.rows, level.z
    return {
        "mean_absolute_error": _estimate(mae, log_interval(mae, mse - mae * mae, n, z), rows, n, LOG_METHOD),
        "root_mean_squared_error": _root(mse, fourth, rows, n, z),
        "mean_error": _estimate(bias, mean_interval(bias, mse - bias * bias, n, z), rows, n, METHOD),
        "r2": _r2(sums, z),
    }


def _estimate(value: float, interval: tuple[float, float] | None, rows: int, effective: float, method: str) -> Estimate:
    if interval is None:
        return Estimate(value, n=rows, method=_FEW)
    return Estimate(value, min(value, interval[0]), max(value, interval[1]), rows, method, None, effective)


def _root(mse: float, fourth: float, rows: int, effective: float, z: float) -> Estimate:
    interval = log_interval(mse, fourth - mse * mse, effective, z)
    rooted = None if interval is None else (sqrt(interval[0]), sqrt(interval[1]))
    return _estimate(sqrt(max(0.0, mse)), rooted, rows, effective, LOG_METHOD)


def _r2(sums: ErrorSums, z: float) -> Estimate:
    """Return the coefficient of determination.

    Interval: 1 - R2 is the quotient of two means, of squared errors and of squared distances of the labels from their
    mean; normal on the log scale, by the delta method with the influence function of that quotient (Hampel 1974,
    JASA 69:383-393, section 3, https://doi.org/10.1080/01621459.1974.10482962; van der Vaart 1998, Asymptotic
    Statistics, section 3.1), which asks for the fourth moments of label and error. It supposes predictions that were
    not fitted to these rows. Coverage at 95 % (seeded simulation, R2 of 0.1 to 0.98;
    tests/unit/metrics/test_metrics_other_coverage.py): for normal, uniform and two-valued predictions with normal
    errors 93 to 97 %; it falls short where few rows carry the sums: Laplacian predictions and errors 93 to 94 % with
    100 people, 89 to 92 % with 30; both far skewed (log-normal, sigma 0.5) 91 to 92 % and 87 to 91 %. With weights
    there is none, nor where the labels' mean is over 1,000 times their spread: their fourth moment is then lost in
    rounding.
    """
    # Integers: the difference of two large sums would lose digits as floats.
    rows, mass, squared = sums.rows, sums.sums["mass"], sums.sums["squared"]
    labels, label_squares = sums.sums["labels"], sums.sums["label_squares"]
    spread = label_squares * mass - labels * labels
    if spread <= 0:
        return undefined("every label is the same: no variance to explain", rows)
    value = 1 - squared * mass / spread
    if sums.moments is None:
        why = "none with weights" if sums.weighted else "the tally keeps no joint moments of label and error"
        return Estimate(value, n=rows, method=f"no interval: {why}")
    if label_squares * mass > _FAR * spread:
        return Estimate(value, n=rows, method="no interval: the labels lie too close together for their size")
    interval = log_interval(1 - value, _relative_variance(sums, sums.moments) * (1 - value) ** 2, rows, z)
    if interval is None:
        return Estimate(value, n=rows, method=_FEW)
    method = f"{LOG_METHOD}, of 1 - R2"
    return Estimate(value, min(value, 1 - interval[1]), max(value, 1 - interval[0]), rows, method, None, rows)


def _relative_variance(sums: ErrorSums, moments: list[int]) -> float:
    """Return the mean square of e^2 / mean e^2 - d^2 / mean d^2, with d the labels' distances from their mean."""
    mass = sums.sums["mass"]
    mean, mean_square, mse = (Fraction(sums.sums[name], mass) for name in ("labels", "label_squares", "squared"))
    cube, fourth, error_fourth, one, two = (Fraction(moment, mass) for moment in moments)
    variance = mean_square - mean * mean
    if not mse:
        return 0.0
    distance_fourth = fourth - 4 * mean * cube + 6 * mean * mean * mean_square - 3 * mean**4
    joint = two - 2 * mean * one + mean * mean * mse
    found = error_fourth / mse**2 - 2 * joint / (mse * variance) + distance_fourth / variance**2
    return max(0.0, float(found))
