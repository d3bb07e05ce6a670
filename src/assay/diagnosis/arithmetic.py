"""Small linear algebra and tail probabilities in the standard library: no fit has more than some dozens of terms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RIDGE = 1e-6
"""Share of the mean diagonal that is added to it: equal columns share a coefficient instead of breaking the fit."""


def tail(z: float) -> float:
    """Return the two-sided probability of a standard normal beyond ``z``."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def tail_of_chi(square: float, freedom: int) -> float:
    """Return the upper probability of chi-squared (Wilson and Hilferty 1931, PNAS 17:684-688)."""
    if square <= 0:
        return 1.0
    if freedom == 1:
        return tail(math.sqrt(square))
    ninth = 2.0 / (9.0 * freedom)
    z = ((square / freedom) ** (1 / 3) - (1 - ninth)) / math.sqrt(ninth)
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def sigmoid(x: float) -> float:
    """Return the logistic function."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def logit(p: float, least: float = 1e-3) -> float:
    """Return the log odds of a probability, kept away from 0 and 1."""
    kept = min(max(p, least), 1 - least)
    return math.log(kept / (1 - kept))


def inverse(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the inverse of a symmetric, positive semidefinite matrix, with a ridge (`RIDGE`) on its diagonal."""
    size = len(matrix)
    mean = sum(matrix[i][i] for i in range(size)) / size or 1.0
    work = [[*row, *(1.0 if i == j else 0.0 for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        work[i][i] += RIDGE * mean
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(work[row][i]))
        work[i], work[pivot] = work[pivot], work[i]
        scale = work[i][i] or RIDGE * mean
        work[i] = [value / scale for value in work[i]]
        for j in range(size):
            if j != i and work[j][i]:
                factor = work[j][i]
                work[j] = [a - factor * b for a, b in zip(work[j], work[i], strict=True)]
    return [row[size:] for row in work]


def times(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> list[float]:
    """Return a matrix times a vector."""
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def two_rates(x1: float, n1: float, x0: float, n0: float) -> tuple[float, float]:
    """Return the difference of two rates and its z under equal rates (pooled); 0 and 0 where one has no rows."""
    if not n1 or not n0:
        return 0.0, 0.0
    pooled = (x1 + x0) / (n1 + n0)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    gap = x1 / n1 - x0 / n0
    return gap, gap / spread if spread else 0.0


class Curve:
    """A logistic curve fitted to counts.

    Attributes:
        coefficients: of the terms, in their order.
        covariance: their covariance.
        deviance: minus twice the log likelihood.
    """

    def __init__(self, terms: Sequence[Sequence[float]], positive: Sequence[float], rows: Sequence[float]) -> None:
        """Fit by iteratively reweighted least squares (McCullagh and Nelder 1989, section 4.4).

        Args:
            terms: one row of terms for each cell.
            positive: positive rows of each cell.
            rows: rows of each cell.
        """
        size = len(terms[0])
        self.coefficients = [0.0] * size
        self.covariance: list[list[float]] = []
        for _ in range(12):
            fitted = [sigmoid(self.of(row)) for row in terms]
            weight = [n * max(p * (1 - p), 1e-9) for n, p in zip(rows, fitted, strict=True)]
            step = [y - n * p for y, n, p in zip(positive, rows, fitted, strict=True)]
            gram = [
                [sum(w * row[i] * row[j] for w, row in zip(weight, terms, strict=True)) for j in range(size)]
                for i in range(size)
            ]
            slope = [sum(s * row[i] for s, row in zip(step, terms, strict=True)) for i in range(size)]
            self.covariance = inverse(gram)
            move = [min(max(m, -2.0), 2.0) for m in times(self.covariance, slope)]
            self.coefficients = [c + m for c, m in zip(self.coefficients, move, strict=True)]
            if max(map(abs, move)) < 1e-6:  # noqa: PLR2004 - converged
                break
        self.deviance = deviance([sigmoid(self.of(row)) for row in terms], positive, rows)

    def of(self, row: Sequence[float]) -> float:
        """Return the linear predictor of one row of terms."""
        return sum(c * x for c, x in zip(self.coefficients, row, strict=True))


def deviance(fitted: Sequence[float], positive: Sequence[float], rows: Sequence[float]) -> float:
    """Return minus twice the binomial log likelihood of counts under fitted probabilities."""
    total = 0.0
    for p, y, n in zip(fitted, positive, rows, strict=True):
        kept = min(max(p, 1e-9), 1 - 1e-9)
        total -= 2 * (y * math.log(kept) + (n - y) * math.log(1 - kept))
    return total
