"""Bins that end at given edges hold exactly the rows between them, whether cells can tell the edges apart or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from assay.tabular.binning import count_in_bins

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = 30_000
Values = np.ndarray[Any, np.dtype[np.float64]]

DRAW = np.random.default_rng(5)
NORMAL = DRAW.normal(0, 1, ROWS)
LONG = np.exp(DRAW.normal(0, 4, ROWS))
WIDE = np.concatenate([NORMAL, [np.nan, np.inf, -np.inf, 1e300, -1e300]])
SHAPES = {
    "normal": (NORMAL, np.quantile(NORMAL, np.arange(1, 1001) / 1000)),
    "edges closer than any cells": (LONG, np.quantile(LONG, np.arange(1, 1001) / 1000)),
    "values beyond the edges, and none": (WIDE, np.array([-1.0, 0.0, 0.0001, 2.0])),
    "rows on edges alone": (DRAW.integers(0, 30, ROWS) / 7, np.arange(0, 30) / 7),
    "a single edge": (NORMAL, np.array([0.5])),
    "a range that arithmetic cannot hold": (WIDE, np.array([-1.7e308, 0.0, 1.7e308])),
}


def asked(values: Values, edges: Sequence[float]) -> tuple[list[int], list[str]]:
    said = []
    with duckdb.connect() as connection:
        connection.register("table_of_values", {"v": values})

        def ask(sql: str) -> list[Any]:
            said.append(sql)
            return connection.execute(sql).fetchall()

        return count_in_bins(ask, "SELECT v FROM table_of_values", edges), said


@pytest.mark.parametrize("shape", SHAPES)
def test_counts_are_those_of_a_search(shape: str) -> None:
    values, edges = SHAPES[shape]
    finite = values[np.isfinite(values)]
    found, _ = asked(values, edges.tolist())
    assert found == np.bincount(np.searchsorted(edges, finite), minlength=len(edges) + 1).tolist()
    assert sum(found) == len(finite)


def test_no_rows_are_no_counts() -> None:
    for edges in ([0.0, 1.0], [0.5]):
        assert asked(np.array([], dtype=float), edges)[0] == [0] * (len(edges) + 1)


@pytest.mark.parametrize(("shape", "searched"), [("normal", False), ("edges closer than any cells", True)])
def test_cells_stand_in_for_a_search_where_they_can(shape: str, searched: bool) -> None:
    values, edges = SHAPES[shape]
    assert any("histogram(" in sql for sql in asked(values, edges.tolist())[1]) is searched
