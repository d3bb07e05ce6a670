"""Two tables in, counts by column out: what drift and data quality are measured from.

One column at a time, so that memory is bounded by a column's different values and a Parquet file is read only where it
is asked. A numeric column with few different values is counted value by value; another in a thousand narrow bins of the
reference, with one bin more on either side. Text files are read once, into a table of the engine's that may spill to
disk: a column of theirs is of numbers, or of times, when all of its values are.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import DataError, suggest
from assay.records.comparison import Category, ColumnCounts, Side, Step, TableComparison
from assay.tabular.narrow_bins import NarrowBins, interpolated, narrow_bins
from assay.tabular.sql import any_float, identifier, literal
from assay.tabular.summing import Summed, as_double, sum_up
from assay.tabular.typed import EMPTY, Typed, family, open_typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.records.comparison import ColumnKind
    from assay.tabular.engine import Session

EXACT_VALUES = 65_536
"""Up to this many different values of both tables, each is counted; beyond it, narrow bins."""

NARROW_BINS = 1_000
"""Narrow bins of the reference: a multiple of ten, so that the deciles are edges of them."""

MOST_CATEGORIES = 10_000
"""More categories than this are no categories."""

MEMORY = "1GB"
"""The engine's budget; beyond it, it spills to disk."""

_DECILES = [f"{tenth}/10::DOUBLE" for tenth in range(1, 10)]


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two tables and the session that reads both."""

    session: Session
    reference: Typed
    current: Typed
    summed: dict[tuple[str, str], Summed] = field(default_factory=dict)

    def select(self, sql: str) -> list[Any]:
        return self.session.rows(sql, name=f"{self.reference.name} and {self.current.name}")

    def one(self, sql: str) -> Any:  # noqa: ANN401 - a row of any types
        return self.select(sql)[0]


def compare_tables(
    reference: Any,  # noqa: ANN401 - any table
    current: Any,  # noqa: ANN401 - any table
    *,
    columns: Sequence[str] | None = None,
    memory: str = MEMORY,
    on_progress: Callable[[float], None] | None = None,
) -> TableComparison:
    """Count every column of two tables.

    Args:
        reference: a CSV or Parquet file, a glob, a folder, a `Query`, or a frame.
        current: the same.
        columns: the columns to compare; all of both when None.
        memory: the engine's budget.
        on_progress: called with the share of the columns done.

    Raises:
        DataError: when a table cannot be read or has no rows, or a column is in neither.
    """
    from assay.tabular.engine import session  # noqa: PLC0415 - the engine is loaded when rows are read

    with session(memory=memory) as opened:
        tables = open_typed(opened, reference, "reference_rows"), open_typed(opened, current, "current_rows")
        return compare_typed(opened, *tables, columns=columns, on_progress=on_progress)


def compare_typed(
    session: Session,
    reference: Typed,
    current: Typed,
    *,
    columns: Sequence[str] | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> TableComparison:
    """Count every column of two tables that are open; see `compare_tables`.

    Raises:
        DataError: when a table has no rows, or a column is in neither.
    """
    pair = _Pair(session, reference, current)
    for table, name in ((reference, "reference"), (current, "current table")):
        if not table.rows:
            raise DataError(
                f"{table.name}: expected rows in the {name}, found none: nothing can be compared with nothing"
            )
    names = list(dict.fromkeys((*reference.types, *current.types)))
    for wanted in columns or ():
        if wanted not in names:
            raise DataError(
                f"no column {wanted!r} in {reference.name} or {current.name}{suggest(wanted, names)}. "
                f"The columns are: {', '.join(map(repr, names[:30]))}"
            )
    found = []
    chosen = list(dict.fromkeys(columns or names))
    _summarise(pair, chosen)
    for done, column in enumerate(chosen, 1):
        found.append(_count(pair, column))
        if on_progress:
            on_progress(done / len(chosen))
    return TableComparison(reference_rows=reference.rows, current_rows=current.rows, columns=tuple(found))


def _count(pair: _Pair, column: str) -> ColumnCounts:
    for table in (pair.reference, pair.current):
        if column not in table.types:
            return _incomparable(pair, column, f"{table.name} has no column {column!r}")
    before, after = _type(pair, pair.reference, column), _type(pair, pair.current, column)
    families = (family(before), family(after))
    if families[0] != families[1]:
        reason = f"the column's type has changed: {before} in the reference, {after} now"
        return _incomparable(pair, column, reason)
    if families[0] == "other":
        return _incomparable(pair, column, f"columns of type {before} are not compared")
    if families[0] in {"category", "truth"}:
        return _count_categories(pair, column)
    return _count_numbers(pair, column, time=families[0] == "time")


def _summarise(pair: _Pair, columns: Sequence[str]) -> None:
    """Read, in one pass over each table, every column's side and about how many different numbers it has."""
    for table, name in ((pair.reference, "reference"), (pair.current, "current")):
        kinds = {column: _type(pair, table, column) for column in columns if column in table.types}
        numbers = {
            column: as_double(column, time=family(kind) == "time")
            for column, kind in kinds.items()
            if _is_number(pair, table, column)
        }
        found = sum_up(pair.select, table.relation, table.rows, kinds, numbers)
        pair.summed.update(((name, column), one) for column, one in found.items())


