"""Scores of groups as packed histograms, so that merging sixty groups costs sixty additions.

A histogram is one Python integer with a lane of fixed width for each point (a bin's middle, or a score itself when the
tally keeps every score); the sum of two such integers is the histogram of both groups. Sums that are linear in the
counts (calibration bins, fourth powers of errors) are made once for each cell of the tally and added from there on.
All are integers, so no order of merging changes a bit.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from itertools import compress
from math import log
from operator import add, itemgetter, mul
from typing import TYPE_CHECKING, Any

import msgspec

from assay.records.tally import SCORE_BINS, SUM_UNIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.tally import ScoreCell, Scores, WeightedScores

CALIBRATION_BINS = 10
"""Bins of equal width of the calibration error (Naeini et al. 2015 take 10)."""

CLIP = 2.220446049250313e-16
"""Scores are clipped this far from 0 and 1 before a logarithm is taken (scikit-learn's rule for double precision)."""

ONE = round(1 / SUM_UNIT)
_POWER_UNIT = 10**9
_LOSS_UNIT = 10**6
_DENSE = 1024
_STRIDE = 4
_COUNT_LANE = 8
_WEIGHT_LANE = 16
_FOURTH, _LOSSES = 3 * CALIBRATION_BINS, 3 * CALIBRATION_BINS + 1
LINEAR = 3 * CALIBRATION_BINS + 2


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
        lane: bytes a point takes in a packed histogram.
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
    lane: int
    stride: int
    edges: tuple[int, ...]
    astride: tuple[int, ...]
    fourth: tuple[tuple[int, ...], tuple[int, ...]]
    losses: tuple[tuple[int, ...], tuple[int, ...]]
    summed: bool

    @property
    def weighted(self) -> bool:
        """Whether the histogram holds weights instead of rows."""
        return self.lane == _WEIGHT_LANE


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
        lane=_WEIGHT_LANE if weighted else _COUNT_LANE,
        stride=_STRIDE if not exact and not weighted and _held(scores) > SCORE_BINS // 2 else 1,
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


def _held(scores: Scores) -> int:
    """Return how many bins the fullest cell holds: where scores crowd into few bins, none are taken together."""
    return max((len(cell.bins) for cell in scores.cells), default=0)


class Histogram:
    """The scores of one group: packed counts by label, exact moments, and the linear sums.

    Lists are indexed by label: 0 negative, 1 positive, 2 not labelled. Moments are weighted where there are weights;
    ``weights`` is what they are divided by, in ``SUM_UNIT``: the sum of weights, or a whole one for each row.
    """

    __slots__ = ("counts", "linear", "losses", "packed", "squares", "totals", "weights")

    def __init__(self) -> None:
        self.packed = [0, 0, 0]
        self.counts = [0, 0, 0]
        self.weights = [0, 0, 0]
        self.totals = [0, 0, 0]
        self.squares = [0, 0, 0]
        self.losses: list[int] | None = [0, 0, 0]
        self.linear = [0] * LINEAR

    def add(self, other: Histogram) -> None:
        """Add another group's scores to these."""
        self.packed = list(map(add, self.packed, other.packed))
        self.counts = list(map(add, self.counts, other.counts))
        self.weights = list(map(add, self.weights, other.weights))
        self.totals = list(map(add, self.totals, other.totals))
        self.squares = list(map(add, self.squares, other.squares))
        both = self.losses is not None and other.losses is not None
        self.losses = list(map(add, self.losses or (), other.losses or ())) if both else None
        self.linear = list(map(add, self.linear, other.linear))


def cell_histogram(cell: ScoreCell, axis: Points, index: dict[float, int]) -> Histogram:
    """Return one cell's scores.

    Args:
        cell: scores of one group and label.
        axis: the tally's points.
        index: place of each exact score among the points; unused for bins.
    """
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
    pairs: Sequence[tuple[Any, int]] = (
        cell.weighted_bins if axis.weighted else (cell.values if axis.exact else cell.bins) or ()
    )
    if not pairs:
        return found
    labelled = label < 2 and axis.unit  # noqa: PLR2004 - 2 stands for rows without a label
    if axis.exact:
        pairs = [(index[value], count) for value, count in pairs]
    if len(pairs) == len(axis.at):
        dense = list(map(itemgetter(1), pairs))
    else:
        dense = [0] * len(axis.at)
        for place, count in pairs:
            dense[place] = count
    found.packed[label] = _pack(dense, axis)
    if labelled:
        # Dense and sparse counts give the same sums; sparse ones are shorter where few of many points are held.
        where, counts = (
            ([pair[0] for pair in pairs], [pair[1] for pair in pairs]) if len(dense) > _DENSE else (None, dense)
        )
        found.linear = _linear_sums(where, counts, label, axis)
    if labelled and axis.stride > 1:
        coarse = unpack_coarse(found.packed[label], axis)
        found.linear[_FOURTH] = sum(map(mul, coarse, axis.fourth[label][_STRIDE // 2 :: _STRIDE]))
        found.linear[_LOSSES] = sum(map(mul, coarse, axis.losses[label][_STRIDE // 2 :: _STRIDE]))
    return found


def _pack(counts: list[int], axis: Points) -> int:
    if axis.weighted:
        return int.from_bytes(b"".join(count.to_bytes(_WEIGHT_LANE, "little") for count in counts), "little")
    lanes = array("Q", counts)
    if sys.byteorder == "big":
        lanes.byteswap()
    return int.from_bytes(lanes.tobytes(), "little")


def _linear_sums(where: list[int] | None, counts: list[int], label: int, axis: Points) -> list[int]:
    """Return the linear sums of counts at some points; at all of them where ``where`` is None."""

    def pick(table: tuple[int, ...]) -> Sequence[int]:
        return table if where is None else [table[place] for place in where]

    sums = [0] * LINEAR
    cuts = axis.edges if where is None else [bisect_left(where, edge) for edge in axis.edges]
    weighed = list(map(mul, counts, pick(axis.steps)))
    for number in range(CALIBRATION_BINS):
        part = slice(cuts[number], cuts[number + 1])
        rows = sum(counts[part])
        sums[number] = rows
        sums[CALIBRATION_BINS + number] = sum(weighed[part]) * axis.step
        sums[2 * CALIBRATION_BINS + number] = rows * label
    if axis.stride == 1:
        sums[_FOURTH] = sum(map(mul, counts, pick(axis.fourth[label])))
        sums[_LOSSES] = sum(map(mul, counts, pick(axis.losses[label])))
    return sums


def _lanes(packed: int, size: int) -> array[int]:
    lanes = array("Q")
    lanes.frombytes(packed.to_bytes(8 * size, "little"))
    if sys.byteorder == "big":
        lanes.byteswap()
    return lanes


def unpack(packed: int, axis: Points) -> list[int]:
    """Return the counts (or weights in ``SUM_UNIT``) by point."""
    size = len(axis.at)
    if axis.weighted:
        raw = packed.to_bytes(16 * size, "little")
        return [int.from_bytes(raw[start : start + 16], "little") for start in range(0, 16 * size, 16)]
    return _lanes(packed, size).tolist()


def unpack_coarse(packed: int, axis: Points) -> list[int]:
    """Return the counts of ``_STRIDE`` points taken together (only where the axis has a stride)."""
    pairs = packed + (packed >> 64)
    fours = pairs + (pairs >> 128)
    return _lanes(fours, len(axis.at))[::_STRIDE].tolist()


def unpack_labelled(scores: Histogram, axis: Points) -> tuple[list[int], list[int]]:
    """Return counts of negatives and positives by point; of many points only those that hold any."""
    negatives, positives = unpack(scores.packed[0], axis), unpack(scores.packed[1], axis)
    if len(axis.at) <= _DENSE:
        return negatives, positives
    held = unpack(scores.packed[0] | scores.packed[1], axis)
    return list(compress(negatives, held)), list(compress(positives, held))


def fourth_powers(scores: Histogram) -> float:
    """Return the sum of (score - label)^4."""
    return scores.linear[_FOURTH] / _POWER_UNIT


def squared_losses(scores: Histogram) -> float:
    """Return the sum of squared log losses."""
    return scores.linear[_LOSSES] / _LOSS_UNIT
