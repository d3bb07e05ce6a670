from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from assay.adapters.explaining_here import explain
from assay.records.tally import Roles
from unit.diagnosis.planted import sigmoid

if TYPE_CHECKING:
    from assay.records.explanation import Cause

ROLES = Roles(label="paid", prediction="approved", score="score", protected=("group",))
NAMES = ("x", "y", "z")
MEAN = "0.03125"


def rows(missing: dict[str, float], *, rate: float = 0.03, filled: str = "", labels: float = 0.0) -> bytes:
    """Rows of two groups that are alike, some of whose values the score does not have.

    Args:
        missing: rate of missing values of group b, of each feature.
        rate: of group a.
        filled: what stands for a missing value.
        labels: rate of missing labels of group b.
    """
    chance = random.Random(7)
    lines = ["group,paid,approved,score,x,y,z"]
    for at in range(4000):
        b = at % 3 == 0
        true = {name: chance.gauss(0, 1) for name in NAMES}
        label = int(chance.random() < sigmoid(1.6 * sum(true.values())))
        gone = {name: chance.random() < (missing.get(name, rate) if b else rate) for name in NAMES}
        seen = {name: 0.0 if gone[name] else true[name] for name in NAMES}
        score = sigmoid(1.6 * sum(seen.values()) - 1.0 * sum(gone.values()))
        written = ",".join(filled if gone[name] else f"{true[name]:.4f}" for name in NAMES)
        shown = "" if b and chance.random() < labels else label
        lines.append(f"{'b' if b else 'a'},{shown},{int(score >= 0.5)},{score:.5f},{written}")
    return "\n".join(lines).encode()


def found(table: bytes, metric: str = "demographic_parity_difference") -> list[Cause]:
    return list(explain(rows=table, roles=ROLES, metric=metric, limit=0.05, features=NAMES).findings[0].causes)


@pytest.mark.parametrize("filled", ["", MEAN, "-999"])
def test_values_that_are_missing_more_are_named_however_they_are_written(filled: str) -> None:
    first = found(rows({"x": 0.6}, filled=filled))[0]
    assert first.kind == "data.missingness", first
    assert first.detail.startswith("Missing more for group 'b': x (")
    assert "y (" not in first.detail


def test_where_hardly_any_row_has_all_values_those_that_miss_some_tell() -> None:
    first = found(rows(dict.fromkeys(NAMES, 0.8)))[0]
    assert first.kind == "data.missingness", first
    assert first.confidence > 0.95
    clues = {clue.what: clue for clue in first.evidence}
    complete = clues["gap among rows with no missing value"]
    assert complete.n is not None
    assert complete.n < 4000 * 0.7
    alike = clues["gap were values missing as often on both sides"].value
    assert alike is not None
    assert abs(alike) < abs(clues["gap among rows with a missing value"].value or 0.0)


def test_rates_that_hardly_differ_and_values_that_do_not_matter_are_not_named() -> None:
    assert all(one.kind != "data.missingness" for one in found(rows({"x": 0.07})))
    whole = rows({}).decode().splitlines()
    # The same gap, made by something else, with values blotted out that the score did have.
    chance = random.Random(3)
    told = [whole[0]]
    for line in whole[1:]:
        group, paid, approved, score, x, y, z = line.split(",")
        blotted = group == "b" and chance.random() < 0.5
        denied = "0" if group == "b" and chance.random() < 0.3 else approved
        told.append(",".join((group, paid, denied, score, "" if blotted else x, y, z)))
    assert all(one.kind != "data.missingness" for one in found("\n".join(told).encode()))


def test_what_is_off_only_where_values_are_missing_stands_behind_them() -> None:
    kinds = [one.kind for one in found(rows({"x": 0.6}), "equal_opportunity_difference")]
    assert kinds[0] == "data.missingness", kinds


def test_labels_that_are_missing_more_are_named() -> None:
    told = [one for one in found(rows({"x": 0.6}, labels=0.4)) if one.kind == "data.missingness"]
    kept = [one for one in found(rows({"x": 0.03}, labels=0.4)) if one.kind == "data.missingness"]
    assert told
    assert not kept or "The label is missing" in kept[0].detail
