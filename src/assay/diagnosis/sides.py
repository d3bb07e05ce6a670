"""Which groups stand against which: the two ends of a comparison, each with the groups that are like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from assay.diagnosis.arithmetic import two_rates

if TYPE_CHECKING:
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue, Tally

SELECTION = frozenset({
    "selection_rate",
    "demographic_parity_difference", "demographic_parity_ratio", "impact_ratio", "scoring_impact_ratio",
    "worst_group_selection_rate",
})  # fmt: skip
AMONG_POSITIVE = frozenset({
    "true_positive_rate", "false_negative_rate",
    "equal_opportunity_difference", "equal_opportunity_ratio", "false_negative_rate_difference",
    "worst_group_true_positive_rate", "worst_group_false_negative_rate",
})  # fmt: skip
AMONG_NEGATIVE = frozenset({
    "false_positive_rate", "true_negative_rate", "false_positive_rate_difference", "worst_group_false_positive_rate",
})  # fmt: skip
OF_A_GROUP = frozenset({
    "selection_rate", "true_positive_rate", "false_negative_rate", "false_positive_rate", "true_negative_rate",
    "precision", "accuracy",
})  # fmt: skip
"""Rates of one group that the decisions about its people make."""

EITHER = frozenset({"equalized_odds_difference", "equalized_odds_ratio"})
PRECISION = frozenset({"precision", "predictive_parity_difference", "worst_group_precision"})

Key: TypeAlias = "tuple[GroupValue, ...]"
"""A group: a value for each of the attributes compared."""

MOST_NAMED = 3
"""Of more groups of an intersection the number is told."""

LEAST_ROWS = 30
"""A group with fewer rows draws no other to its side."""


TOLD_APART = 1.96
"""Standard errors from which on two groups' rates differ (95 %)."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a metric compares, as a mean over some rows.

    Attributes:
        value: SQL of what is averaged, of the columns ``y``, ``d`` and ``s``.
        where: SQL of the rows it is averaged over.
        words: what it is, in words.
        by_label: whether it takes the label.
    """

    value: str
    where: str
    words: str
    by_label: bool = True


SELECTED = Rate("d", "d IS NOT NULL", "selection rate", by_label=False)
TRUE_POSITIVE = Rate("d", "y = 1", "true positive rate")
FALSE_POSITIVE = Rate("d", "y = 0", "false positive rate")
PRECISE = Rate("y", "d = 1 AND y IS NOT NULL", "precision")
ACCURATE = Rate("CAST(d = y AS INTEGER)", "y IS NOT NULL", "accuracy")
CALIBRATED = Rate("s - y", "y IS NOT NULL AND s IS NOT NULL", "mean score less the base rate")
DISTANT = Rate("abs(s - y)", "y IS NOT NULL AND s IS NOT NULL", "mean distance of score and label")


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one side by label and prediction; missing labels stand under -1."""

    cells: dict[tuple[int, int], int]

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.cells.values())

    def of(self, rate: Rate) -> tuple[int, int]:
        """Return (hits, rows) of a rate of decisions; of the others those of accuracy."""
        at = self.cells.get
        if rate is SELECTED:
            return sum(n for (_, d), n in self.cells.items() if d == 1), self.rows
        if rate is TRUE_POSITIVE:
            return at((1, 1), 0), at((1, 1), 0) + at((1, 0), 0)
        if rate is FALSE_POSITIVE:
            return at((0, 1), 0), at((0, 1), 0) + at((0, 0), 0)
        if rate is PRECISE:
            return at((1, 1), 0), at((1, 1), 0) + at((0, 1), 0)
        labelled = sum(n for (y, _), n in self.cells.items() if y >= 0)
        return at((1, 1), 0) + at((0, 0), 0), labelled

    @property
    def labels(self) -> tuple[int, int]:
        """Return (positive labels, labelled rows)."""
        positive = sum(n for (y, _), n in self.cells.items() if y == 1)
        return positive, sum(n for (y, _), n in self.cells.items() if y >= 0)


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of a comparison.

    Attributes:
        attributes: the protected attributes whose groups are compared; several of an intersection.
        focus: the groups of the smaller side, in whose words causes are told.
        reference: the groups of the other side.
        counts: of the focus and of the reference.
        smallest: rows that the rate of the smallest of the two extreme groups rests on.
        rate: what is compared.
        apart: groups with rows enough that are on neither side.
        looks: pairs of groups of which the two ends are one.
    """

    attributes: tuple[str, ...]
    focus: tuple[Key, ...]
    reference: tuple[Key, ...]
    counts: tuple[Counts, Counts]
    smallest: int
    rate: Rate
    apart: tuple[Key, ...] = ()
    looks: int = 1

    @property
    def gap(self) -> float:
        """Return the focus' rate less the reference's."""
        (x1, n1), (x0, n0) = (one.of(self.rate) for one in self.counts)
        return (x1 / n1 if n1 else 0.0) - (x0 / n0 if n0 else 0.0)

    @property
    def attribute(self) -> str:
        """The attributes in words: ``race and sex``."""
        return " and ".join(self.attributes)

    def named(self, focus: bool) -> str:
        """Return a side in words: ``race 'b'``."""
        return self.words_of(self.focus if focus else self.reference)

    def words_of(self, keys: tuple[Key, ...]) -> str:
        """Return groups in words."""
        if len(self.attributes) == 1:
            return f"{self.attribute} " + " or ".join(repr(value) for (value,) in keys)
        if len(keys) > MOST_NAMED:
            return f"{len(keys)} groups of {self.attribute}"
        return " or ".join(
            " and ".join(f"{a} {v!r}" for a, v in zip(self.attributes, key, strict=True)) for key in keys
        )


def rate_of(metric: str, tally: Tally, lowest: Counts, highest: Counts) -> Rate:
    """Return the rate that a metric compares; of several the one that differs most between the two groups."""
    named = (
        (SELECTION, SELECTED),
        (AMONG_POSITIVE, TRUE_POSITIVE),
        (AMONG_NEGATIVE, FALSE_POSITIVE),
        (PRECISION, PRECISE),
    )
    for names, rate in named:
        if metric in names:
            return rate
    if metric in EITHER:

        def apart(rate: Rate) -> float:
            (x1, n1), (x0, n0) = lowest.of(rate), highest.of(rate)
            return abs(x1 / n1 - x0 / n0) if n1 and n0 else 0.0

        return max((TRUE_POSITIVE, FALSE_POSITIVE), key=apart)
    if tally.roles.score is not None and metric == "calibration_gap":
        return CALIBRATED
    return DISTANT if "auc" in metric or "brier" in metric else ACCURATE


def sides_of(tally: Tally, measurement: Measurement, metric: str, attributes: tuple[str, ...]) -> Sides | None:
    """Return the two sides of a measured comparison; None where it has no value, or no two groups.

    A group's own rate stands against the group whose rate is farthest from it. Of more than two groups one joins the
    nearer end; one that is surely told from both is on no side, so that what is amiss with a group is not sought among
    people who are otherwise.
    """
    if measurement.value is None or not attributes:
        return None
    groups = groups_of(tally, attributes)
    low, high = measurement.lowest, measurement.highest
    if low is msgspec.UNSET or high is msgspec.UNSET:
        found = _ends_of_one(tally, groups, measurement, metric, attributes)
        if found is None:
            return None
        lowest, highest = found
    else:
        lowest, highest = (tuple(one[name] for name in attributes) for one in (low, high))
    if lowest == highest:
        return None
    rate = rate_of(metric, tally, groups[lowest], groups[highest])
    return _sides(attributes, groups, (lowest, highest), rate)


def _ends_of_one(
    tally: Tally, groups: dict[Key, Counts], measurement: Measurement, metric: str, attributes: tuple[str, ...]
) -> tuple[Key, Key] | None:
    """Return a group that was measured by itself (else that of the lowest rate), and the one farthest from it."""
    some = next(iter(groups.values()), Counts({}))
    rate = rate_of(metric, tally, some, some) if metric in OF_A_GROUP else SELECTED
    rates = {key: hits / rows for key, one in groups.items() for hits, rows in [one.of(rate)] if rows}
    if len(rates) < 2:  # noqa: PLR2004 - a comparison needs two
        return None
    named = set(attributes) <= set(measurement.group)
    mine = tuple(measurement.group[name] for name in attributes) if named else min(rates, key=lambda one: rates[one])
    if mine not in rates:
        return None
    if metric not in OF_A_GROUP:  # a ratio to the highest of its table
        return mine, max(rates, key=lambda one: rates[one])
    known = [key for key in rates if key != mine and groups[key].of(rate)[1] >= LEAST_ROWS] or [*({*rates} - {mine})]
    return mine, max(known, key=lambda one: abs(rates[one] - rates[mine]))


def groups_of(tally: Tally, attributes: tuple[str, ...]) -> dict[Key, Counts]:
    """Return the counts of each group that some attributes make, those with a missing value left out."""
    places = [tally.roles.protected.index(name) for name in attributes]
    found: dict[Key, dict[tuple[int, int], int]] = {}
    for cell in tally.cells:
        key = tuple(cell.group[place] for place in places)
        if None in key:
            continue
        label = -1 if cell.label is None else int(cell.label)
        predicted = -1 if cell.prediction is None else int(cell.prediction)
        counts = found.setdefault(key, {})
        counts[label, predicted] = counts.get((label, predicted), 0) + cell.count
    return {key: Counts(cells) for key, cells in found.items()}


def _sides(attributes: tuple[str, ...], groups: dict[Key, Counts], ends: tuple[Key, Key], rate: Rate) -> Sides:
    sides: tuple[list[Key], list[Key]] = ([ends[0]], [ends[1]])
    others = [key for key, counts in groups.items() if key not in ends and counts.of(rate)[1] >= LEAST_ROWS]
    for group in others:
        counts = groups[group]
        low, high = (abs(two_rates(*counts.of(rate), *groups[end].of(rate))[1]) for end in ends)
        if min(low, high) < TOLD_APART:
            sides[0 if low < high else 1].append(group)
    totals = [_sum([groups[group] for group in side]) for side in sides]
    focus = 0 if totals[0].rows <= totals[1].rows else 1
    return Sides(
        attributes=attributes,
        focus=tuple(sides[focus]),
        reference=tuple(sides[1 - focus]),
        counts=(totals[focus], totals[1 - focus]),
        smallest=min(groups[end].of(rate)[1] for end in ends),
        rate=rate,
        apart=tuple(group for group in others if group not in sides[0] and group not in sides[1]),
        looks=(len(others) + 2) * (len(others) + 1) // 2,
    )


def _sum(many: list[Counts]) -> Counts:
    total: dict[tuple[int, int], int] = {}
    for one in many:
        for key, count in one.cells.items():
            total[key] = total.get(key, 0) + count
    return Counts(total)
