from __future__ import annotations

import random

import pytest

from assay.adapters.explaining_here import explain
from assay.diagnosis.training_causes import MOVED, stability
from assay.records.tally import Roles
from unit.diagnosis.planted import sigmoid

ROLES = Roles(label="paid", prediction="approved", score="score", protected=("group",))
NAMES = ("x", "y")


def rows(
    seed: int,
    *,
    share: float = 0.35,
    moved: float = 0.0,
    hidden: float = 0.0,
    turned: float = 0.0,
    learnt: float = 0.0,
    people: int = 4000,
) -> bytes:
    """Rows of two groups.

    Args:
        seed: of chance.
        share: of group b.
        moved: by how much x of group b is lower.
        hidden: share of the values of x above nothing that are missing in group b; the score takes them for nothing.
        turned: share of the positive labels of group b that are written negative.
        learnt: by how much the score of group b is lower.
        people: how many.
    """
    chance = random.Random(seed)
    lines = ["group,paid,approved,score,x,y"]
    for _ in range(people):
        b = chance.random() < share
        x, y = chance.gauss(0, 1) - moved * b, chance.gauss(0, 1)
        label = int(chance.random() < sigmoid(2.2 * (x + y)))
        gone = b and x > 0 and chance.random() < hidden
        score = sigmoid(2.2 * ((0.0 if gone else x) + y) - learnt * b)
        label = 0 if b and chance.random() < turned else label
        shown = "" if gone else f"{x:.4f}"
        lines.append(f"{'b' if b else 'a'},{label},{int(score >= 0.5)},{score:.5f},{shown},{y:.4f}")
    return "\n".join(lines).encode()


def kinds(data: bytes, train: bytes, metric: str = "demographic_parity_difference") -> list[str]:
    told = explain(rows=data, roles=ROLES, metric=metric, limit=0.05, features=NAMES, train=train)
    return [one.kind for one in told.findings[0].causes]


def test_an_index_of_what_chance_moves_is_none() -> None:
    assert abs(stability({0: 500, 1: 500}, {0: 505, 1: 495})) < 0.01
    assert stability({0: 900, 1: 100}, {0: 500, 1: 500}) > MOVED
    assert stability({0: 20, 1: 1}, {0: 1, 1: 20}) == 0.0  # of so few nothing is told


def test_a_gap_of_labels_that_came_with_the_move_is_the_moves() -> None:
    """In train both groups were alike; in the data x of b is lower, and their labels with it."""
    assert kinds(rows(1, moved=0.8), rows(2))[0] == "data.split_mismatch"
    assert kinds(rows(1, moved=0.8), rows(2, moved=0.8))[0] == "data.base_rate"


@pytest.mark.parametrize("hidden_in_train", [0.0, 0.9])
def test_values_that_are_missing_have_not_moved_whatever_they_are(hidden_in_train: float) -> None:
    found = kinds(rows(1, hidden=0.9), rows(2, hidden=hidden_in_train))
    assert found[0] == "data.missingness", found
    assert "data.split_mismatch" not in found


def test_what_no_missing_value_explains_has_moved() -> None:
    assert "data.split_mismatch" in kinds(rows(1, hidden=0.5, moved=1.5), rows(2))


@pytest.mark.parametrize(("share", "named"), [(0.05, True), (0.3, False)])
def test_a_group_that_the_model_saw_too_little_of(share: float, named: bool) -> None:
    found = kinds(rows(1, learnt=1.5), rows(2, share=share), "equalized_odds_difference")
    assert ("data.representation" in found) is named, found


def test_labels_turned_in_train_account_for_the_gap_that_they_make() -> None:
    """The base rate accounts for all of a gap in selection; the turned labels made the base rate."""
    found = kinds(rows(1, turned=0.45, learnt=1.1), rows(2, turned=0.45))
    assert found[0] == "data.label_noise", found
