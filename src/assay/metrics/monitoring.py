"""Everything that is measured of a window of served rows beside its tally, family by family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.metrics import drift_metrics
from assay.metrics.arrival import arrival, order
from assay.metrics.concept_drift import concept_drift
from assay.metrics.drift import compare_counts
from assay.metrics.estimated_performance import estimated_performance
from assay.metrics.intervals.level import at_level
from assay.metrics.prediction_drift import prediction_drift
from assay.metrics.prediction_spread import number_spread
from assay.records.measurement import Measurement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.records.comparison import ColumnCounts, TableComparison
    from assay.records.tally import Tally
    from assay.records.window import WindowCounts

_OF_COLUMNS = frozenset(metric.name for metric in drift_metrics.METRICS)


@dataclass(frozen=True, kw_only=True)
class Before:
    """What a window is held against beside the reference's columns.

    Attributes:
        tally: the release's counts; None when there are none.
        measurements: those that the release was approved by; None when there are none.
        why: why there are none.
        window: name and last time of the window before; None for the first one.
    """

    tally: Tally | None = None
    measurements: tuple[Measurement, ...] | None = None
    why: str = ""
    window: tuple[str, str] | None = None


def measure_window(
    counts: WindowCounts,
    comparison: TableComparison,
    tallies: tuple[Tally, Tally | None],
    measured: Sequence[Measurement],
    before: Before,
    *,
    predictions: ColumnCounts | None = None,
    level: float = 0.95,
) -> tuple[Measurement, ...]:
    """Measure a window from its counts.

    Args:
        counts: what came and what is late.
        comparison: every column against the reference.
        tallies: of the window; and the one by prediction, None without scores.
        measured: what was measured of the window's tally.
        before: what it is held against.
        predictions: of a regression: the column of predictions against the reference.
        level: two-sided confidence of the intervals.
    """
    at = at_level(level)
    task = tallies[0].roles.task
    moved = prediction_drift(tallies[0], before.tally, at, why=before.why) if predictions is None else ()
    return (
        *column_drift(comparison, level),
        *moved,
        *(number_spread(predictions, at) if predictions is not None else ()),
        *concept_drift(measured, before.measurements, counts, at, task=task, why=before.why),
        *(estimated_performance(tallies[1], before.tally, measured, at, why=before.why) if task == "binary" else ()),
        *arrival(counts, tallies[0], at),
        order(counts.span.start if counts.span is not None else None, before.window, counts.rows, at),
    )


def column_drift(comparison: TableComparison, level: float) -> Iterator[Measurement]:
    """Yield drift and quality of each column, as measurements."""
    for one in compare_counts(comparison, level=level):
        if one.metric in _OF_COLUMNS:
            yield Measurement(
                metric=one.metric, value=one.value, interval=one.interval, level=one.level, n=one.n, unit=one.unit,
                reason=one.reason, method=one.method, bound=one.bound or msgspec.UNSET, about={"column": one.column},
            )  # fmt: skip
