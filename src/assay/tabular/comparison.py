"""Two tables in, counts by column out: what drift and data quality are measured from.

One column at a time, so that memory is bounded by a column's different values and a Parquet file is read only where it
is asked. A numeric column with few different values is counted value by value; another in a thousand narrow bins of the
reference, with one bin more on either side. Text files are read once, into a table of the engine's that may spill to
disk: a column of theirs is of numbers, or of times, when all of its values are.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import DataError, suggest
from assay.records.comparison import Category, ColumnCounts, Side, Step, TableComparison
from assay.tabular.narrow_bins import NarrowBins, narrow_bins
from assay.tabular.query import Query
from assay.tabular.sql import any_float, identifier, literal

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

EMPTY = '"NULL"'
"""The type of a column that holds nothing; the engine's own name for it."""

_SUMMARY = """SELECT count(v) FILTER (NOT isnan(v)), count(v) FILTER (isinf(v)),
  min(v) FILTER (isfinite(v)), max(v) FILTER (isfinite(v)), approx_count_distinct(v) FILTER (isfinite(v))"""

_DECILES = [f"{tenth}/10::DOUBLE" for tenth in range(1, 10)]

_NUMERIC = re.compile(r"(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*)\Z")
_TIME = re.compile(r"(DATE|TIMESTAMP.*)\Z")
_TRUTH = re.compile(r"BOOLEAN\Z")
_CATEGORY = re.compile(r"(VARCHAR|ENUM.*|UUID)\Z")

