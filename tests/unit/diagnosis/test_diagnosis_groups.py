"""Whose gap is explained: groups of several attributes crossed, and a floor under one group's own rate."""

from __future__ import annotations

import random

import pytest

from assay.diagnosis.explaining import explain_rows
from assay.diagnosis.question import Question, limit_of
from assay.records.tally import Roles
from assay.records.verdict import Limit
from unit.diagnosis.planted import sigmoid

ROLES = Roles(label="paid", prediction="approved", score="score", protected=("race", "sex"))
FEATURES = ("income", "debt")
CUT = 0.5


def crossed(higher: float, *, people: int = 6000) -> bytes:
    """Return a fair lender's people, those of race b and sex f cut higher."""
    chance = random.Random(11)
    lines = ["race,sex,paid,approved,score,income,debt"]
    for _ in range(people):
        race, sex = chance.choice("ab"), chance.choice("fm")
        income, debt = chance.gauss(0, 1), chance.gauss(0, 1)
        score = sigmoid(1.2 * income - 0.9 * debt)
        cut = CUT + higher * (race == "b" and sex == "f")
        paid = int(chance.random() < score)
        lines.append(f"{race},{sex},{paid},{int(score >= cut)},{score:.5f},{income:.4f},{debt:.4f}")
    return "\n".join(lines).encode()


def test_a_gap_of_an_intersection_is_explained_from_the_rows() -> None:
    metric = "demographic_parity_difference"
    one = explain_rows(
        Question(
            rows=crossed(0.25),
            roles=ROLES,
            metric=metric,
            limit=limit_of(metric, 0.1),
            compared=(("race", "sex"),),
            features=FEATURES,
        )
    ).findings[0]
    assert one.finding == f"{metric}/race,sex"
    assert one.causes[0].kind == "threshold.cut"
    assert "race 'b' and sex 'f' is cut at" in one.causes[0].detail


@pytest.mark.parametrize(
    ("metric", "limit"), [("true_positive_rate", Limit(min=0.65)), ("selection_rate", Limit(min=0.4))]
)
def test_a_floor_under_one_group_is_explained_against_the_group_farthest_from_it(metric: str, limit: Limit) -> None:
    one = explain_rows(
        Question(
            rows=crossed(0.3),
            roles=ROLES,
            metric=metric,
            limit=limit,
            compared=(("race", "sex"),),
            group={"race": "b", "sex": "f"},
            features=FEATURES,
        )
    ).findings[0]
    assert one.status == "fail"
    assert one.causes[0].kind == "threshold.cut"


def test_where_all_groups_are_alike_a_floor_has_no_cause_between_them() -> None:
    one = explain_rows(
        Question(
            rows=crossed(0.0),
            roles=ROLES,
            metric="true_positive_rate",
            limit=Limit(min=0.95),
            compared=(("race",),),
            group={"race": "b"},
            features=FEATURES,
        )
    ).findings[0]
    assert one.status == "fail"
    assert one.causes[0].kind == "none"
    assert "within what chance gives" in one.causes[0].detail