def _is_number(pair: _Pair, table: Typed, column: str) -> bool:
    """Say whether a column is compared as numbers: both tables must hold them."""
    other = pair.current if table is pair.reference else pair.reference
    families = [family(_type(pair, one, column)) for one in (table, other) if column in one.types]
    return len(families) == 2 and families[0] == families[1] and families[0] in {"number", "time"}  # noqa: PLR2004 - both


def _incomparable(pair: _Pair, column: str, reason: str) -> ColumnCounts:
    sides = _sides(pair, column)
    return ColumnCounts(column=column, kind="incomparable", reference=sides[0], current=sides[1], reason=reason)


def _sides(pair: _Pair, column: str) -> tuple[Side, Side]:
    def side(table: Typed, name: str) -> Side:
        found = pair.summed.get((name, column))
        return Side(type=None, rows=table.rows) if found is None else found.side

    return side(pair.reference, "reference"), side(pair.current, "current")


def _type(pair: _Pair, table: Typed, column: str) -> str:
    """Return the name of a column's type: the other side's where this one holds nothing, or text that reads alike."""
    other = pair.current if table is pair.reference else pair.reference
    own, foreign = table.types[column], other.types.get(column)
    if own == EMPTY:
        return "VARCHAR" if foreign is None or foreign == EMPTY else foreign
    lends = table.is_text and not other.is_text and foreign is not None and family(foreign) == family(own)
    return foreign if lends and foreign is not None else own


def _count_categories(pair: _Pair, column: str) -> ColumnCounts:
    before, after = _sides(pair, column)
    value = f"{identifier(column)}::VARCHAR"
    if family(before.type or "") == "truth":
        value = f"{identifier(column)}::BOOLEAN::VARCHAR"
    counted = pair.select(f"{_both(pair, value, 'v IS NOT NULL')} LIMIT {MOST_CATEGORIES + 1}")
    many = len(counted) > MOST_CATEGORIES
    kind: ColumnKind = "incomparable" if many else "category"
    return ColumnCounts(
        column=column,
        kind=kind,
        reference=before,
        current=after,
        reason=f"it has more than {MOST_CATEGORIES:,} different values: compare a grouping of it" if many else None,
        categories=() if many else tuple(Category(*row) for row in counted),
    )


def _both(pair: _Pair, value: str, usable: str) -> str:
    """Return SQL that counts each value in both tables, ascending."""
    sides = " UNION ALL ".join(
        f"SELECT v, {r} AS r, {k} AS k FROM (SELECT {value} AS v FROM {table.relation}) WHERE {usable} GROUP BY v"
        for table, r, k in ((pair.reference, "count(*)", "0"), (pair.current, "0", "count(*)"))
    )
    return f"SELECT v, sum(r)::BIGINT, sum(k)::BIGINT FROM ({sides}) GROUP BY v ORDER BY v"


