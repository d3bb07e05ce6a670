"""What `assay.yaml` expects of columns, and rows that break it; the age of the newest row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics.metric import INFINITY, Metric
from assay.metrics.observing import fact, observe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.metrics.intervals.level import Level
    from assay.records.dataset_counts import DatasetCounts
    from assay.records.measurement import Measurement

BROKEN = Metric(
    name="expectation_broken_share", title="share of rows that break what assay.yaml expects of a column", unit="rate",
    scope="observed", higher_is_better=False, formula="rows that break it / rows", source="a share",
    counted=True,
)  # fmt: skip
AGE = Metric(
    name="newest_age_days", title="age of the newest row, in days", unit="score", scope="observed", high=INFINITY,
    higher_is_better=False, formula="(time of the measurement - newest time) / 86,400 s", source="a difference",
    counted=True,
)  # fmt: skip
METRICS = (BROKEN, AGE)

DAY = 86_400


def expectations(counts: DatasetCounts, level: Level) -> Iterator[Measurement]:
    """Yield the share of rows that break each expectation."""
    for one in counts.broken:
        about = {"column": one.column, "expectation": one.expectation}
        if one.reason is not None:
            yield observe(BROKEN, None, one.rows, level=level, about=about, reason=one.reason)
            continue
        told = None if one.found is None else f"found, for instance: {one.found}"
        yield fact(BROKEN, one.broken / one.rows, one.rows, level=level, about=about, reason=told)


def freshness(counts: DatasetCounts, level: Level) -> Iterator[Measurement]:
    """Yield the age of the newest row."""
    newest = counts.newest
    if newest is None:
        reason = "no column of times is named in assay.yaml (data.time)"
        yield observe(AGE, None, counts.rows, level=level, reason=reason)
        return
    about = {"column": newest.column}
    if newest.reason is not None or newest.seconds is None:
        yield observe(AGE, None, newest.rows, level=level, about=about, reason=newest.reason)
        return
    yield fact(AGE, newest.seconds / DAY, newest.rows, level=level, about=about)
