"""Score cells of a tally brought together by one attribute: histograms and calibration bins for the charts.

Nothing here decides anything; the calibration error that a policy limits is a measurement, made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING

from assay.records.tally import SCORE_BINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.records.tally import GroupValue, ScoreCell, Scores, Tally

BARS = 20
"""Bars of a histogram, of equal width."""

CALIBRATION_BINS = 10
"""Bins of a calibration curve, of equal width."""

FEWEST = 10
"""A calibration bin with fewer people is left out of the curve, and the table says so."""

_Z95 = 1.959963984540054


@dataclass(slots=True)
class GroupScores:
    """The scores of one group.

    Attributes:
        value: the group.
        bars: people by bar of the histogram.
        people: people by calibration bin, labelled ones only.
        positives: positive labels by calibration bin.
        totals: sum of scores by calibration bin, labelled ones only.
    """

    value: GroupValue
    bars: list[int] = field(default_factory=lambda: [0] * BARS)
    people: list[int] = field(default_factory=lambda: [0] * CALIBRATION_BINS)
    positives: list[int] = field(default_factory=lambda: [0] * CALIBRATION_BINS)
    totals: list[float] = field(default_factory=lambda: [0.0] * CALIBRATION_BINS)

    @property
    def n(self) -> int:
        """People with a usable score."""
        return sum(self.bars)


def by_attribute(tally: Tally, attribute: str) -> list[GroupScores]:
    """Return the scores by group of one attribute, the largest group first; empty when the tally has no scores."""
    scores, position = tally.scores, tally.roles.protected.index(attribute)
    if scores is None:
        return []
    groups: dict[GroupValue, GroupScores] = {}
    for cell in scores.cells:
        value = cell.group[position]
        _add(groups.setdefault(value, GroupScores(value)), cell, scores)
    return sorted(groups.values(), key=lambda group: (-group.n, str(group.value)))


def _add(group: GroupScores, cell: ScoreCell, scores: Scores) -> None:
    width = (scores.high - scores.low) or 1.0
    for score, rows in _points(cell, scores):
        share = min(max((score - scores.low) / width, 0.0), 1.0)
        group.bars[min(int(share * BARS), BARS - 1)] += rows
        if cell.label in (0, 1):
            index = min(int(share * CALIBRATION_BINS), CALIBRATION_BINS - 1)
            group.people[index] += rows
            group.totals[index] += rows * score
            group.positives[index] += rows if cell.label == 1 else 0


def _points(cell: ScoreCell, scores: Scores) -> Iterator[tuple[float, int]]:
    """Yield (score, rows); a bin of the tally's histogram stands at its middle."""
    if cell.values is not None:
        yield from cell.values
        return
    width = (scores.high - scores.low) / SCORE_BINS
    for index, rows in cell.bins:
        yield scores.low + (index + 0.5) * width, rows


def wilson(positives: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion.

    Source: Wilson 1927, JASA 22, 209-212, doi 10.1080/01621459.1927.10502953.
    """
    rate, z2 = positives / n, _Z95 * _Z95
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 * sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(centre - half, 0.0), min(centre + half, 1.0)
