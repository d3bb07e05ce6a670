"""Rows of people, each with its identifier: what reasons are given for, and whom they are compared with."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.errors import DataError, suggest
from assay.tabular.engine import session
from assay.tabular.probe_rows import MEMORY, plain_values
from assay.tabular.typed import open_typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.tabular.engine import Session
    from assay.tabular.typed import Typed

MOST_PEOPLE = 100_000
"""People of one table: each has a record of their own, and somebody has to write to them."""

_SHOWN = 5


@dataclass(frozen=True)
class PersonRows:
    """Rows of people, column by column.

    Attributes:
        name: the table's name.
        ids: each once, as text; empty where none were asked for.
        features: name to values; whole numbers as int, what is missing as None.
        recorded: of a column with a recorded decision or score its values, likewise; empty where none was named.
        groups: protected attribute to the group of each row, as text; those that are columns of the table.
    """

    name: str
    ids: tuple[str, ...]
    features: dict[str, tuple[Any, ...]]
    recorded: tuple[Any, ...] = ()
    groups: dict[str, tuple[str | None, ...]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.features.values())))


def columns_of(rows: Any) -> list[str]:  # noqa: ANN401 - any table
    """Return the columns of a table, in order.

    Raises:
        DataError: when it cannot be read.
    """
    with session(memory=MEMORY) as engine:
        return list(open_typed(engine, rows, "people").types)


def people_rows(
    rows: Any,  # noqa: ANN401 - any table
    features: Sequence[str],
    *,
    identifier: str,
    recorded: str | None = None,
) -> PersonRows:
    """Read people in the order of their identifiers.

    Args:
        rows: whatever `tally_rows` takes.
        features: the model's features.
        identifier: the column that names a person or an application; each value once, none missing.
        recorded: a column to read beside them.

    Raises:
        DataError: when the rows cannot be read, a column is not there, or an identifier is missing or stands twice.
    """
    with session(memory=MEMORY) as engine:
        typed = open_typed(engine, rows, "people")
        named = [identifier, *features, *([recorded] if recorded else [])]
        _require(typed, named)
        if typed.rows > MOST_PEOPLE:
            raise DataError(f"{typed.name}: expected at most {MOST_PEOPLE:,} people at once, found {typed.rows:,}")
        written = typed.written(identifier)
        _require_each_once(engine, typed, identifier, written)
        values = ", ".join(typed.value(name) for name in named[1:])
        sql = f"SELECT {written} AS person, {values} FROM {typed.relation} ORDER BY person"
        found = engine.rows(sql, name=typed.name)
        columns = list(zip(*found, strict=True))
        read = {name: plain_values(column) for name, column in zip(features, columns[1:], strict=False)}
        beside = plain_values(columns[-1]) if recorded else ()
        return PersonRows(typed.name, tuple(columns[0]), read, beside)


def reference_rows(
    rows: Any,  # noqa: ANN401 - any table
    features: Sequence[str],
    *,
    most: int,
    seed: int,
    protected: Sequence[str] = (),
) -> PersonRows:
    """Read rows to compare with, in an order that the seed chooses by what is in them; the file's order is nothing.

    Args:
        rows: whatever `tally_rows` takes.
        features: the model's features.
        most: rows to read.
        seed: of the order.
        protected: protected attributes; those that are columns are read beside the features.

    Raises:
        DataError: when the rows cannot be read, or a feature is no column.
    """
    with session(memory=MEMORY) as engine:
        typed = open_typed(engine, rows, "reference")
        _require(typed, features)
        attributes = [name for name in protected if name in typed.types]
        columns = [*map(typed.value, features), *map(typed.written, attributes)]
        inner = ", ".join(f"{sql} AS x{at}" for at, sql in enumerate(columns))
        keys = ", ".join(f"x{at}" for at in range(len(columns)))
        sql = f"SELECT * FROM (SELECT {inner} FROM {typed.relation}) ORDER BY hash({int(seed)}, {keys}), {keys}"
        found = engine.rows(f"{sql} LIMIT {int(most)}", name=typed.name)
        if not found:
            raise DataError(f"{typed.name}: expected rows to compare with, found none")
        cells = list(zip(*found, strict=True))
        read = {name: plain_values(column) for name, column in zip(features, cells, strict=False)}
        beside = cells[len(features) :]
        return PersonRows(typed.name, (), read, groups=dict(zip(attributes, beside, strict=True)))


def _require(typed: Typed, names: Sequence[str]) -> None:
    lacking = [f"{name!r}{suggest(name, typed.types)}" for name in names if name not in typed.types]
    if lacking:
        raise DataError(f"{typed.name}: no column {', '.join(lacking)}")
    if not typed.rows:
        raise DataError(f"{typed.name}: expected rows, found none")


def _require_each_once(engine: Session, typed: Typed, identifier: str, written: str) -> None:
    grouped = f"SELECT {written} AS person, count(*) AS times FROM {typed.relation} GROUP BY person"
    missing = engine.rows(f"SELECT times FROM ({grouped}) WHERE person IS NULL", name=typed.name)
    if missing:
        raise DataError(
            f"{typed.name}: {missing[0][0]:,} rows have no {identifier!r}: reasons are given to somebody, so each row "
            "needs an identifier"
        )
    sql = f"SELECT person, times FROM ({grouped}) WHERE times > 1 ORDER BY times DESC, person"
    twice = engine.rows(sql, name=typed.name)
    if twice:
        shown = ", ".join(f"{person} ({times:,} times)" for person, times in twice[:_SHOWN])
        more = f" and {len(twice) - _SHOWN:,} more" if len(twice) > _SHOWN else ""
        raise DataError(f"{typed.name}: expected each {identifier!r} once, found {shown}{more}")
