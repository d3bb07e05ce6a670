"""Rows of one dataset that are in another, such as rows of the test data that the model learns from."""

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
    name="overlap_share", title="share of rows of a dataset whose features all equal those of a row of another",
    unit="rate", scope="observed", higher_is_better=False, formula="rows with a twin in the other dataset / rows",
    source="Kapoor and Narayanan (2023), Patterns 4(9), section on duplicates between train and test data (L1.4)",
    counted=True,
)  # fmt: skip
IDENTIFIERS = Metric(
    name="identifier_overlap_share", title="share of rows of a dataset whose identifier is in another", unit="rate",
    scope="observed", higher_is_better=False, formula="rows whose identifier is in both / rows with an identifier",
    source="Kapoor and Narayanan (2023), Patterns 4(9), L1.4",
    counted=True,
)  # fmt: skip
METRICS = (ROWS, IDENTIFIERS)


def overlap(counts: DatasetCounts, level: Level) -> Iterator[Measurement]:
    """Yield the share of rows of each other dataset that are in the measured one, by features and by identifier."""
    for role, reason in counts.absent.items():
        for metric in METRICS:
            about = {"dataset": role, "other": counts.measured_on}
            yield observe(metric, None, 0, level=level, about=about, reason=reason)
    for one in counts.overlaps:
        about = {"dataset": one.dataset, "other": one.other}
        if one.same is None:
            yield observe(ROWS, None, one.rows, level=level, about=about, reason=one.reason)
        else:
            yield fact(ROWS, one.same / one.rows, one.rows, level=level, about=about)
        if one.identified:
            value = (one.same_identifier or 0) / one.identified
            yield fact(IDENTIFIERS, value, one.identified, level=level, about=about)
        else:
            nobody = "no identifier is named in assay.yaml (data.identifier)"
            reason = "no row has an identifier" if one.identified == 0 else one.reason or nobody
            yield observe(IDENTIFIERS, None, one.rows, level=level, about=about, reason=reason)
