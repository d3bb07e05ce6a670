"""What one feature alone foretells: the label (a leak, when it does so too well) or a group (then it stands in for it).

The values (or bins) of a feature are ranked in one half of the rows by how often the target occurs in them, and the
ranking is tried on the other half; then the halves change places. So a column of many values, which would rank the rows
that it was ranked by without fail, gains nothing by that.
"""

from __future__ import annotations

from itertools import accumulate, groupby
from typing import TYPE_CHECKING

from assay.metrics.intervals.auc import auc_interval
from assay.metrics.metric import Metric
from assay.metrics.observing import observe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assay.metrics.intervals.level import Level
    from assay.records.dataset_counts import DatasetCounts, FeatureCell, FeatureCounts
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue

_FORMULA = "area under the ROC curve of the feature's values, ranked on the other half of the rows; mean of both halves"
_SOURCE = (
    "LeDell, Petersen and van der Laan (2015), Electronic Journal of Statistics 9:1583-1607 (cross-validated AUC); "
    "DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845"
)
LABEL = Metric(
    name="feature_label_auc", title="how well one feature alone foretells the label (1: without fail)", unit="score",
    needs=("label",), scope="observed", higher_is_better=False, formula=_FORMULA, source=_SOURCE,
)  # fmt: skip
ATTRIBUTE = Metric(
    name="feature_attribute_auc", title="how well one feature alone tells a group from all others (1: without fail)",
    unit="score", scope="observed", higher_is_better=False, formula=_FORMULA, source=_SOURCE,
)  # fmt: skip
JOINT = Metric(
    name="joint_attribute_auc", title="how well all features together tell a group from all others (1: without fail)",
    unit="score", scope="observed", higher_is_better=False,
    formula="area under the ROC curve of cross-fitted probabilities", source=_SOURCE,
)  # fmt: skip
METRICS = (LABEL, ATTRIBUTE, JOINT)

SMALLEST = 5
"""Rows of a target, and rows without it, that each half must hold."""


def foretelling(counts: DatasetCounts, level: Level) -> Iterator[Measurement]:
    """Yield how well each feature alone foretells the label and each group, and how well all do so together."""
    for feature in counts.features:
        about = {"column": feature.column}
        yield _measured(LABEL, feature, lambda cell: cell.label, level, about=about)
    for feature in counts.features:
        for at, attribute in enumerate(counts.attributes):
            values = sorted({c.group[at] for c in counts.groups if c.group[at] is not None}, key=str)
            if len(values) == 2:  # noqa: PLR2004 - who is told from the other: the fewer
                rows = {v: sum(c.rows for c in counts.groups if c.group[at] == v) for v in values}
                values = [min(values, key=rows.__getitem__)]
            for value in values:
                group = {attribute: value}
                yield _measured(
                    ATTRIBUTE, feature, _is(at, value), level, about={"column": feature.column}, group=group
                )
    yield from _joint(counts, level)


def _is(at: int, value: GroupValue) -> Callable[[FeatureCell], int | None]:
    return lambda cell: None if cell.group[at] is None else int(cell.group[at] == value)


def _joint(counts: DatasetCounts, level: Level) -> Iterator[Measurement]:
    joint = counts.joint
    if joint.reason is not None:
        yield observe(JOINT, None, 0, level=level, reason=joint.reason)
        return
    for one in joint.groups:
        low, high, method = auc_interval(one.area, one.variance, one.inside, one.outside, level.z)
        method = f"{method}; {joint.made_by}, {one.outside:,} others"
        yield observe(JOINT, one.area, one.inside, level=level, group=one.group, interval=(low, high), method=method)


def _measured(
    metric: Metric,
    feature: FeatureCounts,
    target: Callable[[FeatureCell], int | None],
    level: Level,
    *,
    about: dict[str, str],
    group: dict[str, GroupValue] | None = None,
) -> Measurement:
    if feature.reason is not None:
        return observe(metric, None, 0, level=level, about=about, group=group, reason=feature.reason)
    halves: list[dict[int, list[int]]] = [{}, {}]
    for cell in feature.cells:
        side = target(cell)
        if side is not None:
            halves[cell.half].setdefault(cell.bin, [0, 0])[side] += cell.rows
    totals = [[sum(one[side] for one in half.values()) for side in (0, 1)] for half in halves]
    inside, outside = (totals[0][side] + totals[1][side] for side in (1, 0))
    n = inside if group is not None else inside + outside
    if min(totals[0] + totals[1]) < SMALLEST:
        words = "rows of the group" if group is not None else "rows of a label"
        reason = f"fewer than {SMALLEST} {words} (or of the others) are in one half of the data"
        return observe(metric, None, n, level=level, about=about, group=group, reason=reason)
    areas = [area_of(halves[1 - half], halves[half]) for half in (0, 1)]
    value = (areas[0][0] + areas[1][0]) / 2
    variance = (areas[0][1] + areas[1][1]) / 4
    low, high, method = auc_interval(value, variance, inside, outside, level.z)
    return observe(
        metric, value, n, level=level, about=about, group=group, interval=(low, high),
        method=f"{method}; over {feature.bins} values or bins, {outside:,} others",
    )  # fmt: skip


def area_of(ranked_by: dict[int, list[int]], tried_on: dict[int, list[int]]) -> tuple[float, float]:
    """Return the area of a ranking, and DeLong's variance of it.

    Args:
        ranked_by: value to (rows without the target, rows with it), in the half that ranks the values by the share of
            the target, shrunk by one row of the average.
        tried_on: the same in the half that the ranking is tried on; a value not seen before has the average rank.
    """
    without, having = (sum(one[side] for one in ranked_by.values()) for side in (0, 1))
    average = having / (having + without)

    def rank(value: int) -> float:
        before, after = ranked_by.get(value, (0, 0))
        return (after + average) / (before + after + 1)

    ordered = sorted((rank(value), found) for value, found in tried_on.items())
    ties = [[one for _, one in tied] for _, tied in groupby(ordered, key=lambda pair: pair[0])]
    negatives = [sum(one[0] for one in tied) for tied in ties]
    positives = [sum(one[1] for one in tied) for tied in ties]
    m, k = sum(positives), sum(negatives)
    below = [up_to - here / 2 for up_to, here in zip(accumulate(negatives), negatives, strict=True)]
    above = [m - up_to + here / 2 for up_to, here in zip(accumulate(positives), positives, strict=True)]
    area = sum(here * beaten for here, beaten in zip(positives, below, strict=True)) / (m * k)
    spread_m = sum(here * (beaten / k - area) ** 2 for here, beaten in zip(positives, below, strict=True)) / (m - 1)
    spread_k = sum(here * (beaten / m - area) ** 2 for here, beaten in zip(negatives, above, strict=True)) / (k - 1)
    return area, spread_m / m + spread_k / k
