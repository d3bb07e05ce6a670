"""What a score means: the log odds of the label as a line of the score, fitted to the counts of a group.

For probabilities the score's place is its own log odds, so that a calibrated score has the line with intercept 0 and
slope 1 (Cox 1958, "Two further applications of a model for binary regression", Biometrika 45:562-565).
"""

from __future__ import annotations

from math import exp, log, log1p
from typing import TYPE_CHECKING

from assay.records.tally import SCORE_BINS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.recut import Key
    from assay.records.tally import ScoreCell, Tally

_ROUNDS = 25
_RIDGE = 1e-3
_LEAST = 1e-4

Point = tuple[float, int, int]
"""A place on the score's axis, and how many rows there have the label 0 and the label 1."""


def points(tally: Tally, attributes: Sequence[str], key: Key) -> list[Point]:
    """Return a group's scores, on the axis that the line is fitted on."""
    where = [tally.roles.protected.index(name) for name in attributes]
    counts: dict[float, list[int]] = {}
    for cell in tally.scores.cells if tally.scores is not None else ():
        if cell.label in (0, 1) and tuple(cell.group[place] for place in where) == key:
            for score, rows in _held(tally, cell):
                counts.setdefault(score, [0, 0])[int(cell.label)] += rows
    return [(place_of(tally, score), rows[0], rows[1]) for score, rows in sorted(counts.items())]


def _held(tally: Tally, cell: ScoreCell) -> list[tuple[float, int]]:
    if cell.values is not None or tally.scores is None:
        return list(cell.values or ())
    low, high = tally.scores.low, tally.scores.high
    return [(low + (number + 0.5) * (high - low) / SCORE_BINS, rows) for number, rows in cell.bins]


def _is_share(tally: Tally) -> bool:
    return tally.scores is not None and (tally.scores.low, tally.scores.high) == (0.0, 1.0)


def place_of(tally: Tally, score: float) -> float:
    """Return log odds of a probability; any other score scaled to 0 to 1."""
    if _is_share(tally):
        kept = min(max(score, _LEAST), 1 - _LEAST)
        return log(kept / (1 - kept))
    low, high = (0.0, 1.0) if tally.scores is None else (tally.scores.low, tally.scores.high)
    return (score - low) / ((high - low) or 1.0)


def score_at(tally: Tally, place: float) -> float:
    """Return the score at a place."""
    if _is_share(tally):
        return sigmoid(place)
    low, high = (0.0, 1.0) if tally.scores is None else (tally.scores.low, tally.scores.high)
    return low + place * (high - low)


def sigmoid(x: float) -> float:
    """Return the logistic function."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def likelihood(points: Sequence[Point], line: tuple[float, float]) -> float:
    """Return the log-likelihood of labels under a line of log odds."""
    total = 0.0
    for place, zeros, ones in points:
        x = line[0] + line[1] * place
        # log(1 + e^x) without overflow
        above = x + log1p(exp(-x)) if x > 0 else log1p(exp(x))
        total += ones * x - (zeros + ones) * above
    return total


def line_of(points: Sequence[Point]) -> tuple[float, float] | None:
    """Fit log odds = intercept + slope * place by Newton's method, with a tiny ridge for labels that are told apart."""
    if not sum(zeros for _, zeros, _ in points) or not sum(ones for _, _, ones in points):
        return None
    intercept = slope = 0.0
    for _ in range(_ROUNDS):
        first = second = h00 = h01 = h11 = 0.0
        for place, zeros, ones in points:
            p = sigmoid(intercept + slope * place)
            rest = ones - (zeros + ones) * p
            weight = (zeros + ones) * p * (1 - p)
            first += rest
            second += rest * place
            h00 += weight
            h01 += weight * place
            h11 += weight * place * place
        first, second = first - _RIDGE * intercept, second - _RIDGE * slope
        h00, h11 = h00 + _RIDGE, h11 + _RIDGE
        determinant = h00 * h11 - h01 * h01
        if determinant <= 0:
            return None
        steps = (h11 * first - h01 * second) / determinant, (h00 * second - h01 * first) / determinant
        intercept, slope = intercept + steps[0], slope + steps[1]
        if abs(steps[0]) + abs(steps[1]) < 1e-10:  # noqa: PLR2004 - converged
            break
    return intercept, slope
