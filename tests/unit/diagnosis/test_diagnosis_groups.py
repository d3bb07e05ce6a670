"""Whose gap is explained: groups of several attributes crossed, and a floor under one group's own rate."""

from __future__ import annotations

import random

import pytest

from assay.diagnosis.explaining import explain_rows
from assay.diagnosis.question import Question, limit_of
from assay.diagnosis.sides import sides_of
from assay.metrics import measure
from assay.records.tally import Roles
from assay.records.verdict import Limit
from assay.tabular import tally_rows
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


@pytest.mark.parametrize(
    ("approved", "focus", "reference", "apart"),
    [
        ({"a": 500, "b": 300, "c": 480}, ("b",), ("a", "c"), ()),  # c cannot be told from a
        ({"a": 500, "b": 300, "c": 400}, ("b",), ("a",), ("c",)),  # c is told from both
        ({"a": 500, "b": 460, "c": 480}, ("b", "c"), ("a",), ()),  # c is told from neither: the nearer one
    ],
)
def test_a_group_joins_the_nearer_end_unless_it_is_told_from_both(
    *, approved: dict[str, int], focus: tuple[str, ...], reference: tuple[str, ...], apart: tuple[str, ...]
) -> None:
    people = {"a": 1000, "b": 990, "c": 1000}
    rows = "group,ok\n" + "".join(f"{g},{int(at < n)}\n" for g, n in approved.items() for at in range(people[g]))
    tally = tally_rows(rows.encode(), Roles(prediction="ok", protected=("group",)))
    metric = "demographic_parity_difference"
    (measured,) = (one for one in measure(tally, metrics=[metric]) if one.metric == metric)
    sides = sides_of(tally, measured, metric, ("group",))
    assert sides is not None
    found = [tuple(sorted(str(one) for (one,) in keys)) for keys in (sides.focus, sides.reference, sides.apart)]
    assert sorted(found[:2]) == sorted([focus, reference])
    assert found[2] == apart
    assert sides.looks == 3


def test_a_group_on_no_side_is_told() -> None:
    rows = "group,ok\n" + "".join(
        f"{g},{int(at < n)}\n" for g, n in (("a", 500), ("b", 300), ("c", 400)) for at in range(1000)
    )
    one = explain_rows(
        Question(
            rows=rows.encode(), roles=Roles(prediction="ok", protected=("group",)),
            metric="demographic_parity_difference", limit=limit_of("demographic_parity_difference", 0.1),
        )
    ).findings[0]  # fmt: skip
    assert any(told.startswith("group 'c': told from both of the groups") for told in one.unexamined)


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
