"""The parts of mitigation: what each method promises, on rows whose answer is known."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("fairlearn", reason="the extra mitigation is not installed")

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from assay.diagnosis.mitigation import METHODS, method
from assay.diagnosis.mitigation.dropping import foretelling
from assay.diagnosis.mitigation.learner import learner_of, logistic
from assay.diagnosis.mitigation.lesson import Candidate, Lesson, Mended, NoRemedyError, candidates_of
from assay.diagnosis.mitigation.limits import Limits, cheapest, excess
from assay.diagnosis.mitigation.paired import paired_interval
from assay.diagnosis.mitigation.plan import cross_fitted, held_out
from assay.diagnosis.mitigation.process import Worker
from assay.diagnosis.mitigation.quantile_repair import QuantileRepair
from assay.diagnosis.mitigation.resampling import drawn
from assay.diagnosis.mitigation.reweighing import weights
from assay.diagnosis.mitigation.table import Table
from assay.diagnosis.mitigation.trying import Work
from assay.diagnosis.requirement import Requirement
from assay.records.verdict import Limit
from unit.diagnosis.judging import Asleep, counted

GAP = Requirement(metric="demographic_parity_difference", limit=Limit(max=0.1), attributes=("race",))
LIMITS = Limits(aim=GAP, all=(GAP,), attributes=("race",), protected=("race",))


def people(count: int, seed: int = 1) -> Table:
    """Return people of two groups whose incomes differ, and where they live tells the group."""
    chance = np.random.default_rng(seed)
    race = np.where(chance.random(count) < 0.35, "b", "w").astype(object)
    income = chance.normal(np.where(race == "b", 44, 52), 10)
    area = np.where(chance.random(count) < np.where(race == "b", 0.8, 0.2), "north", "south").astype(object)
    label = (chance.random(count) < 1 / (1 + np.exp(-(income - 46) / 5))).astype(np.int64)
    features = pd.DataFrame({"income": income, "area": area, "age": chance.normal(40, 10, count)})
    return Table(features, label, {"race": race})


def lesson(**changes: object) -> Lesson:
    whole = people(3000)
    given = {
        "fit": whole.take(np.arange(2000)), "choose": whole.take(np.arange(2000, 3000)), "learner": logistic(),
        "limits": LIMITS, "settings": {}, "seed": 4,
    }  # fmt: skip
    return Lesson(**{**given, **changes})  # type: ignore[arg-type]


def gap(mended: Mended, table: Table) -> float:
    decided = np.asarray(mended.estimator.predict(table.frame(mended.asks)))
    found = LIMITS.aimed(LIMITS.tally(table, decided))
    assert found is not None
    return found


def test_reweighed_rows_make_group_and_label_independent() -> None:
    table = people(1500)
    weighed = weights(table, LIMITS)
    shares = [
        weighed[(table.groups["race"] == one) & (table.label == 1)].sum() / weighed[table.groups["race"] == one].sum()
        for one in ("b", "w")
    ]
    assert shares[0] == pytest.approx(shares[1])
    assert weights(table, LIMITS, 0.0).tolist() == [1.0] * 1500


@pytest.mark.parametrize("draw", ["uniform", "preferential"])
def test_resampled_rows_make_group_and_label_independent(draw: str) -> None:
    given = lesson(settings={"draw": draw})
    ranked = np.linspace(0, 1, given.fit.count) if draw == "preferential" else None
    sample = given.fit.take(drawn(given, ranked))
    shares = [sample.label[sample.groups["race"] == one].mean() for one in ("b", "w")]
    assert shares[0] == pytest.approx(shares[1], abs=0.005)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # Fairlearn's own use of pandas
def test_every_method_that_can_be_tried_narrows_the_gap_and_scores_within_0_and_1() -> None:
    fresh = people(4000, seed=9)
    before = gap(method("as_is").fits(lesson()), fresh)
    for name in METHODS:
        one = method(name)
        for candidate in candidates_of(one):
            mended = one.fits(lesson(settings=candidate.settings))
            scored = mended.estimator.predict_proba(fresh.frame(mended.asks))[:, 1]
            assert ((scored >= 0) & (scored <= 1)).all(), candidate.name
            assert one.needs_attribute == bool(mended.asks), candidate.name
            if name not in {"as_is", "recalibration"}:  # equal meaning of scores is another aim than equal shares
                assert gap(mended, fresh) < before, candidate.name


@pytest.mark.parametrize("name", ["threshold_by_group", "recalibration"])
def test_a_group_that_was_not_there_is_treated_as_everybody(name: str) -> None:
    mended = method(name).fits(lesson())
    fresh = people(50, seed=5)
    stranger = fresh.frame(("race",)).assign(race="of nobody")
    assert set(np.asarray(mended.estimator.predict(stranger)).tolist()) <= {0, 1}


def test_repaired_numbers_have_one_distribution_and_keep_their_ranks() -> None:
    table = people(3000)
    repaired = QuantileRepair("race", ("income",), 1.0).fit(table.frame(("race",))).transform(table.frame(("race",)))
    groups = [repaired["income"][table.groups["race"] == one] for one in ("b", "w")]
    assert np.quantile(groups[0], [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(groups[1], [0.1, 0.5, 0.9]), abs=0.6)
    for one in ("b", "w"):
        rows = table.groups["race"] == one
        assert (np.diff(repaired["income"][rows].to_numpy()[np.argsort(table.features["income"][rows])]) >= -1e-9).all()
    assert "race" not in repaired


def test_what_tells_the_group_is_found() -> None:
    told = foretelling(people(2000), ("race",))
    assert told["area"] > 0.75
    blind = people(2000)
    same = Table(pd.DataFrame({"x": np.random.default_rng(3).normal(size=2000)}), blind.label, blind.groups)
    given = lesson(fit=same)
    with pytest.raises(NoRemedyError, match="no feature foretells"):
        method("drop_feature").fits(given)


def test_what_was_declared_to_stand_in_is_dropped_too() -> None:
    tables = {}
    for name, table in (("fit", people(2000)), ("choose", people(1000, seed=5))):
        years = np.random.default_rng(3).normal(size=len(table.label))
        tables[name] = Table(table.features.assign(years=years), table.label, table.groups)
    mended = method("drop_feature").fits(lesson(declared=("age", "not there"), **tables))
    assert str(mended.found["dropped"]).split(", ")[0] == "age"
    assert "area" in str(mended.found["dropped"])
    assert "years" not in str(mended.found["dropped"])
    with pytest.raises(NoRemedyError, match="nothing would be left"):
        method("drop_feature").fits(lesson(declared=("age", "income", "area")))


def test_methods_say_why_they_cannot_be_tried() -> None:
    numbers = people(600)
    plain = Table(numbers.features[["income"]], numbers.label, numbers.groups)
    aim = Requirement(metric="precision_difference", limit=Limit(max=0.1), attributes=("race",))
    odd = Limits(aim=aim, all=(aim,), attributes=("race",), protected=("race",))
    two = Limits(aim=GAP, all=(GAP,), attributes=("race", "sex"), protected=("race",))
    near = learner_of(KNeighborsClassifier())
    for name, given, told in (
        ("reweighing", lesson(learner=near, fit=plain, choose=plain), "cannot weight rows"),
        ("grid_search", lesson(limits=odd), "no constraint of Fairlearn"),
        ("threshold_by_group", lesson(limits=two), "one attribute at a time"),
    ):
        with pytest.raises(NoRemedyError, match=told):
            method(name).fits(given)


@pytest.mark.parametrize("estimator", ["an estimator", LinearRegression(), LinearSVC()])
def test_an_estimator_that_cannot_be_used_is_refused(estimator: object) -> None:
    with pytest.raises(NoRemedyError):
        learner_of(estimator)


def test_no_row_is_reported_by_a_fit_that_has_seen_it() -> None:
    table = people(500)
    plan = cross_fitted(table, ("race",), seed=2)
    for part in plan.parts:
        assert not set(part.report) & (set(part.fit) | set(part.choose))
        assert not set(part.fit) & set(part.choose)
    assert sorted(np.concatenate([part.report for part in plan.parts]).tolist()) == list(range(500))
    other = held_out(table, people(200, seed=3), ("race",), seed=2)
    sizes = other.sizes()
    assert sizes["report"] == 200
    assert sizes["fit"] + sizes["choose"] == 500
    assert sizes["choose"] == pytest.approx(125, abs=2)


def test_a_candidate_is_judged_where_it_was_fitted_and_within_its_time() -> None:
    plan = held_out(people(200), people(100, 2), ("race",), seed=1)
    shared = {"plan": plan, "learner": logistic(), "limits": LIMITS, "seed": 1}
    as_is = Candidate(method="as_is", name="as_is", settings={})
    with Worker(Work(**shared, judge=counted)) as worker:  # type: ignore[arg-type]
        kind, (answers, judged) = worker.attempt(as_is, 120)
    assert (kind, judged) == ("done", int(answers.decisions.sum()))
    with Worker(Work(**shared, judge=Asleep())) as worker:  # type: ignore[arg-type]
        assert worker.attempt(as_is, 6) == ("timed-out", None)


def test_the_cheapest_that_keeps_all_limits_is_chosen_else_the_nearest() -> None:
    assert cheapest([(0.2, 0.9), (0.0, 0.7), (0.0, 0.8)]) == 2
    assert cheapest([(0.2, 0.9), (0.1, 0.5), (0.1, 0.6)]) == 2
    assert excess(Limit(max=0.1), 0.15) == pytest.approx(0.5)
    assert excess(Limit(min=0.8), 0.6) == pytest.approx(0.25)
    assert excess(Limit(max=0.1), 0.1) == 0


@pytest.mark.parametrize(("lose", "gain", "n"), [(0.02, 0.05, 120), (0.1, 0.1, 60), (0.0, 0.02, 400), (0.2, 0.3, 40)])
def test_the_interval_of_pairs_covers_as_often_as_it_says(lose: float, gain: float, n: int) -> None:
    chance, covered, times = random.Random(7), 0, 3000
    for _ in range(times):
        draws = [chance.random() for _ in range(n)]
        lost = sum(one < lose for one in draws)
        gained = sum(lose <= one < lose + gain for one in draws)
        low, high = paired_interval(lost, gained, n)
        covered += low <= gain - lose <= high
    assert covered / times >= 0.935
