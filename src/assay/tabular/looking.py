"""A first look at a table: what `assay init` guesses from."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import DataError
from assay.tabular.columns import NUMBERS, kind_of
from assay.tabular.engine import session
from assay.tabular.opening import open_rows
from assay.tabular.sql import any_float, identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.tabular.engine import Session
    from assay.tabular.opening import Opened

SAMPLES = 20
PAIR = 2
MOST_PAIRS = 8
"""Of so many columns with two values it is asked whether a threshold makes them: decisions are seldom further back."""

_READINGS = (("BIGINT", r"[+-]?(0|[1-9]\d*)"), ("DOUBLE", r"[+-]?(0|[1-9]\d*)?(\.\d*)?([eE][+-]?\d+)?"))


class ColumnView(msgspec.Struct, frozen=True, kw_only=True):
    """One column.

    Attributes:
        name: its name.
        type: the engine's type; for CSV the first of BIGINT, DOUBLE, BOOLEAN, DATE, VARCHAR that fits all values.
        distinct: different values, nulls left out.
        nulls: rows without a value; NaN counts as none.
        samples: up to 20 values, most frequent first.
        cut_of: for a column with two values, the columns of numbers of which some threshold makes it: one value
            stands with numbers up to it, the other with numbers from it on.
    """

    name: str
    type: str
    distinct: int
    nulls: int
    samples: tuple[Any, ...]
    cut_of: tuple[str, ...] = ()


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
            view = engine.rows(_column_sql(opened.relation, _value(column, found), found), name=opened.name)
            distinct, nulls = (view[0][2], view[0][3]) if view else (0, total)
            samples = tuple(sample for sample, *_ in view if sample is not None)[:SAMPLES]
            columns.append(ColumnView(name=column, type=found, distinct=distinct, nulls=nulls, samples=samples))
        cuts = _cuts(engine, opened, columns)
    return TableView(
        rows=total, columns=tuple(msgspec.structs.replace(one, cut_of=tuple(cuts.get(one.name, ()))) for one in columns)
    )


def _cuts(engine: Session, opened: Opened, columns: Sequence[ColumnView]) -> dict[str, list[str]]:
    """Return, by column with two values, the columns of numbers of which some threshold makes it."""
    pairs = [one for one in columns if len(one.samples) == one.distinct == PAIR][:MOST_PAIRS]
    found: dict[str, list[str]] = {}
    for number in columns if pairs else ():
        if kind_of(number.type) not in NUMBERS or number.distinct <= PAIR:
            continue
        score = f"nullif({any_float(f'CAST({identifier(number.name)} AS DOUBLE)')}, 'nan'::DOUBLE)"
        for pair in pairs:
            ends = engine.rows(_ends_sql(opened.relation, _value(pair.name, pair.type), score), name=opened.name)
            known = [(low, high) for value, low, high in ends if value is not None and low is not None]
            # A number that stands with both values is one that was rounded to the threshold.
            if len(known) == PAIR and known[0][1] <= known[1][0]:
                found.setdefault(pair.name, []).append(number.name)
    return found


def _value(column: str, column_type: str) -> str:
    """Return the SQL of a column's value, of the type that was found for it."""
    flat = kind_of(column_type) != "other"
    value = f"CAST({identifier(column)} AS {column_type})" if flat else f"CAST({identifier(column)} AS VARCHAR)"
    return f"CAST({value} AS VARCHAR)" if kind_of(column_type) == "written" else value


def _ends_sql(relation: str, value: str, score: str) -> str:
    return f"SELECT {value} AS v, min({score}), max({score}) FROM {relation} GROUP BY v ORDER BY 2, 3"


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
