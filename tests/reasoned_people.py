"""Models that answer and people whom they turn down, for tests of reasons: functions, and what scikit-learn fits."""

# ruff: noqa: ANN401, PLC0415 - models answer anything; numpy comes with what scikit-learn fitted

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WORDS = b"""
least_share: 0
reference: all
features:
  income: {low: Your income is low for this loan, high: Your income is high, actionable: true, direction: increase}
  debt: {high: Your debts are high for your income, low: Your debts are low, missing: We could not verify your debts,
    actionable: true, direction: decrease, min: 0}
  job: {statement: The kind of job that you have, missing: We could not verify your job}
"""


@dataclass(frozen=True)
class Answers:
    """A model made of a function of one row: its log-odds."""

    log_odds: Callable[..., float]
    name: str = "a function"

    def score(self, columns: Mapping[str, Sequence[Any]]) -> list[float]:
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return [1 / (1 + math.exp(-self.log_odds(**row))) for row in rows]


def additive(income: float, debt: float | None, job: str | None) -> float:
    owed = 0.0 if debt is None else -0.1 * debt - (0.7 if debt > 36 else 0)
    return 0.05 * income + owed + {"clerk": 0.8, "smith": -0.2}.get(str(job), 0.0) - 0.5


def interacting(income: float, debt: float | None, job: str | None) -> float:
    return additive(income, debt, job) - 0.0008 * income * (debt or 0) * (1.5 if job == "smith" else 1)


def people(count: int, *, seed: int, gaps: bool = False) -> dict[str, list[Any]]:
    draw = random.Random(seed)
    return {
        "income": [round(draw.uniform(10, 100), 1) for _ in range(count)],
        "debt": [None if gaps and draw.random() < 0.1 else draw.randint(0, 60) for _ in range(count)],
        "job": [
            None if gaps and draw.random() < 0.1 else draw.choice(["clerk", "smith", "nurse"]) for _ in range(count)
        ],
    }


class Fitted:
    """A classifier of scikit-learn on numeric columns, asked as the scorers ask."""

    def __init__(self, fitted: Any) -> None:
        self.fitted = fitted
        self.name = type(fitted).__name__

    def score(self, columns: Mapping[str, Sequence[Any]]) -> list[float]:
        import numpy as np

        answers: list[float] = self.fitted.predict_proba(np.array(list(columns.values()), dtype=float).T)[:, 1].tolist()
        return answers
