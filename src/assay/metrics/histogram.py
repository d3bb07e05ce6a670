"""Scores of groups as histograms: counts by point and label, exact moments, and sums that are linear in the counts.

Lists of counts are lanes of one integer (`lanes`), so that merging sixty groups costs sixty additions; the scores of
few people stay with their cells (`Points.order`). Sums that are linear in the counts (calibration bins, fourth powers
of errors) are made once for each cell of the tally and added from there on. All are integers, so no order of merging
changes a bit.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain, pairwise
from math import fsum, inf, log, nextafter
from operator import itemgetter, mul
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from assay.metrics import lanes
from assay.metrics.ranking import Ranks, in_order, ranks, ranks_of_groups
from assay.records.tally import SCORE_BINS, SUM_UNIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.metrics.ranking import Order
    from assay.records.tally import ScoreCell, Scores, WeightedScores

CALIBRATION_BINS = 10
"""Bins of equal width of the calibration error (Naeini et al. 2015 take 10)."""

CLIP = 2.220446049250313e-16
"""Scores are clipped this far from 0 and 1 before a logarithm is taken (scikit-learn's rule for double precision)."""

ONE = round(1 / SUM_UNIT)
_POWER_UNIT = 10**9
_LOSS_UNIT = 10**6
_GREATEST_LOSS = round(log(CLIP) ** 2 * _LOSS_UNIT)
_STRIDE = 4
_SPARSE = 4
"""A tally whose cells hold fewer than one in so many points is walked person by person, not point by point."""

_TENTHS = tuple(tenth / CALIBRATION_BINS for tenth in range(1, CALIBRATION_BINS))
_LINEAR = 2 * CALIBRATION_BINS + 2


@dataclass(frozen=True, slots=True)
class Points:
    """The places on the score axis where counts sit.

    Attributes:
        exact: whether the points are the scores themselves; else they are the middles of bins.
        unit: whether every score lies within [0, 1].
        weighted: whether the histogram holds weights instead of rows.
        summed: whether the tally has the sums of every cell: all but weighted tallies of before there were such sums.
        half: half a bin's width; 0 when exact.
        step: what scores are summed in by calibration bin, in ``SUM_UNIT``.
        order: people in the order of their scores, where those are few; else None. All below is for the rest.
        places: each point.
        nobody: no count at each, by what a cell of the tally calls it: the score, or the number of its bin.
        words: the width of a lane.
        stride: points that are taken together where only a variance is wanted (1: none).
        edges: the calibration bins' first points, and the number of points.
        astride: indices of the histogram bins that a calibration bin's edge cuts.
        tables: by label what each point adds to the linear sums.
    """

    exact: bool
    unit: bool
    weighted: bool
    summed: bool
    half: float
    step: int
    order: Order | None = None
    places: tuple[float, ...] = ()
    nobody: dict[float, int] = field(default_factory=dict)
    words: int = 1
    stride: int = 1
    edges: tuple[int, ...] = ()
    astride: tuple[int, ...] = ()
    tables: tuple[_Table, ...] = ()

    def after(self, place: float) -> float:
        """Return the next place, as `Counts` has them."""
        return nextafter(place, inf) if self.order is not None else place + 1


class _Table(NamedTuple):
    """What each point adds to the linear sums of one label.

    Attributes:
        steps: the score, in ``Points.step``.
        fourth: (score - label)^4, in 1e-9.
        losses: the squared log loss, in 1e-6.
    """

    steps: Sequence[int]
    fourth: Sequence[int]
    losses: Sequence[int]


def _steps(places: Sequence[float]) -> list[int]:
    return [round(place / SUM_UNIT) for place in places]


def _table(places: Sequence[float], label: int, steps: Sequence[int]) -> _Table:
    """Return what ascending places within [0, 1] add."""
    if places and (places[0] < CLIP or places[-1] > 1 - CLIP):
        places = [min(max(place, CLIP), 1 - CLIP) for place in places]
    others = [1 - place for place in places]
    right, wrong = (places, others) if label else (others, places)
    return _Table(
        steps,
        [round(place**4 * _POWER_UNIT) for place in wrong],
        [round(log(place) ** 2 * _LOSS_UNIT) for place in right],
    )


def points(scores: Scores, *, weighted: bool) -> Points:
    """Return the points of a tally's scores; a weighted tally has weights by bin only."""
    summed = not weighted or not any(isinstance(cell.weighted, msgspec.UnsetType) for cell in scores.cells)
    unit = scores.low == 0.0 and scores.high == 1.0
    if weighted or any(cell.values is None for cell in scores.cells):
        return _binned(scores, unit=unit, weighted=weighted, summed=summed)
    cells = [cell.values or () for cell in scores.cells]
    different = {value for cell in cells for value, _ in cell}
    unit = unit and min(different, default=0) >= 0 and max(different, default=0) <= 1
    exact = Points(exact=True, unit=unit, weighted=False, summed=summed, half=0.0, step=1)
    if sum(map(len, cells)) * _SPARSE < len(different) * len(cells):
        return replace(exact, order=in_order(cells, len(different)))
    places = sorted(different)
    rows = sum(cell.count for cell in scores.cells)
    return replace(
        exact,
        places=tuple(places),
        nobody=dict.fromkeys(places, 0),
        words=lanes.words_for(rows * max(ONE, _GREATEST_LOSS)),
        edges=_cuts(places),
        tables=tuple(_table(places, label, _steps(places)) for label in (0, 1)) if unit else (),
    )


def _binned(scores: Scores, *, unit: bool, weighted: bool, summed: bool) -> Points:
    width = (scores.high - scores.low) / SCORE_BINS
    places = [scores.low + (index + 0.5) * width for index in range(SCORE_BINS)]
    if weighted:
        rows = sum(sum(map(itemgetter(1), cell.weighted_bins)) for cell in scores.cells)
    else:
        rows = sum(cell.count for cell in scores.cells)
    stride = 1 if weighted or _fullest(scores) <= SCORE_BINS // 2 else _STRIDE
    tables = []
    for label in (0, 1) if unit else ():
        steps, fourth, losses = _table(places, label, range(1, 2 * SCORE_BINS, 2))
        tables.append(_Table(steps, fourth[stride // 2 :: stride], losses[stride // 2 :: stride]))
    return Points(
        exact=False,
        unit=unit,
        weighted=weighted,
        summed=summed,
        half=width / 2,
        step=ONE // (2 * SCORE_BINS),
        places=tuple(places),
        nobody=dict.fromkeys(range(SCORE_BINS), 0),
        words=lanes.words_for(rows * _GREATEST_LOSS),
        stride=stride,
        edges=_cuts(places),
        astride=tuple(int(tenth * SCORE_BINS) for tenth in _TENTHS if tenth * SCORE_BINS % 1) if unit else (),
        tables=tuple(tables),
    )


def _cuts(places: Sequence[float]) -> tuple[int, ...]:
    """Return where the calibration bins begin among places, and the number of places."""
    # int(score * 10) puts 0.3 into the bin that starts at 0.3, and so does bisect_left.
    return (0, *(bisect_left(places, tenth) for tenth in _TENTHS), len(places))


def _fullest(scores: Scores) -> int:
    """Return how many bins the fullest cell holds: where scores crowd into few bins, none are taken together."""
    return max((len(cell.bins) for cell in scores.cells), default=0)


class Counts(NamedTuple):
    """Counts by place.

    Attributes:
        places: ascending: scores that somebody has (`Points.order`), or the numbers of all points.
        counts: rows (or weights in ``SUM_UNIT``) at each.
        packed: the same as one integer, of all points.
    """

    places: Sequence[float]
    counts: Sequence[int]
    packed: int = 0

    def since(self, place: float) -> int:
        """Return how many there are from a place on."""
        return sum(self.counts[bisect_left(self.places, place) :])

    def here(self, place: float) -> int:
        """Return how many there are at a place."""
        nearest = bisect_left(self.places, place)
        return self.counts[nearest] if nearest < len(self.places) and self.places[nearest] == place else 0


class Histogram:
    """The scores of one group: counts by label, exact moments, and the linear sums.

    Lists are indexed by label: 0 negative, 1 positive, 2 not labelled. Moments are weighted where there are weights;
    ``weights`` is what they are divided by, in ``SUM_UNIT``: the sum of weights, or a whole one for each row.
    ``parts`` are the counts of the tally's cells, ``cells`` their numbers; lanes are summed where they are asked for,
    and once. `rank` sets ``ranks``, and beside them what no taking together of points has touched: ``won`` as there,
    and ``ties``, the pairs of a positive and a negative in one bin.
    """

    __slots__ = ("cells", "counts", "linear", "losses", "parts", "ranks", "squares", "ties", "totals", "weights", "won")

    def __init__(self) -> None:
        self.parts: list[list[Counts]] = [[], [], []]
        self.cells: list[list[int]] = [[], [], []]
        self.counts = [0, 0, 0]
        self.weights = [0, 0, 0]
        self.totals = [0, 0, 0]
        self.squares = [0, 0, 0]
        self.losses: list[int] | None = [0, 0, 0]
        self.linear = [[0] * _LINEAR, [0] * _LINEAR]
        self.ranks: Ranks | None = None
        self.won = self.ties = 0.0

    def at(self, label: int, axis: Points) -> Counts:
        """Return the counts of one label at all points; of no tally whose people are held in order."""
        if len(self.parts[label]) != 1:
            self.parts[label] = [_together(self.parts[label], axis)]
        return self.parts[label][0]

    def every(self, axis: Points) -> list[Counts]:
        """Return counts that add up to all people."""
        if axis.order is None:
            return [self.at(label, axis) for label in range(3) if self.parts[label]]
        return list(chain.from_iterable(self.parts))

    def everybody(self, axis: Points) -> Counts:
        """Return the counts of all labels, of everybody."""
        if axis.order is not None:
            return Counts(axis.order.places, axis.order.counts)
        return _together(self.every(axis), axis)


def _together(parts: Sequence[Counts], axis: Points) -> Counts:
    """Return the sum of counts."""
    packed = sum(part.packed for part in parts)
    return Counts(range(len(axis.places)), lanes.unpack(packed, len(axis.places), axis.words), packed)


def rank(every: Sequence[Histogram], axis: Points) -> None:
    """Set the ranks of all groups of a grouping."""
    if axis.order is None:
        for histogram in every:
            _rank_lanes(histogram, axis)
        return
    # People without a label fall into a slot that nobody asks for.
    slot_of = {cell: 2 * len(every) for each in every for cell in each.cells[2]}
    for number, histogram in enumerate(every):
        for label in (0, 1):
            slot_of |= dict.fromkeys(histogram.cells[label], 2 * number + label)
    slots = [slot for _, slot in sorted(slot_of.items())]
    for histogram, found in zip(every, ranks_of_groups(axis.order, slots, len(every)), strict=True):
        histogram.ranks, histogram.won = found, found.won


def _rank_lanes(histogram: Histogram, axis: Points) -> None:
    if not histogram.parts[0] or not histogram.parts[1]:
        return
    both = [histogram.at(label, axis) for label in (0, 1)]
    if axis.weighted:
        weights = [[weight / ONE for weight in counts.counts] for counts in both]
        histogram.ranks = ranks(*weights)
        histogram.won, histogram.ties = histogram.ranks.won, fsum(map(mul, *weights))
        return
    negative, positive = (counts.counts for counts in both)
    ties = 0 if axis.exact else sum(map(mul, positive, negative))
    if axis.stride == 1:
        histogram.ranks = ranks(negative, positive)
        histogram.won, histogram.ties = histogram.ranks.won, ties
        return
    histogram.won, histogram.ties = 2 * sum(map(mul, positive, accumulate(negative))) - ties, ties
    coarse = [lanes.together(counts.packed, len(axis.places), axis.words, axis.stride) for counts in both]
    histogram.ranks = ranks(*coarse)


def whole(every: Sequence[Histogram]) -> Histogram:
    """Return the scores of several groups as one."""
    found = Histogram()
    found.parts = [list(chain.from_iterable(cells)) for cells in zip(*(each.parts for each in every), strict=True)]
    found.cells = [list(chain.from_iterable(cells)) for cells in zip(*(each.cells for each in every), strict=True)]
    losses = [each.losses for each in every if each.losses is not None]
    found.losses = columns(losses) if len(losses) == len(every) else None
    found.counts = columns(each.counts for each in every)
    found.weights = columns(each.weights for each in every)
    found.totals = columns(each.totals for each in every)
    found.squares = columns(each.squares for each in every)
    found.linear = [columns(sums) for sums in zip(*(each.linear for each in every), strict=True)]
    return found


def columns(rows: Iterable[Sequence[int]]) -> list[int]:
    """Return the sums of rows of equal length, column by column."""
    return list(map(sum, zip(*rows, strict=True)))


def cell_histograms(scores: Scores, axis: Points) -> list[Histogram]:
    """Return the scores of each cell of a tally."""
    found = [_cell_histogram(number, cell, axis) for number, cell in enumerate(scores.cells)]
    for label in (0, 1) if axis.unit else ():
        mine = [histogram for histogram in found if histogram.parts[label]]
        held = [histogram.parts[label][0] for histogram in mine]
        made = _sums_in_order(held, label) if axis.order is not None else _sums_in_lanes(held, label, axis)
        for histogram, sums in zip(mine, made, strict=True):
            histogram.linear[label] = sums
    return found


def _cell_histogram(number: int, cell: ScoreCell, axis: Points) -> Histogram:
    label = 2 if cell.label is None else int(cell.label)
    found = Histogram()
    sums: ScoreCell | WeightedScores = cell
    if axis.weighted and not isinstance(cell.weighted, msgspec.UnsetType):
        sums = cell.weighted
    found.counts[label], found.totals[label], found.squares[label] = cell.count, sums.total, sums.squares
    held = _counts(cell, axis)
    found.weights[label] = sum(held.counts) if axis.weighted else cell.count * ONE
    if label < 2:  # noqa: PLR2004 - labelled rows
        found.losses = None if sums.log_losses is None else [0, 0, 0]
        if found.losses is not None:
            found.losses[label] = sums.log_losses or 0
    found.cells[label].append(number)
    found.parts[label].append(held)
    return found


def _counts(cell: ScoreCell, axis: Points) -> Counts:
    values = cell.values or ()
    if axis.order is not None:
        return Counts([value for value, _ in values], [count for _, count in values])
    pairs: Sequence[tuple[float, int]] = values if axis.exact else cell.weighted_bins if axis.weighted else cell.bins
    counts = list((axis.nobody | dict(pairs)).values())
    return Counts(range(len(counts)), counts, lanes.pack(counts, axis.words))


def _sums_in_order(held: Iterable[Counts], label: int) -> list[list[int]]:
    """Return the linear sums of each of some counts of one label, of people held in order."""
    return [
        _sums(each.counts, each.counts, _cuts(each.places), _table(each.places, label, _steps(each.places)))
        for each in held
    ]


def _sums_in_lanes(held: Sequence[Counts], label: int, axis: Points) -> list[list[int]]:
    """Return the linear sums of each of some counts of one label.

    A column, the same point of all of them, is one integer with a lane for each: a sum over points then costs an
    addition a point, however many they are.
    """
    column = lanes.transposed([each.packed for each in held], len(axis.places), axis.words)
    coarse = [sum(column[place : place + axis.stride]) for place in range(0, len(column), axis.stride)]
    sums = _sums(column, coarse, axis.edges, axis.tables[label])
    return list(map(list, zip(*(lanes.unpack(packed, len(held), axis.words) for packed in sums), strict=True)))


def _sums(counts: Sequence[int], coarse: Sequence[int], cuts: Sequence[int], table: _Table) -> list[int]:
    """Return rows and sums of steps by calibration bin, fourth powers and losses."""
    weighed = list(map(mul, counts, table.steps))
    parts = [slice(start, end) for start, end in pairwise(cuts)]
    return [
        *(sum(counts[part]) for part in parts),
        *(sum(weighed[part]) for part in parts),
        sum(map(mul, coarse, table.fourth)),
        sum(map(mul, coarse, table.losses)),
    ]


def fourth_powers(scores: Histogram) -> float:
    """Return the sum of (score - label)^4."""
    return sum(sums[-2] for sums in scores.linear) / _POWER_UNIT


def squared_losses(scores: Histogram) -> float:
    """Return the sum of squared log losses."""
    return sum(sums[-1] for sums in scores.linear) / _LOSS_UNIT
