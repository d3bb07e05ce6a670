"""A table with the types that its values have: text files are read whole, and each column by all of its values."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.tabular.query import Query
from assay.tabular.sql import any_float, identifier

if TYPE_CHECKING:
    from assay.records.tally import FileDigest
    from assay.tabular.engine import Session
    from assay.tabular.opening import Opened

EMPTY = '"NULL"'
"""The type of a column that holds nothing; the engine's own name for it."""

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
class Typed:
    """A table that the engine can read.

    Attributes:
        name: what messages call it.
        relation: what follows FROM.
        types: the columns' types; of a column of text, the one that all of its values have.
        rows: its rows.
        is_text: whether the relation holds text, to be cast to ``types``.
        files: the files that it was read from.
    """

    name: str
    relation: str
    types: dict[str, str]
    rows: int
    is_text: bool
    files: tuple[FileDigest, ...] = ()

    def value(self, column: str) -> str:
        """Return SQL for a column's values in their type; NaN is no value."""
        kind = self.types[column]
        written = f"CAST({identifier(column)} AS {kind})" if self.is_text and kind != EMPTY else identifier(column)
        return f"nullif({any_float(written)}, 'nan'::DOUBLE)" if kind in {"FLOAT", "DOUBLE"} else written

    def plain(self, column: str) -> str:
        """Return SQL for a column's values in the one type of their family, so that two tables' values compare."""
        cast = {"number": "DOUBLE", "truth": "BOOLEAN", "time": "TIMESTAMP"}.get(family(self.types[column]), "VARCHAR")
        return f"CAST({self.value(column)} AS {cast})"

    def written(self, column: str) -> str:
        """Return SQL for a column's values as text, whole numbers without a point: what an identifier is."""
        name = identifier(column)
        if self.is_text:
            return f"nullif(trim({name}), '')"
        if self.types[column] in {"FLOAT", "DOUBLE"}:
            whole, text = f"TRY_CAST({name} AS HUGEINT)", f"CAST({self.value(column)} AS VARCHAR)"
            return f"CASE WHEN {name} = {whole} THEN CAST({whole} AS VARCHAR) ELSE {text} END"
        return f"CAST({name} AS VARCHAR)"


def open_typed(session: Session, rows: Any, table: str) -> Typed:  # noqa: ANN401 - any table
    """Open a table; text is read into a temporary table of the engine's.

    Args:
        session: the engine.
        rows: whatever `tally_rows` takes.
        table: name of the temporary table, and of a frame in messages.
    """
    from assay.tabular.opening import open_rows  # noqa: PLC0415 - the engine is loaded when rows are read

    named = isinstance(rows, (str, Path, bytes))
    opened = open_rows(session, rows, name=None if named else table.strip('"').replace("_", " "))
    # A query means its own database, and the other table has another.
    return typed_of(session, opened, table, copied=opened.is_text or isinstance(rows, Query))


def typed_of(session: Session, opened: Opened, table: str, *, copied: bool) -> Typed:
    """Return an open table with its types; where it is to be copied, as a temporary table of the engine's."""
    relation, types = opened.relation, opened.columns
    if copied:
        session.rows(f"CREATE TEMP TABLE {table} AS SELECT * FROM {relation}", name=opened.name)
        relation = table
    if opened.is_text:
        types = _readings(session, table, list(types))
    rows_found = session.rows(f"SELECT count(*) FROM {relation}", name=opened.name)[0][0]
    return Typed(opened.name, relation, types, rows_found, opened.is_text, opened.files)


AT_ONCE = 200
"""Columns that are looked at in one pass."""


def _readings(session: Session, table: str, columns: list[str]) -> dict[str, str]:
    """Return the type that all values of each column of text can be read as."""
    found: dict[str, str] = {}
    for start in range(0, len(columns), AT_ONCE):
        left = columns[start : start + AT_ONCE]
        for kind, never in _READINGS.items():
            if not left:
                break
            asked = []
            for column in left:
                name = identifier(column)
                unread = f"{name} IS NOT NULL AND (TRY_CAST({name} AS {kind}) IS NULL OR {never.format(name)})"
                asked.append(f"count({name}), count(*) FILTER ({unread})")
            row = session.rows(f"SELECT {', '.join(asked)} FROM {table}", name=", ".join(left[:3]))[0]
            for column, present, lost in zip(left, row[::2], row[1::2], strict=True):
                if not present:
                    found[column] = EMPTY
                elif not lost:
                    found[column] = kind
            left = [column for column in left if column not in found]
        found |= dict.fromkeys(left, "VARCHAR")
    return {column: found[column] for column in columns}


def family(kind: str) -> str:
    """Return what a type of the engine holds: ``number``, ``time``, ``truth``, ``category`` or ``other``."""
    for name, pattern in (("number", _NUMERIC), ("time", _TIME), ("truth", _TRUTH), ("category", _CATEGORY)):
        if pattern.match(kind):
            return name
    return "other"
