"""A model that hangs is left behind when its time is over, and what it said until then counts."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from assay.diagnosis.asked_model import PEOPLE, Asked, _walk
from assay.diagnosis.in_time import TimelyScorer, within
from assay.diagnosis.reasons.budget import Budget, TimeUpError
from assay.probing.scorer import LateScorerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.probing.scorer import Value

NAMES = ("income", "debt")
LATEST = 20.0
"""No test waits longer for a thread than this, however busy the machine is."""


class Hanging:
    """A model that answers so many questions, and then never again."""

    name = "a model that hangs"

    def __init__(self, after: int) -> None:
        self.left = after
        self.released = threading.Event()

    def score(self, columns: Mapping[str, Sequence[Value]]) -> Sequence[Any]:
        self.left -= 1
        if self.left < 0:
            self.released.wait(LATEST)
        return [float(one or 0.0) for one in columns["income"]]


def people() -> dict[int, list[tuple[Any, ...]]]:
    """Rows of income, debt and the score: the focus earns less."""
    return {side: [((at % 10) / 40 + 0.5 * (side == 0), at % 7, None) for at in range(PEOPLE)] for side in (1, 0)}


def test_a_model_whose_first_question_hangs_is_not_waited_for() -> None:
    scorer, began = Hanging(0), time.monotonic()
    told = _walk(scorer, NAMES, people(), 0.2)
    scorer.released.set()
    assert isinstance(told, str)
    assert "slow" in told
    assert time.monotonic() - began < LATEST


def test_a_model_that_hangs_later_leaves_the_orders_that_were_walked() -> None:
    questions_of_an_order = len(NAMES) + 1
    scorer = Hanging(3 + questions_of_an_order)
    asked = _walk(scorer, NAMES, people(), 3.0)
    scorer.released.set()
    assert isinstance(asked, Asked)
    assert any("ended after 1 of" in one for one in asked.told)
    assert asked.share("income") == pytest.approx(1.0, abs=0.25)


def test_work_that_is_done_in_time_is_handed_back_and_what_it_raised_is_raised() -> None:
    until = time.monotonic() + LATEST
    assert within(lambda: 7, until, "late") == 7
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 // 0, until, "late")


def test_a_timely_scorer_says_what_it_was_told_to_say() -> None:
    scorer = Hanging(0)
    with pytest.raises(LateScorerError, match="too late"):
        TimelyScorer(scorer, time.monotonic() + 0.05, "too late").score({"income": [1.0]})
    scorer.released.set()


def test_a_budget_leaves_a_hanging_question_behind() -> None:
    scorer = Hanging(0)
    with pytest.raises(TimeUpError):
        Budget(0.05).wait_for(lambda: scorer.score({"income": [1.0]}))
    scorer.released.set()


def test_a_models_own_time_limit_is_not_the_budgets() -> None:
    def late() -> None:
        raise LateScorerError("the server did not answer within 1 s")

    with pytest.raises(LateScorerError, match="the server"):
        Budget(LATEST).wait_for(late)
