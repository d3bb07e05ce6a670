"""A first look at a table: what `assay init` guesses from."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import Any

import msgspec

from assay.errors import DataError
from assay.tabular.columns import kind_of
from assay.tabular.engine import session
from assay.tabular.opening import open_rows
from assay.tabular.sql import any_float, identifier

SAMPLES = 20
_READINGS = (("BIGINT", r"[+-]?(0|[1-9]\d*)"), ("DOUBLE", r"[+-]?(0|[1-9]\d*)?(\.\d*)?([eE][+-]?\d+)?"))


class ColumnView(msgspec.Struct, frozen=True, kw_only=True):
    """One column.

    Attributes:
        name: its name.
        type: the engine's type; for CSV the first of BIGINT, DOUBLE, BOOLEAN, DATE, VARCHAR that fits all values.
        distinct: different values, nulls left out.
        nulls: rows without a value; NaN counts as none.
        samples: up to 20 values, most frequent first.
    """

    name: str
    type: str
    distinct: int
    nulls: int
    samples: tuple[Any, ...]


class TableView(msgspec.Struct, frozen=True, kw_only=True):
    """A table: its rows and its columns in order."""

    rows: int
    columns: tuple[ColumnView, ...]


def look_at(rows: Any, *, name: str | None = None, memory: str = "1GB") -> TableView:  # noqa: ANN401 - any table
    """Look at every column of a table, whatever `tally_rows` takes.

    Raises:
        DataError: when the rows cannot be read, or there are none.
    """
    with session(memory=memory) as engine:
        opened = open_rows(engine, rows, name=name)
        total = engine.rows(f"SELECT count(*) FROM {opened.relation}", name=opened.name)[0][0]
        if total == 0:
            raise DataError(f"{opened.name}: expected rows, found none")
        columns = []
        for column, column_type in opened.columns.items():
            found = column_type
            if opened.is_text and column_type == "VARCHAR":
                found = engine.rows(_reading_sql(opened.relation, column), name=opened.name)[0][0]
            flat = kind_of(column_type) != "other"
            value = f"CAST({identifier(column)} AS {found})" if flat else f"CAST({identifier(column)} AS VARCHAR)"
            if kind_of(found) == "written":
                value = f"CAST({value} AS VARCHAR)"
            view = engine.rows(_column_sql(opened.relation, value, found), name=opened.name)
            distinct, nulls = (view[0][2], view[0][3]) if view else (0, total)
            samples = tuple(sample for sample, *_ in view if sample is not None)[:SAMPLES]
            columns.append(ColumnView(name=column, type=found, distinct=distinct, nulls=nulls, samples=samples))
    return TableView(rows=total, columns=tuple(columns))


def _reading_sql(relation: str, column: str) -> str:
    """Return SQL that finds the narrowest type that all texts of a CSV column have."""
    name = identifier(column)
    (integer, digits), (number, decimals) = _READINGS
    return (
        "SELECT CASE WHEN count(v) = 0 THEN 'VARCHAR' "
        f"WHEN bool_and(regexp_full_match(v, '{digits}') AND TRY_CAST(v AS {integer}) IS NOT NULL) THEN '{integer}' "
        f"WHEN bool_and(regexp_full_match(v, '{decimals}') AND TRY_CAST(v AS {number}) IS NOT NULL) THEN '{number}' "
        "WHEN bool_and(lower(v) IN ('true', 'false')) THEN 'BOOLEAN' "
        "WHEN bool_and(regexp_full_match(v, '\\d{4}-\\d{2}-\\d{2}') AND TRY_CAST(v AS DATE) IS NOT NULL) THEN 'DATE' "
        f"ELSE 'VARCHAR' END FROM (SELECT {name} AS v FROM {relation}) WHERE v IS NOT NULL"
    )


def _column_sql(relation: str, value: str, column_type: str) -> str:
    """Return SQL for the most frequent values, each with the numbers of different values and of nulls."""
    usable = f"nullif({any_float(value)}, 'nan'::DOUBLE)" if column_type in {"FLOAT", "DOUBLE"} else value
    return (
        f"WITH counted AS (SELECT {usable} AS v, count(*) AS n FROM {relation} GROUP BY ALL) "
        "SELECT v, n, (SELECT count(*) FROM counted WHERE v IS NOT NULL), "
        "(SELECT coalesce(sum(n), 0) FROM counted WHERE v IS NULL) "
        f"FROM counted ORDER BY v IS NULL, n DESC, v LIMIT {SAMPLES + 1}"
    )
