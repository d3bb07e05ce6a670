"""Weighted rows as whole people: as many as they tell as much as (Kish 1965, Survey Sampling, section 11.7).

Causes are sought among people who count alike. Rows with weights become such people in proportion to their weights, in
all as many as Kish's effective sample size, so that what is sure of them is as sure as the weighted rows make it.
"""

from __future__ import annotations

import msgspec

from assay.diagnosis.power import carried
from assay.records.tally import SUM_UNIT, Cell, ScoreCell, Tally


def people_for_a_weight(tally: Tally) -> float:
    """Return how many people one unit of weight stands for: the sum of weights over the sum of their squares."""
    weights = sum(cell.weight or 0 for cell in tally.cells)
    squares = [cell.weight_squares for cell in tally.cells]
    if not weights:
        return 0.0
    if any(one is None for one in squares):
        return sum(cell.count for cell in tally.cells) / (weights * SUM_UNIT)
    return weights / (sum(one or 0 for one in squares) or 1)


def effective(tally: Tally) -> Tally:
    """Return a tally of whole people with no weights; the tally itself where rows have none."""
    if tally.roles.weight is None:
        return tally
    factor = people_for_a_weight(tally) * SUM_UNIT
    cells = tuple(_people(cell, factor) for cell in tally.cells)
    scores = tally.scores
    if scores is not None:
        scores = msgspec.structs.replace(scores, cells=tuple(_scores(cell, factor) for cell in scores.cells))
    return msgspec.structs.replace(
        tally, roles=msgspec.structs.replace(tally.roles, weight=None), cells=cells, scores=scores,
        rows=sum(one.count for one in cells),
    )  # fmt: skip


def _people(cell: Cell, factor: float) -> Cell:
    return msgspec.structs.replace(cell, count=round((cell.weight or 0) * factor), weight=None, weight_squares=None)


def _scores(cell: ScoreCell, factor: float) -> ScoreCell:
    """Return the scores by bin: weights are kept by bin, even where every score is."""
    bins = tuple(carried(cell.weighted_bins, factor))
    sums = cell if isinstance(cell.weighted, msgspec.UnsetType) else cell.weighted
    losses = None if sums.log_losses is None else round(sums.log_losses * factor)
    return msgspec.structs.replace(
        cell, bins=bins, values=None, count=sum(rows for _, rows in bins), total=round(sums.total * factor),
        squares=round(sums.squares * factor), log_losses=losses, weighted_bins=(), weighted=msgspec.UNSET,
    )  # fmt: skip
