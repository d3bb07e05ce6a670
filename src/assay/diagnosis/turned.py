"""Two accounts of why one side's labels leave the curve of the other: turned labels, and moved odds.

Both take the curve itself with them: it is fitted to the labels of both sides at once, together with the two
parameters of the account, so that a curve known from few people is not held against many as if it were the truth. With
the curve's log odds ``x`` the labels of the side asked about are positive with

- turned labels: ``e0 + (1 - e0 - e1) * sigmoid(x)`` (class-conditional noise: Angluin and Laird 1988, Machine Learning
  2:343-370),
- moved odds: ``sigmoid(shift + slope * x)`` (Cox 1958, Biometrika 45:562-565),

and those of the other side with ``sigmoid(x)``. Fisher scoring, with its steps held within bounds and halved until they
improve (McCullagh and Nelder 1989, Generalized Linear Models, section 2.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from assay.diagnosis.arithmetic import Curve, deviance, inverse, sigmoid, times

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = 40
HALVINGS = 8
CONVERGED = 1e-6
MOST_FLIPS = 0.95
"""Flips of both kinds together; beyond it labels say the opposite."""


class Cell(NamedTuple):
    """People whose log odds are alike: their terms in the curve, positive labels, number, whether of the side asked."""

    terms: tuple[float, ...]
    positive: float
    rows: float
    asked: bool


class Account(NamedTuple):
    """A fitted account: the curve, the two parameters of the side asked about, and minus twice the log likelihood."""

    curve: tuple[float, ...]
    parameters: tuple[float, float]
    deviance: float


class _Side(Protocol):
    """An account of one side: where its parameters start and end, the chance, and its slopes."""

    start: tuple[float, float]
    bounds: tuple[tuple[float, float], tuple[float, float]]

    def chance(self, x: float, parameters: Sequence[float]) -> tuple[float, float, tuple[float, float]]:
        """Return the chance at log odds ``x``, and its slopes in ``x`` and in the parameters."""


class Turned:
    """Turned labels: parameters e0 and e1."""

    start = (0.02, 0.02)
    bounds = ((0.0, MOST_FLIPS), (0.0, MOST_FLIPS))

    def chance(self, x: float, parameters: Sequence[float]) -> tuple[float, float, tuple[float, float]]:
        """Return the chance at log odds ``x``, and its slopes."""
        e0, e1 = parameters
        risk = sigmoid(x)
        kept = 1 - e0 - e1
        return e0 + kept * risk, kept * risk * (1 - risk), (1 - risk, -risk)


class Moved:
    """Moved odds: parameters shift and slope."""

    start = (0.0, 1.0)
    bounds = ((-20.0, 20.0), (-5.0, 5.0))

    def chance(self, x: float, parameters: Sequence[float]) -> tuple[float, float, tuple[float, float]]:
        """Return the chance at log odds ``x``, and its slopes."""
        shift, slope = parameters
        risk = sigmoid(shift + slope * x)
        steep = risk * (1 - risk)
        return risk, slope * steep, (steep, steep * x)


def joint(cells: Sequence[Cell]) -> Curve:
    """Return the one curve of both sides."""
    return Curve([one.terms for one in cells], [one.positive for one in cells], [one.rows for one in cells])


def fitted(side: _Side, cells: Sequence[Cell]) -> Account:
    """Fit an account of the side asked about, and the curve with it.

    Args:
        side: the account.
        cells: people of both sides.
    """
    start = Curve(*(list(column) for column in zip(*(one[:3] for one in cells if not one.asked), strict=True)))
    found = [*start.coefficients, *side.start]
    best = _deviance(side, cells, found)
    for _ in range(STEPS):
        move = _step(side, cells, found)
        for halving in range(HALVINGS):
            tried = _within(side, [c + m / 2**halving for c, m in zip(found, move, strict=True)])
            now = _deviance(side, cells, tried)
            if now < best:
                break
        else:
            break
        gained, found, best = best - now, tried, now
        if gained < CONVERGED:
            break
    return Account(tuple(found[:-2]), (found[-2], found[-1]), best)


def _chances(side: _Side, cells: Sequence[Cell], found: Sequence[float]) -> list[tuple[float, list[float]]]:
    """Return each cell's chance, and its slopes in the curve's coefficients and the two parameters."""
    curve, parameters, told = found[:-2], found[-2:], []
    for one in cells:
        x = min(max(sum(c * t for c, t in zip(curve, one.terms, strict=True)), -30.0), 30.0)
        if one.asked:
            p, steep, slopes = side.chance(x, parameters)
        else:
            p, slopes = sigmoid(x), (0.0, 0.0)
            steep = p * (1 - p)
        told.append((p, [*(steep * t for t in one.terms), *slopes]))
    return told


def _deviance(side: _Side, cells: Sequence[Cell], found: Sequence[float]) -> float:
    chances = [p for p, _ in _chances(side, cells, found)]
    return deviance(chances, [one.positive for one in cells], [one.rows for one in cells])


def _step(side: _Side, cells: Sequence[Cell], found: Sequence[float]) -> list[float]:
    """Return the scoring step; parameters that stand at a bound, and would leave it, stay."""
    size = len(found)
    gram = [[0.0] * size for _ in range(size)]
    slope = [0.0] * size
    for one, (p, slopes) in zip(cells, _chances(side, cells, found), strict=True):
        kept = min(max(p, 1e-9), 1 - 1e-9)
        weight = one.rows / (kept * (1 - kept))
        left = (one.positive / one.rows - p) * weight
        for i in range(size):
            slope[i] += left * slopes[i]
            for j in range(size):
                gram[i][j] += weight * slopes[i] * slopes[j]
    for at, (low, high) in zip((size - 2, size - 1), side.bounds, strict=True):
        if (found[at] <= low and slope[at] < 0) or (found[at] >= high and slope[at] > 0):
            slope[at] = 0.0
            for i in range(size):
                gram[at][i] = gram[i][at] = float(i == at) * (gram[at][at] or 1.0)
    return times(inverse(gram), slope)


def _within(side: _Side, found: list[float]) -> list[float]:
    """Return parameters drawn in to their bounds; flips to no more than `MOST_FLIPS` together."""
    held = [min(max(one, low), high) for one, (low, high) in zip(found[-2:], side.bounds, strict=True)]
    if isinstance(side, Turned) and sum(held) > MOST_FLIPS:
        held = [one * MOST_FLIPS / sum(held) for one in held]
    return [*found[:-2], *held]