def _count_numbers(pair: _Pair, column: str, *, time: bool) -> ColumnCounts:
    plain = all(pair.summed[name, column].finite for name in ("reference", "current"))
    value = as_double(column, time=time) if plain else any_float(as_double(column, time=time))
    sides = _sides(pair, column)
    different = sum(pair.summed[name, column].different for name in ("reference", "current"))
    counts = ColumnCounts(column=column, kind="numeric", reference=sides[0], current=sides[1])
    if not sides[0].usable or not sides[1].usable:
        return counts
    exact = different <= EXACT_VALUES
    found = _exact_bins(pair, value) if exact else _narrow_bins(pair, value, sides)
    return msgspec.structs.replace(
        counts,
        deciles=tuple(found.deciles),
        steps=tuple(Step(*row) for row in found.steps),
        exact=exact,
        out_of_range=found.outside,
    )


def _exact_bins(pair: _Pair, value: str) -> NarrowBins:
    """Count every different value; some of both tables are usable."""
    steps = pair.select(_both(pair, value, "isfinite(v)"))
    upto = accumulate(reference for _, reference, _ in steps)
    deciles = interpolated(zip((at for at, _, _ in steps), upto, strict=True), sum(row[1] for row in steps))
    return NarrowBins(steps, deciles, _beyond(steps))


def _beyond(steps: Sequence[tuple[float, int, int]]) -> int:
    """Return the current rows at values beyond the reference's least and greatest, where every value is a step."""
    inside = [at for at, reference, _ in steps if reference]
    low, high = min(inside), max(inside)
    return sum(current for at, _, current in steps if not low <= at <= high)


def _narrow_bins(pair: _Pair, value: str, sides: Sequence[Side]) -> NarrowBins:
    """Count in narrow bins; where cells cannot be narrow enough, sort the reference to find their ends."""
    low, high, usable = sides[0].low, sides[0].high, sides[0].usable
    rows = [f"SELECT {value} AS v FROM {table.relation}" for table in (pair.reference, pair.current)]
    if low is None or high is None:
        raise ValueError("a side with usable values has a least and a greatest one")
    found = narrow_bins(pair.select, *rows, low=low, high=high, rows=usable, bins=NARROW_BINS)
    if found is not None:
        return found
    ends = [end for side in sides for end in (side.low, side.high) if end is not None]
    cuts = _quantiles(pair, value, [f"{index}/{NARROW_BINS}::DOUBLE" for index in range(1, NARROW_BINS)])
    deciles = _quantiles(pair, value, _DECILES)
    steps = _narrow(pair, value, sorted({*cuts, *deciles, *ends}))
    # The least value has a step of its own, and steps are open below: what ends under it lies outside.
    return NarrowBins(steps, deciles, sum(current for at, _, current in steps if not low <= at <= high))


def _double(value: float | None) -> str:
    return literal(float("nan") if value is None else float(value))


def _quantiles(pair: _Pair, value: str, cuts: Sequence[str]) -> list[float]:
    """Return quantiles of the reference by linear interpolation between order statistics."""
    asked = f"SELECT quantile_cont(v, [{', '.join(cuts)}]) FROM (SELECT {value} AS v FROM {pair.reference.relation})"
    found: list[float] = pair.one(f"{asked} WHERE isfinite(v)")[0]
    return found


def _narrow(pair: _Pair, value: str, edges: Sequence[float]) -> list[tuple[float, int, int]]:
    """Count both tables in the bins that end at each edge; the last edge is the greatest value of both."""
    listed = ", ".join(map(_double, edges))
    counted = [
        pair.one(f"SELECT histogram(v, [{listed}]) FROM (SELECT {value} AS v FROM {table.relation}) WHERE isfinite(v)")[
            0
        ]
        for table in (pair.reference, pair.current)
    ]
    return [(edge, counted[0].get(edge, 0), counted[1].get(edge, 0)) for edge in edges]
