"""A numeric column of two tables, counted in narrow bins of the reference, without sorting its values.

Values fall into equal cells between the reference's least and greatest; cells are many, and cheap, for their number is
arithmetic. Where one cell holds more than a narrow bin may (a long tail squeezes the rest of a column into few cells),
the span of such cells is divided again. Neighbouring cells are then joined into narrow bins of about equal shares of
the reference. The arithmetic never puts a greater value into a lower cell, and a bin's end is the greatest value found
in it, so the counts up to each end are exact, whatever the cells. The same rows give the same bins in any order.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.tabular.sql import literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    class Asks(Protocol):
        """Runs a statement and returns its rows."""

        def __call__(self, sql: str) -> list[Any]:
            """Run it."""
            ...


CELLS = 16_384
"""Cells that a span is divided into."""

MOST_SPANS = 6
"""Spans within spans, before a column is given up: its values crowd at several places of very unlike scale."""


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of values, open below and closed above, divided into equal cells."""

    low: float
    high: float

    @property
    def scale(self) -> float:
        """Cells a unit; not finite, or nothing, where the interval cannot be divided."""
        width = self.high - self.low
        return CELLS / width if width > 0 else math.inf

    @property
    def divides(self) -> bool:
        """Say whether arithmetic can tell its cells apart."""
        return math.isfinite(self.scale) and self.scale > 0

    def cell(self, number: int) -> str:
        """Return SQL of the cell of ``v``; cells of span ``number`` have numbers of their own."""
        found = f"least({CELLS - 1}, greatest(0, floor((v - {literal(self.low)}) * {literal(self.scale)})))::INTEGER"
        return f"{number * CELLS} + {found}"


def _cells(spans: Sequence[Span]) -> str:
    """Return SQL of the cell of ``v`` in the innermost span that holds it; spans lie within one another."""
    inner = [
        f"WHEN v > {literal(span.low)} AND v <= {literal(span.high)} THEN {span.cell(number)}"
        for number, span in reversed(list(enumerate(spans)))
        if number
    ]
    whole = spans[0]
    outside = f"WHEN v < {literal(whole.low)} THEN -1 WHEN v > {literal(whole.high)} THEN -2"
    return f"CASE {outside} {' '.join(inner)} ELSE {whole.cell(0)} END"


def _counted(rows: str, spans: Sequence[Span], counts: str) -> str:
    """Return SQL that counts rows of ``v`` by cell."""
    return (
        f"SELECT cell, {counts}, min(v) AS lowest, max(v) AS highest "
        f"FROM (SELECT v, {_cells(spans)} AS cell FROM ({rows}) WHERE isfinite(v)) GROUP BY cell"
    )


@dataclass(frozen=True, slots=True)
class NarrowBins:
    """A column of two tables in narrow bins of the reference.

    Attributes:
        steps: (greatest value, rows of the reference, rows of the current table), ascending.
        deciles: the reference's nine deciles, by linear interpolation (Hyndman and Fan 1996, type 7); each ends a bin.
    """

    steps: list[tuple[float, int, int]]
    deciles: list[float]


def narrow_bins(
    ask: Asks, reference: str, current: str, *, low: float, high: float, rows: int, bins: int
) -> NarrowBins | None:
    """Count both tables in narrow bins of the reference.

    Args:
        ask: runs a statement.
        reference: a query with one column ``v`` of DOUBLEs.
        current: the same.
        low: least finite value of the reference.
        high: greatest finite value of the reference.
        rows: finite values of the reference; two or more.
        bins: how many bins are wanted; one more on either side holds what lies outside of the reference's range.

    Returns:
        None when the values crowd at places of so unlike scale that no cells are narrow enough.
    """
    spans = _divide(ask, reference, Span(low, high), rows / bins)
    if spans is None:
        return None
    deciles = _deciles(ask, reference, spans, rows)
    ask(f"INSERT INTO cells {_counted(current, spans, '0 AS r, count(*) AS k')}")
    joined = ask(
        "SELECT max(highest), sum(r)::BIGINT, sum(k)::BIGINT FROM (SELECT cell, highest, r, k, "
        f"((sum(r) OVER (ORDER BY highest) - r) * {bins}) // {rows} AS bin FROM "
        "(SELECT cell, max(highest) AS highest, sum(r) AS r, sum(k) AS k FROM cells GROUP BY cell)) "
        "GROUP BY CASE WHEN cell < 0 THEN cell ELSE bin::BIGINT END ORDER BY 1"
    )
    ask("DROP TABLE cells")
    ends = sorted(set(deciles))
    upto = [ask(f"SELECT {_upto(ends)} FROM ({side}) WHERE isfinite(v)")[0] for side in (reference, current)]
    return NarrowBins(steps=_ended(joined, list(zip(ends, *upto, strict=True))), deciles=deciles)


