"""What became of people's decisions, pair by pair on the same rows: before and after."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import msgspec

from assay.metrics.catalogue import METRICS
from assay.records.mitigation import Change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from assay.diagnosis.mitigation.table import Array, Table
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue

LEAST_CHANGE = 0.005
"""A lesser change, half a point, is not told: nobody would act on it."""

TOLD_ALREADY = ("false_negative_rate", "true_negative_rate")
"""One less another rate: to tell both is to tell one thing twice."""

PER_PERSON = ("accuracy", "selection_rate", "true_positive_rate", "false_positive_rate")


def paired_interval(lost: int, gained: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a difference of proportions on the same rows.

    Agresti and Min (2005), Simple improved confidence intervals for comparing matched proportions, Statistics in
    Medicine 24:729-740: Wald's interval with one half added to each cell.

    Args:
        lost: rows that had it before and have it no more.
        gained: rows that have it now and had it not.
        n: rows.
        level: two-sided confidence.
    """
    z, total = NormalDist().inv_cdf(0.5 + level / 2), n + 2
    middle = (gained - lost) / total
    spread = z * sqrt(max(gained + lost + 1 - (gained - lost) ** 2 / total, 0.0)) / total
    return max(middle - spread, -1.0), min(middle + spread, 1.0)


def paired_changes(
    table: Table,
    before: Array,
    after: Array,
    *,
    level: float,
    protected: Sequence[str],
) -> tuple[Change, ...]:
    """Return the change of each rate, for everybody and for each group of each attribute.

    Args:
        table: the rows; without weights, else there are no pairs to count.
        before: decisions, 0 or 1, a row each.
        after: likewise.
        level: two-sided confidence of the intervals.
        protected: the attributes.
    """
    if table.weight is not None:
        return ()
    import numpy as np  # noqa: PLC0415 - an extra

    pair = (before == 1, after == 1)
    found = list(_of_rows(table, pair, np.ones(table.count, dtype=bool), {}, level))
    for name in protected:
        groups = table.groups[name]
        for value in sorted({one for one in groups.tolist() if one is not None}, key=str):
            members = np.array([one == value for one in groups.tolist()])
            found.extend(_of_rows(table, pair, members, {name: value}, level))
    return tuple(found)


def _of_rows(
    table: Table,
    pair: tuple[Array, Array],
    members: Array,
    group: dict[str, GroupValue],
    level: float,
) -> Iterator[Change]:
    label = table.label
    known = label >= 0
    rows = {
        "accuracy": members & known,
        "selection_rate": members,
        "true_positive_rate": members & (label == 1),
        "false_positive_rate": members & (label == 0),
    }
    for metric in PER_PERSON:
        inside = rows[metric]
        n = int(inside.sum())
        if not n:
            continue
        had, has = pair[0][inside], pair[1][inside]
        if metric == "accuracy":
            had, has = had == (label[inside] == 1), has == (label[inside] == 1)
        lost, gained = int((had & ~has).sum()), int((~had & has).sum())
        interval = paired_interval(lost, gained, n, level)
        yield Change(
            metric=metric, group=group, before=float(had.mean()), after=float(has.mean()), change=(gained - lost) / n,
            interval=interval, sure=interval[0] > 0 or interval[1] < 0, n=n,
        )  # fmt: skip


def measured_changes(
    before: Sequence[Measurement], after: Sequence[Measurement], named: Collection[str]
) -> tuple[Change, ...]:
    """Return the change of each comparison between groups, and of each metric of everybody that is no rate of people.

    Without pairs it is sure when the two intervals lie apart: a stricter rule than either interval.

    Args:
        before: what was measured before.
        after: what is measured now.
        named: metrics that the policy holds to a limit; of others only what is sure is told.
    """
    earlier = {_key(one): one for one in before}
    found: dict[tuple[object, ...], Change] = {}
    for one in after:
        then = earlier.get(_key(one))
        known = METRICS.get(one.metric)
        if then is None or known is None or known.higher_is_better is None or one.metric in TOLD_ALREADY:
            continue
        if one.value is None or then.value is None or one.metric in PER_PERSON or one.about is not msgspec.UNSET:
            continue
        apart = (
            one.interval is not None and then.interval is not None
            and (one.interval[0] > then.interval[1] or one.interval[1] < then.interval[0])
        )  # fmt: skip
        over = None if one.over is msgspec.UNSET else one.over.attribute
        change = Change(
            metric=one.metric, group=one.group, over=over, before=then.value, after=one.value,
            change=one.value - then.value, sure=apart, n=one.n,
        )  # fmt: skip
        if apart or one.metric in named:
            found.setdefault(_key(one)[:3], change)  # a comparison at several minimum group sizes is told once
    return tuple(found.values())


def _key(one: Measurement) -> tuple[object, ...]:
    over = None if one.over is msgspec.UNSET else one.over.attribute
    return one.metric, tuple(sorted(one.group.items(), key=str)), over, one.minimum_group, one.about is msgspec.UNSET


def sorted_out(
    changes: Sequence[Change], *, favourable_is_positive: bool
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Return what got worse and what got better: the sure ones first, then by how much.

    Fewer favourable decisions for a group are worse for the people in it, whatever else they mean.
    """
    worse: list[Change] = []
    better: list[Change] = []
    for one in changes:
        if abs(one.change) < LEAST_CHANGE:
            continue
        higher = METRICS[one.metric].higher_is_better
        if one.metric == "selection_rate":
            higher = favourable_is_positive if one.group else None
        if higher is not None:
            (better if (one.change > 0) == higher else worse).append(one)

    def order(one: Change) -> tuple[object, ...]:
        return (not one.sure, -abs(one.change), one.metric, sorted(one.group.items(), key=str), one.over or "")

    return tuple(sorted(worse, key=order)), tuple(sorted(better, key=order))
