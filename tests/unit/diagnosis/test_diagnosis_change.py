"""The smallest change: verified, needed, within its bounds, sane where the model is, and the same for the same seed."""

# ruff: noqa: ANN401, PLC0415 - models answer anything; scikit-learn is imported where it fits

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Literal

import pytest

from assay.diagnosis.reasons.change import Search, Wanted, moves, smallest_change
from assay.diagnosis.reasons.contributions import contributions
from assay.diagnosis.reasons.favour import Favour, rows_of
from assay.diagnosis.reasons.mapping import parse_mapping
from reasoned_people import WORDS, Answers, Fitted, additive, interacting, people

if TYPE_CHECKING:
    from assay.records.reasons import Advice

np = pytest.importorskip("numpy", reason="scikit-learn and DiCE are extras")
pytest.importorskip("dice_ml", reason="DiCE is an extra")

ENGINES: tuple[Literal["genetic", "random", "kdtree"], ...] = ("genetic", "random", "kdtree")
SAME_IN = 0.9
"""Share of repeats under small noise in which the first reason and the features advised must stay the same."""


def wanted(scorer: Any, words: bytes = WORDS, *, threshold: float = 0.6, **said: Any) -> Wanted:
    favour = Favour(scorer, favours_positive=True, threshold=threshold)
    return Wanted(favour=favour, mapping=parse_mapping(words, name="w"), reference=people(200, seed=2), **said)


def denied(asking: Wanted, count: int) -> list[dict[str, Any]]:
    everybody = people(200, seed=3)
    scores = asking.favour(everybody)
    rows = [row for row, one in enumerate(scores) if not asking.favour.approves(one)]
    found = rows_of(everybody, rows[:count])
    return [dict(zip(found, one, strict=True)) for one in zip(*found.values(), strict=True)]


def require_smallest(row: dict[str, Any], asking: Wanted, advice: Advice) -> None:
    changed = {one.feature: one.to for one in advice.changes}
    alone = {name: [value] for name, value in row.items()}
    score = asking.favour({**alone, **{name: [to] for name, to in changed.items()}})[0]
    assert score == advice.score
    assert asking.favour.approves(score)
    for one in advice.changes:
        assert one.now == row[one.feature]
        without = {**alone, **{name: [to] for name, to in changed.items() if name != one.feature}}
        assert not asking.favour.approves(asking.favour(without)[0]), f"{one} is not needed in {advice}"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("log_odds", [additive, interacting])
def test_advice_holds_and_every_part_of_it_is_needed(engine: Any, log_odds: Any) -> None:
    asking = wanted(Answers(log_odds))
    found = [(row, smallest_change(row, asking, Search(engine=engine), seed=1)) for row in denied(asking, 6)]

    assert {one.status for _, one in found} == {"found"}
    for row, advice in found:
        require_smallest(row, asking, advice)
        for one in advice.changes:
            assert one.feature in {"income", "debt"}
            assert (one.to > one.now) == (one.feature == "income")  # type: ignore[operator]


def test_what_raises_the_score_is_never_to_be_lowered_though_the_mapping_would_let_it() -> None:
    either = WORDS.replace(b"direction: increase", b"direction: either").replace(b"direction: decrease", b"min: -1")
    asking = wanted(Answers(interacting), either.replace(b"min: 0}", b"max: 200}"))

    for row in denied(asking, 12):
        advice = smallest_change(row, asking, Search(), seed=2)
        for one in advice.changes:
            assert (one.to > one.now) == (one.feature == "income"), advice  # type: ignore[operator]


def test_one_change_is_preferred_and_its_step_is_the_least() -> None:
    asking = wanted(
        Answers(additive), WORDS.replace(b"direction: increase}", b"direction: increase, max: 500, step: 1}")
    )
    row: dict[str, Any] = {"income": 40.0, "debt": 20, "job": "nurse"}

    advice = smallest_change(row, asking, Search(), seed=0)

    assert [one.feature for one in advice.changes] in (["income"], ["debt"])
    by_hand = next(
        to for to in range(41, 500) if asking.favour({"income": [float(to)], "debt": [20], "job": ["nurse"]})[0] >= 0.6
    )
    if advice.changes[0].feature == "income":
        assert advice.changes[0].to == by_hand


