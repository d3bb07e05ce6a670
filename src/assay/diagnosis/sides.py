"""Which groups stand against which: the two ends of a comparison, each with the groups that are like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue, Tally

SELECTION = frozenset({
    "demographic_parity_difference", "demographic_parity_ratio", "impact_ratio", "scoring_impact_ratio",
    "worst_group_selection_rate",
})  # fmt: skip
AMONG_POSITIVE = frozenset({
    "equal_opportunity_difference", "equal_opportunity_ratio", "false_negative_rate_difference",
    "worst_group_true_positive_rate", "worst_group_false_negative_rate",
})  # fmt: skip
AMONG_NEGATIVE = frozenset({"false_positive_rate_difference", "worst_group_false_positive_rate"})
EITHER = frozenset({"equalized_odds_difference", "equalized_odds_ratio"})
PRECISION = frozenset({"predictive_parity_difference", "worst_group_precision"})

LEAST_ROWS = 30
"""A group with fewer rows draws no other to its side."""


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
        attribute: the protected attribute.
        focus: the groups of the smaller side, in whose words causes are told.
        reference: the groups of the other side.
        counts: of the focus and of the reference.
        smallest: rows that the rate of the smallest of the two extreme groups rests on.
        rate: what is compared.
    """

    attribute: str
    focus: tuple[GroupValue, ...]
    reference: tuple[GroupValue, ...]
    counts: tuple[Counts, Counts]
    smallest: int
    rate: Rate

    @property
    def gap(self) -> float:
        """Return the focus' rate less the reference's."""
        (x1, n1), (x0, n0) = (one.of(self.rate) for one in self.counts)
        return (x1 / n1 if n1 else 0.0) - (x0 / n0 if n0 else 0.0)

    def named(self, focus: bool) -> str:
        """Return a side in words: ``race 'b'``."""
        values = self.focus if focus else self.reference
        return f"{self.attribute} " + " or ".join(repr(value) for value in values)


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


def sides_of(tally: Tally, measurement: Measurement, metric: str) -> Sides | None:
    """Return the two sides of a measured comparison; None where it has no value, or no two groups.

    Of more than two groups those between the ends join the nearer end, when they have rows enough to tell.
    """
    attribute = measurement.over.attribute if measurement.over is not msgspec.UNSET else ""
    if attribute not in tally.roles.protected or measurement.value is None:
        return None
    groups = _groups(tally, attribute)
    rates = {value: one.of(SELECTED)[0] / one.rows for value, one in groups.items() if one.rows}
    low, high = measurement.lowest, measurement.highest
    if low is msgspec.UNSET or high is msgspec.UNSET:
        if len(rates) < 2:  # noqa: PLR2004 - a comparison needs two
            return None
        lowest = measurement.group.get(attribute, min(rates, key=lambda one: rates[one]))
        highest = max(rates, key=lambda one: rates[one])
    else:
        lowest, highest = low[attribute], high[attribute]
    if lowest == highest:
        return None
    rate = rate_of(metric, tally, groups[lowest], groups[highest])
    return _sides(attribute, groups, (lowest, highest), rate)


def _groups(tally: Tally, attribute: str) -> dict[GroupValue, Counts]:
    place = tally.roles.protected.index(attribute)
    found: dict[GroupValue, dict[tuple[int, int], int]] = {}
    for cell in tally.cells:
        if cell.group[place] is None:
            continue
        label = -1 if cell.label is None else int(cell.label)
        predicted = -1 if cell.prediction is None else int(cell.prediction)
        counts = found.setdefault(cell.group[place], {})
        counts[label, predicted] = counts.get((label, predicted), 0) + cell.count
    return {value: Counts(cells) for value, cells in found.items()}


def _sides(attribute: str, groups: dict[GroupValue, Counts], ends: tuple[GroupValue, GroupValue], rate: Rate) -> Sides:
    def value(one: Counts) -> float:
        hits, rows = one.of(rate)
        return hits / rows if rows else 0.0

    low, high = (value(groups[end]) for end in ends)
    sides: tuple[list[GroupValue], list[GroupValue]] = ([ends[0]], [ends[1]])
    for group, counts in groups.items():
        if group not in ends and counts.of(rate)[1] >= LEAST_ROWS:
            sides[0 if abs(value(counts) - low) < abs(value(counts) - high) else 1].append(group)
    totals = [_sum([groups[group] for group in side]) for side in sides]
    focus = 0 if totals[0].rows <= totals[1].rows else 1
    return Sides(
        attribute=attribute,
        focus=tuple(sides[focus]),
        reference=tuple(sides[1 - focus]),
        counts=(totals[focus], totals[1 - focus]),
        smallest=min(groups[end].of(rate)[1] for end in ends),
        rate=rate,
    )


def _sum(many: list[Counts]) -> Counts:
    total: dict[tuple[int, int], int] = {}
    for one in many:
        for key, count in one.cells.items():
            total[key] = total.get(key, 0) + count
    return Counts(total)
