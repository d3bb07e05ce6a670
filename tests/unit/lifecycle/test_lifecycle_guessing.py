"""Guesses carry their reason; what cannot be guessed is asked for by option, and nothing is made up."""

from __future__ import annotations

import pytest

from assay.errors import InputError
from assay.lifecycle.guessing import PROTECTED, Seen, Told, guess, words_of


def two(name: str, *values: object) -> Seen:
    return Seen(name=name, numeric=not values, different=2, values=values or (0, 1))


def many(name: str, different: int = 500, *, numeric: bool = True) -> Seen:
    return Seen(name=name, numeric=numeric, different=different, values=(0.1, 0.5))


def groups(name: str, different: int = 3, missing: int = 0) -> Seen:
    return Seen(name=name, numeric=False, different=different, values=("a", "b", "c"), missing=missing)


def test_the_columns_of_the_demonstration_are_guessed() -> None:
    found = guess([two("approved"), two("predicted"), many("p_approved"), groups("race"), groups("sex", 2, missing=15)])

    assert found.label is not None
    assert found.score is not None
    assert (found.label.chosen, found.prediction.chosen, found.score.chosen) == ("approved", "predicted", "p_approved")
    assert [one.chosen for one in found.protected] == ["race", "sex"]
    assert "15 rows without a value are a group of their own" in found.protected[1].why
    assert found.positive is None
    assert found.favourable is None


@pytest.mark.parametrize("name", ["Age_Group", "ageGroup", "AGE-GROUP", "age group"])
def test_names_are_read_however_they_are_written(name: str) -> None:
    assert words_of(name) == "age group"
    assert [one.chosen for one in guess([two("y_true"), two("yPred"), groups(name)]).protected] == [name]


@pytest.mark.parametrize("name", PROTECTED)
def test_every_synonym_of_a_protected_attribute_is_one(name: str) -> None:
    assert [one.chosen for one in guess([two("y"), two("pred"), groups(name)]).protected] == [name]


@pytest.mark.parametrize(("label", "prediction"), [("y_true", "y_pred"), ("target", "yhat"), ("outcome", "decision")])
def test_usual_pairs_are_guessed(label: str, prediction: str) -> None:
    found = guess([two(label), two(prediction), groups("gender")])

    assert found.label is not None
    assert (found.label.chosen, found.prediction.chosen) == (label, prediction)


def test_what_a_threshold_of_the_score_makes_is_the_prediction_whatever_people_call_it() -> None:
    made = Seen(name="approved", numeric=True, different=2, values=(0, 1), cut_of=("score",))
    found = guess([made, two("repaid"), many("score"), groups("sex", 2)])
    assert found.label is not None
    assert (found.label.chosen, found.prediction.chosen) == ("repaid", "approved")
    assert found.prediction.why == "a threshold of score makes it"

    # A name that says it outright goes before: labels of a simulation are cuts of a score too.
    assert guess([made, two("y_pred"), many("score"), groups("sex", 2)]).prediction.chosen == "y_pred"
    # "decision" may be the model's or a person's: the threshold tells which.
    assert guess([two("decision"), made, many("score"), groups("sex", 2)]).prediction.chosen == "approved"
    assert guess([two("decision"), two("y"), many("score"), groups("sex", 2)]).prediction.chosen == "decision"
    assert guess([two("decision"), two("model decision"), groups("sex", 2)]).prediction.chosen == "model decision"


def test_names_in_other_tongues_are_read_without_their_accents() -> None:
    found = guess(
        [two("y", "refusé", "accordé"), two("pred", "refusé", "accordé"), groups("Ethnicité"), groups("sexe")]
    )
    assert [one.chosen for one in found.protected] == ["Ethnicité", "sexe"]
    assert found.positive is not None
    assert found.positive.chosen == "accordé"


def test_continuous_age_is_not_compared_and_the_remark_suggests_bands() -> None:
    found = guess([two("y"), two("pred"), many("age", 60), groups("sex", 2)])

    assert [one.chosen for one in found.protected] == ["sex"]
    assert any("age has 60 different values" in remark and "bands" in remark for remark in found.remarks)


