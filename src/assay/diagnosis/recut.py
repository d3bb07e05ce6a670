"""What would have been decided with other cuts: the same people, the same scores, and a tally for every cut.

A tally keeps its scores by group and label, as values or by bin. A row is predicted positive when its score is at
least the cut. At a score that occurs, and at a bin's edge, the counts are exact; between two edges a group's counts
can differ by the rows in that bin and no more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from assay.errors import InputError
from assay.records._tally_sum import binned
from assay.records.tally import SCORE_BINS, Cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.records.tally import GroupValue, ScoreCell, Tally

Key = tuple["GroupValue", ...]


class _Column(NamedTuple):
    """The scores of one group and label: places ascending, and how many rows (and weight) are at or above each."""

    group: Key
    label: int | None
    places: list[float]
    above: list[int]
    weights: list[int] | None

    def split(self, cut: float) -> tuple[int, int]:
        """Return the rows at or above a cut, and those below."""
        high = self.above[bisect_left(self.places, cut)]
        return high, self.above[0] - high

    def split_weights(self, cut: float) -> tuple[int | None, int | None]:
        if self.weights is None:
            return None, None
        high = self.weights[bisect_left(self.places, cut)]
        return high, self.weights[0] - high


def _from_above(counts: Sequence[int]) -> list[int]:
    return [*accumulate(reversed(counts), initial=0)][::-1]


class Recut:
    """A tally of which every row with a score can be decided anew.

    Attributes:
        tally: the tally.
        exact: whether every score is known; else cuts are the edges of bins.
        step: a bin's width; 0 when exact.
        places: every cut at which the counts change, ascending; the least selects everybody with a score.
        unscored: rows without a usable score: no cut decides them, and they take no part.
    """

    def __init__(self, tally: Tally) -> None:
        """Prepare the scores of a tally.

        Raises:
            InputError: when it has no scores, or is not about two classes.
        """
        if tally.scores is None or tally.roles.task != "binary":
            raise InputError("expected a tally of two classes with a score column, found none: name it with --score")
        scores = tally.scores
        weighted = tally.roles.weight is not None
        self.tally = tally
        self.exact = not weighted and all(cell.values is not None for cell in scores.cells)
        width = (scores.high - scores.low) / SCORE_BINS
        self.step = 0.0 if self.exact else width
        self._columns = [self._column(cell, weighted=weighted) for cell in scores.cells]
        self.places = tuple(sorted({place for column in self._columns for place in column.places}))
        self.unscored = tally.rows - sum(cell.count for cell in scores.cells)
        self._bare = msgspec.structs.replace(tally, scores=None, cells=(), rows=tally.rows - self.unscored)

    def _column(self, cell: ScoreCell, *, weighted: bool) -> _Column:
        """Return one cell's scores; a weighted tally has its weights by bin, even where it keeps every score."""
        scores = self.tally.scores
        low, high = (scores.low, scores.high) if scores is not None else (0.0, 1.0)
        width = (high - low) / SCORE_BINS
        if self.exact:
            pairs: dict[float, int] = dict(cell.values or ())
        else:
            pairs = {low + number * width: count for number, count in binned(cell, low, high).bins}
        weights = None
        if weighted:
            totals = {low + number * width: total for number, total in cell.weighted_bins}
            weights = _from_above([totals.get(place, 0) for place in pairs])
        label = None if cell.label is None else int(cell.label)
        return _Column(cell.group, label, list(pairs), _from_above(list(pairs.values())), weights)

    def cuts(self, most: int) -> tuple[float, ...]:
        """Return at most so many cuts, ascending, spread evenly over the people; none selects everybody or nobody.

        Each but the first is at a place where the counts change, so that at most ``scored / most`` rows, or those of
        one place, lie between two neighbours.
        """
        inner = self.places[1:]
        if len(inner) <= most:
            return inner
        rows: dict[float, int] = dict.fromkeys(self.places, 0)
        for column in self._columns:
            for number, place in enumerate(column.places):
                rows[place] += column.above[number] - column.above[number + 1]
        below = list(accumulate(rows[place] for place in self.places))
        chosen = {min(bisect_left(below, below[-1] * number / most), len(inner) - 1) for number in range(most)}
        return tuple(inner[number] for number in sorted(chosen))

    def widest(self, cuts: Sequence[float]) -> int:
        """Return the most rows that lie between two neighbours of some cuts, ascending."""
        above = [sum(column.split(cut)[0] for column in self._columns) for cut in cuts]
        return max((higher - lower for higher, lower in pairwise(above)), default=0)

    def at(self, cut: float) -> Tally:
        """Return the tally of what one common cut would decide."""
        return self._tally([cut] * len(self._columns))

    def by_group(self, attributes: Sequence[str], cuts: Mapping[Key, float], otherwise: float) -> Tally:
        """Return the tally of what a cut of each group's own would decide.

        Args:
            attributes: the protected attributes that make the groups.
            cuts: a cut by the group's values, in the attributes' order.
            otherwise: the cut of groups that have none of their own.
        """
        keys = self.keys(attributes)
        return self._tally([cuts.get(key, otherwise) for key in keys])

    def keys(self, attributes: Sequence[str]) -> list[Key]:
        """Return each column's group, as values of these attributes."""
        names = self.tally.roles.protected
        where = [names.index(name) for name in attributes]
        return [tuple(column.group[place] for place in where) for column in self._columns]

    def counts(self, attributes: Sequence[str], cut: float) -> dict[tuple[Key, int | None], tuple[int, int]]:
        """Return rows at or above, and below a cut, by group and label."""
        found: dict[tuple[Key, int | None], tuple[int, int]] = {}
        for key, column in zip(self.keys(attributes), self._columns, strict=True):
            high, low = column.split(cut)
            before = found.get((key, column.label), (0, 0))
            found[key, column.label] = (before[0] + high, before[1] + low)
        return found

    def counts_of(self, attributes: Sequence[str], key: Key, cut: float) -> tuple[int, ...]:
        """Return a group's rows at or above, and below a cut: of label 0, of label 1, and without a label."""
        found = [0] * 6
        for mine, column in zip(self.keys(attributes), self._columns, strict=True):
            if mine == key:
                place = 4 if column.label is None else 2 * column.label
                high, low = column.split(cut)
                found[place] += high
                found[place + 1] += low
        return tuple(found)

    def closest(self, attributes: Sequence[str]) -> dict[Key, tuple[float, int]]:
        """Return, by group, the cut nearest to the decisions as they are, and how many rows it leaves unexplained.

        The tally does not say which row got which decision, only how many rows of a group and a label did; a cut that
        was used leaves 0 of them unexplained. Groups that were cut differently have different cuts here.

        Args:
            attributes: protected attributes that make the groups; none for one common cut.
        """
        decided: Counter[tuple[Key, int | None]] = Counter()
        for cell in self.tally.cells:
            if cell.prediction == 1:
                decided[cell.group, None if cell.label is None else int(cell.label)] += cell.count
        wanted = [decided[column.group, column.label] for column in self._columns]
        keys = self.keys(attributes)
        off = [abs(column.above[0] - want) for column, want in zip(self._columns, wanted, strict=True)]
        missed: Counter[Key] = Counter()
        changes: dict[float, list[tuple[int, int]]] = {}
        for number, column in enumerate(self._columns):
            missed[keys[number]] += off[number]
            for place, above in zip(column.places, column.above[1:], strict=True):
                changes.setdefault(place, []).append((number, abs(above - wanted[number])))
        best: dict[Key, tuple[float, int]] = {}
        for place in self.places:
            for key, rows in missed.items():
                if key not in best or rows < best[key][1]:
                    best[key] = (place, rows)
            for number, now in changes[place]:
                missed[keys[number]] += now - off[number]
                off[number] = now
        return best

    def _tally(self, cuts: Sequence[float]) -> Tally:
        cells: list[Cell] = []
        for column, cut in zip(self._columns, cuts, strict=True):
            rows, weights = column.split(cut), column.split_weights(cut)
            for prediction, count, weight in zip((1, 0), rows, weights, strict=True):
                if count:
                    cell = Cell(
                        group=column.group, label=column.label, prediction=prediction, count=count, weight=weight
                    )
                    cells.append(cell)
        return msgspec.structs.replace(self._bare, cells=tuple(cells))
