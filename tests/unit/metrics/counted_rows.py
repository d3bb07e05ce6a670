"""Counts rows into a tally, plainly: what the tests of metrics start from."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import log
from typing import TYPE_CHECKING, Any

import msgspec

from assay.records.tally import (
    SCORE_BINS,
    Cell,
    ErrorCell,
    ErrorMoments,
    Errors,
    Roles,
    ScoreCell,
    Scores,
    Tally,
    WeightedScores,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.tally import Task

ONE = 10**12
CLIP = 2.220446049250313e-16


def order(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((value is None, str(type(value)), str(value)) for value in key)


def tally_of(
    groups: Sequence[tuple[Any, ...]],
    *,
    names: Sequence[str] = ("group",),
    label: Sequence[Any] | None = None,
    prediction: Sequence[Any] | None = None,
    score: Sequence[float | None] | None = None,
    weight: Sequence[float] | None = None,
    bins: bool = False,
    task: Task = "binary",
    favourable_is_positive: bool = True,
    favourable: str | int | None = None,
) -> Tally:
    """Count rows; ``groups`` holds a tuple of values a row, the other columns a value a row."""
    rows = len(groups)
    labels = label if label is not None else [None] * rows
    predictions = prediction if prediction is not None else [None] * rows
    weights = weight if weight is not None else [0.0] * rows
    roles = Roles(
        label=None if label is None else "y",
        prediction=None if prediction is None else "p",
        score=None if score is None else "s",
        weight=None if weight is None else "w",
        protected=tuple(names),
        task=task,
        favourable=favourable,
    )
    if task == "regression":
        return Tally(roles=roles, rows=rows, errors=_errors(groups, labels, predictions))
    counts: Counter[Any] = Counter()
    sums: defaultdict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for key in zip(groups, labels, predictions, weights, strict=True):
        counts[key[:3]] += 1
        sums[key[:3]][0] += round(key[3] * ONE)
        sums[key[:3]][1] += round(key[3] ** 2 * ONE)
    cells = tuple(
        Cell(
            group=key[0],
            label=key[1],
            prediction=key[2],
            count=count,
            weight=None if weight is None else sums[key][0],
            weight_squares=None if weight is None else sums[key][1],
        )
        for key, count in sorted(counts.items(), key=lambda pair: order((*pair[0][0], pair[0][1], pair[0][2])))
    )
    scores = None if score is None else _scores(groups, labels, score, weight, bins=bins)
    return Tally(roles=roles, rows=rows, cells=cells, scores=scores, favourable_is_positive=favourable_is_positive)


def _scores(
    groups: Sequence[tuple[Any, ...]],
    labels: Sequence[Any],
    score: Sequence[float | None],
    weight: Sequence[float] | None,
    *,
    bins: bool,
) -> Scores:
    usable = [value for value in score if value is not None]
    unit = all(0 <= value <= 1 for value in usable)
    low, high = (0.0, 1.0) if unit else (min(usable), max(usable))
    width = (high - low) / SCORE_BINS
    parts: defaultdict[Any, list[tuple[float, float]]] = defaultdict(list)
    for number, value in enumerate(score):
        if value is not None:
            parts[groups[number], labels[number]].append((value, weight[number] if weight else 0.0))
    cells = []
    for (group, label), pairs in sorted(parts.items(), key=lambda pair: order((*pair[0][0], pair[0][1]))):
        values = [value for value, _ in pairs]
        places = [min(int((value - low) / width), SCORE_BINS - 1) for value in values]
        weighed: Counter[int] = Counter()
        for place, (_, each) in zip(places, pairs, strict=True):
            weighed[place] += round(each * ONE)
        losses = None
        if unit and label is not None:
            clipped = [min(max(value, CLIP), 1 - CLIP) for value in values]
            losses = sum(round(-log(value if label else 1 - value) * ONE) for value in clipped)
        cells.append(
            ScoreCell(
                group=group,
                label=label,
                bins=tuple(sorted(Counter(places).items())) if bins else (),
                values=None if bins else tuple(sorted(Counter(values).items())),
                count=len(values),
                total=sum(round(value * ONE) for value in values),
                squares=sum(round(value * value * ONE) for value in values),
                log_losses=losses,
                weighted_bins=tuple(sorted(weighed.items())) if weight else (),
                weighted=_weighted(pairs, label, unit=unit) if weight else msgspec.UNSET,
            )
        )
    return Scores(low=low, high=high, cells=tuple(cells))


def _weighted(pairs: Sequence[tuple[float, float]], label: int | None, *, unit: bool) -> WeightedScores:
    units = [(value, round(weight * ONE)) for value, weight in pairs]
    losses = None
    if unit and label is not None:
        shares = [(min(max(value if label else 1 - value, CLIP), 1 - CLIP), each) for value, each in units]
        losses = sum(round(-log(share) * each) for share, each in shares)
    return WeightedScores(
        total=sum(round(value * each) for value, each in units),
        squares=sum(round(value * value * each) for value, each in units),
        log_losses=losses,
    )


def _errors(groups: Sequence[tuple[Any, ...]], labels: Sequence[Any], predictions: Sequence[Any]) -> Errors:
    gaps: list[float] = [prediction - label for prediction, label in zip(predictions, labels, strict=True)]
    low, high = min(gaps), max(gaps)
    width = (high - low) / SCORE_BINS or 1.0
    parts: defaultdict[Any, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        parts[group].append(number)

    def total(values: list[float]) -> int:
        return sum(round(value * ONE) for value in values)

    cells = tuple(
        ErrorCell(
            group=group,
            count=len(numbers),
            labels=total([labels[number] for number in numbers]),
            label_squares=total([labels[number] ** 2 for number in numbers]),
            predictions=total([predictions[number] for number in numbers]),
            errors=total([gaps[number] for number in numbers]),
            absolute_errors=total([abs(gaps[number]) for number in numbers]),
            squared_errors=total([gaps[number] ** 2 for number in numbers]),
            bins=tuple(
                sorted(Counter(min(int((gaps[number] - low) / width), SCORE_BINS - 1) for number in numbers).items())
            ),
            moments=ErrorMoments(
                label_cubes=total([labels[number] ** 3 for number in numbers]),
                label_fourths=total([labels[number] ** 4 for number in numbers]),
                error_fourths=total([gaps[number] ** 4 for number in numbers]),
                label_error_squares=total([labels[number] * gaps[number] ** 2 for number in numbers]),
                label_square_error_squares=total([labels[number] ** 2 * gaps[number] ** 2 for number in numbers]),
            ),
        )
        for group, numbers in sorted(parts.items(), key=lambda pair: order(pair[0]))
    )
    return Errors(low=low, high=high, cells=cells)
