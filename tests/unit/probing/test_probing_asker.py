"""Asking within a budget: what is an answer, what is none, what ends it; and changes that chance makes twice alike."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import pytest

from assay.probing.asking import SINGLES, Asker, Reading
from assay.probing.counterfactual import counterfactual
from assay.probing.perturbing import Probed, noise
from assay.probing.rows import ProbeRows
from assay.probing.scorer import LateScorerError
from assay.probing.slices import slices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Model:
    name = "a test's"

    def __init__(self, answer: Callable[[dict[str, Any]], Any]) -> None:
        self._answer = answer

    def score(self, columns: Mapping[str, Sequence[Any]]) -> list[Any]:
        names = list(columns)
        return [self._answer(dict(zip(names, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def asker(answer: Callable[[dict[str, Any]], Any], reading: Reading | None = None, *, queries: int = 10_000) -> Asker:
    return Asker(Model(answer), reading or Reading(), queries=queries, seconds=60, clock=lambda: 0.0)


def probed(answer: Callable[[dict[str, Any]], Any], *, rows: int = 300, seed: int = 1) -> Probed:
    draw = random.Random(4)
    features: dict[str, tuple[Any, ...]] = {
        "income": tuple(draw.gauss(50, 10) for _ in range(rows)),
        "children": tuple(draw.randrange(5) for _ in range(rows)),
        "owner": tuple(draw.randrange(2) for _ in range(rows)),
        "sex": tuple(draw.choice("fm") for _ in range(rows)),
    }
    nothing = (None,) * rows
    made = ProbeRows(features, {"sex": features["sex"]}, nothing, nothing, rows)
    asks = asker(answer)
    decisions = asks.ask(features).decisions
    assert None not in decisions
    return Probed(made, tuple(bool(one) for one in decisions), asks, seed)


@pytest.mark.parametrize("answer", [None, math.nan, -0.1, 1.1, math.inf, "yes", [0.1, 0.2, 0.7], {}])
def test_what_is_no_probability_is_no_decision(answer: object) -> None:
    found = asker(lambda _row: answer).ask({"x": [1, 2]})
    assert found.decisions == (None, None)
    assert found.trouble.startswith("answered ")


@pytest.mark.parametrize(
    ("answer", "decision"), [(1, True), ("1", True), (True, True), (1.0, True), (0, False), ("no", False)]
)
def test_classes_are_compared_as_they_are_written(answer: object, decision: bool) -> None:
    assert asker(lambda _row: answer, Reading("label")).ask({"x": [1]}).decisions == (decision,)
    assert asker(lambda _row: math.nan, Reading("label")).ask({"x": [1]}).decisions == (None,)


def test_the_threshold_belongs_to_the_positive_side_and_scores_are_centred_on_it() -> None:
    found = asker(lambda row: row["x"], Reading(threshold=0.2)).ask({"x": [0.1, 0.2, 0.6, 1.0]})
    assert found.decisions == (False, True, True, True)
    assert found.scores == pytest.approx((0.25, 0.5, 0.75, 1.0))


def test_a_row_that_breaks_costs_no_other_its_answer() -> None:
    found = asker(lambda row: 1 / row["x"] / 10).ask({"x": [1, 0, 2]})
    assert found.decisions == (False, None, False)
    assert found.trouble == "ZeroDivisionError: division by zero"
    assert not found.stopped


def test_a_model_that_breaks_on_every_row_is_not_asked_for_all() -> None:
    asks = asker(lambda row: row["y"])
    found = asks.ask({"x": [1] * 400})
    assert found.decisions == (None,) * SINGLES
    assert found.stopped == "the model cannot answer such rows"
    assert asks.queries == 400 + SINGLES


def test_a_budget_of_queries_ends_between_rows() -> None:
    found = asker(lambda _row: 0.1, queries=7).ask({"x": [1] * 10})
    assert len(found.decisions) == 7
    assert found.stopped == "the budget of 7 queries was spent"


def test_time_ends_it_too() -> None:
    now = [0.0]

    def slow(_row: object) -> float:
        now[0] += 0.03
        return 0.1

    asks = Asker(Model(slow), Reading(), queries=10_000, seconds=10, clock=lambda: now[0])
    found = asks.ask({"x": [1] * 1000})
    assert len(found.decisions) == 500  # what was begun in time is kept
    assert found.stopped == "the budget of 10 seconds was spent"

    def late(_row: object) -> float:
        raise LateScorerError("no answer within 1 s")

    assert asker(late).ask({"x": [1]}).stopped == "no answer within 1 s"


def test_noise_leaves_flags_and_texts_alone_and_keeps_whole_numbers_whole() -> None:
    seen: list[dict[str, Any]] = []

    def answer(row: dict[str, Any]) -> float:
        seen.append(row)
        return float(row["income"] > 50)

    made = probed(answer)
    before = seen.copy()
    seen.clear()
    first = list(noise(made, [0.5], None))
    assert all(
        one["owner"] == other["owner"] and one["sex"] == other["sex"] for one, other in zip(before, seen, strict=True)
    )
    assert all(isinstance(one["children"], int) for one in seen)
    assert any(one["children"] != other["children"] for one, other in zip(before, seen, strict=True))
    assert all(one["income"] != other["income"] for one, other in zip(before, seen, strict=True))
    assert list(noise(made, [0.5], None)) == first
    assert list(noise(probed(answer, seed=2), [0.5], None)) != first
    assert [one.tried for one in first] == [300, first[1].tried, 300 - first[1].tried]


def test_a_decision_by_sex_alone_turns_for_everybody() -> None:
    flips = list(counterfactual(probed(lambda row: float(row["sex"] == "f")), {}))
    assert [(one.changed, one.tried) for one in flips] == [(one.tried, one.tried) for one in flips]
    none = list(counterfactual(probed(lambda row: float(row["income"] > 50)), {}))
    assert [one.changed for one in none] == [0, 0, 0]


def test_every_slice_is_counted_as_the_rows_say() -> None:
    rows = ProbeRows(
        {"kind": ("a", "a", "b", "b", None)}, {"sex": ("f", "m", "f", "m", "m")},
        (True, True, False, None, False), (True, False, False, True, True), 5,
    )  # fmt: skip
    found = slices(rows, depth=2, smallest=1)
    assert (found.rows, found.errors) == (4, 2)
    assert {one.name: (one.rows, one.errors) for one in found.slices} == {
        "kind a": (2, 1), "kind b": (1, 0), "kind missing": (1, 1), "sex f": (2, 0), "sex m": (2, 2),
        "kind a and sex f": (1, 0), "kind a and sex m": (1, 1), "kind b and sex f": (1, 0),
        "kind missing and sex m": (1, 1),
    }  # fmt: skip
    assert slices(rows, depth=1, smallest=4).reason == "no slice has 4 rows within and outside of it"


def test_noise_on_what_is_no_number_is_told_and_not_left_out_in_silence() -> None:
    (told,) = noise(probed(lambda row: float(row["income"] > 50)), [0.1], ["income", "sex"])
    assert told.tried == 0
    assert "sex" in str(told.reason)
