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


CELLS = 6_000
"""Cells that a span is divided into: enough for a bell of any size to be divided once, and few to be put in order."""

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
        """Return SQL of the cell of ``v``, 0 to ``CELLS``; cells of span ``number`` have numbers of their own.

        The cast rounds, which is as good as cutting off: a greater value never has a lower cell.
        """
        found = f"((v - {literal(self.low)}) * {literal(self.scale)})::INTEGER"
        return f"{number * (CELLS + 1)} + {found}"


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
        outside: rows of the current table outside of the reference's range.
    """

    steps: list[tuple[float, int, int]]
    deciles: list[float]
    outside: int


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
    divided = _divide(ask, reference, Span(low, high), rows, bins)
    if divided is None:
        return None
    spans, held = divided
    deciles, upto = _deciles(ask, reference, spans, rows, held)
    ask(f"INSERT INTO cells {_counted(current, spans, '0 AS r, count(*) AS k')}")
    joined = ask(
        "SELECT max(highest), sum(r)::BIGINT, sum(k)::BIGINT, coalesce(sum(k) FILTER (cell < 0), 0)::BIGINT FROM "
        f"(SELECT cell, highest, r, k, ((sum(r) OVER (ORDER BY highest) - r) * {bins}) // {rows} AS bin FROM "
        "(SELECT cell, max(highest) AS highest, sum(r) AS r, sum(k) AS k FROM cells GROUP BY cell)) "
        "GROUP BY CASE WHEN cell < 0 THEN cell ELSE bin::BIGINT END ORDER BY 1"
    )
    ask("DROP TABLE cells")
    ends = list(upto)
    now = ask(f"SELECT {_upto(ends)} FROM ({current}) WHERE isfinite(v)")[0]
    steps = _ended([row[:3] for row in joined], list(zip(ends, upto.values(), now, strict=True)))
    return NarrowBins(steps=steps, deciles=deciles, outside=sum(row[3] for row in joined))


@dataclass(frozen=True, slots=True)
class _Held:
    """A cell that holds a neighbour of a decile: its number, the rows before it, its ends and its rows."""

    cell: int
    base: int
    lowest: float
    highest: float
    rows: int


def _divide(ask: Asks, reference: str, whole: Span, rows: int, bins: int) -> tuple[list[Span], list[_Held]] | None:
    """Divide the reference into ``cells`` of at most a bin's rows, or of one value; and find those of the deciles."""
    spans = [whole]
    ranks = _ranks(rows)
    under = math.nextafter(whole.low, -math.inf)  # a span is open below, and the first one holds the least value
    while spans[-1].divides and len(spans) <= MOST_SPANS:
        ask(f"CREATE OR REPLACE TEMP TABLE cells AS {_counted(reference, spans, 'count(*) AS r, 0::BIGINT AS k')}")
        (_, crowded, _, last, before), *held = ask(
            "WITH placed AS (SELECT cell, lowest, highest, r, (sum(r) OVER w - r)::BIGINT AS base, "
            f"lag(highest, 1, {literal(under)}) OVER w AS before FROM cells WINDOW w AS (ORDER BY highest)) "
            "SELECT -3 AS cell, count(*) AS base, NULL AS lowest, max(highest) AS highest, min(before) AS r "
            f"FROM placed WHERE r * {bins} > {rows} AND lowest < highest UNION ALL "
            "SELECT DISTINCT cell, base, lowest, highest, r::DOUBLE FROM placed "
            f"JOIN (SELECT unnest({ranks}) AS rank) ON rank >= base AND rank < base + r ORDER BY cell = -3 DESC, base"
        )
        if not crowded:
            return spans, [_Held(cell, base, low, high, int(r)) for cell, base, low, high, r in held]
        span = Span(before, last)
        if not span.high - span.low < spans[-1].high - spans[-1].low:
            return None
        spans.append(span)
    return None


def _places(rows: int) -> list[tuple[int, int]]:
    """Return, for each decile, the row below it, and tenths of the way to the next."""
    return [divmod((rows - 1) * tenth, 10) for tenth in range(1, 10)]


def _ranks(rows: int) -> list[int]:
    return sorted({rank for below, rest in _places(rows) for rank in ((below, below + 1) if rest else (below,))})


def _deciles(
    ask: Asks, reference: str, spans: Sequence[Span], rows: int, held: Sequence[_Held]
) -> tuple[list[float], dict[float, int]]:
    """Return the reference's deciles, and how many of its rows lie at or below each.

    Only the cells that hold a decile's two neighbours are looked into.
    """
    places, ranks = _places(rows), _ranks(rows)
    values = {one.cell: [(one.highest, one.rows)] for one in held if one.lowest == one.highest}
    looked = [one.cell for one in held if one.cell not in values]
    if looked:
        found = ask(
            f"SELECT cell, v, count(*) FROM (SELECT v, {_cells(spans)} AS cell FROM ({reference}) WHERE isfinite(v)) "
            f"WHERE cell IN ({', '.join(map(str, looked))}) GROUP BY ALL ORDER BY v"
        )
        for cell, value, count in found:
            values.setdefault(cell, []).append((value, count))
    upto: list[tuple[float, int]] = []  # a value, and the rows at or below it, ascending
    for one in held:
        total = one.base
        for value, count in values[one.cell]:
            total += count
            upto.append((value, total))
    at = [next(value for value, total in upto if total > rank) for rank in ranks]
    named = dict(zip(ranks, at, strict=True))
    deciles = [
        named[below] + (named[below + 1] - named[below]) * (rest / 10) if rest else named[below]
        for below, rest in places
    ]
    return deciles, {end: max(total for value, total in upto if value <= end) for end in sorted(set(deciles))}


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
