"""Rows that repeat others: equal in every column, or of an identifier that another row bears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics.metric import Metric
from assay.metrics.observing import fact, observe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.metrics.intervals.level import Level
    from assay.records.dataset_counts import DatasetCounts
    from assay.records.measurement import Measurement

ROWS = Metric(
    name="duplicate_share", title="share of rows equal in every column to an earlier one", unit="rate",
    scope="observed", higher_is_better=False, formula="(rows - different rows) / rows", source="a share",
    counted=True,
)  # fmt: skip
IDENTIFIERS = Metric(
    name="identifier_duplicate_share", title="share of rows whose identifier an earlier one bears", unit="rate",
    scope="observed", higher_is_better=False, formula="(rows - different identifiers) / rows with an identifier",
    source="a share",
    counted=True,
)  # fmt: skip
METRICS = (ROWS, IDENTIFIERS)


def duplicates(counts: DatasetCounts, level: Level) -> Iterator[Measurement]:
    """Yield the share of repeated rows of each dataset, and of repeated identifiers where one was named."""
    for one in counts.repeats:
        about = {"dataset": one.dataset}
        yield fact(ROWS, one.repeated / one.rows, one.rows, level=level, about=about)
        if one.identified:
            value = (one.identifier_repeated or 0) / one.identified
            yield fact(IDENTIFIERS, value, one.identified, level=level, about=about)
        else:
            reason = one.reason or "no identifier is named in assay.yaml (data.identifier)"
            yield observe(IDENTIFIERS, None, one.rows, level=level, about=about, reason=reason)
