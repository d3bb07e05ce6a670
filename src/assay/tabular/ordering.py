"""How rows are ordered: by a column of numbers, dates or times, and by nothing that only looks like one."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import DataError, suggest
from assay.tabular.columns import kind_of
from assay.tabular.sql import identifier

if TYPE_CHECKING:
    from assay.tabular.engine import Session
    from assay.tabular.opening import Opened


@dataclass(frozen=True, slots=True)
class Order:
    """How rows are ordered.

    Attributes:
        column: its name.
        kind: the engine's type that values are compared as.
        sql: the column as that type.
    """

    column: str
    kind: str
    sql: str


def find_order(engine: Session, opened: Opened, column: str) -> Order:
    """Return how to order by a column.

    Raises:
        DataError: when it is absent, or has no one order: nulls, NaN, text that is neither numbers nor times, or both.
    """
    if column not in opened.columns:
        known = ", ".join(map(repr, list(opened.columns)[:30]))
        near = suggest(column, opened.columns)
        raise DataError(f"{opened.name}: no column {column!r} (order){near}. The columns are: {known}")
    name, kind = identifier(column), opened.columns[column]
    of = kind_of(kind)
    if of == "integer":
        order = Order(column, "HUGEINT", f"CAST({name} AS HUGEINT)")
    elif of == "decimal":
        order = Order(column, kind, name)
    elif of == "float":
        order = Order(column, "DOUBLE", f"CAST({name} AS DOUBLE)")
    elif re.match(r"DATE|TIMESTAMP", kind):
        fine = kind == "TIMESTAMP_NS"
        order = Order(column, kind if fine else "TIMESTAMPTZ", name if fine else f"CAST({name} AS TIMESTAMPTZ)")
    elif of == "text":
        order = _order_of_text(engine, opened, column)
    else:
        raise DataError(f"{opened.name}: expected numbers, dates or times in column {column!r} (order), found {kind}")
    nan = f"count(*) FILTER (WHERE NOT isfinite({order.sql}))" if order.kind == "DOUBLE" else "0"
    sql = f"SELECT count(*) - count({order.sql}), {nan} FROM {opened.relation}"
    missing, broken = engine.rows(sql, name=opened.name)[0]
    if missing or broken:
        words = " and ".join(
            f"{rows} rows where it is {what}" for rows, what in ((missing, "null"), (broken, "not finite")) if rows
        )
        raise DataError(
            f"{opened.name}: expected a value in column {column!r} (order) in every row, found {words}. "
            "When these rows came is not known: leave them out, or say when"
        )
    return order


def _order_of_text(engine: Session, opened: Opened, column: str) -> Order:
    text = f"trim(CAST({identifier(column)} AS VARCHAR))"
    number, time = f"TRY_CAST({text} AS DOUBLE)", f"TRY_CAST({text} AS TIMESTAMPTZ)"
    whole_number = f"regexp_full_match({text}, '[+-]?[0-9]{{1,37}}')"
    sql = (
        f"SELECT count({text}), count({number}), count({time}), count(*) FILTER (WHERE {whole_number}), "
        f"min({text}) FILTER (WHERE {number} IS NULL), min({text}) FILTER (WHERE {time} IS NULL) FROM {opened.relation}"
    )
    rows, numbers, times, whole, no_number, no_time = engine.rows(sql, name=opened.name)[0]
    if whole == rows:
        return Order(column, "HUGEINT", f"CAST({text} AS HUGEINT)")
    if numbers == rows:
        return Order(column, "DOUBLE", number)
    if times == rows:
        return Order(column, "TIMESTAMPTZ", f"CAST({text} AS TIMESTAMPTZ)")
    if numbers or times:
        what, other, odd = ("numbers", numbers, no_number) if numbers >= times else ("times", times, no_time)
        found = f"{other} {what} and {rows - other} others, such as {odd!r}"
    else:
        found = f"text, such as {no_number!r}"
    raise DataError(
        f"{opened.name}: expected numbers, dates or times alone in column {column!r} (order), found {found}. "
        "Text has no order in time ('week 10' comes before 'week 9'): write ISO dates (2026-01-31T12:00:00Z) or numbers"
    )
