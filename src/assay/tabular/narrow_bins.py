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
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from assay.tabular.sql import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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


class _Cell(NamedTuple):
    """The rows of one table in a cell that has some: its number, how many, and the least and greatest value."""

    number: int
    rows: int
    lowest: float
    highest: float


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
    ask: Asks, reference: str, current: str | None, *, low: float, high: float, rows: int, bins: int
) -> NarrowBins | None:
    """Count both tables in narrow bins of the reference.

    Args:
        ask: runs a statement.
        reference: a query with one column ``v`` of DOUBLEs.
        current: the same; None to count the reference alone.
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
    spans, cells = divided
    deciles, upto = _deciles(ask, reference, spans, rows, cells)
    ends = list(upto)
    found = [] if current is None else ask(_parted(current, spans, ends))
    now = list(accumulate(sum(row[2] for row in found if row[1] == part) for part in range(len(ends))))
    steps = _joined(cells, [(row[0], row[2], row[3]) for row in found], rows, bins)
    steps = _ended(steps, list(zip(ends, upto.values(), now, strict=True)))
    return NarrowBins(steps=steps, deciles=deciles, outside=sum(row[2] for row in found if row[0] < 0))


def _parted(rows: str, spans: Sequence[Span], ends: Sequence[float]) -> str:
    """Return SQL of a table's rows by cell and by how many of the ends they lie above."""
    part = " + ".join(f"(v > {literal(end)})::INTEGER" for end in ends)
    return (
        f"SELECT cell, part, count(*), max(v) FROM (SELECT v, {_cells(spans)} AS cell, {part} AS part "
        f"FROM ({rows}) WHERE isfinite(v)) GROUP BY cell, part"
    )


def _divide(ask: Asks, reference: str, whole: Span, rows: int, bins: int) -> tuple[list[Span], list[_Cell]] | None:
    """Divide the reference into cells, ascending, of at most a bin's rows each, or of one value."""
    spans = [whole]
    under = math.nextafter(whole.low, -math.inf)  # a span is open below, and the first one holds the least value
    while spans[-1].divides and len(spans) <= MOST_SPANS:
        found = ask(
            f"SELECT cell, count(*), min(v), max(v) FROM (SELECT v, {_cells(spans)} AS cell FROM ({reference}) "
            "WHERE isfinite(v)) GROUP BY cell"
        )
        cells = sorted((_Cell(*row) for row in found), key=itemgetter(3))
        crowded = [at for at, one in enumerate(cells) if one.rows * bins > rows and one.lowest < one.highest]
        if not crowded:
            return spans, cells
        first, last = crowded[0], crowded[-1]
        span = Span(cells[first - 1].highest if first else under, cells[last].highest)
        if not span.high - span.low < spans[-1].high - spans[-1].low:
            return None
        spans.append(span)
    return None


def _joined(
    cells: Sequence[_Cell], current: Sequence[tuple[int, int, float]], rows: int, bins: int
) -> list[tuple[float, int, int]]:
    """Join neighbouring cells to bins of about equal shares of the reference; each ends at its greatest value.

    Args:
        cells: the reference's.
        current: cell, rows and greatest value; cells below 0 lie outside of the reference's range and are not joined.
        rows: of the reference.
        bins: how many are wanted.
    """
    held = {one.number: (one.rows, 0, one.highest) for one in cells}
    for number, count, highest in current:
        before, now, end = held.get(number, (0, 0, -math.inf))
        held[number] = before, now + count, max(end, highest)
    steps: dict[float, tuple[float, int, int]] = {}
    total = 0
    for number, (before, now, end) in sorted(held.items(), key=lambda one: one[1][2]):
        place = number if number < 0 else total * bins // rows
        _, reference, counted = steps.get(place, (end, 0, 0))
        steps[place] = end, reference + before, counted + now
        total += before
    return list(steps.values())


def _places(rows: int) -> list[tuple[int, int]]:
    """Return, for each decile, the row below it, and tenths of the way to the next."""
    return [divmod((rows - 1) * tenth, 10) for tenth in range(1, 10)]


def _ranks(rows: int) -> list[int]:
    return sorted({rank for below, rest in _places(rows) for rank in ((below, below + 1) if rest else (below,))})


def interpolated(counted: Iterable[tuple[float, int]], rows: int) -> list[float]:
    """Return the nine deciles by linear interpolation (Hyndman and Fan 1996, type 7) of values that are counted.

    Args:
        counted: values, ascending, and how many rows lie at or below each; where other values lie between, they must
            hold no neighbour of a decile.
        rows: in all.
    """
    places, ranks = _places(rows), iter(_ranks(rows))
    at: dict[int, float] = {}
    rank = next(ranks, None)
    for value, upto in counted:
        while rank is not None and rank < upto:
            at[rank] = value
            rank = next(ranks, None)
    return [at[below] + (at[below + 1] - at[below]) * (rest / 10) if rest else at[below] for below, rest in places]


def _deciles(
    ask: Asks, reference: str, spans: Sequence[Span], rows: int, cells: Sequence[_Cell]
) -> tuple[list[float], dict[float, int]]:
    """Return the reference's deciles, and how many of its rows lie at or below each.

    Only the cells that hold a decile's two neighbours are looked into.
    """
    bases = list(accumulate((one.rows for one in cells), initial=0))
    held = sorted({bisect_right(bases, rank) - 1 for rank in _ranks(rows)})
    values = {cells[at].number: [(cells[at].highest, cells[at].rows)] for at in held}
    looked = [cells[at].number for at in held if cells[at].lowest < cells[at].highest]
    if looked:
        values |= {number: [] for number in looked}
        found = ask(
            f"SELECT cell, v, count(*) FROM (SELECT v, {_cells(spans)} AS cell FROM ({reference}) WHERE isfinite(v)) "
            f"WHERE cell IN ({', '.join(map(str, looked))}) GROUP BY ALL ORDER BY v"
        )
        for number, value, count in found:
            values[number].append((value, count))
    upto: list[tuple[float, int]] = []  # a value, and the rows at or below it, ascending
    for at in held:
        total = bases[at]
        for value, count in values[cells[at].number]:
            total += count
            upto.append((value, total))
    deciles = interpolated(upto, rows)
    return deciles, {end: max(total for value, total in upto if value <= end) for end in sorted(set(deciles))}


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
