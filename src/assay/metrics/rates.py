"""Rates of one group: shares of people among those a rate is about, with Wilson's interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from assay.metrics.intervals.wilson import METHOD, WEIGHTED, kish, wilson
from assay.metrics.metric import Estimate, Metric, undefined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.metrics.groups import Group
    from assay.metrics.intervals.level import Level

Shares: TypeAlias = dict[str, tuple[int, int]]
"""Rate to (numerator, denominator)."""

_FAIRLEARN = "Fairlearn 0.15, fairlearn.metrics; Fawcett (2006), Pattern Recognition Letters 27:861-874, section 3"
_POWERS = "Powers (2011), J. Machine Learning Technologies 2(1):37-63, section 2"

NO_INTERVAL_WEIGHTED = "no interval: the tally has no sum of squared weights"

METRICS = (
    Metric(
        name="count",
        title="people in the group",
        unit="count",
        tasks=("binary", "multiclass", "regression"),
        high=float("inf"),
        formula="rows",
        source="Fairlearn 0.15, fairlearn.metrics.count",
    ),
    Metric(
        name="selection_rate",
        title="share predicted positive",
        unit="rate",
        needs=("prediction",),
        tasks=("binary", "multiclass"),
        formula="(TP + FP + positives predicted without a label) / rows with a prediction",
        source=_FAIRLEARN,
        per_class=True,
    ),
    Metric(
        name="true_positive_rate",
        title="share predicted positive among those whose label is positive (recall, sensitivity)",
        unit="rate",
        needs=("label", "prediction"),
        tasks=("binary", "multiclass"),
        higher_is_better=True,
        formula="TP / (TP + FN)",
        source=_FAIRLEARN,
        per_class=True,
    ),
    Metric(
        name="false_positive_rate",
        title="share predicted positive among those whose label is negative",
        unit="rate",
        needs=("label", "prediction"),
        tasks=("binary", "multiclass"),
        higher_is_better=False,
        formula="FP / (FP + TN)",
        source=_FAIRLEARN,
        per_class=True,
    ),
    Metric(
        name="true_negative_rate",
        title="share predicted negative among those whose label is negative (specificity)",
        unit="rate",
        needs=("label", "prediction"),
        tasks=("binary", "multiclass"),
        higher_is_better=True,
        formula="TN / (FP + TN)",
        source=_FAIRLEARN,
        per_class=True,
    ),
    Metric(
        name="false_negative_rate",
        title="share predicted negative among those whose label is positive",
        unit="rate",
        needs=("label", "prediction"),
        tasks=("binary", "multiclass"),
        higher_is_better=False,
        formula="FN / (TP + FN)",
        source=_FAIRLEARN,
        per_class=True,
    ),
    Metric(
        name="precision",
        title="share of positive labels among those predicted positive (positive predictive value)",
        unit="rate",
        needs=("label", "prediction"),
        tasks=("binary", "multiclass"),
        higher_is_better=True,
        formula="TP / (TP + FP)",
        source=_POWERS,
        per_class=True,
    ),
    Metric(
        name="negative_predictive_value",
        title="share of negative labels among those predicted negative",
        unit="rate",
        needs=("label", "prediction"),
        tasks=("binary", "multiclass"),
        higher_is_better=True,
        formula="TN / (TN + FN)",
        source=_POWERS,
        per_class=True,
    ),
    Metric(
        name="accuracy",
        title="share predicted right",
        unit="rate",
        needs=("label", "prediction"),
        tasks=("binary", "multiclass"),
        higher_is_better=True,
        formula="rows whose prediction equals the label / rows with both",
        source=_POWERS,
    ),
    Metric(
        name="base_rate",
        title="share of positive labels (prevalence)",
        unit="rate",
        needs=("label",),
        tasks=("binary", "multiclass"),
        formula="positive labels / rows with a label",
        source=_POWERS,
        per_class=True,
    ),
)

_EMPTY = {
    "selection_rate": "no row has a prediction",
    "true_positive_rate": "no positive label with a prediction",
    "false_positive_rate": "no negative label with a prediction",
    "true_negative_rate": "no negative label with a prediction",
    "false_negative_rate": "no positive label with a prediction",
    "precision": "nobody with a label is predicted positive",
    "negative_predictive_value": "nobody with a label is predicted negative",
    "accuracy": "no row has both a label and a prediction",
    "base_rate": "no row has a label",
}


def shares(cells: Sequence[int]) -> Shares:
    """Return numerator and denominator of every rate, from nine cells (see `groups.CELLS`): rows, weights, squares."""
    tn, fp, n_none, fn, tp, p_none, none_n, none_p, _ = cells
    positives, negatives = tp + fn, tn + fp
    labelled = positives + negatives
    return {
        "selection_rate": (tp + fp + none_p, labelled + none_n + none_p),
        "true_positive_rate": (tp, positives),
        "false_positive_rate": (fp, negatives),
        "true_negative_rate": (tn, negatives),
        "false_negative_rate": (fn, positives),
        "precision": (tp, tp + fp),
        "negative_predictive_value": (tn, tn + fn),
        "accuracy": (tp + tn, labelled),
        "base_rate": (positives + p_none, labelled + n_none + p_none),
    }


def count(group: Group) -> Estimate:
    """Return the people of a group."""
    return Estimate(float(group.rows), n=group.rows, method="no interval: a count of these rows", effective=group.rows)


def rates(
    counts: Sequence[int], weights: Sequence[int] | None, squares: Sequence[int] | None, level: Level
) -> dict[str, Estimate]:
    """Return every binary rate of nine cells.

    Args:
        counts: rows by label and prediction.
        weights: sums of weights likewise; None without weights.
        squares: sums of squared weights likewise; None without, and then weighted rates have no interval.
        level: of the intervals.
    """
    rows = shares(counts)
    if weights is not None:
        weighed = shares(weights)
        square = shares(squares) if squares is not None else None
        return {
            name: weighted_rate(name, of, weighed[name], square[name] if square else None, level)
            for name, (_, of) in rows.items()
        }
    found = {}
    z = level.z
    for name, (part, of) in rows.items():
        if of:
            value = part / of
            low, high = wilson(value, of, z)
            found[name] = Estimate(value, low, high, of, METHOD, None, of)
        else:
            found[name] = undefined(_EMPTY[name])
    return found


def weighted_rate(
    name: str, of: int, weighed: tuple[int, int], square: tuple[int, int] | None, level: Level
) -> Estimate:
    """Return one weighted rate; sums are in ``SUM_UNIT``."""
    if not of:
        return undefined(_EMPTY[name])
    part, total = weighed
    if total <= 0:
        return undefined("the weights of these rows add up to 0", of)
    value = part / total
    if square is None:
        return Estimate(value, n=of, method=NO_INTERVAL_WEIGHTED)
    effective = kish(total * 1e-12, square[1] * 1e-12)
    low, high = wilson(value, effective, level.z)
    return Estimate(value, low, high, of, WEIGHTED, None, effective)
