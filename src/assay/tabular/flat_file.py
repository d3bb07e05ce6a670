"""Columns of plain values as a Parquet file."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.tabular.engine import session
from assay.tabular.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ROWS_AT_ONCE = 1000


def write_parquet(columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, str], path: Path) -> None:
    """Write columns to a Parquet file.

    Args:
        columns: name to values: texts, numbers, truth values, None.
        kinds: name to the engine's type.
        path: the file; one that is there is replaced.
    """
    with session(memory="1GB") as engine:
        table = engine.new_table()
        typed = ", ".join(f"{identifier(name)} {kinds[name]}" for name in columns)
        engine.rows(f"CREATE TEMP TABLE {table} ({typed})", name=str(path))
        rows = list(zip(*columns.values(), strict=True))
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            values = ", ".join(f"({', '.join(map(_cell, row))})" for row in rows[start : start + _ROWS_AT_ONCE])
            engine.rows(f"INSERT INTO {table} VALUES {values}", name=str(path))
        engine.rows(f"COPY {table} TO {literal(str(path))} (FORMAT parquet)", name=str(path))


def _cell(value: Any) -> str:  # noqa: ANN401 - a plain value
    return "NULL" if value is None else literal(value)
