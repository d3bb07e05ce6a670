"""The one question to a model here: how probable the favourable outcome is, row by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from assay.diagnosis.reasons.budget import Budget, TimeUpError
from assay.probing.asking import told_error
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.probing.scorer import Scorer, Value
    from assay.records.reasons import Scale

Columns: TypeAlias = "Mapping[str, Sequence[Value]]"
"""Rows, column by column, all of one length."""

BATCH = 20_000
"""Rows of one question."""


class Favour:
    """Asks a model for the probability of the favourable outcome.

    Attributes:
        name: what answers.
        threshold: the favourable probability from which on a person is approved.
        asked: rows asked so far.
        budget: the time that all questions together may take.
    """

    def __init__(
        self, scorer: Scorer, *, favours_positive: bool, threshold: float, budget: Budget | None = None
    ) -> None:
        """Wrap a model.

        Args:
            scorer: answers with the probability of the positive class.
            favours_positive: whether the positive class is the outcome that is good for the person.
            threshold: the positive class's probability from which on the decision is the positive class.
            budget: the time that all questions together may take; by default as long as it takes.
        """
        self.budget = budget or Budget()
        self.name = scorer.name
        self.threshold = threshold if favours_positive else 1 - threshold
        self.asked = 0
        self._scorer, self._favours_positive = scorer, favours_positive

    def approves(self, probability: float) -> bool:
        """Say whether a person with a favourable probability is approved."""
        if self._favours_positive:
            return probability >= self.threshold
        return 1 - probability < 1 - self.threshold  # at the threshold the positive class is decided

    def __call__(self, columns: Columns) -> list[float]:
        """Return the favourable probability of each row.

        Raises:
            ScorerError: when the model cannot be asked, or answers with something else than probabilities.
            TimeUpError: when the budget is over; a question that is under way is left behind.
        """
        rows = len(next(iter(columns.values())))
        found: list[float] = []
        for start in range(0, rows, BATCH):
            batch = {name: values[start : start + BATCH] for name, values in columns.items()}
            found += self._asked(batch, min(BATCH, rows - start))
        return found

    def _asked(self, columns: Columns, rows: int) -> list[float]:
        self.asked += rows
        try:
            answers = self.budget.wait_for(lambda: list(self._scorer.score(columns)))
        except (ScorerError, TimeUpError):
            raise
        except Exception as error:  # noqa: BLE001 - somebody else's model: what it raised is the message
            raise ScorerError(f"the model ({self.name}) could not answer {rows:,} rows: {told_error(error)}") from None
        if len(answers) != rows:
            raise ScorerError(f"the model ({self.name}) answered {len(answers):,} times for {rows:,} rows")
        for answer in answers:
            if not _is_probability(answer):
                raise ScorerError(
                    f"expected the probability of the positive class from 0 to 1, found {ascii(answer)[:40]} (the "
                    f"model is {self.name}): reasons rest on how far each feature moved a score, so a score is needed"
                )
        return [float(one) if self._favours_positive else 1 - float(one) for one in answers]


def _is_probability(answer: Any) -> bool:  # noqa: ANN401 - whatever a model gives
    return isinstance(answer, (int, float)) and not isinstance(answer, bool) and 0 <= answer <= 1


def scaled(probability: float, scale: Scale) -> float:
    """Return a probability on a scale; log-odds are ``log(p / (1 - p))``."""
    if scale == "probability":
        return probability
    return math.log(probability) - math.log1p(-probability)


def rows_of(columns: Columns, rows: Sequence[int]) -> dict[str, list[Value]]:
    """Return some rows, in this order."""
    return {name: [values[row] for row in rows] for name, values in columns.items()}
