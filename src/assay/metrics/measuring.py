"""From a tally to every measurement: overall, per group, between groups, and for intersections."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, TypedDict, Unpack

from assay.errors import InputError
from assay.metrics import family, impact
from assay.metrics.between import compare
from assay.metrics.catalogue import METRICS, ORDER, known
from assay.metrics.comparisons import COMPARISONS
from assay.metrics.entropy import entropy_between
from assay.metrics.groups import base_groups, intersections, merge
from assay.metrics.histogram import rank
from assay.metrics.intervals.level import at_level
from assay.metrics.metric import Estimate, undefined
from assay.metrics.multiclass import classes, one_against_rest
from assay.records.measurement import Measurement, Over, joined

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from assay.metrics.groups import Group, Grouping
    from assay.metrics.histogram import Points
    from assay.metrics.impact import Median, Share
    from assay.records.tally import GroupValue, Tally

_IMPACT = ("impact_ratio", "two_proportion_z", "fisher_exact_p")
_NO_FAVOURABLE = (
    "of more than two classes none was named favourable, so nobody's outcome can be called good: "
    "name it with --favourable, or `favourable:` in assay.yaml"
)
_BETWEEN_ENTROPY = "between_group_generalized_entropy_index"


class _Told(TypedDict, total=False):
    """What a measurement says beside its estimate; see `Measurement`."""

    group: dict[str, GroupValue]
    over: Over
    interval: tuple[float, float]
    one_of: str | int
    method: str
    minimum_group: int
    left_out: tuple[dict[str, GroupValue], ...]
    lowest: dict[str, GroupValue]
    highest: dict[str, GroupValue]
    bound: float


def measure(
    tally: Tally,
    *,
    level: float = 0.95,
    intersections: bool | Sequence[Sequence[str]] = False,
    minimum_group: int = 1,
    metrics: Collection[str] | None = None,
) -> tuple[Measurement, ...]:
    """Return every measurement of a tally, in the order of `METRICS`; the same tally gives the same bytes.

    Rows without a label count for metrics that need none and are left out of the others. People whose membership is
    not known (``None``) are a group with measurements of its own, but nobody can treat them differently on purpose:
    like groups under the minimum size they take no part in comparisons and are listed in ``left_out`` (pandas and
    Fairlearn drop them as well). A comparison in which the value of a group that takes part is undefined is
    undefined, and names that group. Every interval is computed, those of ranges over several groups too: nothing is
    resampled, so there is no seed, and the same tally gives the same bytes.

    Args:
        tally: the counts.
        level: two-sided confidence of the intervals, from 0.5 to under 1.
        intersections: True: every pair of attributes and all of them together; or the intersections by name.
        minimum_group: groups with fewer rows decide nothing: they are measured, and left out of comparisons.
        metrics: names; None: all that the tally's columns allow. One that they do not allow has no value, and a reason.

    Returns:
        Overall, then by each attribute, then by intersections, within each metric.

    Raises:
        InputError: for an unknown metric or attribute, or a level or minimum out of range.
    """
    if minimum_group < 0:
        raise InputError(f"expected a minimum group size of 0 or more, found {minimum_group}")
    if metrics is not None:
        known(metrics)
    return _Measuring(tally, level, minimum_group, metrics).all(intersections)


def _missing(tally: Tally, name: str) -> str | None:
    """Return why a tally cannot have a metric; None when it can."""
    metric, roles = METRICS[name], tally.roles
    if roles.task not in metric.tasks:
        return f"defined for {' and '.join(metric.tasks)} outcomes; this tally's is {roles.task}"
    lacking = [need for need in metric.needs if getattr(roles, need) is None]
    if lacking:
        return f"no {' and no '.join(lacking)} column was named"
    compares = metric.scope == "between" or name in _IMPACT or name.startswith("scoring_")
    if compares and not roles.protected:
        return "no protected attribute was named: there are no groups to compare"
    return None


class _Measuring:
    """One call's tally, choices and findings."""

    def __init__(self, tally: Tally, level: float, minimum: int, metrics: Collection[str] | None) -> None:
        self.tally = tally
        self.level = at_level(level)
        self.minimum = minimum
        asked = set(METRICS if metrics is None else metrics)
        self.missing = {} if metrics is None else {name: why for name in asked if (why := _missing(tally, name))}
        self.names = {name for name in asked if _missing(tally, name) is None}
        self.comparisons = [comparison for comparison in COMPARISONS if comparison.metric.name in self.names]
        self.needed = self.names | {of for comparison in self.comparisons for of in comparison.of}
        roles = tally.roles
        named = roles.favourable if roles.favourable is not None else roles.positive
        self.favourable = 1 if roles.task == "binary" else named
        self.found: list[Measurement] = []

    def all(self, asked: bool | Sequence[Sequence[str]]) -> tuple[Measurement, ...]:
        crossed = intersections(self.tally, asked)
        groups, axis = base_groups(self.tally)
        everybody = merge(self.tally, groups, ())
        for name in sorted(self.missing, key=ORDER.__getitem__):
            self.tell(name, undefined(self.missing[name], everybody.groups[0].rows))
        middle = None
        if axis is not None and everybody.groups[0].scores is not None:
            middle = impact.median(everybody.groups[0].scores.everybody(axis), axis)
        every_class = classes(groups) if self.tally.roles.task == "multiclass" else []
        if every_class and self.favourable is not None:
            # A command line or a YAML file may write class 2 as text: the tally says which kind it is.
            same = [each for each in every_class if str(each) == str(self.favourable)]
            self.favourable = same[0] if same else self.favourable
        self.grouping(everybody, axis, middle, every_class)
        for attributes in [(name,) for name in self.tally.roles.protected] + crossed:
            self.grouping(merge(self.tally, groups, attributes), axis, middle, every_class)
        return tuple(sorted(self.found, key=lambda measurement: ORDER[measurement.metric]))

    def grouping(
        self,
        grouping: Grouping,
        axis: Points | None,
        middle: Median | None,
        every_class: list[str | int],
    ) -> None:
        """Measure the groups of one grouping, and compare them."""
        task = self.tally.roles.task
        if axis is not None and "roc_auc" in self.needed:
            rank([group.scores for group in grouping.groups if group.scores is not None], axis)
        if task == "binary":
            table = [family.binary(group, axis, self.needed, self.level) for group in grouping.groups]
        elif task == "multiclass":
            table = [family.many_classes(group, self.level) for group in grouping.groups]
        else:
            table = [family.errors(group, self.needed, self.level) for group in grouping.groups]
        self.groups(grouping, table)
        self.between(grouping, table)
        for each in every_class:
            rows = [family.one_class(group, each, self.level) for group in grouping.groups]
            self.groups(grouping, rows, each)
            self.between(grouping, rows, each)
        if grouping.attributes:
            self.impact(grouping, axis, middle)

    def groups(self, grouping: Grouping, table: list[dict[str, Estimate]], one_of: str | int | None = None) -> None:
        for group, row in zip(grouping.groups, table, strict=True):
            told: _Told = {"group": grouping.named(group)} | _of_class(one_of)
            for name, estimate in row.items():
                if name in self.names and (one_of is None or METRICS[name].per_class):
                    self.tell(name, estimate, **told)

    def takes_part(self, group: Group) -> bool:
        return group.known and group.rows >= self.minimum

    def between(self, grouping: Grouping, table: list[dict[str, Estimate]], one_of: str | int | None = None) -> None:
        if not grouping.attributes:
            return
        parts = [number for number, group in enumerate(grouping.groups) if self.takes_part(group)]
        groups = [grouping.groups[number] for number in parts]
        rows = [table[number] for number in parts]
        few = self.too_few(len(groups))
        told: _Told = {
            "over": Over(attribute=joined(grouping.attributes)),
            "minimum_group": self.minimum,
            "left_out": tuple(grouping.named(group) for group in grouping.groups if not self.takes_part(group)),
        } | _of_class(one_of)

        def name_of(number: int) -> str:
            return ", ".join(f"{key} {value!r}" for key, value in grouping.named(groups[number]).items())

        def ends(estimate: Estimate) -> _Told:
            low, high = estimate.lowest, estimate.highest
            if low is None or high is None:
                return {}
            return {"lowest": grouping.named(groups[low]), "highest": grouping.named(groups[high])}

        for comparison in self.comparisons:
            per_class = one_of is not None
            if self.tally.roles.task == "multiclass" and comparison.metric.per_class != per_class:
                continue
            estimate = few or compare(comparison, rows, name_of, self.level)
            self.tell(comparison.metric.name, estimate, **(told | ends(estimate)))
        if _BETWEEN_ENTROPY in self.names and one_of is None:
            estimate = few or entropy_between(groups, self.level)
            self.tell(_BETWEEN_ENTROPY, estimate, **told)

    def too_few(self, count: int) -> Estimate | None:
        if count > 1:
            return None
        size = f" with at least {self.minimum} rows" if self.minimum > 1 else ""
        return undefined(f"expected at least two groups of known membership{size} to compare, found {count}")

    def impact(self, grouping: Grouping, axis: Points | None, middle: Median | None) -> None:
        if not self.names.isdisjoint(_IMPACT) and self.favourable is None:
            over = Over(attribute=joined(grouping.attributes))
            for group in grouping.groups:
                for name in _IMPACT:
                    if name in self.names:
                        unnamed = undefined(_NO_FAVOURABLE, group.rows)
                        self.tell(name, unnamed, group=grouping.named(group), over=over)
        elif not self.names.isdisjoint(_IMPACT):
            self.table(grouping, [self.selection_share(group) for group in grouping.groups])
        if not self.names.isdisjoint("scoring_" + name for name in _IMPACT):
            shares: list[Share | None] = [None] * len(grouping.groups)
            if axis is not None and middle is not None:
                shares = [
                    impact.scoring_share(group, axis, middle, family.design_effect(group)) for group in grouping.groups
                ]
            self.table(grouping, shares, "scoring_")

    def selection_share(self, group: Group) -> Share | None:
        if self.tally.roles.task == "binary" or self.favourable is None:
            return impact.selection_share(group, favourable_is_positive=self.tally.favourable_is_positive)
        return impact.selection_share(_against_rest(group, self.favourable), favourable_is_positive=True)

    def table(self, grouping: Grouping, shares: list[Share | None], prefix: str = "") -> None:
        """Tell one impact table: the ratio of each group that takes part, and why the others do not."""
        over = Over(attribute=joined(grouping.attributes))
        parts = [self.takes_part(group) for group in grouping.groups]
        few = self.too_few(sum(parts))
        top = impact.highest([share for share, part in zip(shares, parts, strict=True) if part])
        for group, share, part in zip(grouping.groups, shares, parts, strict=True):
            if few is None and part:
                estimates = impact.impact(share, top, self.level)
            else:
                why = few if few is not None else undefined(self.why_left_out(group))
                estimates = (Estimate(None, n=group.rows, reason=why.reason),) * 3
            for name, estimate in zip(_IMPACT, estimates, strict=True):
                if prefix + name in self.names:
                    self.tell(prefix + name, estimate, group=grouping.named(group), over=over)

    def why_left_out(self, group: Group) -> str:
        if not group.known:
            return "membership is not known: takes no part in comparisons"
        return (
            f"the group has {group.rows} rows, fewer than the minimum of {self.minimum}: takes no part in comparisons"
        )

    def tell(self, name: str, estimate: Estimate, **told: Unpack[_Told]) -> None:
        """Tell one measurement; what is not said of it is not passed on: thousands are told, each field costs."""
        low, high = estimate.low, estimate.high
        if estimate.value is not None and low is not None and high is not None and high - low != float("inf"):
            told["interval"] = (low, high)
        if estimate.method:
            told["method"] = estimate.method
        if estimate.bound is not None:
            told["bound"] = estimate.bound
        measured = Measurement(
            metric=name,
            value=estimate.value,
            level=self.level.level,
            n=estimate.n,
            unit=METRICS[name].unit,
            reason=estimate.reason,
            **told,
        )
        self.found.append(measured)


def _of_class(one_of: str | int | None) -> _Told:
    return {} if one_of is None else {"one_of": one_of}


def _against_rest(group: Group, favourable: str | int) -> Group:
    counts = one_against_rest(group.confusion, favourable)
    weights = one_against_rest(group.weighed, favourable)
    squares = one_against_rest(group.weighed_squares, favourable)
    found = copy(group)
    found.counts, found.weights, found.squares = counts or group.counts, weights, squares
    return found
