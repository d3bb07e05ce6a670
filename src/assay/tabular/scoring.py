"""Scores of raw cells as the record keeps them: by value while there are few, else by bin."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from operator import add
from typing import TYPE_CHECKING

import msgspec

from assay.errors import DataError
from assay.records._tally_sum import bin_of, cell_order, edges_of
from assay.records.tally import ScoreCell, Scores, WeightedScores
from assay.tabular.limits import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.records.tally import ClassValue, GroupValue
    from assay.tabular.classes import Classes
    from assay.tabular.counting import Counted, RawScores
    from assay.tabular.statement import Edges, Plan
    from assay.tabular.values import Raw


def check_scores(counted: Counted, plan: Plan, edges: Edges | None) -> None:
    """Check that every score is a number, and within the edges that were given.

    Raises:
        DataError: with the number of rows.
    """
    wrong: defaultdict[str, int] = defaultdict(int)
    for cell in counted.cells:
        for why in ("text", "outside"):
            wrong[why] += cell.scores.unusable[why] if cell.scores is not None else 0
        if edges is not None and counted.edges is None and cell.scores is not None:
            outside = zip(cell.scores.keys, cell.scores.counts, strict=True)
            wrong["outside"] += sum(rows for score, rows in outside if not edges[0] <= score <= edges[1])
    place = f"{plan.opened.name}: column {plan.roles.score!r}"
    if wrong["text"]:
        raise DataError(
            f"{place}: expected numbers as scores, found text in {wrong['text']} rows. "
            "Leave a missing score empty, write decimals with a point (0.5, not 0,5), "
            "and name another column if this one holds no scores"
        )
    if wrong["outside"] and edges is not None:
        raise DataError(
            f"{place}: expected scores from {edges[0]:g} to {edges[1]:g}, found {wrong['outside']} rows outside. "
            "Give Tallier(low=..., high=...) edges that hold all scores"
        )
    if wrong["outside"]:
        raise DataError(
            f"{place}: expected scores of magnitude up to {LARGEST:g}, found {wrong['outside']} rows beyond. "
            "Rescale the column"
        )


@dataclass(slots=True)
class _Sum:
    """A score cell while raw cells are added to it."""

    total: int = 0
    squares: int = 0
    log_losses: int = 0
    weighted: tuple[int, ...] = (0, 0, 0)
    counts: defaultdict[float, int] = field(default_factory=lambda: defaultdict(int))
    weights: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, raw: RawScores, bin_number: Callable[[float], int]) -> None:
        self.total += raw.total
        self.squares += raw.squares
        self.log_losses += raw.log_losses or 0
        self.weighted = tuple(map(add, self.weighted, raw.weighted))
        for key, count in zip(raw.keys, raw.counts, strict=True):
            self.counts[key] += count
        if raw.weights:
            for key, weight in zip(raw.keys, raw.weights, strict=True):
                self.weights[bin_number(key)] += weight


def scores_of(
    counted: Counted,
    plan: Plan,
    classes: Classes,
    group: Callable[[tuple[Raw, ...]], tuple[GroupValue, ...]],
    edges: Edges | None,
) -> Scores:
    """Return the scores of all raw cells, by group and label."""
    exact = counted.edges is None
    low, high = (
        counted.edges
        or edges
        or edges_of(score for cell in counted.cells if cell.scores is not None for score in cell.scores.keys)
    )

    def bin_number(key: float) -> int:
        return bin_of(key, low, high) if exact else int(key)

    sums: dict[tuple[tuple[GroupValue, ...], ClassValue], _Sum] = {}
    for cell in counted.cells:
        if cell.scores is not None and cell.scores.keys:
            key = (group(cell.group), classes(cell.label))
            sums.setdefault(key, _Sum()).add(cell.scores, bin_number)
    has_losses = plan.roles.label is not None and low >= 0.0 and high <= 1.0
    cells = [
        _cell(key, found, exact=exact, has_losses=has_losses, is_weighted=plan.roles.weight is not None)
        for key, found in sorted(sums.items(), key=lambda item: cell_order(item[0][0], item[0][1]))
    ]
    return Scores(low=low, high=high, cells=tuple(cells))


def _cell(
    key: tuple[tuple[GroupValue, ...], ClassValue], found: _Sum, *, exact: bool, has_losses: bool, is_weighted: bool
) -> ScoreCell:
    ordered = sorted(found.counts.items())
    has_losses = has_losses and key[1] is not None
    total, squares, losses = found.weighted
    weighted = WeightedScores(total=total, squares=squares, log_losses=losses if has_losses else None)
    return ScoreCell(
        group=key[0],
        label=key[1],
        bins=() if exact else tuple((int(number), count) for number, count in ordered),
        values=tuple(ordered) if exact else None,
        count=sum(found.counts.values()),
        total=found.total,
        squares=found.squares,
        log_losses=found.log_losses if has_losses else None,
        weighted_bins=tuple(sorted(found.weights.items())),
        weighted=weighted if is_weighted else msgspec.UNSET,
    )
