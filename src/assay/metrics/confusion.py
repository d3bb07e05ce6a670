"""F1 and Matthews' correlation: summaries of a group's confusion matrix."""

from __future__ import annotations

from math import atanh, sqrt, tanh
from typing import TYPE_CHECKING

from assay.metrics.intervals.wilson import kish, wilson
from assay.metrics.metric import Estimate, Metric, undefined
from assay.metrics.rates import NO_INTERVAL_WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.metrics.intervals.level import Level

METRICS = (
    Metric(
        name="f1",
        title="harmonic mean of precision and recall",
        unit="score",
        needs=("label", "prediction"),
        tasks=("binary", "multiclass"),
        higher_is_better=True,
        formula="2 TP / (2 TP + FP + FN)",
        source="van Rijsbergen (1979), Information Retrieval, chapter 7; scikit-learn f1_score",
        per_class=True,
    ),
    Metric(
        name="matthews_correlation",
        title="correlation of label and prediction (phi)",
        unit="score",
        needs=("label", "prediction"),
        higher_is_better=True,
        low=-1.0,
        formula="(TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN))",
        source="Matthews (1975), BBA 405:442-451; scikit-learn matthews_corrcoef",
    ),
)


def confusion(
    counts: Sequence[int], weights: Sequence[int] | None, squares: Sequence[int] | None, level: Level
) -> dict[str, Estimate]:
    """Return F1 and Matthews' correlation of nine cells (see `groups.CELLS`)."""
    tn, fp, fn, tp = _four(weights or counts)
    rows = sum(_four(counts))
    if not rows:
        none = undefined("no row has both a label and a prediction")
        return {"f1": none, "matthews_correlation": none}
    return {
        "f1": _f1(counts, weights, squares, level),
        "matthews_correlation": _matthews((tn, fp, fn, tp), rows, _effective(counts, weights, squares, 0), level),
    }


def _four(cells: Sequence[int]) -> tuple[int, int, int, int]:
    return cells[0], cells[1], cells[3], cells[4]


def _effective(
    counts: Sequence[int], weights: Sequence[int] | None, squares: Sequence[int] | None, start: int
) -> float | None:
    """Return the effective size of the four cells from ``start`` on (1 leaves the true negatives out)."""
    if weights is None:
        return float(sum(_four(counts)[start:]))
    if squares is None:
        return None
    return kish(sum(_four(weights)[start:]) * 1e-12, sum(_four(squares)[start:]) * 1e-12)


def _f1(counts: Sequence[int], weights: Sequence[int] | None, squares: Sequence[int] | None, level: Level) -> Estimate:
    """Return F1.

    Interval: F1 = 2 J / (1 + J) grows with Jaccard's J = TP / (TP + FP + FN), a binomial proportion given its
        denominator; so Wilson's limits of J, mapped, are limits of F1. Source: the identity is van Rijsbergen's (1979,
        chapter 7); limits by a monotone map as in Wilson (1927). It agrees with the delta method of Takahashi,
        Yamamoto, Kuchiba and Koyama (2022), Applied Intelligence 52:4961-4972
        (https://doi.org/10.1007/s10489-021-02635-5), for large samples, and does not fail at 0 and 1 as that does.
    """
    tn, fp, fn, tp = _four(weights or counts)
    del tn
    rows = sum(_four(counts))
    if tp + fp + fn <= 0:
        return undefined("no positive label and no positive prediction", rows)
    value = 2 * tp / (2 * tp + fp + fn)
    effective = _effective(counts, weights, squares, 1)
    if effective is None:
        return Estimate(value, n=rows, method=NO_INTERVAL_WEIGHTED)
    low, high = wilson(tp / (tp + fp + fn), effective, level.z)
    low, high = min(value, 2 * low / (1 + low)), max(value, 2 * high / (1 + high))
    return Estimate(value, low, high, rows, "Wilson score of Jaccard's index, mapped", None, effective)


def _matthews(cells: tuple[int, int, int, int], rows: int, effective: float | None, level: Level) -> Estimate:
    """Return Matthews' correlation.

    Interval: Fisher's z with the multinomial delta-method variance of phi (Bishop, Fienberg and Holland 1975, Discrete
    Multivariate Analysis, section 11.3.1; Itaya, Tamura, Hayashi and Yamamoto 2025, "Asymptotic properties of Matthews
    correlation coefficient", Statistics in Medicine 44(1-2):e10303, https://doi.org/10.1002/sim.10303), from cells
    with a half person added to each, so that a perfect table does not claim a width of 0. Coverage at 95 %: 93 to 97 %
    with 100 and 1,000 people, 90 to 93 % with 30.
    """
    tn, fp, fn, tp = cells
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    if product <= 0:
        return undefined("labels or predictions are all of one class", rows)
    value = max(-1.0, min(1.0, (tp * tn - fp * fn) / sqrt(product)))
    if effective is None:
        return Estimate(value, n=rows, method=NO_INTERVAL_WEIGHTED)
    total = sum(cells)
    half = 0.5
    a, b, c, d = (cell / total * effective + half for cell in (tp, fp, fn, tn))
    centre, variance = _phi(a, b, c, d)
    spread = level.z * sqrt(variance) / (1 - centre * centre)
    # A perfect table has no finite z; there the limit on the other side starts from the smoothed table.
    start = atanh(value) if abs(value) < 1 - 1e-9 else atanh(centre)
    low, high = tanh(start - spread), tanh(start + spread)
    return Estimate(
        value, min(low, value), max(high, value), rows, "Fisher z, multinomial delta method", None, effective
    )


def _phi(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Return phi of a two by two table of positive cells and its multinomial delta-method variance."""
    n = a + b + c + d
    r1, r2, c1, c2 = a + b, c + d, a + c, b + d
    phi = (a * d - b * c) / sqrt(r1 * r2 * c1 * c2)
    rows = (r1 - r2) / sqrt(r1 * r2)
    columns = (c1 - c2) / sqrt(c1 * c2)
    variance = (
        1
        - phi * phi
        + phi * (1 + phi * phi / 2) * rows * columns
        - 0.75 * phi * phi * (rows * rows + columns * columns)
    ) / n
    return phi, max(variance, 0.0)
