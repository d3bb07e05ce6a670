"""How predictions that are no yes or no are spread now, against then: classes by their counts, numbers by their bins.

Classes are held against the release's tally, by group. Numbers (of a regression) are held against the reference's
rows or profile, as any column is: a tally keeps errors, and no predictions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.metrics.drift import compare_counts
from assay.metrics.metric import INFINITY, Metric
from assay.metrics.observing import observe
from assay.records.comparison import Category, ColumnCounts, Side, TableComparison

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from assay.metrics.intervals.level import Level
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue

_OF_PREDICTIONS = {
    "psi": Metric(
        name="prediction_psi", title="population stability index of the predictions", unit="score", scope="observed",
        needs=("prediction",), tasks=("multiclass", "regression"), higher_is_better=False, high=INFINITY,
        formula="sum over classes, or the reference's tenths, of (q - p) ln(q / p)",
        source='Siddiqi 2006, "Credit Risk Scorecards", Wiley, chapter 8',
    ),
    "jensen_shannon": Metric(
        name="prediction_jensen_shannon", title="Jensen-Shannon distance of the predictions, to base 2", unit="score",
        scope="observed", needs=("prediction",), tasks=("multiclass", "regression"), higher_is_better=False,
        formula="square root of the divergence", source="Endres and Schindelin 2003, IEEE Trans. Inf. Theory 49(7)",
    ),
    "ks": Metric(
        name="prediction_ks", title="Kolmogorov-Smirnov distance of the predictions", unit="difference",
        scope="observed", needs=("prediction",), tasks=("regression",), higher_is_better=False,
        formula="greatest distance of the distribution functions", source="Smirnov 1939",
    ),
    "wasserstein": Metric(
        name="prediction_wasserstein", title="Wasserstein distance of the predictions, in their own unit",
        unit="difference", scope="observed", needs=("prediction",), tasks=("regression",), higher_is_better=False,
        high=INFINITY, formula="area between the distribution functions",
        source="Vallender 1973, Theory Probab. Appl. 18(4)",
    ),
}  # fmt: skip
METRICS = tuple(_OF_PREDICTIONS.values())


def class_spread(
    column: str, then: Counter[str] | None, now: Counter[str], group: dict[str, GroupValue], level: Level
) -> Iterator[Measurement]:
    """Yield the distances of the predicted classes of one group.

    Args:
        column: of the predictions.
        then: rows by class at the release; None where it had nobody of the group.
        now: rows by class in the window.
        group: whom it is about.
        level: of the intervals.
    """
    if then is None:
        for metric in METRICS:
            if "multiclass" in metric.tasks:
                reason = "the release's rows had nobody of this group"
                yield observe(metric, None, now.total(), level=level, group=group, reason=reason)
        return
    sides = [Side(type="VARCHAR", rows=one.total()) for one in (then, now)]
    names = sorted({*then, *now})
    counts = ColumnCounts(
        column=column, kind="category", reference=sides[0], current=sides[1],
        categories=tuple(Category(name, then[name], now[name]) for name in names),
    )  # fmt: skip
    yield from _spread(counts, group, level, "multiclass")


def number_spread(counts: ColumnCounts, level: Level) -> Iterator[Measurement]:
    """Yield the distances of predictions that are numbers.

    Args:
        counts: the column of predictions, in the reference and in the window.
        level: of the intervals.
    """
    yield from _spread(counts, {}, level, "regression")


def _spread(counts: ColumnCounts, group: dict[str, GroupValue], level: Level, task: str) -> Iterator[Measurement]:
    comparison = TableComparison(
        reference_rows=counts.reference.rows, current_rows=counts.current.rows, columns=(counts,)
    )
    about = {"column": counts.column} if task == "regression" else None
    found = {one.metric: one for one in compare_counts(comparison, level=level.level)}
    for name, metric in _OF_PREDICTIONS.items():
        one = found.get(name)
        if task not in metric.tasks:
            continue
        if one is None:
            reason = counts.reason or "the predictions are no numbers"
            yield observe(metric, None, counts.current.rows, level=level, group=group, about=about, reason=reason)
            continue
        yield observe(
            metric, one.value, one.n, level=level, interval=one.interval, reason=one.reason, method=one.method,
            group=group, about=about, bound=one.bound or msgspec.UNSET,
        )  # fmt: skip
