"""Scores of groups as histograms, so that merging sixty groups costs sixty additions.

A histogram is one Python integer with a lane of fixed width for each bin; the sum of two such integers is the
histogram of both groups. (When the tally keeps every score the few of a cell stay a list.) Sums that are linear in the
counts (calibration bins, fourth powers of errors) are made once for each cell of the tally and added from there on.
All are integers, so no order of merging changes a bit.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from math import log
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from assay.records.tally import SCORE_BINS, SUM_UNIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.records.tally import ScoreCell, Scores, WeightedScores

CALIBRATION_BINS = 10
"""Bins of equal width of the calibration error (Naeini et al. 2015 take 10)."""

CLIP = 2.220446049250313e-16
"""Scores are clipped this far from 0 and 1 before a logarithm is taken (scikit-learn's rule for double precision)."""

ONE = round(1 / SUM_UNIT)
_POWER_UNIT = 10**9
_LOSS_UNIT = 10**6
_STRIDE = 4
_COUNT_LANE = 8
_WEIGHT_LANE = 16
_LANE_ROWS = 2**33
"""Up to this many rows a lane holds the sum of any of the tables below."""

_LINEAR = 2 * CALIBRATION_BINS + 2


@dataclass(frozen=True, slots=True)
class Points:
    """The places on the score axis where counts sit.

    Attributes:
        at: each point, in ``SUM_UNIT``.
        steps: each point in units of ``step``, small integers for bins.
        step: in ``SUM_UNIT``.
        exact: whether the points are the scores themselves; else they are the middles of bins.
        half: half a bin's width; 0 when exact.
        unit: whether every score lies within [0, 1].
        weighted: whether the histogram holds weights instead of rows.
        stride: points that are taken together where only a variance is wanted (1: none).
        edges: the calibration bins' first points, and the number of points.
        astride: indices of the histogram bins that a calibration bin's edge cuts.
        fourth: (score - label)^4 by label and point, in 1e-9.
        losses: squared log loss by label and point, in 1e-6.
        summed: whether the tally has the sums of every cell: all but weighted tallies of before there were such sums.
    """

    at: tuple[int, ...]
    steps: tuple[int, ...]
    step: int
    exact: bool
    half: float
    unit: bool
    weighted: bool
    stride: int
    edges: tuple[int, ...]
    astride: tuple[int, ...]
    fourth: tuple[tuple[int, ...], tuple[int, ...]]
    losses: tuple[tuple[int, ...], tuple[int, ...]]
    summed: bool

    @property
    def nobody(self) -> Counts:
        """No counts."""
        return _NO_SCORES if self.exact else _NO_BINS


def points(scores: Scores, *, weighted: bool) -> Points:
    """Return the points of a tally's scores; a weighted tally has weights by bin only."""
    exact = not weighted and all(cell.values is not None for cell in scores.cells)
    unit = scores.low == 0.0 and scores.high == 1.0
    width = (scores.high - scores.low) / SCORE_BINS
    if exact:
        places = sorted({value for cell in scores.cells for value, _ in cell.values or ()})
        unit = unit and all(0 <= place <= 1 for place in places)
    else:
        places = [scores.low + (index + 0.5) * width for index in range(SCORE_BINS)]
    tenths = [tenth / CALIBRATION_BINS for tenth in range(1, CALIBRATION_BINS)]
    cuts = [bisect_left(places, tenth) for tenth in tenths]
    # int(score * 10) puts 0.3 into the bin that starts at 0.3, and so does bisect_left.
    edges = (0, *cuts, len(places)) if unit else (0,) * (CALIBRATION_BINS + 1)
    astride = () if exact or not unit else tuple(int(tenth * SCORE_BINS) for tenth in tenths if tenth * SCORE_BINS % 1)
    at = tuple(round(place / SUM_UNIT) for place in places)
    clipped = [min(max(place, CLIP), 1 - CLIP) for place in places] if unit else []
    return Points(
        at=at,
        steps=at if exact or not unit else tuple(range(1, 2 * SCORE_BINS, 2)),
        step=1 if exact or not unit else ONE // (2 * SCORE_BINS),
        exact=exact,
        half=0.0 if exact else width / 2,
        unit=unit,
        weighted=weighted,
        stride=_STRIDE if not exact and not weighted and _fullest(scores) > SCORE_BINS // 2 else 1,
        edges=edges,
        astride=astride,
        fourth=(
            tuple(round(place**4 * _POWER_UNIT) for place in clipped),
            tuple(round((1 - place) ** 4 * _POWER_UNIT) for place in clipped),
        ),
        losses=(
            tuple(round(log(1 - place) ** 2 * _LOSS_UNIT) for place in clipped),
            tuple(round(log(place) ** 2 * _LOSS_UNIT) for place in clipped),
        ),
        summed=not weighted or not any(isinstance(cell.weighted, msgspec.UnsetType) for cell in scores.cells),
    )


def _fullest(scores: Scores) -> int:
    """Return how many bins the fullest cell holds: where scores crowd into few bins, none are taken together."""
    return max((len(cell.bins) for cell in scores.cells), default=0)


class Counts(NamedTuple):
    """Counts by point.

    Attributes:
        places: the points, ascending: those that hold any, or all bins.
        counts: rows (or weights in ``SUM_UNIT``) at each.
        packed: the same as one integer, of bins.
        coarse: rows at ``stride`` points taken together; the same as ``counts`` where the axis has no stride.
    """

    places: Sequence[int]
    counts: Sequence[int]
    packed: int
    coarse: Sequence[int]

    def since(self, place: int) -> int:
        """Return how many there are from a point on."""
        return sum(self.counts[bisect_left(self.places, place) :])

    def here(self, place: int) -> int:
        """Return how many there are at a point."""
        nearest = bisect_left(self.places, place)
        return self.counts[nearest] if nearest < len(self.places) and self.places[nearest] == place else 0


_BINS = range(SCORE_BINS)
_NO_SCORES = Counts((), (), 0, ())
_NO_BINS = Counts(_BINS, (0,) * SCORE_BINS, 0, (0,) * SCORE_BINS)


class Histogram:
    """The scores of one group: counts by label, exact moments, and the linear sums.

    Lists are indexed by label: 0 negative, 1 positive, 2 not labelled. Moments are weighted where there are weights;
    ``weights`` is what they are divided by, in ``SUM_UNIT``: the sum of weights, or a whole one for each row.
    ``parts`` are the cells' counts; they are summed where they are asked for, and once.
    """

    __slots__ = ("counts", "linear", "losses", "parts", "squares", "totals", "weights")

    def __init__(self) -> None:
        self.parts: list[list[Counts]] = [[], [], []]
        self.counts = [0, 0, 0]
        self.weights = [0, 0, 0]
        self.totals = [0, 0, 0]
        self.squares = [0, 0, 0]
        self.losses: list[int] | None = [0, 0, 0]
        self.linear = [[0] * _LINEAR, [0] * _LINEAR]

    def at(self, label: int, axis: Points) -> Counts:
        """Return the counts of one label."""
        if not self.parts[label]:
            return axis.nobody
        if len(self.parts[label]) > 1:
            self.parts[label] = [together(self.parts[label], axis)]
        return self.parts[label][0]

    def everybody(self, axis: Points) -> Counts:
        """Return the counts of all labels."""
        return together([self.at(label, axis) for label in range(3)], axis)

    def labelled(self, axis: Points) -> tuple[Counts, Counts]:
        """Return the counts of negatives and positives, at the same points."""
        negative, positive = self.at(0, axis), self.at(1, axis)
        if negative.places == positive.places:
            return negative, positive
        places = sorted({*negative.places, *positive.places})
        first, second = (
            _listed(places, list(map(dict(zip(one.places, one.counts, strict=True)).get, places, repeat(0))))
            for one in (negative, positive)
        )
        return first, second


def whole(every: Sequence[Histogram]) -> Histogram:
    """Return the scores of several groups as one."""
    found = Histogram()
    found.parts = [list(chain.from_iterable(cells)) for cells in zip(*(each.parts for each in every), strict=True)]
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


def together(parts: Sequence[Counts], axis: Points) -> Counts:
    """Return the sum of counts."""
    if not axis.exact:
        packed = sum(part.packed for part in parts)
        return _binned(_unpack(packed, axis), packed, axis)
    found: dict[int, int] = {}
    for part in parts:
        for place, count in zip(part.places, part.counts, strict=True):
            found[place] = found.get(place, 0) + count
    places = sorted(found)
    return _listed(places, [found[place] for place in places])


def _listed(places: Sequence[int], counts: list[int]) -> Counts:
    return Counts(places, counts, 0, counts)


def _binned(counts: Sequence[int], packed: int, axis: Points) -> Counts:
    coarse = counts
    if axis.stride > 1:
        pairs = packed + (packed >> 64)
        coarse = _lanes(pairs + (pairs >> 128), SCORE_BINS)[::_STRIDE].tolist()
    return Counts(_BINS, counts, packed, coarse)


def cell_histograms(scores: Scores, axis: Points) -> list[Histogram]:
    """Return the scores of each cell of a tally."""
    places = {value for cell in scores.cells for value, _ in cell.values or ()} if axis.exact else ()
    index = {place: number for number, place in enumerate(sorted(places))}
    found = [_cell_histogram(cell, axis, index) for cell in scores.cells]
    for label in (0, 1) if axis.unit else ():
        mine = [histogram for histogram in found if histogram.parts[label]]
        held = [histogram.parts[label][0] for histogram in mine]
        for histogram, sums in zip(mine, _linear_sums(held, label, axis), strict=True):
            histogram.linear[label] = sums
    return found


def _cell_histogram(cell: ScoreCell, axis: Points, index: dict[float, int]) -> Histogram:
    label = 2 if cell.label is None else int(cell.label)
    found = Histogram()
    sums: ScoreCell | WeightedScores = cell
    if axis.weighted and not isinstance(cell.weighted, msgspec.UnsetType):
        sums = cell.weighted
    found.counts[label], found.totals[label], found.squares[label] = cell.count, sums.total, sums.squares
    found.weights[label] = sum(weight for _, weight in cell.weighted_bins) if axis.weighted else cell.count * ONE
    if label < 2:  # noqa: PLR2004 - labelled rows
        found.losses = None if sums.log_losses is None else [0, 0, 0]
        if found.losses is not None:
            found.losses[label] = sums.log_losses or 0
    if axis.exact:
        values = cell.values or ()
        held = _listed([index[value] for value, _ in values], [count for _, count in values])
    else:
        held = _bins(cell.weighted_bins if axis.weighted else cell.bins, axis)
    found.parts[label].append(held)
    return found


def _bins(pairs: Sequence[tuple[int, int]], axis: Points) -> Counts:
    counts = [0] * SCORE_BINS
    for place, count in pairs:
        counts[place] = count
    if axis.weighted:
        packed = b"".join(count.to_bytes(_WEIGHT_LANE, "little") for count in counts)
    else:
        lanes = array("Q", counts)
        if sys.byteorder == "big":
            lanes.byteswap()
        packed = lanes.tobytes()
    return _binned(counts, int.from_bytes(packed, "little"), axis)


def _unpack(packed: int, axis: Points) -> list[int]:
    if axis.weighted:
        size = _WEIGHT_LANE * SCORE_BINS
        raw = packed.to_bytes(size, "little")
        return [int.from_bytes(raw[start : start + _WEIGHT_LANE], "little") for start in range(0, size, _WEIGHT_LANE)]
    return _lanes(packed, SCORE_BINS).tolist()


def _lanes(packed: int, size: int) -> array[int]:
    lanes = array("Q")
    lanes.frombytes(packed.to_bytes(_COUNT_LANE * size, "little"))
    if sys.byteorder == "big":
        lanes.byteswap()
    return lanes


def _linear_sums(held: Sequence[Counts], label: int, axis: Points) -> list[list[int]]:
    """Return the linear sums of each of some counts of one label.

    Of bins a column, the same bin of all of them, is one integer with a lane for each: a sum over bins then costs an
    addition a bin, however many they are.
    """
    fourth, losses = axis.fourth[label], axis.losses[label]
    if axis.exact:
        found = []
        for places, counts, _, _ in held:
            cuts = [bisect_left(places, edge) for edge in axis.edges]
            steps, fourths, squares = ([table[place] for place in places] for table in (axis.steps, fourth, losses))
            found.append(_sums(counts, counts, cuts, (steps, fourths, squares)))
        return found
    tables = (axis.steps, *(table[axis.stride // 2 :: axis.stride] for table in (fourth, losses)))
    if axis.weighted or any(sum(each.counts) > _LANE_ROWS for each in held):
        return [_sums(each.counts, each.coarse, axis.edges, tables) for each in held]
    lanes = array("Q")
    for each in held:
        lanes.frombytes(each.packed.to_bytes(_COUNT_LANE * SCORE_BINS, "little"))
    columns = [int.from_bytes(lanes[place::SCORE_BINS].tobytes(), "little") for place in _BINS]
    coarse = [sum(columns[place : place + axis.stride]) for place in _BINS[:: axis.stride]]
    together = _sums(columns, coarse, axis.edges, tables)
    return list(map(list, zip(*(_lanes(packed, len(held)) for packed in together), strict=True)))


def _sums(
    counts: Sequence[int], coarse: Sequence[int], cuts: Sequence[int], tables: Sequence[Sequence[int]]
) -> list[int]:
    """Return rows and sums of steps by calibration bin, fourth powers and losses."""
    steps, fourth, losses = tables
    weighed = list(map(mul, counts, steps))
    parts = [slice(start, end) for start, end in pairwise(cuts)]
    return [
        *(sum(counts[part]) for part in parts),
        *(sum(weighed[part]) for part in parts),
        sum(map(mul, coarse, fourth)),
        sum(map(mul, coarse, losses)),
    ]


def fourth_powers(scores: Histogram) -> float:
    """Return the sum of (score - label)^4."""
    return sum(sums[-2] for sums in scores.linear) / _POWER_UNIT


def squared_losses(scores: Histogram) -> float:
    """Return the sum of squared log losses."""
    return sum(sums[-1] for sums in scores.linear) / _LOSS_UNIT
