"""Values that are missing: in a column, and more in one group than in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics.drift_metrics import METRICS as _OF_COLUMNS
from assay.metrics.intervals import extremes
from assay.metrics.intervals.mover import fold
from assay.metrics.intervals.score import METHOD, miettinen_nurminen
from assay.metrics.intervals.wilson import wilson
from assay.metrics.metric import Metric
from assay.metrics.observing import groupings, observe, share, sums
from assay.records.measurement import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.metrics.intervals.level import Level
    from assay.records.dataset_counts import ColumnMissing, DatasetCounts
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue

MISSING = next(metric for metric in _OF_COLUMNS if metric.name == "missing_share")
GAP = Metric(
    name="missing_gap", title="greatest difference between two groups in the share of rows without a value",
    unit="difference", scope="observed", higher_is_better=False,
    formula="max over groups - min over groups of the missing share",
    source="Fernando et al. (2021), International Journal of Intelligent Systems 36(7) (missing values and fairness)",
)  # fmt: skip
METRICS = (GAP,)


def missingness(
    counts: DatasetCounts, intersections: Sequence[Sequence[str]], level: Level, *, minimum_group: int
) -> Iterator[Measurement]:
    """Yield the missing share of each column, and the gap between groups.

    Args:
        counts: of the datasets.
        intersections: combinations of attributes.
        level: of the intervals.
        minimum_group: smaller groups take no part in gaps.
    """
    for column in counts.missing:
        rows, missing = (sum(getattr(cell, name) for cell in column.cells) for name in ("rows", "missing"))
        yield share(MISSING, missing, rows, level=level, about={"column": column.column})
        for names, read in groupings(counts.attributes, intersections):
            if column.column not in names:
                groups = sums(column.cells, read, "rows", "missing")
                yield _gap(column, names, groups, level, minimum_group)


def _gap(
    column: ColumnMissing,
    names: tuple[str, ...],
    groups: dict[tuple[GroupValue, ...], list[int]],
    level: Level,
    minimum_group: int,
) -> Measurement:
    about, over = {"column": column.column}, joined(names)
    part = {group: found for group, found in groups.items() if None not in group and found[0] >= minimum_group}
    people = sum(rows for rows, _ in part.values())
    if len(part) < 2:  # noqa: PLR2004 - a gap is between two
        reason = f"fewer than two groups have {minimum_group} rows"
        return observe(GAP, None, people, level=level, about=about, over=over, reason=reason)
    shares = {group: missing / rows for group, (rows, missing) in part.items()}
    lowest, highest = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
    value = shares[highest] - shares[lowest]
    if len(part) == 2:  # noqa: PLR2004 - two groups have a closed form
        (rows, missing), (others, lacking) = part.values()
        low, high = fold(*miettinen_nurminen(missing, rows, lacking, others, level.z))
        method = METHOD
    else:
        wanted = extremes.pairs_quantile(len(part), level.level)
        plain, wide = (
            [(shares[group], *wilson(shares[group], rows, z)) for group, (rows, _) in part.items()]
            for z in (level.z, wanted)
        )
        low, high = extremes.range_interval([plain], [wide])
        method = extremes.METHOD
    return observe(
        GAP, value, people, level=level, about=about, over=over, interval=(min(low, value), min(1.0, max(high, value))),
        method=method, lowest=dict(zip(names, lowest, strict=True)), highest=dict(zip(names, highest, strict=True)),
        minimum_group=minimum_group,
    )  # fmt: skip
