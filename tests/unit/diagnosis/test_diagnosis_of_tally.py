"""Causes that counts can tell: one planted at a time, and none planted."""

from __future__ import annotations

import math
import random

import pytest

from assay.diagnosis.of_tally import causes_of_tally
from assay.diagnosis.requirement import Requirement, hold
from assay.diagnosis.score_meaning import line_of, points
from assay.records.tally import Tally
from assay.records.verdict import Limit
from scored_people import Person, tally_of

METRICS = ("demographic_parity_difference", "equal_opportunity_difference")
PLANTED = {
    "lower base rate": "data.base_rate",
    "scores shifted": "model.calibration",
    "cut higher": "threshold.cut",
    "scores noisy": "model.error_gap",
}


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def planted(kind: str, seed: int, *, rows: int = 6000, exact: bool = True) -> Tally:
    """Return a tally of two groups; in group b something is off."""
    draw = random.Random(seed)
    people = []
    for number in range(rows):
        group = "ab"[number % 2]
        x = draw.gauss(0, 1.4) - (1.0 if kind == "lower base rate" and group == "b" else 0)
        label = int(draw.random() < sigmoid(x))
        seen = x - (0.9 if kind == "scores shifted" and group == "b" else 0)
        if kind == "scores noisy" and group == "b":
            seen = draw.gauss(-0.4, 1.4)
        score = round(sigmoid(seen), 3)
        cut = 0.65 if kind == "cut higher" and group == "b" else 0.5
        people.append(Person(group, label, score, int(score >= cut)))
    return tally_of(people, exact=exact)


def asked(metric: str) -> Requirement:
    return Requirement(metric=metric, limit=Limit(max=0.05), attributes=("race",))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_the_planted_cause_comes_first(kind: str, seed: int) -> None:
    tally = planted(kind, seed)
    metric = METRICS[0]
    assert hold(tally, (asked(metric),))[0].status == "fail"
    found = causes_of_tally(tally, asked(metric), {"race": "b"}, {"race": "a"})
    assert found[0].kind == PLANTED[kind]
    assert found[0].share is not None
    assert found[0].share > 0.6
    assert 0.5 < found[0].confidence < 1
    assert found[0].evidence


@pytest.mark.parametrize("kind", ["scores shifted", "cut higher"])
def test_gaps_of_errors_have_the_same_causes(kind: str) -> None:
    found = causes_of_tally(planted(kind, 7), asked(METRICS[1]), {"race": "b"}, {"race": "a"})
    assert found[0].kind == PLANTED[kind]


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_is_named_where_nothing_is_planted(metric: str) -> None:
    named = 0
    for seed in range(100):
        tally = planted("nothing", seed, rows=600)
        named += bool(causes_of_tally(tally, asked(metric), {"race": "b"}, {"race": "a"}))
    assert named <= 6  # two in a hundred is what chance would name; more than six once in two hundred


def test_bins_tell_the_same_as_values() -> None:
    for kind, expected in PLANTED.items():
        found = causes_of_tally(planted(kind, 3, exact=False), asked(METRICS[0]), {"race": "b"}, {"race": "a"})
        assert found[0].kind == expected, kind


def test_a_calibrated_score_has_the_line_through_itself() -> None:
    line = line_of(points(planted("nothing", 1, rows=20000), ("race",), ("a",)))
    assert line is not None
    assert line[0] == pytest.approx(0, abs=0.1)
    assert line[1] == pytest.approx(1, abs=0.1)


def test_labels_of_one_kind_have_no_line() -> None:
    tally = tally_of([Person("a", 1, 0.2 + n / 100, 1) for n in range(50)] + [Person("b", 0, 0.5, 1)] * 20)
    assert line_of(points(tally, ("race",), ("a",))) is None
    assert causes_of_tally(tally, asked(METRICS[0]), {"race": "b"}, {"race": "a"}) == ()


def test_a_perfect_score_breaks_nothing() -> None:
    rows = [Person("ab"[n % 2], n % 3 % 2, float(n % 3 % 2), n % 3 % 2) for n in range(600)]
    assert isinstance(causes_of_tally(tally_of(rows), asked(METRICS[0]), {"race": "b"}, {"race": "a"}), tuple)


def test_without_scores_the_two_accounts_remain() -> None:
    tally = planted("lower base rate", 1)
    bare = Tally(roles=tally.roles, rows=tally.rows, cells=tally.cells)
    kinds = {one.kind for one in causes_of_tally(bare, asked(METRICS[0]), {"race": "b"}, {"race": "a"})}
    assert kinds <= {"data.base_rate", "model.error_gap"}
    assert kinds


def test_without_labels_nothing_is_told() -> None:
    rows = [Person("ab"[n % 2], None, 0.5, n % 2) for n in range(100)]
    assert causes_of_tally(tally_of(rows), asked(METRICS[0]), {"race": "b"}, {"race": "a"}) == ()
