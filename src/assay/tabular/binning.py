"""A column counted in bins that end at given edges.

The engine's own histogram looks each value up among the edges, which costs what a search does. Equal cells between the
edges cost arithmetic: of each cell it is known how many edges lie below it, and a value is compared with the few that
lie in its own. No greater value has a lower cell, so the counts are exact whatever the cells.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from assay.tabular.sql import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.tabular.narrow_bins import Asks

CELLS = (8_000, 64_000)
"""Cells between the edges: the fewer are tried first, for a table of them is made."""

MOST_IN_CELL = 3
"""Edges in one cell, each of which is compared with the values there."""


def count_in_bins(ask: Asks, rows: str, edges: Sequence[float]) -> list[int]:
    """Count finite values in bins, each of which ends at an edge that belongs to it.

    Args:
        ask: runs a statement.
        rows: a query with one column ``v`` of DOUBLEs.
        edges: finite, ascending, each once.

    Returns:
        Rows by bin; last, those above every edge.
    """
    cell = _cells(edges)
    if cell is None:
        found = ask(f"SELECT histogram(v, {_listed(edges)}) FROM ({rows}) WHERE isfinite(v)")[0][0] or {}
        return [found.get(edge, 0) for edge in (*edges, math.inf)]
    scaled, cells, most = cell
    ask(f"CREATE OR REPLACE TEMP TABLE places AS {_places(edges, scaled, cells, most)}")
    above = " + ".join(f"(v > e{number})::SMALLINT" for number in range(1, most + 1))
    counted = ask(
        f"SELECT below + {above} AS bin, count(*) FROM (SELECT v, {scaled} AS cell FROM ({rows}) WHERE isfinite(v)) "
        "JOIN places USING (cell) GROUP BY bin"
    )
    ask("DROP TABLE places")
    found = dict(counted)
    return [found.get(number, 0) for number in range(len(edges) + 1)]


def _cells(edges: Sequence[float]) -> tuple[str, int, int] | None:
    """Return SQL of the cell of ``v``, how many cells there are, and the most edges in one; None if those are many."""
    low, width = edges[0], edges[-1] - edges[0]
    for cells in CELLS:
        scale = cells / width if width > 0 else math.inf
        if not (math.isfinite(scale) and scale > 0):
            return None
        most = max(Counter(math.floor((edge - low) * scale) for edge in edges).values())
        if most <= MOST_IN_CELL:
            return f"greatest(least(floor((v - {literal(low)}) * {literal(scale)}), {cells}), 0)::INTEGER", cells, most
    return None


def _places(edges: Sequence[float], scaled: str, cells: int, most: int) -> str:
    """Return SQL of a table with a row for each cell: how many edges lie below it, and those within."""
    within = ", ".join(
        f"coalesce(list_extract(inside, {number}), 'inf'::DOUBLE) AS e{number}" for number in range(1, most + 1)
    )
    return (
        f"SELECT cell, (coalesce(sum(len(inside)) OVER (ORDER BY cell), 0) - coalesce(len(inside), 0))::SMALLINT "
        f"AS below, {within} FROM (SELECT unnest(range({cells + 1}))::INTEGER AS cell) LEFT JOIN "
        f"(SELECT {scaled} AS cell, list(v ORDER BY v) AS inside "
        f"FROM (SELECT unnest({_listed(edges)}) AS v) GROUP BY 1) USING (cell)"
    )


def _listed(edges: Sequence[float]) -> str:
    """Return SQL of a list of DOUBLEs, read from one text: a thousand literals take the engine longer than the rows."""
    return f"'[{', '.join(map(repr, map(float, edges)))}]'::DOUBLE[]"
