from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from assay.adapters.explaining_here import explain
from assay.errors import AssayError, DataError, InputError
from assay.records.tally import Roles
from unit.diagnosis.planted import NAMES, Planted, table

if TYPE_CHECKING:
    from assay.records.explanation import ExplainedFinding

ROLES = Roles(label="paid", prediction="approved", score="score", protected=("group",))
DPD, ODDS = "demographic_parity_difference", "equalized_odds_difference"
METRIC = {
    "model.error_gap": ODDS, "data.label_noise": ODDS, "data.representation": ODDS, "data.split_mismatch": ODDS,
}  # fmt: skip
KINDS = (
    "data.sample_size", "data.representation", "data.base_rate", "data.label_noise", "data.missingness", "data.proxy",
    "data.split_mismatch", "model.error_gap", "model.calibration", "model.feature", "model.slice", "threshold.cut",
)  # fmt: skip


def found(planted: Planted, metric: str = DPD, limit: float = 0.05, roles: Roles = ROLES) -> ExplainedFinding:
    return explain(
        rows=planted.rows, roles=roles, metric=metric, limit=limit, features=NAMES, train=planted.train
    ).findings[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_cause_is_named_first(kind: str) -> None:
    one = found(table(kind), METRIC.get(kind, DPD))
    assert one.causes[0].kind == kind, [(c.kind, c.share, c.confidence) for c in one.causes]
    assert all(0 <= c.confidence <= 1 and (c.share is None or 0 <= c.share <= 1) for c in one.causes)
    assert one.remedies


@pytest.mark.parametrize(
    ("score", "says"), [("score", "the score tells less of them"), (None, "decisions without a score do not tell")]
)
def test_of_errors_no_more_is_said_than_the_evidence_holds(score: str | None, says: str) -> None:
    one = found(table("model.error_gap"), ODDS, roles=msgspec.structs.replace(ROLES, score=score))
    (told,) = [cause.detail for cause in one.causes if cause.kind == "model.error_gap"]
    assert says in told


@pytest.mark.parametrize("metric", [ODDS, "equal_opportunity_difference"])
def test_decisions_about_one_group_that_do_not_follow_the_score_are_errors_all_over_it(metric: str) -> None:
    one = found(table("overridden"), metric)
    assert one.causes[0].kind == "model.error_gap", [(c.kind, c.share, c.confidence) for c in one.causes]
    assert "follow no cut of the score" in one.causes[0].detail


def test_a_product_of_two_features_is_found_where_no_single_one_tells() -> None:
    one = found(table("product"))
    assert one.causes[0].kind == "model.feature", [(c.kind, c.share, c.confidence) for c in one.causes]
    assert "income and debt together" in one.causes[0].detail


def test_what_the_label_followed_in_training_alone_is_a_mismatch_and_no_stand_in() -> None:
    one = found(table("relation"))
    assert one.causes[0].kind == "data.split_mismatch", [(c.kind, c.share, c.confidence) for c in one.causes]
    assert "the label followed stand_in" in one.causes[0].detail


@pytest.mark.parametrize(("metric", "seed"), [("equal_opportunity_difference", 1), (ODDS, 1), (ODDS, 2)])
def test_a_common_cut_that_is_right_less_often_comes_before_the_errors_that_it_makes(metric: str, seed: int) -> None:
    one = found(table("misplaced", seed), metric)
    assert one.causes[0].kind == "threshold.cut", [(c.kind, c.share, c.confidence) for c in one.causes]
    assert "be right in" in one.causes[0].detail


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_groups_are_alike_no_cause_is_named(seed: int) -> None:
    assert found(table("none", seed)).causes[0].kind == "none"


def test_the_same_rows_give_the_same_bytes() -> None:
    planted = table("model.slice")
    first, second = (msgspec.json.encode(found(planted)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("kind", ["data.proxy", "model.calibration", "threshold.cut"])
def test_the_base_install_names_it_as_well(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for absent in ("sklearn", "numpy", "pandas", "scipy", "shap"):
        monkeypatch.setitem(sys.modules, absent, None)
    assert found(table(kind, rows=3000)).causes[0].kind == kind


@pytest.mark.parametrize(("train", "limit", "examined"), [
    (True, 0.05, ("tally", "rows", "train")), (False, 0.05, ("tally", "rows")), (False, 0.9, ("tally",)),
])  # fmt: skip
def test_what_was_looked_at_is_told(train: bool, limit: float, examined: tuple[str, ...]) -> None:
    planted = table("data.representation")
    told = explain(
        rows=planted.rows, roles=ROLES, metric=ODDS, limit=limit, features=NAMES, train=planted.train if train else None
    )
    assert told.examined == examined


def test_without_score_and_label_it_says_what_cannot_be_told() -> None:
    one = found(table("data.proxy"), roles=Roles(prediction="approved", protected=("group",)))
    assert one.causes[0].kind == "data.proxy"
    assert any(told.startswith("no label") for told in one.unexamined)
    assert any(told.startswith("no score") for told in one.unexamined)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (b"group,paid,approved,score\na,1,1,0.9\na,0,1,0.4\n", "two groups"),
        (b"group,paid,approved,score\n" + b"a,1,1,0.9\nb,0,1,0.9\nb,1,1,0.9\na,0,1,0.9\n" * 50, "same value"),
    ],
)
def test_one_group_and_a_constant_prediction_are_told(rows: bytes, says: str) -> None:
    one = explain(rows=rows, roles=ROLES, metric=DPD, limit=0.5).findings[0]
    assert one.causes[0].kind == "none"
    assert says in one.causes[0].detail or one.status == "pass"


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"features": ("incme",)}, DataError, "did you mean 'income'"),
        ({"features": ("paid",)}, DataError, "the feature 'paid' is the label"),
        ({"features": ("income", "income")}, InputError, "once"),
        ({"limit": float("nan")}, InputError, "from 0 to 1"),
        ({"limit": 2.0}, InputError, "from 0 to 1"),
        ({"limit": None}, InputError, "--limit"),
        ({"train": "no-such.csv"}, DataError, "no such file"),
        ({"model": "no-such.joblib"}, InputError, "found nothing there"),
    ],
)
def test_wrong_input_is_answered_in_words(given: dict[str, object], error: type[AssayError], says: str) -> None:
    asked: dict[str, object] = {"roles": ROLES, "metric": DPD, "limit": 0.05, "features": NAMES}
    with pytest.raises(error, match=says):
        explain(rows=table("model.calibration", rows=400).rows, **{**asked, **given})  # type: ignore[arg-type]
