"""Questions to a model within a budget; answers become decisions, and what is no answer is counted as such."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from assay.probing.scorer import LateScorerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assay.probing.scorer import Scorer, Value

BATCH = 500
"""Rows of one question."""

SINGLES = 20
"""When a question breaks, so many of its rows are asked one by one; when all of them break, the model cannot do it."""

_MOST_SHOWN = 160

Output: TypeAlias = Literal["probability", "label", "number"]


Decision: TypeAlias = "bool | str | float"
"""Whether it is the positive class; of several classes the class, as `written`; of a regression the number."""

_ROUNDING = 1e-9


def differs(before: Decision, after: Decision, tolerance: float = 0.0) -> bool:
    """Say whether two decisions differ; two numbers by more than the tolerance, in their own unit."""
    if isinstance(before, float) and isinstance(after, float):
        gap = abs(after - before)
        return gap > tolerance and not math.isclose(gap, tolerance, rel_tol=_ROUNDING)
    return before != after


class NoAnswer(str):
    """Why an answer is no decision."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How an answer becomes a decision.

    Attributes:
        output: whether the model answers with the probability of the positive class, with a class, or with a number
            that is the decision itself (of a regression).
        threshold: probability from which on the decision is the positive class.
        positive: the positive class.
        several: whether there may be more than two classes, each of which is a decision of its own.
    """

    output: Output = "probability"
    threshold: float = 0.5
    positive: str | int | bool = 1
    several: bool = False

    def centred(self, answer: Any) -> float | None:  # noqa: ANN401 - whatever a model gives
        """Return a probability on a scale on which decisions turn at one half; None when it is none."""
        if self.output != "probability" or isinstance(self.decision(answer), NoAnswer):
            return None
        half, score = 0.5, float(answer)
        if score < self.threshold:
            return half * score / self.threshold
        return half + half * (score - self.threshold) / ((1 - self.threshold) or 1.0)

    def decision(self, answer: Any) -> Decision | NoAnswer:  # noqa: ANN401 - whatever a model gives
        """Return the decision, or why this is none."""
        if self.output == "label":
            return _no_class(answer) or (written(answer) if self.several else written(answer) == written(self.positive))
        if not isinstance(answer, (int, float)):
            wanted = "number" if self.output == "number" else "probability"
            return NoAnswer(f"answered {_short(answer)}, where a {wanted} was expected")
        if self.output == "number":
            return float(answer) if math.isfinite(answer) else NoAnswer(f"answered {answer:g}, which is no number")
        if not 0 <= answer <= 1:  # NaN is in no range
            return NoAnswer(f"answered {answer:g}, which is no probability from 0 to 1")
        return answer >= self.threshold


def _no_class(answer: Any) -> NoAnswer | None:  # noqa: ANN401 - whatever a model gives
    nothing = answer is None or (isinstance(answer, float) and not math.isfinite(answer))
    if nothing or not isinstance(answer, (str, int, float)):
        return NoAnswer(f"answered {_short(answer)}, where a class was expected")
    return None


def written(value: str | float | bool) -> str:
    """Return a class as text, so that 1, 1.0, True and ``true`` are one."""
    if isinstance(value, (bool, int, float)):
        return f"{float(value):g}"
    return {"true": "1", "false": "0"}.get(value.strip().lower(), value.strip())


def _short(answer: object) -> str:
    return ascii(answer)[:_MAX_ANSWER]


_MAX_ANSWER = 40


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back for the first rows asked; fewer than were asked when a budget ended or the model cannot do it.

    Attributes:
        decisions: of each row; None where there was no answer.
        trouble: the first thing that was no answer, in words; empty when there was none.
        stopped: why not all rows were asked; empty when they were.
        scores: the probability behind each decision, moved so that the threshold is one half; None without one.
    """

    decisions: tuple[Decision | None, ...]
    trouble: str = ""
    stopped: str = ""
    scores: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """Answers to one question or several: decisions, scores, the first trouble, and whether the question broke."""

    decisions: list[Decision | None]
    scores: list[float | None]
    trouble: str
    broke: bool = False


class Asker:
    """Asks a model, and keeps count of what that costs.

    Attributes:
        queries: rows asked so far.
        stopped: what ended the budget; empty while it lasts.
    """

    def __init__(
        self, scorer: Scorer, reading: Reading, *, queries: int, seconds: float, clock: Callable[[], float]
    ) -> None:
        """Begin to ask.

        Args:
            scorer: the model.
            reading: how its answers are read.
            queries: rows that may be asked, over all probes.
            seconds: that it may take, over all probes.
            clock: seconds that never go back.
        """
        self.queries = 0
        self.stopped = ""
        self._scorer, self._reading = scorer, reading
        self._most, self._seconds, self._clock = queries, seconds, clock
        self._until = clock() + seconds

    def left(self) -> int:
        """Return how many rows may still be asked; none once the time is over."""
        if not self.stopped and self._clock() >= self._until:
            self.stopped = f"the budget of {self._seconds:g} seconds was spent"
        elif not self.stopped and self.queries >= self._most:
            self.stopped = f"the budget of {self._most:,} queries was spent"
        return 0 if self.stopped else self._most - self.queries

    def ask(self, columns: Mapping[str, Sequence[Value]]) -> Answers:
        """Ask for every row, in order, as far as the budget reaches."""
        rows = len(next(iter(columns.values())))
        found = _Read([], [], "")
        while len(found.decisions) < rows:
            done = len(found.decisions)
            room = min(BATCH, rows - done, self.left())
            if not room:
                break
            batch = {name: values[done : done + room] for name, values in columns.items()}
            read = self._batch(batch, room)
            found = _Read(found.decisions + read.decisions, found.scores + read.scores, found.trouble or read.trouble)
            if len(read.decisions) < room:
                break
        stopped = self.stopped or "the model cannot answer such rows" if len(found.decisions) < rows else ""
        return Answers(tuple(found.decisions), found.trouble, stopped, tuple(found.scores))

    def _batch(self, columns: Mapping[str, Sequence[Value]], rows: int) -> _Read:
        """Ask for some rows together, and when that breaks one by one."""
        together = self._once(columns, rows)
        if not together.broke or rows == 1 or self.stopped:
            return together
        found = _Read([], [], "")
        for row in range(rows):
            if (row == SINGLES and not any(one is not None for one in found.decisions)) or not self.left():
                break
            one = self._once({name: values[row : row + 1] for name, values in columns.items()}, 1)
            found = _Read(found.decisions + one.decisions, found.scores + one.scores, found.trouble or one.trouble)
        return found

    def _once(self, columns: Mapping[str, Sequence[Value]], rows: int) -> _Read:
        """Ask once."""
        self.queries += rows
        try:
            answers = list(self._scorer.score(columns))
        except LateScorerError as error:
            self.stopped = str(error)
            return _Read([], [], str(error), broke=True)
        except Exception as error:  # noqa: BLE001 - somebody else's model: that it breaks is what is looked for
            return _Read([None] * rows, [None] * rows, told_error(error), broke=True)
        if len(answers) != rows:
            return _Read([None] * rows, [None] * rows, f"answered {len(answers)} times for {rows} rows", broke=True)
        read = [self._reading.decision(answer) for answer in answers]
        trouble = next((one for one in read if isinstance(one, NoAnswer)), "")
        scores = [self._reading.centred(answer) for answer in answers]
        return _Read([None if isinstance(one, NoAnswer) else one for one in read], scores, trouble)


def told_error(error: Exception) -> str:
    """Return what a model raised, in one short line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:_MOST_SHOWN]}" if text else type(error).__name__
