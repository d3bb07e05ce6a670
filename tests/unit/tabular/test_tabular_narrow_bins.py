"""Narrow bins hold every row, end at the deciles, and say nothing untrue of the rows up to each end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from assay.tabular.narrow_bins import NarrowBins, narrow_bins

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = np.ndarray[Any, np.dtype[np.float64]]

ROWS, BINS = 40_000, 100


def counted(reference: Values, current: Values, bins: int = BINS) -> NarrowBins | None:
    with duckdb.connect() as connection:
        for name, values in (("reference", reference), ("current", current)):
            connection.register(name, {"v": values})
        return narrow_bins(
            lambda sql: connection.execute(sql).fetchall(), "SELECT v FROM reference", "SELECT v FROM current",
            low=float(reference.min()), high=float(reference.max()), rows=len(reference), bins=bins,
        )  # fmt: skip


def normal(draw: np.random.Generator) -> Values:
    return draw.normal(0, 1, ROWS)


def long_tail(draw: np.random.Generator) -> Values:
    return np.exp(draw.normal(0, 4, ROWS))


def both_tails(draw: np.random.Generator) -> Values:
    return draw.standard_cauchy(ROWS)


def spike(draw: np.random.Generator) -> Values:
    return np.where(draw.random(ROWS) < 0.4, 0.0, draw.normal(0.001, 1, ROWS))


def far_from_zero(draw: np.random.Generator) -> Values:
    return 1e15 + draw.normal(0, 1000, ROWS)


def few_values(draw: np.random.Generator) -> Values:
    return draw.integers(0, 7, ROWS).astype(float)


def crowd_at_the_least(draw: np.random.Generator) -> Values:
    return np.concatenate([draw.random(ROWS - 1) * 1e-9, [1.0]])


SHAPES = (normal, long_tail, both_tails, spike, far_from_zero, few_values, crowd_at_the_least)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_end_tells_the_rows_up_to_it(shape: Callable[[np.random.Generator], Values]) -> None:
    draw = np.random.default_rng(7)
    reference, current = shape(draw), shape(draw) * 1.1
    found = counted(reference, current)

    assert found is not None
    assert found.deciles == pytest.approx(np.quantile(reference, np.arange(1, 10) / 10), rel=1e-15)
    ends = np.array([step[0] for step in found.steps])
    assert np.all(np.diff(ends) > 0)
    for number, values in ((1, reference), (2, current)):
        upto = np.cumsum([step[number] for step in found.steps])
        assert upto.tolist() == np.searchsorted(np.sort(values), ends, side="right").tolist()
        assert upto[-1] == ROWS
    assert set(found.deciles) <= set(ends)


@pytest.mark.parametrize("shape", [normal, long_tail, both_tails, far_from_zero], ids=lambda shape: shape.__name__)
def test_bins_are_narrow(shape: Callable[[np.random.Generator], Values]) -> None:
    values = shape(np.random.default_rng(8))
    found = counted(values, values)

    assert found is not None
    assert max(step[1] for step in found.steps) <= 2 * ROWS / BINS
    assert len(found.steps) <= BINS + 9 + 2


def test_the_order_of_the_rows_changes_nothing() -> None:
    draw = np.random.default_rng(9)
    values = long_tail(draw)
    assert counted(values, values) == counted(draw.permutation(values), draw.permutation(values))


def test_what_lies_outside_of_the_reference_has_bins_of_its_own() -> None:
    draw = np.random.default_rng(10)
    inside = draw.random(ROWS)
    found = counted(inside, np.concatenate([inside, [-5.0, -4.0, 7.0, 8.0, 9.0]]))

    assert found is not None
    assert found.steps[0] == (-4.0, 0, 2)
    assert found.steps[-1] == (9.0, 0, 3)


def test_crowds_at_places_of_unlike_scale_are_given_up() -> None:
    draw = np.random.default_rng(11)
    crowds = [place + draw.random(ROWS // 4) * 1e-7 for place in (-1.0, 0.0, 1.0)]
    assert counted(np.concatenate([*crowds, draw.random(10) * 1e9]), normal(draw)) is None


def test_a_range_that_cannot_be_divided_is_given_up() -> None:
    values = np.linspace(-1.0, 1.0, ROWS) * 1.7e308
    assert counted(values, values) is None