def test_only_a_continuous_age_is_asked_about() -> None:
    with pytest.raises(InputError, match=r"--protected.*age has 60 different values.*bands"):
        guess([two("y"), two("pred"), many("age", 60)])


def test_two_words_need_one_that_is_known_to_be_positive() -> None:
    found = guess([two("outcome", "bad", "good"), two("prediction", "bad", "good"), groups("sex", 2)])
    assert found.positive is not None
    assert found.positive.chosen == "good"

    with pytest.raises(InputError, match=r"'blue' and 'red'.*--positive VALUE"):
        guess([two("prediction", "blue", "red"), groups("sex", 2)])
    told = guess([two("prediction", "blue", "red"), groups("sex", 2)], Told(positive="red"))
    assert told.positive is not None
    assert (told.positive.chosen, told.positive.why) == ("red", "you said so")


def test_an_outcome_that_is_bad_for_the_person_makes_the_other_one_favourable() -> None:
    found = guess([two("defaulted"), two("prediction"), groups("sex", 2)])

    assert found.favourable is not None
    assert found.favourable.chosen == "0"
    assert "defaulted" in found.favourable.why


def test_the_only_other_column_with_the_labels_values_is_the_prediction() -> None:
    assert guess([two("label"), two("xgb"), groups("sex", 2)]).prediction.chosen == "xgb"


def test_the_only_other_column_with_the_predictions_values_is_the_label() -> None:
    columns = [two("Loan_Status", "N", "Y"), two("Predicted", "Y", "N"), two("owner", "a", "b"), groups("sex", 2)]
    found = guess(columns)
    assert found.label is not None
    assert found.label.chosen == "Loan_Status"


def test_two_candidates_for_the_label_are_not_chosen_between() -> None:
    assert guess([two("a"), two("b"), two("prediction"), groups("sex", 2)]).label is None


def test_two_candidates_for_the_prediction_are_not_chosen_between() -> None:
    with pytest.raises(InputError, match=r"two different values: rf, xgb.*--prediction NAME"):
        guess([two("label"), two("rf"), two("xgb"), groups("sex", 2)])


def test_scores_alone_are_not_a_prediction() -> None:
    with pytest.raises(InputError, match="scores in p_yes, but nothing says from which score on"):
        guess([many("p_yes"), groups("sex", 2)])


def test_no_label_is_said() -> None:
    found = guess([two("prediction"), groups("sex", 2)])

    assert found.label is None
    assert any("only rates of predictions" in remark for remark in found.remarks)


def test_no_protected_attribute_is_asked_for_with_the_columns_that_could_be() -> None:
    with pytest.raises(InputError, match=r"few different values: y, pred, region.*--protected NAME"):
        guess([two("y"), two("pred"), groups("region"), many("income")])


def test_what_the_user_says_is_believed() -> None:
    told = Told(label="a", prediction="b", score="c", protected=("region",))
    found = guess([two("a"), two("b"), many("c"), groups("region"), groups("sex", 2)], told)

    assert found.label is not None
    assert found.score is not None
    assert {found.label.why, found.prediction.why, found.score.why, found.protected[0].why} == {"you said so"}
    assert [one.chosen for one in found.protected] == ["region"]


@pytest.mark.parametrize("told", [Told(label="aproved"), Told(prediction="aproved"), Told(protected=("aproved",))])
def test_a_column_that_is_not_there_is_refused_with_a_near_name(told: Told) -> None:
    with pytest.raises(InputError, match=r"no column 'aproved' \(did you mean 'approved'\?\)"):
        guess([two("approved"), two("pred"), groups("sex", 2)], told)


def test_an_empty_column_is_nothing() -> None:
    empty = Seen(name="race", numeric=False, different=0, values=(), missing=9)

    assert [one.chosen for one in guess([two("y"), two("pred"), empty, groups("sex", 2)]).protected] == ["sex"]
