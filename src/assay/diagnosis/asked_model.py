"""The model, asked: which part of the sides' difference in scores each of its inputs brings.

Shapley values of the disparity: a person's inputs are put in the place of another's, one after the other in random
orders, and what the answer moves by is the input's part (interventional values by sampling: Strumbelj and Kononenko
2014, KAIS 41:647-665, algorithm 1; Lundberg and Lee 2017; of the disparity: Begley et al. 2020). The difference of
the sides' means of these parts is the input's part of the disparity; they add up to all of it.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.diagnosis.arithmetic import logit
from assay.diagnosis.in_time import TimelyScorer
from assay.diagnosis.people import side_of
from assay.probing.asking import told_error
from assay.probing.scorer import LateScorerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.diagnosis.question import Question
    from assay.diagnosis.sides import Sides
    from assay.probing.scorer import Scorer
    from assay.tabular.engine import Session
    from assay.tabular.typed import Typed

PEOPLE = 250
"""People of each side that are asked about."""

ORDERS = 6
"""Random orders of the inputs; each is walked forwards and backwards in turn."""

SEED = 20240229
MOST_INPUTS = 60
"""Of more inputs the walk would take too long."""

ALIKE = 0.02
"""Mean difference of a model's answers from the scores in the data below which they are the same."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the model said.

    Attributes:
        parts: each input's part of the disparity, in units of the answer (log odds of probabilities).
        whole: the disparity of the answers.
        people: people asked about.
        name: what answered.
        told: what has to be said of it: a budget that ended, answers that are not the scores of the data.
    """

    parts: dict[str, float]
    whole: float
    people: int
    name: str
    told: tuple[str, ...]

    def share(self, feature: str) -> float | None:
        """Return an input's share of the disparity; None where there is no disparity, or no such input."""
        return self.parts[feature] / self.whole if feature in self.parts and abs(self.whole) > 1e-6 else None  # noqa: PLR2004 - none


def ask_model(session: Session, typed: Typed, question: Question, sides: Sides, scorer: Scorer) -> Asked | str:
    """Ask a model about some people of both sides; or say why it could not be asked."""
    names = tuple(getattr(scorer, "wants", ()) or question.features)
    lacking = [name for name in names if name not in typed.types]
    if not names or lacking:
        what = (
            f"was fitted on {', '.join(lacking[:5])}, which the data lack"
            if lacking
            else "needs --features, in its order"
        )
        return f"the model {what}: it was not asked"
    if len(names) > MOST_INPUTS:
        return f"the model has {len(names):,} inputs, and at most {MOST_INPUTS} are taken apart: it was not asked"
    people = _people(session, typed, question, sides, names)
    if min(len(rows) for rows in people.values()) < 2:  # noqa: PLR2004 - a mean takes two
        return "too few people to ask the model about"
    try:
        return _walk(scorer, names, people, question.seconds)
    except Exception as error:  # noqa: BLE001 - somebody else's model: what it raised is the message
        return f"the model could not be asked: {told_error(error)}"


def _people(
    session: Session, typed: Typed, question: Question, sides: Sides, names: tuple[str, ...]
) -> dict[int, list[tuple[Any, ...]]]:
    """Return rows of inputs (and the score) of some people of each side, evenly through the file."""
    score = typed.plain(question.roles.score) if question.roles.score else "NULL"
    columns = ", ".join([*(typed.value(name) for name in names), f"{score} AS score_"])
    found: dict[int, list[tuple[Any, ...]]] = {}
    for side in (1, 0):
        inner = (
            f"SELECT row_number() OVER () AS n, count(*) OVER () AS m, {columns} FROM {typed.relation} "
            f"WHERE {side_of(typed, sides)} = {side}"
        )
        rows = session.rows(
            f"SELECT * EXCLUDE (n, m) FROM ({inner}) WHERE n % greatest(1, m // {PEOPLE}) = 0 LIMIT {PEOPLE}",
            name=typed.name,
        )
        found[side] = [tuple(_plain(value) for value in row) for row in rows]
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever the engine returns
    return (
        value
        if value is None or isinstance(value, (str, int, float, bool))
        else float(value)
        if hasattr(value, "as_tuple")
        else str(value)
    )


def _answers(scorer: Scorer, names: tuple[str, ...], rows: list[list[Any]]) -> list[float]:
    answers = scorer.score({name: [row[at] for row in rows] for at, name in enumerate(names)})
    numbers = [float(one) for one in answers]
    if len(numbers) != len(rows) or any(one != one for one in numbers):  # noqa: PLR0124 - NaN
        raise ValueError(f"it answered {len(numbers)} numbers for {len(rows)} rows, or some that are none")
    return numbers


