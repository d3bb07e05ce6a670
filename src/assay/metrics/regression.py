"""Regression: errors (prediction minus label) of a group, from exact sums."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from assay.metrics.histogram import ONE
from assay.metrics.intervals.means import LOG_METHOD, METHOD, log_interval, mean_interval
from assay.metrics.metric import Estimate, Metric, undefined

if TYPE_CHECKING:
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


def regression(group: Group, level: Level) -> dict[str, Estimate]:
    """Return the error metrics of one group.

    Intervals: normal theory with Student's quantile, for positive quantities on the log scale (delta method: Cox and
    Hinkley 1974, Theoretical Statistics, section 9.2). The mean absolute error's variance is exact; that of the
    squared errors comes from the histogram of errors. Coverage at 95 % (seeded simulation, 30, 100 and 1,000 people;
    tests/unit/metrics/test_metrics_other_coverage.py): 93 to 97 % for normal errors, and for Laplacian ones (kurtosis
    6) as well, except the root mean squared error: 89 % with 30 people, 91 to 92 % with 100. Heavier tails were not
    simulated; there it falls lower.
    """
    sums = group.errors or [0] * 8
    n, labels, label_squares, _, errors, absolute, squared, fourth = sums
    if not n:
        none = undefined("no row has both a label and a prediction")
        return dict.fromkeys((metric.name for metric in METRICS), none)
    bias, mae, mse = errors / (n * ONE), absolute / (n * ONE), squared / (n * ONE)
    return {
        "mean_absolute_error": _estimate(mae, log_interval(mae, mse - mae * mae, n, level.z), n, LOG_METHOD),
        "root_mean_squared_error": _root(mse, fourth / ONE**4 / n, n, level.z),
        "mean_error": _estimate(bias, mean_interval(bias, mse - bias * bias, n, level.z), n, METHOD),
        "r2": _r2(n, labels, label_squares, squared),
    }


def _estimate(value: float, interval: tuple[float, float] | None, n: int, method: str) -> Estimate:
    if interval is None:
        return Estimate(value, n=n, method=_FEW)
    return Estimate(value, min(value, interval[0]), max(value, interval[1]), n, method, None, n)


def _root(mse: float, fourth: float, n: int, z: float) -> Estimate:
    interval = log_interval(mse, fourth - mse * mse, n, z)
    rooted = None if interval is None else (sqrt(interval[0]), sqrt(interval[1]))
    return _estimate(sqrt(max(0.0, mse)), rooted, n, LOG_METHOD)


def _r2(n: int, labels: int, label_squares: int, squared: int) -> Estimate:
    # Integers: the difference of two large sums would lose digits as floats.
    spread = label_squares * ONE * n - labels * labels
    if spread <= 0:
        return undefined("every label is the same: no variance to explain", n)
    value = 1 - squared * ONE * n / spread
    return Estimate(value, n=n, method="no interval: the tally keeps no joint moments of label and error")
