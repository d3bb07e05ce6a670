"""Everything that is measured of datasets before training, family by family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.metrics import drift_metrics
from assay.metrics.drift import compare_counts
from assay.metrics.duplicates import duplicates
from assay.metrics.expectations import expectations, freshness
from assay.metrics.foretelling import foretelling
from assay.metrics.intervals.level import at_level
from assay.metrics.label_consistency import label_consistency
from assay.metrics.label_noise import label_noise
from assay.metrics.label_shift import label_shift
from assay.metrics.missingness import MISSING, missingness
from assay.metrics.observing import observe
from assay.metrics.overlap import overlap
from assay.metrics.representation import representation
from assay.records.measurement import Measurement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.records.benchmark import Benchmark
    from assay.records.dataset_counts import DatasetCounts

_ALIGNED = frozenset(metric.name for metric in drift_metrics.METRICS) - {MISSING.name}


def measure_datasets(
    counts: DatasetCounts,
    benchmarks: Sequence[Benchmark] = (),
    *,
    intersections: Sequence[Sequence[str]] = (),
    level: float = 0.95,
    minimum_group: int = 30,
) -> tuple[Measurement, ...]:
    """Measure datasets from their counts.

    Args:
        counts: of the datasets.
        benchmarks: the populations that the measured one is held against.
        intersections: combinations of attributes whose groups are measured, too.
        level: two-sided confidence of the intervals.
        minimum_group: smaller groups take no part in comparisons.
    """
    at = at_level(level)
    return (
        *representation(counts, benchmarks, intersections, at),
        *label_consistency(counts, intersections, at),
        *label_noise(counts, intersections, at),
        *label_shift(counts, at),
        *missingness(counts, intersections, at, minimum_group=minimum_group),
        *duplicates(counts, at),
        *overlap(counts, at),
        *foretelling(counts, at),
        *expectations(counts, at),
        *freshness(counts, at),
        *_alignment(counts, level),
    )


def _alignment(counts: DatasetCounts, level: float) -> Iterator[Measurement]:
    """Yield drift and quality of each other dataset against the measured one, column by column."""
    for role, reason in counts.absent.items():
        about = {"dataset": role, "other": counts.measured_on}
        for metric in drift_metrics.METRICS:
            if metric.name in _ALIGNED:
                yield observe(metric, None, 0, level=at_level(level), about=about, reason=reason)
    for pair in counts.alignments:
        for one in compare_counts(pair.comparison, level=level):
            if one.metric in _ALIGNED:
                yield Measurement(
                    metric=one.metric, value=one.value, interval=one.interval, level=one.level, n=one.n, unit=one.unit,
                    reason=one.reason, method=one.method,
                    bound=one.bound or msgspec.UNSET,
                    about={"column": one.column, "dataset": pair.dataset, "other": pair.other},
                )  # fmt: skip
