"""Contributions against their own definition, and reasons in words that say what the model did."""

# ruff: noqa: ANN401, PLC0415 - models answer anything; scikit-learn is imported where it fits

from __future__ import annotations

import math
import random
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from assay.diagnosis.reasons import contributions as exact
from assay.diagnosis.reasons.contributions import Contributions, contributions, typical_values
from assay.diagnosis.reasons.favour import Favour, rows_of
from assay.diagnosis.reasons.mapping import compare_features, parse_mapping, statement_of, warnings_of
from assay.diagnosis.reasons.principal import Wording, reasons_of
from assay.diagnosis.reasons.standing_in import standing_in
from assay.errors import DataError, DocumentError
from assay.probing.scorer import ScorerError
from reasoned_people import WORDS, Answers, Fitted, additive, interacting, people

if TYPE_CHECKING:
    from assay.records.reasons import PersonReasons

np = pytest.importorskip("numpy", reason="scikit-learn and SHAP are extras")
pytest.importorskip("sklearn", reason="scikit-learn is an extra")
pytest.importorskip("shap", reason="SHAP is an extra")


def favour(scorer: Any, **said: Any) -> Favour:
    return Favour(scorer, **{"favours_positive": True, "threshold": 0.5, **said})


def by_definition(scorer: Any, person: dict[str, Any], reference: dict[str, list[Any]]) -> dict[str, float]:
    """Shapley values from the sum over all coalitions (Shapley 1953), the mean over the reference in log-odds."""
    names = list(person)
    count = len(reference[names[0]])

    def worth(coalition: tuple[str, ...]) -> float:
        columns = {name: [person[name]] * count if name in coalition else reference[name] for name in names}
        return math.fsum(math.log(p / (1 - p)) for p in scorer.score(columns)) / count

    found = {}
    for name in names:
        rest = [one for one in names if one != name]
        found[name] = math.fsum(
            (worth((*some, name)) - worth(some)) / (len(names) * math.comb(len(rest), size))
            for size in range(len(names))
            for some in combinations(rest, size)
        )
    return found


@pytest.mark.parametrize(("log_odds", "method"), [(additive, "additive"), (interacting, "shap-exact")])
def test_contributions_are_shapley_values_by_their_definition(log_odds: Any, method: str) -> None:
    asked, reference = people(3, seed=1, gaps=True), people(60, seed=2, gaps=True)

    found = contributions(favour(Answers(log_odds)), asked, reference, seed=0)

    assert found.method == method
    assert found.scale == "log-odds"
    for row in range(3):
        person = {name: values[row] for name, values in asked.items()}
        assert found.of[row] == pytest.approx(by_definition(Answers(log_odds), person, reference), abs=1e-6)


def test_a_logistic_regression_contributes_weight_times_distance_from_the_mean() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    draw = np.random.default_rng(3)
    x = draw.normal(size=(400, 5)) * [1, 20, 3, 0.1, 7] + [0, 50, 2, 1, -4]
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, x[:, 1] / 20 + draw.normal(size=400) > 2.5)
    columns = {f"f{at}": x[:, at].tolist() for at in range(5)}
    asked = {name: values[:20] for name, values in columns.items()}

    found = contributions(favour(Fitted(fitted)), asked, columns, seed=0)

    weights = fitted[-1].coef_[0] / fitted[0].scale_
    wanted = (x[:20] - x.mean(axis=0)) * weights
    assert found.method == "additive"
    assert np.array([list(one.values()) for one in found.of]) == pytest.approx(wanted, abs=1e-9)
    assert found.off_by < 1e-9


def test_many_interacting_features_are_sampled_and_still_sum_up() -> None:
    from sklearn.ensemble import GradientBoostingClassifier

    draw = np.random.default_rng(4)
    x = draw.normal(size=(300, 9))
    fitted = GradientBoostingClassifier(n_estimators=20, random_state=0).fit(x, x[:, 0] * x[:, 1] + x[:, 2] > 0)
    columns = {f"f{at}": x[:, at].tolist() for at in range(9)}
    asked = {name: values[:4] for name, values in columns.items()}

    found, again = (contributions(favour(Fitted(fitted)), asked, columns, seed=5) for _ in range(2))

    assert found == again
    assert found.method == "shap-permutation"
    assert found.off_by <= exact.TOLERANCE
    assert max(found.unsure) > 0
    for one, score in zip(found.of, found.scores, strict=True):
        assert math.fsum(one.values()) == pytest.approx(math.log(score / (1 - score)) - found.reference, abs=1e-4)


def test_an_outcome_that_is_good_when_negative_turns_every_sign() -> None:
    asked, reference = people(4, seed=1), people(50, seed=2)

    good = contributions(favour(Answers(additive)), asked, reference, seed=0)
    bad = contributions(favour(Answers(additive), favours_positive=False), asked, reference, seed=0)

    for one, other in zip(good.of, bad.of, strict=True):
        assert one == pytest.approx({name: -value for name, value in other.items()})