_READINGS = {
    "DOUBLE": "regexp_matches({}, '^\\s*[+-]?0[0-9]')",
    "BOOLEAN": "lower({}) NOT IN ('true', 'false')",
    "TIMESTAMP": "FALSE",
}
"""Types that a column of text is tried as, in order, and which of its values would lose their meaning by it."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that the engine can read: what messages call it, what follows FROM, its columns' types, its rows."""

    name: str
    relation: str
    types: dict[str, str]
    rows: int
    is_text: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two tables and the session that reads both."""

    session: Session
    reference: _Table
    current: _Table

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
        pair = _Pair(opened, _open(opened, reference, "reference_rows"), _open(opened, current, "current_rows"))
        for table, name in ((pair.reference, "reference"), (pair.current, "current table")):
            if not table.rows:
                raise DataError(
                    f"{table.name}: expected rows in the {name}, found none: nothing can be compared with nothing"
                )
        names = list(dict.fromkeys((*pair.reference.types, *pair.current.types)))
        for wanted in columns or ():
            if wanted not in names:
                raise DataError(
                    f"no column {wanted!r} in {pair.reference.name} or {pair.current.name}{suggest(wanted, names)}. "
                    f"The columns are: {', '.join(map(repr, names[:30]))}"
                )
        found = []
        chosen = list(dict.fromkeys(columns or names))
        for done, column in enumerate(chosen, 1):
            found.append(_count(pair, column))
            if on_progress:
                on_progress(done / len(chosen))
    return TableComparison(reference_rows=pair.reference.rows, current_rows=pair.current.rows, columns=tuple(found))


def _open(session: Session, rows: Any, table: str) -> _Table:  # noqa: ANN401 - any table
    from assay.tabular.opening import open_rows  # noqa: PLC0415 - the engine is loaded when rows are read

    named = isinstance(rows, (str, Path, bytes))
    opened = open_rows(session, rows, name=None if named else table.replace("_", " "))
    relation, types = opened.relation, opened.columns
    if opened.is_text or isinstance(rows, Query):  # a query means its own database, and the other table has another
        session.rows(f"CREATE TEMP TABLE {table} AS SELECT * FROM {relation}", name=opened.name)
        relation = table
    if opened.is_text:
        types = {column: _reading(session, table, column) for column in types}
    rows_found = session.rows(f"SELECT count(*) FROM {relation}", name=opened.name)[0][0]
    return _Table(opened.name, relation, types, rows_found, opened.is_text)


def _reading(session: Session, table: str, column: str) -> str:
    """Return the type that all values of a column of text can be read as."""
    name = identifier(column)
    for kind, never in _READINGS.items():
        unread = f"{name} IS NOT NULL AND (TRY_CAST({name} AS {kind}) IS NULL OR {never.format(name)})"
        sql = f"SELECT count({name}), count(*) FILTER ({unread}) FROM {table}"
        present, lost = session.rows(sql, name=column)[0]
        if not present:
            return EMPTY
        if not lost:
            return kind
    return "VARCHAR"


def _family(kind: str) -> str:
    for family, pattern in (("number", _NUMERIC), ("time", _TIME), ("truth", _TRUTH), ("category", _CATEGORY)):
        if pattern.match(kind):
            return family
    return "other"


def _count(pair: _Pair, column: str) -> ColumnCounts:
    for table in (pair.reference, pair.current):
        if column not in table.types:
            return _incomparable(pair, column, f"{table.name} has no column {column!r}")
    before, after = _type(pair, pair.reference, column), _type(pair, pair.current, column)
    families = (_family(before), _family(after))
    if families[0] != families[1]:
        reason = f"the column's type has changed: {before} in the reference, {after} now"
        return _incomparable(pair, column, reason)
    if families[0] == "other":
        return _incomparable(pair, column, f"columns of type {before} are not compared")
    if families[0] in {"category", "truth"}:
        return _count_categories(pair, column)
    return _count_numbers(pair, column, time=families[0] == "time")


def _incomparable(pair: _Pair, column: str, reason: str) -> ColumnCounts:
    sides = _sides(pair, column)
    return ColumnCounts(column=column, kind="incomparable", reference=sides[0], current=sides[1], reason=reason)


def _sides(pair: _Pair, column: str) -> tuple[Side, Side]:
    def side(table: _Table) -> Side:
        if column not in table.types:
            return Side(type=None, rows=table.rows)
        present = pair.one(f"SELECT count({identifier(column)}) FROM {table.relation}")[0]
        return Side(type=_type(pair, table, column), rows=table.rows, missing=table.rows - present)

    return side(pair.reference), side(pair.current)


def _type(pair: _Pair, table: _Table, column: str) -> str:
    """Return the name of a column's type: the other side's where this one holds nothing, or text that reads alike."""
    other = pair.current if table is pair.reference else pair.reference
    own, foreign = table.types[column], other.types.get(column)
    if own == EMPTY:
        return "VARCHAR" if foreign is None or foreign == EMPTY else foreign
    lends = table.is_text and not other.is_text and foreign is not None and _family(foreign) == _family(own)
    return foreign if lends and foreign is not None else own


def _count_categories(pair: _Pair, column: str) -> ColumnCounts:
    before, after = _sides(pair, column)
    value = f"{identifier(column)}::VARCHAR"
    if _family(before.type or "") == "truth":
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
    cast = f"epoch({identifier(column)}::TIMESTAMP)" if time else identifier(column)
    value = any_float(f"{cast}::DOUBLE")
    sides, different = [], 0
    for table in (pair.reference, pair.current):
        asked = f"{_SUMMARY} FROM (SELECT {value} AS v FROM {table.relation})"
        present, infinite, low, high, about = pair.one(asked)
        kind = _type(pair, table, column)
        missing = table.rows - present
        sides.append(Side(type=kind, rows=table.rows, missing=missing, infinite=infinite, low=low, high=high))
        different += about
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
        out_of_range=_outside(pair, value, sides[0]),
    )


def _exact_bins(pair: _Pair, value: str) -> NarrowBins:
    """Count every different value."""
    steps = pair.select(_both(pair, value, "isfinite(v)"))
    return NarrowBins(steps, _quantiles(pair, value, _DECILES))


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
    return NarrowBins(_narrow(pair, value, sorted({*cuts, *deciles, *ends})), deciles)


def _outside(pair: _Pair, value: str, reference: Side) -> int:
    sql = f"SELECT count(*) FROM (SELECT {value} AS v FROM {pair.current.relation}) WHERE isfinite(v)"
    found: int = pair.one(f"{sql} AND (v < {_double(reference.low)} OR v > {_double(reference.high)})")[0]
    return found


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
