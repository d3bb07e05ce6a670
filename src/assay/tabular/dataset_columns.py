"""Columns of one dataset: what is missing by group, what breaks an expectation, how new the newest row is."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.dataset_counts import Broken, ColumnMissing, MissingCell, Newest
from assay.tabular.dataset_table import absent
from assay.tabular.sql import identifier, literal
from assay.tabular.typed import EMPTY, family

if TYPE_CHECKING:
    from assay.records.dataset_counts import Expected
    from assay.tabular.dataset_table import DatasetTable

TYPES = {"number": "number", "truth": "boolean", "time": "time", "category": "text"}
"""What a family of types is called in assay.yaml."""

AT_ONCE = 400
"""Columns counted in one pass; a wider table takes several."""


def count_missing(table: DatasetTable) -> tuple[ColumnMissing, ...]:
    """Count the rows without a value in each column, by group: one pass for every 400 columns."""
    groups, found = ", ".join(table.group_columns()), []
    for start in range(0, len(table.columns), AT_ONCE):
        columns = table.columns[start : start + AT_ONCE]
        counts = ", ".join(f"count({_usable(table, column)})" for column in columns)
        rows = table.rows(f"SELECT {groups}, count(*), {counts} FROM {table.typed.relation} GROUP BY {groups}")
        width = len(table.asked.protected)
        read = table.groups([row[:width] for row in rows])
        for number, column in enumerate(columns):
            cells = [
                MissingCell(group=group, rows=row[width], missing=row[width] - row[width + 1 + number])
                for group, row in zip(read, rows, strict=True)
            ]
            found.append(ColumnMissing(column=column, cells=tuple(sorted(cells, key=lambda one: str(one.group)))))
    return tuple(found)


def _usable(table: DatasetTable, column: str) -> str:
    return table.typed.value(column) if table.typed.types[column] in {"FLOAT", "DOUBLE"} else identifier(column)


def count_broken(table: DatasetTable) -> tuple[Broken, ...]:
    """Count the rows that break each expectation, in one pass; a column that is absent leaves its reason."""
    asked: list[tuple[str, str, str, str]] = []
    told: dict[int, Broken] = {}
    order = 0
    for column, expected in table.asked.expect.items():
        if column not in table.typed.types:
            reason = absent(table, column, f"data.expect.{column}, or the file")
            told[order] = Broken(column=column, expectation="is there", rows=table.typed.rows, reason=reason)
            order += 1
            continue
        for words, condition, shown in _conditions(table, column, expected):
            asked.append((column, words, condition, shown))
            order += 1
    found = _count_conditions(table, asked)
    absentees = list(told.values())
    return (*absentees, *found, *_not_unique(table), *_too_many_missing(table))


def _count_conditions(table: DatasetTable, asked: list[tuple[str, str, str, str]]) -> list[Broken]:
    if not asked:
        return []
    parts = [f"count(*) FILTER ({condition}), min({shown}) FILTER ({condition})" for _, _, condition, shown in asked]
    row = table.rows(f"SELECT {', '.join(parts)} FROM {table.typed.relation}")[0]
    return [
        Broken(column=column, expectation=words, rows=table.typed.rows, broken=row[2 * at], found=row[2 * at + 1])
        for at, (column, words, _, _) in enumerate(asked)
    ]


def _conditions(table: DatasetTable, column: str, expected: Expected) -> list[tuple[str, str, str]]:
    """Return words, SQL that is true of a row that breaks it, and SQL of the value found."""
    kind = table.typed.types[column]
    name, shown = identifier(column), f"CAST({identifier(column)} AS VARCHAR)"
    found: list[tuple[str, str, str]] = []
    called = TYPES.get(family(kind), "other")
    if expected.type is not None:
        wrong = "FALSE" if called == expected.type or kind == EMPTY else f"{name} IS NOT NULL"
        if wrong != "FALSE" and table.typed.is_text:
            wrong = _unreadable(name, expected.type)
        found.append((f"is of type {expected.type}", wrong, shown))
    for bound, words, sign in ((expected.min, "at least", "<"), (expected.max, "at most", ">")):
        if bound is not None:
            told = bound if isinstance(bound, str) else f"{bound:.12g}"
            found.append((f"{words} {told}", _beyond(table, column, bound, sign), shown))
    if expected.allowed is not None:
        listed = ", ".join(literal(_text(one)) for one in expected.allowed)
        written = f"CASE WHEN {table.typed.written(column)} IN ({listed}) THEN FALSE ELSE TRUE END"
        found.append(("allowed values", f"{name} IS NOT NULL AND {written}", shown))
    return found


def _unreadable(name: str, wanted: str) -> str:
    kind = {"number": "DOUBLE", "boolean": "BOOLEAN", "time": "TIMESTAMP"}.get(wanted)
    return "FALSE" if kind is None else f"{name} IS NOT NULL AND TRY_CAST({name} AS {kind}) IS NULL"


def _beyond(table: DatasetTable, column: str, bound: float | str, sign: str) -> str:
    kind = "TIMESTAMP" if isinstance(bound, str) else "DOUBLE"
    held = f"TRY_CAST({table.typed.value(column)} AS {kind})"
    limit = f"{literal(bound)}::TIMESTAMP" if isinstance(bound, str) else literal(float(bound))
    # what cannot be read as a number, or a time, is not within the range
    return f"{identifier(column)} IS NOT NULL AND ({held} IS NULL OR {held} {sign} {limit})"


def _text(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _not_unique(table: DatasetTable) -> list[Broken]:
    found = []
    for column, expected in table.asked.expect.items():
        if expected.unique and column in table.typed.types:
            written = table.typed.written(column)
            counted = f"SELECT {written} AS v, count(*) AS n FROM {table.typed.relation} WHERE {written} IS NOT NULL"
            again, shown = table.rows(
                f"SELECT coalesce(sum(n - 1), 0)::BIGINT, min(v) FILTER (n > 1) FROM ({counted} GROUP BY v)"
            )[0]
            found.append(Broken(column=column, expectation="unique", rows=table.typed.rows, broken=again, found=shown))
    return found


def _too_many_missing(table: DatasetTable) -> list[Broken]:
    found = []
    for column, expected in table.asked.expect.items():
        if expected.missing is not None and column in table.typed.types:
            there = table.rows(f"SELECT count({_usable(table, column)}) FROM {table.typed.relation}")[0][0]
            missing = table.typed.rows - there
            over = max(0, missing - int(expected.missing * table.typed.rows))
            words = f"missing in at most {expected.missing:.4g} of the rows"
            told = f"{missing:,} missing" if over else None
            found.append(Broken(column=column, expectation=words, rows=table.typed.rows, broken=over, found=told))
    return found


def count_newest(table: DatasetTable) -> Newest | None:
    """Return the age of the newest row; None when no column of times was named."""
    column = table.asked.time
    if column is None:
        return None
    if column not in table.typed.types:
        return Newest(column=column, reason=absent(table, column, "data.time"))
    if family(table.typed.types[column]) != "time":
        kind = TYPES.get(family(table.typed.types[column]), "another kind")
        return Newest(column=column, reason=f"{column!r} holds no times but values of type {kind}")
    age = f"epoch({literal(table.asked.now)}::TIMESTAMPTZ) - epoch({table.typed.plain(column)})"
    rows, seconds, ahead = table.rows(
        f"SELECT count(a), min(a), count(*) FILTER (a < 0) FROM (SELECT {age} AS a FROM {table.typed.relation})"
    )[0]
    if not rows:
        return Newest(column=column, reason=f"no row has a time in {column!r}")
    if ahead:
        reason = f"{ahead:,} rows lie in the future of this measurement: a clock is wrong, here or where they came from"
        return Newest(column=column, rows=rows, seconds=seconds, ahead=ahead, reason=reason)
    return Newest(column=column, rows=rows, seconds=seconds)
