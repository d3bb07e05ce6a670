"""Each plant does what it says, and nothing else: the benchmark of causes is only as good as its plants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bench.causes import plants as room
from bench.causes.__main__ import cases
from bench.causes.asking import Answer
from bench.causes.lending import CUT, FEATURES, MERIT, NUMBERS, Case, Plant, build
from bench.causes.plants import PLANTS, none

from assay.records.explanation import CAUSE_KINDS

SEED = 5
FAIR = none.PLANTS[0]
PLANTED = [plant for plant in PLANTS if plant.kind != "none"]
NOISE = 0.03
"""About three standard errors of a difference of rates between 4,200 and 7,800 people."""

BUILT: dict[tuple[str, str], Case] = {}


def built(way: str, strength: str) -> Case:
    """Return a case, built once."""
    if (way, strength) not in BUILT:
        [plant] = [plant for plant in PLANTS if plant.way == way]
        BUILT[way, strength] = build(plant, strength, SEED)  # type: ignore[arg-type]
    return BUILT[way, strength]


def rates(case: Case) -> dict[str, float]:
    """Return group a's rate less group b's of what the metrics compare."""

    def apart(column: str, label: int | None = None) -> float:
        rows = case.rows if label is None else case.rows[case.rows["repaid"] == label]
        by = rows.groupby("group")[column].mean()
        return float(by["a"] - by["b"])

    return {"base": apart("repaid"), "chosen": apart("approved"), "tpr": apart("approved", 1),
            "fpr": apart("approved", 0)}  # fmt: skip


def gap(plant: Plant, case: Case) -> float:
    """Return the metric that the plant is asked about."""
    found = {name: abs(value) for name, value in rates(case).items()}
    return {
        "demographic_parity_difference": found["chosen"],
        "equal_opportunity_difference": found["tpr"],
        "false_positive_rate_difference": found["fpr"],
        "equalized_odds_difference": max(found["tpr"], found["fpr"]),
    }[plant.metric]


def test_every_plant_is_listed_and_every_kind_is_planted() -> None:
    files = {path.stem for path in Path(room.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == {name for name in vars(room) if not name.startswith("_") and name in files}
    assert {plant.kind for plant in PLANTS} == set(CAUSE_KINDS)
    assert len({plant.way for plant in PLANTS}) == len(PLANTS)


def test_the_same_case_is_built_twice() -> None:
    first, second = (build(PLANTED[2], "strong", SEED) for _ in range(2))
    assert first.rows.equals(second.rows)
    assert first.train.equals(second.train)


@pytest.mark.parametrize("plant", [p for p in PLANTED if p.kind != "data.sample_size"], ids=lambda plant: plant.way)
def test_a_stronger_plant_makes_a_wider_gap_and_the_limit_is_breached(plant: Plant) -> None:
    medium, strong = (gap(plant, built(plant.way, strength)) for strength in ("medium", "strong"))
    assert plant.limit < medium < strong


@pytest.mark.parametrize("plant", none.PLANTS, ids=lambda plant: plant.way)
def test_nothing_planted_keeps_its_limit(plant: Plant) -> None:
    assert gap(plant, built(plant.way, "null")) < plant.limit * 0.7


def test_an_unequal_base_rate_moves_labels_and_merit_and_no_feature_by_much() -> None:
    case = built("worse off in everything", "strong")
    assert rates(case)["base"] > 0.15
    groups = case.rows.groupby("group")[list(NUMBERS)]
    distance = (groups.mean().loc["a"] - groups.mean().loc["b"]).abs() / case.rows[list(NUMBERS)].std()
    assert distance.max() < 0.45
    by_score = case.rows.assign(bin=(case.rows["score"] * 5).astype(int)).groupby(["bin", "group"])["repaid"].mean()
    assert (by_score.xs("a", level="group") - by_score.xs("b", level="group")).abs().max() < 0.08


@pytest.mark.parametrize(
    "way",
    ["repaid written down as not repaid", "turned both ways"],
)
def test_turned_labels_change_labels_of_one_group_alone(way: str) -> None:
    fair, case = built(FAIR.way, "null"), built(way, "strong")
    for one, other in ((fair.rows, case.rows), (fair.train, case.train)):
        assert one[list(FEATURES)].equals(other[list(FEATURES)])
        differ = one["repaid"] != other["repaid"]
        assert not differ[one["group"] == "a"].any()
        assert 0.15 < differ[one["group"] == "b"].mean() < 0.35


def test_missing_values_are_group_bs_alone_and_the_labels_stay() -> None:
    fair, case = built(FAIR.way, "null"), built("good records left out", "strong")
    gaps = case.rows["history_months"].isna().groupby(case.rows["group"]).mean()
    assert gaps["a"] < 0.05
    assert gaps["b"] > 0.4
    assert case.rows["repaid"].equals(fair.rows["repaid"])


def test_the_stand_in_tells_the_group_and_the_labels_do_not_follow_it() -> None:
    rows = built("district counts", "strong").rows
    told = (rows["district_index"] < 40) == (rows["group"] == "b")
    assert told.mean() > 0.8
    within = rows.groupby("group").apply(lambda part: part["district_index"].corr(part["repaid"]))
    assert within.abs().max() < 0.05
    assert abs(rates(built("district counts", "strong"))["base"]) < NOISE


def test_the_split_differs_in_one_feature_of_one_group() -> None:
    case = built("net income instead of gross", "strong")
    apart = {
        (group, name): abs(part[name].mean() - case.train[case.train["group"] == group][name].mean()) / part[name].std()
        for group, part in case.rows.groupby("group")
        for name in NUMBERS
    }
    assert apart.pop(("b", "income")) > 1
    assert max(apart.values()) < 0.1


def test_unequal_errors_leave_base_rates_and_means_equal() -> None:
    case = built("records say less", "strong")
    assert abs(rates(case)["base"]) < NOISE
    assert abs(rates(case)["chosen"]) < NOISE
    assert rates(case)["tpr"] > 0.05 < -rates(case)["fpr"]


@pytest.mark.parametrize(
    "way",
    ["too low", "channel counts", "businesses", "higher for one group", "district counts", "records say less"],
)
def test_faults_of_the_lender_leave_base_rates_equal(way: str) -> None:
    assert abs(rates(built(way, "strong"))["base"]) < NOISE


def test_scores_that_are_too_low_keep_their_order() -> None:
    fair, case = built(FAIR.way, "null").rows, built("too low", "strong").rows
    for group in ("a", "b"):
        ranks = [rows.loc[rows["group"] == group, "score"].rank() for rows in (fair, case)]
        assert ranks[0].corr(ranks[1]) > 0.9999
    assert fair.loc[fair["group"] == "a", "score"].equals(case.loc[case["group"] == "a", "score"])


def test_a_slice_holds_the_whole_gap() -> None:
    rows = built("businesses", "strong").rows
    inside = rows["purpose"] == "business"
    chosen = rows.groupby([inside, "group"])["approved"].mean()
    assert chosen[True, "a"] - chosen[True, "b"] > 0.3
    assert abs(chosen[False, "a"] - chosen[False, "b"]) < NOISE


def test_a_cut_leaves_the_scores() -> None:
    fair, case = built(FAIR.way, "null").rows, built("higher for one group", "strong").rows
    assert fair["score"].equals(case["score"])
    lowest = case[case["approved"] == 1].groupby("group")["score"].min()
    assert lowest["a"] == pytest.approx(CUT, abs=0.01)
    assert lowest["b"] == pytest.approx(CUT + 0.24, abs=0.01)


def test_the_channel_hardly_tells_the_groups_apart() -> None:
    rows = built("channel counts", "strong").rows
    online = (rows["channel"] == "online").groupby(rows["group"]).mean()
    assert 0.1 < online["b"] - online["a"] < 0.25


def test_who_is_hardly_seen_is_hardly_in_train_and_decently_in_the_data() -> None:
    case = built("hardly seen in training", "strong")
    assert (case.train["group"] == "b").mean() < 0.01
    assert (case.rows["group"] == "b").mean() > 0.3


def test_other_people_differ_in_features_and_not_in_merit() -> None:
    case = built("other people", "null")
    incomes = case.rows.groupby("group")["income"].mean()
    assert incomes["b"] - incomes["a"] > 10
    assert abs(rates(case)["base"]) < NOISE
    assert "income" in MERIT


def test_the_fair_world_is_fair_in_every_rate() -> None:
    assert max(map(abs, rates(built(FAIR.way, "null")).values())) < NOISE


def test_scores_are_the_fitted_lenders_own_or_there_is_no_model() -> None:
    case = built("good records left out", "strong")
    assert case.lender is not None
    assert np.allclose(case.lender.predict_proba(case.rows[list(FEATURES)])[:, 1], case.rows["score"])
    assert built("too low", "strong").lender is None


def test_nothing_is_right_when_nothing_is_blamed() -> None:
    blamed = Answer(FAIR, "null", 1, ("data.proxy",), passed=False, said="", cost=0.0)
    assert not blamed.right
    assert replace(blamed, named=("none",)).right
    assert replace(blamed, passed=True).right
    assert not replace(blamed, named=()).right
    assert not replace(blamed, plant=PLANTED[0], passed=True).right


def test_a_quick_run_leaves_out_what_nothing_is_wanted_of() -> None:
    quick, whole = cases(1, (), quick=True), cases(3, (), quick=False)
    assert not [case for case in quick if case[1] == "weak"]
    assert {case[0].way for case in quick} == {case[0].way for case in whole} == {plant.way for plant in PLANTS}
