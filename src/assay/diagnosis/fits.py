"""Fits on the table ``coded`` by sums that the engine makes: least squares in one pass, logistic curves in a few.

Least squares need the sums of products of their terms alone (the normal equations); a logistic curve needs weighted
ones, anew in each step (McCullagh and Nelder 1989, Generalized Linear Models, section 4.4). So both work on any number
of rows, with no other library than the engine.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.diagnosis.arithmetic import inverse, times
from assay.tabular.sql import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.people import People

STEPS = 6
"""Steps of a logistic fit; six are enough from a start at nothing."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted line or logistic curve.

    Attributes:
        terms: SQL of its terms.
        coefficients: one a term.
        errors: their standard errors.
        rows: rows that it was fitted on.
        explained: share of the variance explained (lines); NaN for curves.
    """

    terms: tuple[str, ...]
    coefficients: tuple[float, ...]
    errors: tuple[float, ...]
    rows: int
    explained: float

    def of(self, term: str) -> tuple[float, float]:
        """Return a term's coefficient and standard error."""
        at = self.terms.index(term)
        return self.coefficients[at], self.errors[at]

    def z(self, term: str) -> float:
        """Return a term's coefficient in standard errors."""
        coefficient, error = self.of(term)
        return coefficient / error if error else 0.0

    def sql(self, without: frozenset[str] = frozenset()) -> str:
        """Return SQL of the linear predictor, without some terms."""
        return linear([(c, t) for c, t in zip(self.coefficients, self.terms, strict=True) if t not in without])


def linear(parts: Sequence[tuple[float, str]]) -> str:
    """Return SQL of a sum of terms times coefficients."""
    return " + ".join(f"{literal(float(c))} * ({term})" for c, term in parts) or "0.0"


def _sums(terms: Sequence[str], weight: str) -> list[str]:
    return [f"sum({weight}{terms[i]} * {terms[j]})" for i in range(len(terms)) for j in range(i, len(terms))]


def _square(values: Sequence[float | None], size: int) -> list[list[float]]:
    found = iter(values)
    matrix = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i, size):
            matrix[i][j] = matrix[j][i] = float(next(found) or 0.0)
    return matrix


def line(people: People, target: str, terms: Sequence[str], where: str = "TRUE") -> Fit | None:
    """Return the least-squares line of a target; None where there are fewer rows than terms, or no variance."""
    every = [*(f"x{at}" for at in range(len(terms))), "y_"]
    columns = ", ".join(f"CAST({term} AS DOUBLE) AS x{at}" for at, term in enumerate(terms))
    row = people.ask(
        f"SELECT count(*), {', '.join(_sums(every, ''))}, avg(y_), var_pop(y_) FROM "
        f"(SELECT {columns}, CAST({target} AS DOUBLE) AS y_ FROM coded WHERE ({where}) AND ({target}) IS NOT NULL)"
    )[0]
    rows, variance = row[0], row[-1] or 0.0
    if rows <= len(terms) + 1 or variance <= 0:
        return None
    matrix = _square(row[1:-2], len(every))
    size = len(terms)
    solved = inverse([matrix[i][:size] for i in range(size)])
    slope = [matrix[i][size] for i in range(size)]
    found = times(solved, slope)
    left = max(matrix[size][size] - sum(c * s for c, s in zip(found, slope, strict=True)), 0.0)
    noise = left / (rows - size)
    errors = tuple(math.sqrt(max(noise * solved[i][i], 0.0)) for i in range(size))
    return Fit(tuple(terms), tuple(found), errors, rows, 1 - left / (rows * variance))


def curve(
    people: People, terms: Sequence[str], where: str = "TRUE", steps: int = STEPS, *, table: str = "coded"
) -> Fit | None:
    """Return the logistic curve of the label; None where there are too few rows, or one label only."""
    rows, positive = people.ask(f"SELECT count(*), sum(y) FROM {table} WHERE ({where}) AND y IS NOT NULL")[0]
    size = len(terms)
    if not rows or min(positive, rows - positive) <= size + 1:
        return None
    found = [0.0] * size
    found[0] = math.log(positive / (rows - positive)) if terms[0] == "1.0" else 0.0
    columns = ", ".join(f"CAST({term} AS DOUBLE) AS x{at}" for at, term in enumerate(terms))
    names = [f"x{at}" for at in range(size)]
    solved: list[list[float]] = []
    for _ in range(steps):
        at = linear(list(zip(found, names, strict=True)))
        row = people.ask(
            f"SELECT {', '.join([*_sums(names, 'w * '), *(f'sum(r * {name})' for name in names)])} FROM (SELECT *, "
            f"greatest(p * (1 - p), 1e-6) AS w, y - p AS r FROM (SELECT *, 1 / (1 + exp(-greatest(-30, "
            f"least(30, {at})))) "
            f"AS p FROM (SELECT {columns}, y FROM {table} WHERE ({where}) AND y IS NOT NULL)))"
        )[0]
        products = size * (size + 1) // 2
        solved = inverse(_square(row[:products], size))
        move = [min(max(m, -3.0), 3.0) for m in times(solved, [value or 0.0 for value in row[products:]])]
        found = [c + m for c, m in zip(found, move, strict=True)]
        if max(map(abs, move)) < 1e-4:  # noqa: PLR2004 - converged
            break
    errors = tuple(math.sqrt(max(solved[i][i], 0.0)) for i in range(size))
    return Fit(tuple(terms), tuple(found), errors, rows, math.nan)
