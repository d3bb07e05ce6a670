"""Counts of one block by group, and each mean's outcomes among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from assay.records.tally import SUM_UNIT
from assay.sequential.betting import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assay.records.tally import ClassValue, GroupValue, Tally
    from assay.sequential.watched import Range

Key: TypeAlias = tuple["GroupValue", ...]
Row: TypeAlias = list[int]
"""Counts of one group: 9 by label and prediction, then for each label (0, 1, none) four sums of its numbers, all exact
(integers, in ``SUM_UNIT`` where they are sums of values), so that no order of rows or pieces changes a bit."""

CELLS = 9
"""label 0, 1 or none, times prediction 0, 1 or none: place 3 * label + prediction."""

SUMS = 4
"""Of the rows of one label: rows with a number, sum, sum of magnitudes, sum of squares."""

WIDTH = CELLS + 3 * SUMS

PLACES: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "selection_rate": ((1, 4, 7), (0, 1, 3, 4, 6, 7)),
    "true_positive_rate": ((4,), (3, 4)),
    "false_positive_rate": ((1,), (0, 1)),
    "true_negative_rate": ((0,), (0, 1)),
    "false_negative_rate": ((3,), (3, 4)),
    "precision": ((4,), (1, 4)),
    "negative_predictive_value": ((0,), (0, 3)),
    "accuracy": ((0, 4), (0, 1, 3, 4)),
    "base_rate": ((3, 4, 5), (0, 1, 2, 3, 4, 5)),
}
"""Places of the rows that a rate counts, and of those it is about."""

_UNFAVOURABLE = ((0, 3, 6), (0, 1, 3, 4, 6, 7))


def place(value: ClassValue) -> int:
    """Return the place of a class: 0, 1, or 2 where there is none."""
    return 2 if value is None else int(value)


class Counts:
    """Rows since a block began."""

    def __init__(self, groups: dict[Key, Row] | None = None, rows: int = 0) -> None:
        self.groups: dict[Key, Row] = groups or {}
        self.rows = rows

    def add(self, group: Key, label: ClassValue, prediction: ClassValue, count: int) -> None:
        """Count rows of one cell."""
        row = self.groups.get(group)
        if row is None:
            row = self.groups[group] = [0] * WIDTH
        row[3 * place(label) + place(prediction)] += count
        self.rows += count

    def add_numbers(self, group: Key, label: ClassValue, sums: Iterable[int]) -> None:
        """Add (rows, sum, sum of magnitudes, sum of squares) of a group's numbers; its rows are counted by `add`."""
        row = self.groups.setdefault(group, [0] * WIDTH)
        start = CELLS + SUMS * place(label)
        for number, more in enumerate(sums, start):
            row[number] += more

    def merge(self, other: Counts) -> None:
        """Add another block's counts."""
        for group, more in other.groups.items():
            row = self.groups.setdefault(group, [0] * WIDTH)
            for number, value in enumerate(more):
                row[number] += value
        self.rows += other.rows

    @classmethod
    def of(cls, tally: Tally) -> Counts:
        """Return the counts of a tally."""
        counts = cls()
        for cell in tally.cells:
            counts.add(cell.group, cell.label, cell.prediction, cell.count)
        for score in tally.scores.cells if tally.scores is not None else ():
            sums = (score.count, score.total, abs(score.total), score.squares)
            counts.add_numbers(score.group, score.label, sums)
        for error in tally.errors.cells if tally.errors is not None else ():
            sums = (error.count, error.errors, error.absolute_errors, error.squared_errors)
            counts.add_numbers(error.group, None, sums)
        return counts


def project(groups: Mapping[Key, Row], places: tuple[int, ...]) -> dict[Key, Row]:
    """Return the counts by some of the attributes; people for whom one is not known take no part."""
    found: dict[Key, Row] = {}
    for group, row in groups.items():
        key = tuple(group[number] for number in places)
        if None in key:
            continue
        seen = found.get(key)
        found[key] = list(row) if seen is None else [a + b for a, b in zip(seen, row, strict=True)]
    return found


def outcomes(mean: str, row: Row, of_range: Range, *, favourable_is_positive: bool = True) -> Block:
    """Return the rows of a mean, their outcomes scaled to [0, 1]."""
    if mean == "favourable_rate":
        hits, about = PLACES["selection_rate"] if favourable_is_positive else _UNFAVOURABLE
    elif mean in PLACES:
        hits, about = PLACES[mean]
    else:
        return _numbers(mean, row, of_range)
    n, total = sum(row[number] for number in about), float(sum(row[number] for number in hits))
    return Block(int(n), total, total)


def _numbers(mean: str, row: Row, of_range: Range) -> Block:
    sums = [row[CELLS + SUMS * label : CELLS + SUMS * (label + 1)] for label in range(3)]
    if mean == "calibration_in_the_large":  # score minus label, of those that have both
        n = sums[0][0] + sums[1][0]
        total = (sums[0][1] + sums[1][1]) * SUM_UNIT - sums[1][0]
        squares = (sums[0][3] + sums[1][3] - 2 * sums[1][1]) * SUM_UNIT + sums[1][0]
    else:
        n = sum(one[0] for one in sums)
        total = sum(one[2 if mean == "mean_absolute_error" else 1] for one in sums) * SUM_UNIT
        squares = sum(one[3] for one in sums) * SUM_UNIT
    low, width = of_range[0], of_range[1] - of_range[0]
    scaled = min(max((total - n * low) / width, 0.0), float(n))
    spread = (squares - 2 * low * total + n * low * low) / (width * width)
    return Block(int(n), scaled, min(max(spread, scaled * scaled / n if n else 0.0), scaled))