FIRST = (2, 20)
"""Rows that a model is asked about before it is asked about all: of a slow one that is known after a few."""


class _Walk:
    """Walks from other people's inputs to each one's own, and what the answers moved by."""

    def __init__(
        self, scorer: Scorer, names: tuple[str, ...], people: dict[int, list[tuple[Any, ...]]], seconds: float
    ) -> None:
        """Ask about everybody as they are.

        Raises:
            LateScorerError: when there is no time for that.
        """
        slow = f"the model is slow: it cannot answer about {2 * PEOPLE} people within the budget of {seconds:g} seconds"
        self.until = time.monotonic() + seconds
        self.scorer, self.names, self.people = TimelyScorer(scorer, self.until, slow), names, people
        self.sides = [side for side in (1, 0) for _ in people[side]]
        self.rows = [list(row[:-1]) for side in (1, 0) for row in people[side]]
        took = []
        for few in FIRST:
            began = time.monotonic()
            _answers(self.scorer, names, self.rows[:few])
            took.append(time.monotonic() - began)
        a_row = max(took[1] - took[0], 0.0) / (FIRST[1] - FIRST[0])
        if time.monotonic() + took[0] + a_row * len(self.rows) > self.until:
            raise LateScorerError(slow)
        self.first = _answers(self.scorer, names, self.rows)
        self.scale: Callable[[float], float] = logit if all(0 <= one <= 1 for one in self.first) else float
        self.sums = {name: [0.0, 0.0] for name in names}

    def once(self, order: list[int], others: list[list[Any]]) -> bool:
        """Walk in one order; False when the time is over, and then nothing of it counts."""
        try:
            moved = self._moved(order, others)
        except LateScorerError:
            return False
        for name, both in moved.items():
            self.sums[name] = [a + b for a, b in zip(self.sums[name], both, strict=True)]
        return True

    def _moved(self, order: list[int], others: list[list[Any]]) -> dict[str, list[float]]:
        now = [list(row) for row in others]
        moved = {name: [0.0, 0.0] for name in self.names}
        before = [self.scale(one) for one in _answers(self.scorer, self.names, now)]
        for at in order:
            for row, given in zip(now, self.rows, strict=True):
                row[at] = given[at]
            after = [self.scale(one) for one in _answers(self.scorer, self.names, now)]
            for side, old, new in zip(self.sides, before, after, strict=True):
                moved[self.names[at]][side] += new - old
            before = after
        return moved

    def disparity(self) -> float:
        """Return the focus' mean answer less the reference's."""
        mine = [self.scale(one) for one in self.first]
        mean = {
            side: sum(m for m, s in zip(mine, self.sides, strict=True) if s == side) / len(self.people[side])
            for side in (1, 0)
        }
        return mean[1] - mean[0]


def _walk(
    scorer: Scorer, names: tuple[str, ...], people: dict[int, list[tuple[Any, ...]]], seconds: float
) -> Asked | str:
    chance = random.Random(SEED)  # noqa: S311 - it protects nothing
    try:
        walk = _Walk(scorer, names, people, seconds)
    except LateScorerError as late:
        return str(late)
    done, order = 0, list(range(len(names)))
    for turn in range(ORDERS):
        if turn % 2 == 0:
            chance.shuffle(order)
        else:
            order.reverse()
        others = [walk.rows[chance.randrange(len(walk.rows))] for _ in walk.rows]
        if not walk.once(order, others):
            break
        done += 1
    if not done:
        return f"the model is slow: one order of its inputs takes longer than the budget of {seconds:g} seconds"
    told = _unlike(walk.first, people)
    if done < ORDERS:
        told.append(f"the model: the budget of {seconds:g} seconds ended after {done} of {ORDERS} orders of its inputs")
    count = {side: len(people[side]) * done for side in (1, 0)}
    parts = {name: both[1] / count[1] - both[0] / count[0] for name, both in walk.sums.items()}
    return Asked(parts, walk.disparity(), len(walk.rows), scorer.name, tuple(told))


def _unlike(answers: list[float], people: dict[int, list[tuple[Any, ...]]]) -> list[str]:
    """Say when the model's answers are not the scores of the data."""
    scores = [row[-1] for side in (1, 0) for row in people[side]]
    pairs = [(a, s) for a, s in zip(answers, scores, strict=True) if s is not None]
    apart = sum(abs(a - float(s)) for a, s in pairs) / len(pairs) if pairs else 0.0
    if apart <= ALIKE:
        return []
    return [f"the model's answers are not the scores of the data: they differ by {apart:.3f} on average"]