def test_a_probability_of_nought_is_explained_as_a_probability() -> None:
    class Steps:
        name = "a forest of one tree"

        def score(self, columns: Any) -> list[float]:
            return [float(one > 50) for one in columns["income"]]

    found = contributions(favour(Steps()), people(5, seed=1), people(50, seed=2), seed=0)

    assert found.scale == "probability"
    assert {name for one in found.of for name, value in one.items() if value} == {"income"}


def test_a_model_that_answers_differently_each_time_is_refused() -> None:
    draw = random.Random(0)
    model = Answers(lambda income, debt, job: additive(income, debt, job) + draw.gauss(0, 1))

    with pytest.raises(DataError, match="they explain something else than this score"):
        contributions(favour(model), people(3, seed=1), people(50, seed=2), seed=0)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (["approve", "deny"], "expected the probability of the positive class from 0 to 1, found 'approve'"),
        ([0.2, float("nan")], "found nan"),
        ([0.2, 1.2], "found 1.2"),
        ([True, False], "found True"),
        ([0.2], "answered 1 times for 2 rows"),
    ],
)
def test_what_is_no_score_is_refused(answers: list[Any], told: str) -> None:
    class Fixed:
        name = "fixed"

        def score(self, columns: Any) -> list[Any]:
            assert columns
            return answers

    with pytest.raises(ScorerError, match=told):
        favour(Fixed())({"a": [1, 2]})


def test_what_a_model_raises_is_told_in_one_line() -> None:
    class Broken:
        name = "broken"

        def score(self, columns: Any) -> list[Any]:
            raise ValueError(f"could not convert\nstring to float: {columns['a'][0]!r}")

    with pytest.raises(
        ScorerError, match="could not answer 1 rows: ValueError: could not convert string to float: 'x'"
    ):
        favour(Broken())({"a": ["x"]})


def given(words: bytes = WORDS, *, count: int = 60, log_odds: Any = additive, **said: Any) -> list[PersonReasons]:
    everybody, reference = people(count, seed=1, gaps=True), people(200, seed=2, gaps=True)
    asking = favour(Answers(log_odds))
    asked = rows_of(everybody, [row for row, one in enumerate(asking(everybody)) if not asking.approves(one)])
    found = contributions(asking, asked, reference, seed=0)
    wording = Wording(mapping=parse_mapping(words, name="reasons.yaml"), name="reasons.yaml",
                      typical=typical_values(reference), **said)  # fmt: skip
    rows = [dict(zip(asked, row, strict=True)) for row in zip(*asked.values(), strict=True)]
    return reasons_of(found, [f"p{at}" for at in range(len(rows))], rows, wording)


def test_reasons_are_ranked_by_what_they_pulled_and_say_what_the_value_was() -> None:
    for person in given():
        pulled = [one.contribution for one in person.reasons]
        assert pulled == sorted(pulled)
        assert all(one < 0 for one in pulled)
        for reason in person.reasons:
            income, debt = person.row["income"], person.row["debt"]
            if reason.features == ("income",):
                assert (reason.statement == "Your income is low for this loan") == (income < 55)  # type: ignore[operator]
            if reason.features == ("debt",):
                missing = reason.statement == "We could not verify your debts"
                assert missing == (debt is None)
        assert person.listed_share == pytest.approx(1)


def test_no_more_than_four_and_the_first_whatever_its_share() -> None:
    few = given(b"most: 1\nleast_share: 0.99\n" + WORDS.split(b"least_share: 0\n")[1])

    assert {len(one.reasons) for one in few} == {1}
    assert any(one.listed_share < 0.99 for one in few)


def test_features_with_the_same_words_are_one_reason_whose_contributions_add_up() -> None:
    same = WORDS.replace(b"Your income is low for this loan", b"Your debts are high for your income")
    merged = [reason for one in given(same) for reason in one.reasons if set(reason.features) == {"income", "debt"}]
    apart = {one.id: one for one in given()}

    assert merged
    for person in given(same):
        for reason in person.reasons:
            wanted = math.fsum(apart[person.id].contributions[name] for name in reason.features)
            assert reason.contribution == pytest.approx(wanted)


def test_a_protected_attribute_and_a_stand_in_are_listed_and_flagged() -> None:
    flagged = given(protected=("job",), stand_ins={"debt": "race"})
    flags = {flag for one in flagged for reason in one.reasons for flag in reason.flags}

    assert flags == {"protected:job", "stand-in:race"}
    assert not any(reason.flags for one in flagged for reason in one.reasons if reason.features == ("income",))


