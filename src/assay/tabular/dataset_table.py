"""One dataset of the data stage: opened once, with the columns' meanings, and a fingerprint of every row.

A fingerprint is a 64-bit hash of all columns, one of the features, and one of the identifier, so that repeated rows,
equal features and rows in two datasets are found by joining small numbers. Among ten million rows the chance that any
two different ones share a fingerprint is below three in a million (n^2 / 2^65).
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import DataError, DocumentError, Problem, suggest
from assay.tabular.columns import kind_of
from assay.tabular.limits import MOST_GROUP_VALUES
from assay.tabular.sql import identifier, literal
from assay.tabular.typed import Typed, open_typed
from assay.tabular.values import group_values, is_nan, look_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.records.dataset_counts import DatasetQuestions, Group
    from assay.tabular.engine import Session


@dataclass(frozen=True)
class DatasetTable:
    """A dataset that is open.

    Attributes:
        role: ``train``, ``test``, ...
        session: the engine.
        typed: the table.
        asked: what its columns mean.
        features: the columns learnt from, as the measured dataset has them.
    """

    role: str
    session: Session
    typed: Typed
    asked: DatasetQuestions
    features: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column."""
        return tuple(self.typed.types)

    @property
    def keys(self) -> str:
        """Name of the temporary table of fingerprints."""
        return identifier(f"keys of {self.role}")

    @property
    def has_features(self) -> bool:
        """Whether every feature is a column here."""
        return bool(self.features) and all(name in self.typed.types for name in self.features)

    @property
    def label(self) -> str:
        """SQL: 1 for the positive label, 0 for another, NULL for none."""
        value = self.typed.value(self.asked.label)
        written = f"lower(trim(CAST({value} AS VARCHAR)))"
        positive = self.asked.positive
        if positive in {None, 1}:
            found = "('1', '1.0', 'true')"
        elif positive == 0:
            found = "('0', '0.0', 'false')"
        else:
            found = f"({literal(str(positive).strip().lower())})"
        return f"CASE WHEN {value} IS NULL THEN NULL WHEN {written} IN {found} THEN 1 ELSE 0 END"

    @property
    def label_class(self) -> str:
        """SQL: a number that is the same for equal labels alone, NULL for none."""
        if not self.asked.several:
            return self.label
        value = self.typed.value(self.asked.label)
        written = f"trim(CAST({value} AS VARCHAR))"
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE hash({written}) END"

    @property
    def half(self) -> str:
        """SQL: 0 or 1, the same for rows of equal features, whatever their order."""
        return f"CAST({self.fingerprint(self.features)} % 2 AS TINYINT)" if self.has_features else "0"

    def fingerprint(self, columns: Iterable[str]) -> str:
        """Return SQL for a hash of columns; equal values of two tables hash alike."""
        return f"hash({', '.join(self.typed.plain(column) for column in columns)})"

    def group_columns(self) -> list[str]:
        """Return SQL for each protected attribute, as it is written in the data."""
        return [identifier(column) for column in self.asked.protected]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement."""
        return self.session.rows(sql, name=self.typed.name)

    def groups(self, raws: Sequence[tuple[Any, ...]]) -> list[Group]:
        """Read raw values of the protected attributes as groups.

        Raises:
            DataError: when an attribute has too many values, or values that are no groups.
        """
        tables = []
        for number, column in enumerate(self.asked.protected):
            kind = "text" if self.typed.is_text else kind_of(self.typed.types[column])
            found = {raw[number] for raw in raws if raw[number] is not None and not is_nan(raw[number])}
            table = group_values(found, column, kind, is_text=self.typed.is_text)
            if len(table) > MOST_GROUP_VALUES:
                raise DataError(
                    f"{self.typed.name}: expected at most {MOST_GROUP_VALUES} different values in protected column "
                    f"{column!r}, found {len(table)}. Bin it (ages into bands), or name another column"
                )
            tables.append(table)
        return [tuple(look_up(one, table) for one, table in zip(raw, tables, strict=True)) for raw in raws]  # type: ignore[misc,arg-type] # no floats in these tables


def features_of(typed: Typed, asked: DatasetQuestions) -> tuple[str, ...]:
    """Return the columns learnt from: those named, or every column that has no other role."""
    if asked.features is not None:
        return asked.features
    named = (asked.label, *asked.protected, *asked.others, asked.identifier, asked.time, asked.source)
    return tuple(name for name in typed.types if name not in {*named, asked.out_of_sample})


def open_dataset(
    session: Session,
    role: str,
    rows: Any,  # noqa: ANN401 - any table
    asked: DatasetQuestions,
    *,
    features: tuple[str, ...] | None = None,
) -> DatasetTable:
    """Open a dataset and fingerprint its rows.

    Args:
        session: the engine.
        role: its role.
        rows: whatever `tally_rows` takes.
        asked: what the columns mean.
        features: the features of the measured dataset; None when this is the measured one.

    Raises:
        DataError: when it cannot be read or has no rows.
        DocumentError: for the measured dataset, naming every column that is named and not there.
    """
    typed = open_typed(session, rows, identifier(f"rows of {role}"))
    if not typed.rows:
        raise DataError(f"{typed.name}: expected rows in the dataset {role!r}, found none")
    if features is None:
        _require_columns(typed, asked)
    table = DatasetTable(role, session, typed, asked, features_of(typed, asked) if features is None else features)
    _fingerprint(table, measured=features is None)
    return table


def _require_columns(typed: Typed, asked: DatasetQuestions) -> None:
    """Refuse columns that were named as features or attributes and are not there."""
    named = [("columns.label", asked.label), *(("columns.protected", name) for name in asked.protected)]
    named += [("data.features", name) for name in asked.features or ()]
    problems = [
        Problem("assay.yaml", 0, 0, f"$.{where}", f"no column {name!r} in {typed.name}{suggest(name, typed.types)}")
        for where, name in named
        if name not in typed.types
    ]
    if problems:
        raise DocumentError(problems)


def absent(table: DatasetTable, column: str, key: str) -> str:
    """Return why something is not measured: a column that assay.yaml names is not in the table."""
    near = suggest(column, table.typed.types)
    return f"no column {column!r} in {table.typed.name}{near}: correct {key} in assay.yaml"


def _fingerprint(table: DatasetTable, *, measured: bool) -> None:
    asked, typed = table.asked, table.typed
    parts = {
        "r": table.fingerprint(table.columns),
        "f": table.fingerprint(table.features) if table.has_features else "NULL::UBIGINT",
        "i": "NULL::UBIGINT",
    }
    if asked.identifier is not None and asked.identifier in typed.types:
        written = typed.written(asked.identifier)
        parts["i"] = (
            f"CASE WHEN {written} IS NULL THEN NULL ELSE hash({written}) END"  # of nothing there is a hash, too
        )
    if measured:
        parts |= {"y": table.label, "c": table.label_class}
        parts |= {f"g{number}": column for number, column in enumerate(table.group_columns())}
        if asked.source is not None and asked.source in typed.types:
            parts["s"] = typed.written(asked.source)
    selected = ", ".join(f"{sql} AS {name}" for name, sql in parts.items())
    table.rows(f"CREATE TEMP TABLE {table.keys} AS SELECT {selected} FROM {typed.relation}")
