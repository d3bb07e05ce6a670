"""Tallies of made-up people with scores, for tests: drawn with a seed, counted as `assay.tabular` counts them."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from assay.records._tally_sum import binned
from assay.records.tally import SUM_UNIT, Cell, Roles, ScoreCell, Scores, Tally


class Person(NamedTuple):
    """One row."""

    group: str
    label: int | None
    score: float | None
    prediction: int | None


def tally_of(people: list[Person], *, exact: bool = True, favourable_is_positive: bool = True) -> Tally:
    """Return the tally of some people by one attribute, ``race``."""
    cells = Counter((one.group, one.label, one.prediction) for one in people)
    columns: dict[tuple[str, int | None], list[float]] = {}
    for one in people:
        if one.score is not None:
            columns.setdefault((one.group, one.label), []).append(one.score)

    def order(pair: tuple[str, int | None]) -> tuple[str, int]:
        return pair[0], 2 if pair[1] is None else pair[1]

    scores = [_score_cell(group, label, columns[group, label]) for group, label in sorted(columns, key=order)]
    return Tally(
        roles=Roles(label="label", prediction="prediction", score="score", protected=("race",)),
        favourable_is_positive=favourable_is_positive,
        rows=len(people),
        cells=tuple(
            Cell(group=(group,), label=label, prediction=prediction, count=count)
            for (group, label, prediction), count in sorted(cells.items(), key=str)
        ),
        scores=Scores(low=0.0, high=1.0, cells=tuple(cell if exact else binned(cell, 0.0, 1.0) for cell in scores)),
    )


def _score_cell(group: str, label: int | None, scores: list[float]) -> ScoreCell:
    return ScoreCell(
        group=(group,),
        label=label,
        values=tuple(sorted(Counter(scores).items())),
        count=len(scores),
        total=sum(round(score / SUM_UNIT) for score in scores),
        squares=sum(round(score * score / SUM_UNIT) for score in scores),
    )