def _divide(ask: Asks, reference: str, whole: Span, most: float) -> list[Span] | None:
    """Divide the reference into ``cells`` of at most so many rows, or of one value."""
    spans = [whole]
    under = math.nextafter(whole.low, -math.inf)  # a span is open below, and the first one holds the least value
    while spans[-1].divides and len(spans) <= MOST_SPANS:
        ask(f"CREATE OR REPLACE TEMP TABLE cells AS {_counted(reference, spans, 'count(*) AS r, 0::BIGINT AS k')}")
        before, last, crowded = ask(
            "SELECT min(before), max(highest), count(*) FROM "
            f"(SELECT highest, r, lowest, lag(highest, 1, {literal(under)}) OVER (ORDER BY highest) AS before "
            "FROM cells) "
            f"WHERE r > {most} AND lowest < highest"
        )[0]
        if not crowded:
            return spans
        span = Span(before, last)
        if not span.high - span.low < spans[-1].high - spans[-1].low:
            return None
        spans.append(span)
    return None


def _deciles(ask: Asks, reference: str, spans: Sequence[Span], rows: int) -> list[float]:
    """Return the reference's deciles: only the cells that hold their two neighbours are looked into."""
    places = [divmod((rows - 1) * tenth, 10) for tenth in range(1, 10)]
    ranks = sorted({rank for below, rest in places for rank in ((below, below + 1) if rest else (below,))})
    ask(
        "CREATE OR REPLACE TEMP TABLE holding AS SELECT DISTINCT cell, base, highest, lowest FROM "
        "(SELECT cell, lowest, highest, r, sum(r) OVER (ORDER BY highest) - r AS base FROM cells) "
        f"JOIN (SELECT unnest({ranks}) AS rank) ON rank >= base AND rank < base + r"
    )
    found = ask(
        "SELECT rank, v FROM (SELECT v, base + row_number() OVER (PARTITION BY cell ORDER BY v) - 1 AS rank "
        f"FROM (SELECT v, {_cells(spans)} AS cell FROM ({reference}) WHERE isfinite(v)) "
        f"JOIN (SELECT * FROM holding WHERE lowest < highest) USING (cell)) WHERE rank IN {tuple(ranks)} "
        f"UNION ALL SELECT rank, highest FROM (SELECT unnest({ranks}) AS rank) JOIN "
        "(SELECT h.*, c.r FROM holding AS h JOIN cells AS c USING (cell) WHERE h.lowest = h.highest) "
        "ON rank >= base AND rank < base + r"
    )
    ask("DROP TABLE holding")
    at = {int(rank): value for rank, value in found}
    return [at[below] + (at[below + 1] - at[below]) * (rest / 10) if rest else at[below] for below, rest in places]


def _upto(ends: Sequence[float]) -> str:
    return ", ".join(f"count(*) FILTER (v <= {literal(end)})" for end in ends)


def _ended(steps: list[tuple[float, int, int]], ends: list[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    """Part the bins at the deciles, whose rows up to them are given."""
    totals: dict[float, tuple[int, int]] = {}
    reference = current = 0
    for at, r, k in steps:
        reference, current = reference + r, current + k
        totals[at] = (reference, current)
    totals |= {at: (r, k) for at, r, k in ends}
    parted: list[tuple[float, int, int]] = []
    before = (0, 0)
    for at, upto in sorted(totals.items()):
        parted.append((at, upto[0] - before[0], upto[1] - before[1]))
        before = upto
    return parted
