"""Rows with weights: causes are sought among the people whom they stand for."""

from __future__ import annotations

import msgspec
import pytest

from assay.adapters.explaining_here import explain
from assay.diagnosis.effective import effective, people_for_a_weight
from assay.records.tally import Roles
from assay.tabular import tally_rows
from unit.diagnosis.planted import NAMES, table

ROLES = Roles(label="paid", prediction="approved", score="score", protected=("group",))
WEIGHED = msgspec.structs.replace(ROLES, weight="w")


def weighed(*parts: tuple[str, float]) -> bytes:
    """Return planted tables one below the other, the rows of each with one weight."""
    tables = [(table(kind).rows.decode().splitlines(), weight) for kind, weight in parts]
    head = tables[0][0][0] + ",w"
    return "\n".join([head, *(f"{row},{weight:g}" for rows, weight in tables for row in rows[1:])]).encode()


def first(rows: bytes, roles: Roles) -> tuple[str, tuple[str, ...]]:
    one = explain(rows=rows, roles=roles, metric="demographic_parity_difference", limit=0.05, features=NAMES).findings[
        0
    ]
    return one.causes[0].kind, one.unexamined


@pytest.mark.parametrize("kind", ["data.proxy", "threshold.cut"])
def test_the_cause_of_the_rows_that_weigh_is_named_and_not_that_of_the_many(kind: str) -> None:
    other = "threshold.cut" if kind == "data.proxy" else "data.proxy"
    rows = weighed((kind, 3.0), (other, 0.02), (other, 0.01))
    named, told = first(rows, WEIGHED)
    assert named == kind
    assert any("in proportion to w" in one for one in told)


def test_equal_weights_change_nothing() -> None:
    named, told = first(weighed(("model.slice", 0.25)), WEIGHED)
    assert named == "model.slice"
    assert any("4,000 people" in one for one in told)


def test_a_weighted_tally_stands_for_as_many_people_as_it_tells_as_much_as() -> None:
    rows = weighed(("data.proxy", 2.0), ("threshold.cut", 1.0))
    tally = tally_rows(rows, WEIGHED)
    assert people_for_a_weight(tally) == pytest.approx((8000 + 4000) / (16000 + 4000))
    whole = effective(tally)
    assert whole.roles.weight is None
    assert whole.rows == pytest.approx((8000 + 4000) ** 2 / (16000 + 4000), abs=len(whole.cells))
    assert effective(whole) is whole