def test_words_that_are_lacking_are_told_all_at_once() -> None:
    lacking = WORDS.replace(b", missing: We could not verify your job", b"").replace(
        b", high: Your income is high", b""
    )

    with pytest.raises(DocumentError) as told:
        given(lacking, log_odds=lambda income, debt, job: 2 - additive(income, debt, job) - (0 if job else 9))

    assert {one.path for one in told.value.problems} == {"$.features.income.high", "$.features.job.missing"}
    assert "of the denied whose missing value pulled the score down" in str(told.value)


def test_a_reference_below_the_denied_gives_no_reason_and_says_what_to_do() -> None:
    mapping = parse_mapping(WORDS, name="reasons.yaml")
    above = {"income": 1.0, "debt": 1.0, "job": 1.0}
    found = Contributions(
        method="additive", engine="", scale="log-odds", reference=-9, scores=(0.4,), of=(above,), off_by=0, unsure=(0,)
    )
    wording = Wording(mapping=mapping, name="reasons.yaml", typical=dict.fromkeys(above, 1.0))

    with pytest.raises(DataError, match="reference: passing"):
        reasons_of(found, ["p"], [{"income": 1, "debt": 1, "job": "clerk"}], wording)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("statement: It does not meet our internal standards", "internal standards or policies"),
        ("statement: You failed to achieve a qualifying score", "a score"),
        ("statement: The algorithm said so", "how it was decided"),
        ("statement: Other reasons apply", "other reasons"),
        ("statement: Income", "expected 2 words"),
        ("missing: We could not verify it", "found none: a reason needs words"),
        ("{statement: Your debts are high, min: 3}", "expected only with actionable: true, found min"),
        ("{statement: Your debts are high, actionable: true, min: 3, max: 3}", "expected less than max"),
        ("{statement: Your debts are high, actionable: true, step: 0}", "expected a number above 0"),
        ("{statement: Your debts are high, actionable: true, choices: [1], max: 3}", "found choices and max"),
        ("{statement: Your home is there, actionable: true, stands_in_for: race}", "expected false for what stands in"),
        ("{statement: Your debts are high, actionnable: true}", "unknown key 'actionnable'"),
    ],
)
def test_words_that_tell_nothing_and_bounds_without_sense_are_refused(words: str, told: str) -> None:
    text = f"features:\n  debt:\n    {words}\n" if not words.startswith("{") else f"features:\n  debt: {words}\n"

    with pytest.raises(DocumentError, match=told):
        parse_mapping(text.encode(), name="reasons.yaml")


def test_every_feature_needs_words_and_no_other_may_have_them() -> None:
    mapping = parse_mapping(WORDS, name="reasons.yaml")

    with pytest.raises(DocumentError) as told:
        compare_features(mapping, ["income", "debts", "job", "age"], name="reasons.yaml")

    assert [one.path for one in told.value.problems] == ["$.features.debts", "$.features.age", "$.features.debt"]
    assert "did you mean 'debts'?" in str(told.value)


def test_what_is_allowed_and_should_be_thought_about_is_told() -> None:
    mapping = parse_mapping(WORDS.replace(b"least_share: 0", b"most: 9"), name="reasons.yaml")

    assert [one.split(":")[0] for one in warnings_of(mapping, ["job"])] == ["most", "features.job"]


@pytest.mark.parametrize(
    ("value", "typical", "wanted"),
    [(3, 5.0, "low"), (7, 5.0, "high"), (None, 5.0, "missing"), (True, True, "values.true"), ("x", "y", "statement")],
)
def test_the_words_fit_the_value(value: Any, typical: Any, wanted: str) -> None:
    words = parse_mapping(
        b"features: {a: {low: so low, high: so high, missing: not there, statement: any value,"
        b' values: {"true": is so}}}',
        name="r",
    ).features["a"]
    texts = {"low": "so low", "high": "so high", "missing": "not there", "values.true": "is so"}

    assert statement_of(words, value, typical)[0] == texts.get(wanted, "any value")


def test_what_stands_in_for_an_attribute_is_measured() -> None:
    draw = random.Random(8)
    sex = [draw.choice(["f", "m", None]) for _ in range(900)]
    features: dict[str, list[Any]] = {
        "region": [("a" if one == "f" else "b") if draw.random() < 0.9 else "c" for one in sex],
        "height": [draw.gauss(178 if one == "m" else 165, 7) for one in sex],
        "income": [draw.gauss(50, 9) if draw.random() < 0.9 else None for _ in sex],
    }

    found = standing_in(features, {"sex": sex})

    assert found["region"][0] == "sex"
    assert found["region"][2] > 0.85
    assert found["height"][2] == pytest.approx(0.9, abs=0.06)
    assert found["income"][2] < 0.6
    assert standing_in(features, {"sex": ["f"] * 900}) == {}
