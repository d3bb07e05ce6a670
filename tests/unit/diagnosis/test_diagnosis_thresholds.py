"""Ranges of cuts that hold all limits: against counting by hand, and against what the gate says of the decisions."""

from __future__ import annotations

import random

import pytest

from assay.diagnosis.group_cuts import group_thresholds
from assay.diagnosis.recut import Recut
from assay.diagnosis.requirement import Requirement, hold
from assay.diagnosis.thresholds import thresholds
from assay.errors import InputError
from assay.records.tally import Roles, Tally
from assay.records.verdict import Limit
from scored_people import Person, tally_of

PARITY = Requirement(metric="demographic_parity_difference", limit=Limit(max=0.1), attributes=("race",))
CHANCE = Requirement(metric="equal_opportunity_difference", limit=Limit(max=0.1), attributes=("race",))


def people(rows: int, *, seed: int = 1, cuts: tuple[float, float] = (0.5, 0.5), shift: float = 0.0) -> list[Person]:
    """Return two groups with scores that tell the label; group b's scores lie lower by ``shift``."""
    draw = random.Random(seed)
    found: list[Person] = []
    for number in range(rows):
        group = "ab"[number % 2]
        label = int(draw.random() < 0.6)
        score = min(0.999, max(0.0, draw.gauss(0.62 if label else 0.38, 0.15) - (shift if group == "b" else 0.0)))
        score = round(score, 3)
        found.append(Person(group, label, score, int(score >= cuts[number % 2])))
    return found


@pytest.mark.parametrize("exact", [True, False])
def test_a_recut_tally_counts_what_rows_decided_anew_would_count(exact: bool) -> None:
    rows = people(800)
    recut = Recut(tally_of(rows, exact=exact))
    for cut in recut.cuts(40):
        anew = tally_of([one._replace(prediction=int((one.score or 0.0) >= cut)) for one in rows])
        found = {(c.group, c.label, c.prediction): c.count for c in recut.at(cut).cells}
        assert found == {(c.group, c.label, c.prediction): c.count for c in anew.cells}


def test_what_is_said_of_a_cut_is_what_the_gate_says_of_its_decisions() -> None:
    rows = people(1500, shift=0.1)
    told = thresholds(tally_of(rows), (PARITY, CHANCE))
    assert {one.gate for one in told.tried} == {True, False}
    for one in told.tried[::10]:
        anew = tally_of([person._replace(prediction=int((person.score or 0) >= (one.cut or 0))) for person in rows])
        held = hold(anew, (PARITY, CHANCE))
        assert [each.status for each in held] == [each.status for each in one.held]
        assert one.gate == all(each.status == "pass" for each in held)
        right = sum(person.label == int((person.score or 0) >= (one.cut or 0)) for person in rows)
        assert one.price.accuracy == pytest.approx(right / len(rows))


def test_the_cut_that_was_used_is_found_and_leaves_nothing_unexplained() -> None:
    told = thresholds(tally_of(people(1000, cuts=(0.55, 0.55))), (PARITY,))
    assert told.off == 0
    assert told.cut_now == pytest.approx(0.55, abs=0.002)


def test_groups_cut_differently_are_explained_by_no_common_cut() -> None:
    told = thresholds(tally_of(people(1000, cuts=(0.45, 0.65))), (PARITY,))
    assert told.off > 50


def test_one_bad_cut_of_fair_scores_has_a_range_that_holds_and_is_cheap() -> None:
    # Scores are alike in both groups: cut differently, they differ; cut alike, anywhere, they do not.
    tally = tally_of(people(6000, cuts=(0.45, 0.65)))
    told = thresholds(tally, (PARITY,))
    assert not told.now.gate
    assert told.cheapest is not None
    assert told.cheapest.gate
    assert told.cheapest.tells
    assert told.cheapest.cut == pytest.approx(0.48, abs=0.06)
    assert (told.cheapest.price.accuracy or 0) >= (told.now.price.accuracy or 1)


def test_cuts_that_say_yes_to_nearly_everybody_hold_in_name_only() -> None:
    told = thresholds(tally_of(people(3000, shift=0.25)), (PARITY,))
    held = [each for each in told.gate if not each.tells]
    assert held, "approving nearly everybody holds parity"
    assert told.cheapest is None


def test_cuts_of_the_groups_own_mend_what_a_shift_of_the_scores_did() -> None:
    tally = tally_of(people(3000, shift=0.25))
    told = group_thresholds(tally, (PARITY, CHANCE), ("race",))
    assert told.gate is not None
    cuts = {key[0]: cut for key, cut in told.gate.cuts}
    assert cuts["a"] - cuts["b"] == pytest.approx(0.25, abs=0.08)
    assert all(held.status == "pass" for held in told.gate.outcome.held)


def test_every_score_between_two_cuts_is_told() -> None:
    told = thresholds(tally_of(people(4000)), (PARITY,), most=20)
    assert len(told.tried) <= 21
    assert told.possible > 20
    assert 0 < told.gap <= 4000 / 20 * 1.5
    assert told.step == 0
    assert thresholds(tally_of(people(400), exact=False), (PARITY,), most=20).step == 1 / 512


def test_rows_without_a_score_are_counted_and_decided_by_no_cut() -> None:
    rows = [*people(500), Person("a", 1, None, 1), Person("b", 0, None, 0)]
    told = thresholds(tally_of(rows), (PARITY,))
    assert told.unscored == 2
    assert {one.price.rows for one in told.tried} == {500}
    assert told.now.price.rows == 502


def test_a_limit_on_scores_is_not_moved_by_a_cut() -> None:
    ranking = Requirement(metric="roc_auc", limit=Limit(min=0.7))
    told = thresholds(tally_of(people(500)), (PARITY, ranking))
    assert told.unmoved == (ranking,)
    assert told.moved == (PARITY,)


def test_where_denial_is_favourable_its_decisions_are_counted() -> None:
    rows = people(500)
    told = thresholds(tally_of(rows, favourable_is_positive=False), (PARITY,))
    assert told.now.price.favourable == sum(one.prediction == 0 for one in rows)


def test_a_tally_without_scores_is_refused_in_words() -> None:
    bare = Tally(roles=Roles(label="label", prediction="prediction", protected=("race",)), rows=0)
    with pytest.raises(InputError, match="name it with --score"):
        thresholds(bare, (PARITY,))
