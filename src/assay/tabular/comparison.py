"""Two tables in, counts by column out: what drift and data quality are measured from.

One column at a time, so that memory is bounded by a column's different values and a Parquet file is read only where it
is asked. A numeric column with few different values is counted value by value; another in a thousand narrow bins of the
reference, with one bin more on either side.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assay.errors import DataError, suggest
from assay.records.comparison import Category, ColumnCounts, Side, Step, TableComparison

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

EXACT_VALUES = 65_536
"""Up to this many different values of both tables, each is counted; beyond it, narrow bins."""

NARROW_BINS = 1_000
"""Narrow bins of the reference: a multiple of ten, so that the deciles are edges of them."""

MOST_CATEGORIES = 10_000
"""More categories than this are no categories."""

_SUMMARY = """SELECT count(v) FILTER (NOT isnan(v)), count(v) FILTER (isinf(v)),
  min(v) FILTER (isfinite(v)), max(v) FILTER (isfinite(v)), approx_count_distinct(v) FILTER (isfinite(v))"""

_NUMERIC = re.compile(r"(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*)\Z")
_TIME = re.compile(r"(DATE|TIMESTAMP.*)\Z")
_CATEGORY = re.compile(r"(VARCHAR|BOOLEAN|ENUM.*|UUID)\Z")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _family(kind: str) -> str:
    for family, pattern in (("number", _NUMERIC), ("time", _TIME), ("category", _CATEGORY)):
        if pattern.match(kind):
            return family
    return "other"


def count_columns(
    connection: duckdb.DuckDBPyConnection,
    reference: str,
    current: str,
    *,
    columns: Sequence[str] | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> TableComparison:
    """Count every column of two tables.

    Args:
        connection: where both can be read.
        reference: SQL that stands for the reference after ``FROM``.
        current: the same of the current rows.
        columns: the columns to compare; all of both when None.
        on_progress: called with the share of the columns done.

    Raises:
        DataError: when a table has no rows, or a column is in neither.
    """
    types = {side: _types(connection, side) for side in (reference, current)}
    rows = {side: _one(connection, f"SELECT count(*) FROM {side}")[0] for side in (reference, current)}  # noqa: S608 - our own SQL
    for side, name in ((reference, "reference"), (current, "current table")):
        if not rows[side]:
            raise DataError(f"expected rows in the {name}, found none: nothing can be compared with nothing")
    names = list(dict.fromkeys((*types[reference], *types[current])))
    for wanted in columns or ():
        if wanted not in names:
            raise DataError(
                f"expected a column {wanted!r} in the reference or the current table{suggest(wanted, names)}"
            )
    found = []
    chosen = list(dict.fromkeys(columns or names))
    for done, column in enumerate(chosen, 1):
        sides = [(side, types[side].get(column), rows[side]) for side in (reference, current)]
        found.append(_count(connection, column, sides[0], sides[1]))
        if on_progress:
            on_progress(done / len(chosen))
    return TableComparison(reference_rows=rows[reference], current_rows=rows[current], columns=tuple(found))


def _types(connection: duckdb.DuckDBPyConnection, side: str) -> dict[str, str]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {side}").fetchall()  # noqa: S608 - our own SQL
    return {str(name): str(kind) for name, kind, *_rest in described}


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:  # noqa: ANN401 - a row of any types
    row = connection.execute(sql).fetchone()
    if row is None:
        raise DataError(f"expected one row from the engine, found none, for: {sql}")
    return row


def _count(
    connection: duckdb.DuckDBPyConnection,
    column: str,
    reference: tuple[str, str | None, int],
    current: tuple[str, str | None, int],
) -> ColumnCounts:
    families = [_family(kind) if kind else None for _relation, kind, _rows in (reference, current)]
    reason = None
    for (_relation, kind, _rows), name in ((reference, "the reference"), (current, "the current table")):
        if kind is None:
            reason = f"{name} has no column {column!r}"
    if reason is None and families[0] != families[1]:
        reason = f"the column's type has changed: {reference[1]} in the reference, {current[1]} now"
    if reason is None and families[0] == "other":
        reason = f"columns of type {reference[1]} are not compared"
    if reason is None and families[0] != "category":
        return _count_numbers(connection, column, reference, current, time=families[0] == "time")
    sides = [_side(connection, column, *side) for side in (reference, current)]
    if reason is not None:
        return ColumnCounts(column=column, kind="incomparable", reference=sides[0], current=sides[1], reason=reason)
    return _count_categories(connection, column, reference[0], current[0], sides)


def _side(connection: duckdb.DuckDBPyConnection, column: str, side: str, kind: str | None, rows: int) -> Side:
    if kind is None:
        return Side(type=None, rows=rows)
    present = _one(connection, f"SELECT count({_quoted(column)}) FROM {side}")[0]  # noqa: S608 - our own SQL
    return Side(type=kind, rows=rows, missing=rows - present)


def _count_categories(
    connection: duckdb.DuckDBPyConnection, column: str, reference: str, current: str, sides: list[Side]
) -> ColumnCounts:
    counted = connection.execute(
        f"{_both(f'{_quoted(column)}::VARCHAR', reference, current, 'v IS NOT NULL')} LIMIT {MOST_CATEGORIES + 1}"
    ).fetchall()
    many = len(counted) > MOST_CATEGORIES
    return ColumnCounts(
        column=column,
        kind="incomparable" if many else "category",
        reference=sides[0],
        current=sides[1],
        reason=f"it has more than {MOST_CATEGORIES:,} different values: compare a grouping of it" if many else None,
        categories=() if many else tuple(Category(*row) for row in counted),
    )


def _both(value: str, reference: str, current: str, usable: str) -> str:
    """Return SQL that counts each value in both tables, ascending."""
    sides = " UNION ALL ".join(
        f"SELECT v, {r} AS r, {k} AS k FROM (SELECT {value} AS v FROM {side}) WHERE {usable} GROUP BY v"  # noqa: S608 - our own SQL
        for side, r, k in ((reference, "count(*)", "0"), (current, "0", "count(*)"))
    )
    return f"SELECT v, sum(r)::BIGINT, sum(k)::BIGINT FROM ({sides}) GROUP BY v ORDER BY v"  # noqa: S608 - our own SQL


def _count_numbers(
    connection: duckdb.DuckDBPyConnection,
    column: str,
    reference: tuple[str, str | None, int],
    current: tuple[str, str | None, int],
    *,
    time: bool,
) -> ColumnCounts:
    value = f"epoch({_quoted(column)})::DOUBLE" if time else f"{_quoted(column)}::DOUBLE"
    sides, different = [], 0
    for side, kind, rows in (reference, current):
        asked = f"{_SUMMARY} FROM (SELECT {value} AS v FROM {side})"  # noqa: S608 - our own SQL
        present, infinite, low, high, about = _one(connection, asked)
        sides.append(Side(type=kind, rows=rows, missing=rows - present, infinite=infinite, low=low, high=high))
        different += about
    before, after = sides
    names = (reference[0], current[0])
    if not before.usable or not after.usable:
        return ColumnCounts(column=column, kind="numeric", reference=before, current=after)
    cuts = [f"{index}/{NARROW_BINS}::DOUBLE" for index in range(1, NARROW_BINS)]
    exact = different <= EXACT_VALUES
    deciles = _quantiles(connection, value, names[0], cuts[NARROW_BINS // 10 - 1 :: NARROW_BINS // 10])
    if exact:
        steps = connection.execute(_both(value, *names, "isfinite(v)")).fetchall()
    else:
        narrow = _quantiles(connection, value, names[0], cuts)
        steps = _narrow(connection, value, names, sorted({*narrow, *deciles, *_range(sides)}))
    outside = _one(
        connection,
        f"SELECT count(*) FROM (SELECT {value} AS v FROM {names[1]}) WHERE isfinite(v) "  # noqa: S608 - our own SQL
        f"AND (v < {before.low!r} OR v > {before.high!r})",
    )[0]
    return ColumnCounts(
        column=column,
        kind="numeric",
        reference=before,
        current=after,
        deciles=tuple(deciles),
        steps=tuple(Step(*row) for row in steps),
        exact=exact,
        out_of_range=outside,
    )


def _range(sides: Sequence[Side]) -> set[float]:
    return {value for side in sides for value in (side.low, side.high) if value is not None}


def _quantiles(connection: duckdb.DuckDBPyConnection, value: str, side: str, cuts: Sequence[str]) -> list[float]:
    """Return quantiles by linear interpolation between order statistics."""
    found: list[float] = _one(
        connection,
        f"SELECT quantile_cont(v, [{', '.join(cuts)}]) FROM (SELECT {value} AS v FROM {side}) WHERE isfinite(v)",  # noqa: S608 - our own SQL
    )[0]
    return found


def _narrow(
    connection: duckdb.DuckDBPyConnection, value: str, names: tuple[str, str], edges: Sequence[float]
) -> list[tuple[float, int, int]]:
    """Count both tables in the bins that end at each edge; the last edge is the greatest value of both."""
    listed = ", ".join(repr(edge) + "::DOUBLE" for edge in edges)
    counted = []
    for side in names:
        bins = _one(
            connection,
            f"SELECT histogram(v, [{listed}]) FROM (SELECT {value} AS v FROM {side}) WHERE isfinite(v)",  # noqa: S608 - our own SQL
        )[0]
        counted.append(bins)
    return [(edge, counted[0].get(edge, 0), counted[1].get(edge, 0)) for edge in edges]
