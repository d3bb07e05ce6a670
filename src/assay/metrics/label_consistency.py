"""Labels that contradict each other: equal features, different labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics.metric import Metric
from assay.metrics.observing import groupings, observe, share, sums

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.metrics.intervals.level import Level
    from assay.records.dataset_counts import DatasetCounts
    from assay.records.measurement import Measurement

CONFLICTS = Metric(
    name="label_conflict_share", title="share of rows of which another row with equal features has another label",
    needs=("label",), unit="rate", scope="observed", higher_is_better=False,
    formula="rows in groups of equal features with more than one label / labelled rows",
    source="a share; Wilson's interval",
)  # fmt: skip
METRICS = (CONFLICTS,)


def label_consistency(
    counts: DatasetCounts, intersections: Sequence[Sequence[str]], level: Level
) -> Iterator[Measurement]:
    """Yield the share of conflicting labels, of everybody and of each group."""
    if counts.conflicts_reason is not None:
        yield observe(CONFLICTS, None, counts.rows, level=level, reason=counts.conflicts_reason)
        return
    for rows, conflicting in sums(counts.conflicts, lambda _: (), "rows", "conflicting").values():
        yield share(CONFLICTS, conflicting, rows, level=level)
    for names, read in groupings(counts.attributes, intersections):
        for group, (rows, conflicting) in sums(counts.conflicts, read, "rows", "conflicting").items():
            yield share(CONFLICTS, conflicting, rows, level=level, group=dict(zip(names, group, strict=True)))