def test_a_choice_of_words_is_advised_as_such() -> None:
    words = WORDS.replace(
        b"job: {statement: The kind of job that you have",
        b"job: {statement: The kind of job that you have, actionable: true, choices: [clerk, smith]",
    )
    asking = wanted(
        Answers(additive),
        words.replace(b"actionable: true, direction", b"actionable: false, direction")
        .replace(b"direction: increase", b"")
        .replace(b"direction: decrease, min: 0", b""),
    )
    row: dict[str, Any] = {"income": 60.0, "debt": 27, "job": "nurse"}

    advice = smallest_change(row, asking, Search(), seed=0)

    assert [(one.feature, one.now, one.to) for one in advice.changes] == [("job", "nurse", "clerk")]


def test_none_within_the_bounds_is_an_answer() -> None:
    narrow = WORDS.replace(b"direction: increase}", b"direction: increase, max: 30}").replace(b"min: 0}", b"min: 50}")
    row: dict[str, Any] = {"income": 20.0, "debt": 55, "job": "smith"}

    shown = smallest_change(row, wanted(Answers(additive), narrow, additive=True), Search(), seed=0)
    sought = smallest_change(row, wanted(Answers(interacting), narrow), Search(), seed=0)

    assert (shown.status, sought.status) == ("none-exists", "none-found")
    assert "that does not show there is none" in sought.told
    assert not shown.changes
    assert not sought.changes


def test_what_cannot_move_does_not() -> None:
    asking = wanted(Answers(additive), fixed=("income",))
    row: dict[str, Any] = {"income": 20.0, "debt": None, "job": "smith"}

    assert moves(row, asking) == []
    assert smallest_change(row, asking, Search(), seed=0).status == "nothing-actionable"
    beyond: dict[str, Any] = {"income": 20.0, "debt": 0, "job": "smith"}
    assert moves(beyond, asking) == []


def test_whole_numbers_stay_whole_and_bounds_hold() -> None:
    asking = wanted(Answers(additive), threshold=0.7)

    for row in denied(asking, 10):
        for one in smallest_change(row, asking, Search(engine="random"), seed=4).changes:
            if one.feature == "debt":
                assert isinstance(one.to, int)
                assert 0 <= one.to < one.now  # type: ignore[operator]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_seed_repeats_the_advice_and_disturbs_nobody_elses_chance(engine: Any) -> None:
    asking = wanted(Answers(interacting))
    row = denied(asking, 1)[0]
    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()

    first, again = (smallest_change(row, asking, Search(engine=engine), seed=9) for _ in range(2))

    assert first == again
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_small_noise_changes_neither_the_first_reason_nor_what_is_advised(kind: str) -> None:
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    draw = np.random.default_rng(6)
    x = draw.normal(size=(600, 4))
    label = 1.5 * x[:, 0] - x[:, 1] + 0.5 * x[:, 2] + draw.normal(size=600) > 0
    made: Any = LogisticRegression() if kind == "logistic" else GradientBoostingClassifier(
        n_estimators=40, max_depth=2, learning_rate=0.2, subsample=0.7, random_state=0)  # fmt: skip
    fitted = made.fit(x, label)
    names = ["a", "b", "c", "d"]
    words = "features:\n" + "".join(
        f"  {name}: {{statement: The value of {name}, actionable: true}}\n" for name in names
    )
    reference = {name: x[:, at].tolist() for at, name in enumerate(names)}
    favour = Favour(Fitted(fitted), favours_positive=True, threshold=0.5)
    asking = Wanted(favour=favour, mapping=parse_mapping(words.encode(), name="w"), reference=reference)
    rows = [row for row in range(600) if fitted.predict_proba(x[row : row + 1])[0, 1] < 0.3][:3]
    same = []
    for row in rows:
        person = dict(zip(names, x[row].tolist(), strict=True))
        first = _first_reason(favour, person, reference)
        advised = {one.feature for one in smallest_change(person, asking, Search(engine="kdtree"), seed=0).changes}
        for _ in range(3):
            moved = {name: value if name == first else value + draw.normal() * 0.02 for name, value in person.items()}
            again = {one.feature for one in smallest_change(moved, asking, Search(engine="kdtree"), seed=0).changes}
            same.append(_first_reason(favour, moved, reference) == first and again == advised)

    assert sum(same) / len(same) >= SAME_IN


def _first_reason(favour: Favour, person: dict[str, Any], reference: dict[str, list[Any]]) -> str:
    pytest.importorskip("shap", reason="SHAP is an extra")
    found = contributions(favour, {name: [value] for name, value in person.items()}, reference, seed=0).of[0]
    return min(found, key=lambda name: found[name])
