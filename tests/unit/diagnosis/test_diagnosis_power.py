"""Rows that would settle a finding: held against drawing so many and looking."""

from __future__ import annotations

import random

import pytest

from assay.diagnosis.power import (
    distance_in_half_widths,
    multiplied,
    needed_half_width,
    rows_for_everybody,
    rows_that_settle,
)
from assay.diagnosis.requirement import Requirement, hold
from assay.metrics.measuring import measure
from assay.records.tally import Cell, Roles, Tally
from assay.records.verdict import Limit
from scored_people import Person, tally_of

PARITY = Requirement(metric="demographic_parity_difference", limit=Limit(max=0.1), attributes=("race",))


def two_groups(selected: tuple[int, int], rows: tuple[int, int]) -> Tally:
    """Return a tally of two groups of which so many were selected."""
    cells = [
        Cell(group=(name,), prediction=prediction, count=count)
        for name, yes, n in zip("ab", selected, rows, strict=True)
        for prediction, count in ((1, yes), (0, n - yes))
        if count
    ]
    return Tally(roles=Roles(prediction="prediction", protected=("race",)), rows=sum(rows), cells=tuple(cells))


def decided(tally: Tally) -> bool:
    return hold(tally, (PARITY,))[0].status != "unknown"


def drawn(rates: tuple[float, float], rows: tuple[int, int], draw: random.Random) -> Tally:
    counts = [sum(draw.random() < rate for _ in range(n)) for rate, n in zip(rates, rows, strict=True)]
    return two_groups((counts[0], counts[1]), rows)


def test_so_many_rows_of_the_small_group_settle_it_as_often_as_promised() -> None:
    # a: 0.60 of 3,000; b: 0.42 of 60: a gap of 0.18 against 0.1, not decided.
    tally = two_groups((1800, 25), (3000, 60))
    assert not decided(tally)
    more = rows_that_settle(tally, PARITY, group={"race": "b"})
    assert more is not None
    draw = random.Random(20260101)
    rates = (0.6, 25 / 60)
    trials = 300
    with_them = sum(decided(drawn(rates, (3000, 60 + more), draw)) for _ in range(trials)) / trials
    assert with_them == pytest.approx(0.8, abs=0.07)  # three standard errors of 300 trials
    with_half = sum(decided(drawn(rates, (3000, 60 + more // 4), draw)) for _ in range(trials)) / trials
    assert with_half < 0.6


def test_so_many_rows_of_everybody_settle_it_as_often_as_promised() -> None:
    tally = two_groups((60, 46), (100, 100))
    found = hold(tally, (PARITY,))[0].measurement
    assert found is not None
    assert found.value is not None
    assert found.interval is not None
    more = rows_that_settle(tally, PARITY)
    plain = rows_for_everybody(found.value, found.interval, PARITY.limit, 200)
    assert more is not None
    assert plain is not None
    assert plain == pytest.approx(more, rel=0.15), "the closed form is near to what is measured"
    draw = random.Random(20260102)
    half = (200 + more) // 2
    trials = 60
    settled = sum(decided(drawn((0.6, 0.46), (half, half), draw)) for _ in range(trials)) / trials
    assert settled == pytest.approx(0.8, abs=0.16)


def test_rows_of_one_group_alone_cannot_settle_what_the_other_group_leaves_open() -> None:
    tally = two_groups((20, 2400), (40, 5000))  # the group of 40 is the one that is not known
    assert rows_that_settle(tally, PARITY, group={"race": "b"}) is None
    assert rows_that_settle(tally, PARITY, group={"race": "a"}) is not None


def test_a_settled_finding_needs_no_more_rows() -> None:
    assert rows_that_settle(two_groups((9000, 3000), (10000, 10000)), PARITY) == 0


def test_a_value_on_its_limit_is_never_promised() -> None:
    assert rows_for_everybody(0.1, (0.05, 0.15), Limit(max=0.1), 100) is None
    assert rows_that_settle(two_groups((600, 500), (1000, 1000)), PARITY) is None


def test_with_a_chance_of_one_half_the_half_width_is_the_distance() -> None:
    assert needed_half_width(0.04, power=0.5) == pytest.approx(0.04)
    assert needed_half_width(0.04, power=0.8) == pytest.approx(0.04 * 1.959964 / (1.959964 + 0.841621), rel=1e-5)


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [(0.2, Limit(max=0.1), -2.0), (0.05, Limit(max=0.1), 1.0), (0.7, Limit(min=0.8), -2.0), (0.9, Limit(min=0.8), 2.0)],
)
def test_distance_in_half_widths_has_a_sign(value: float, limit: Limit, expected: float) -> None:
    assert distance_in_half_widths(value, (value - 0.05, value + 0.05), limit) == pytest.approx(expected)


def test_multiplied_scores_stay_scores() -> None:
    rows = [Person("ab"[n % 2], n % 3 % 2, (n % 7) / 10, n % 2) for n in range(200)]
    tally = multiplied(tally_of(rows), 2.5, {"race": "b"})
    assert tally.rows == 100 + 250
    assert tally.scores is not None
    for cell in tally.scores.cells:
        assert cell.count == sum(count for _, count in cell.values or ())
    found = {m.group.get("race"): m.value for m in measure(tally, metrics=["mean_score"])}
    before = {m.group.get("race"): m.value for m in measure(tally_of(rows), metrics=["mean_score"])}
    assert found["a"] == before["a"]
    assert found["b"] == pytest.approx(before["b"] or 0, rel=0.01)
