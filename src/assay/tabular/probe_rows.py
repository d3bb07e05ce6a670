"""Rows for probing a model: features, groups, label and prediction, in an order that a seed chooses."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import DataError, suggest
from assay.records.dataset_counts import DatasetQuestions
from assay.tabular.dataset_table import DatasetTable
from assay.tabular.engine import session
from assay.tabular.typed import open_typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.tally import GroupValue, Roles

MEMORY = "1GB"
"""The engine's budget; beyond it, it spills to disk."""

MOST_EXACT = 2**53


@dataclass(frozen=True)
class SampledRows:
    """Rows, column by column.

    Attributes:
        features: name to values; whole numbers as int, what is missing as None.
        groups: protected attribute to the group of each row.
        label: whether the outcome is positive, of several classes the class, of a regression the number; None
            where it is not known.
        prediction: the recorded decision, likewise.
        total: rows of the dataset.
    """

    features: dict[str, tuple[Any, ...]]
    groups: dict[str, tuple[GroupValue, ...]]
    label: tuple[Any, ...]
    prediction: tuple[Any, ...]
    total: int


def sample_rows(rows: Any, roles: Roles, features: Sequence[str] | None, *, most: int, seed: int) -> SampledRows:  # noqa: ANN401 - any table
    """Read rows in an order that the seed chooses: by a hash of what is in them, so that the file's order is nothing.

    Equal rows stand together. The same rows and seed give the same sample, by the same version of the engine.

    Args:
        rows: whatever `tally_rows` takes.
        roles: which column means what.
        features: the model's features; every column without a role when None.
        most: rows to read.
        seed: of the order.

    Raises:
        DataError: when the rows cannot be read, or a feature is not a column; near names are suggested.
    """
    with session(memory=MEMORY) as engine:
        typed = open_typed(engine, rows, "rows_probed")
        named = (roles.label, roles.prediction, roles.score, roles.weight, *roles.protected)
        wanted = tuple(features if features is not None else (name for name in typed.types if name not in named))
        lacking = [f"{name!r}{suggest(name, typed.types)}" for name in wanted if name not in typed.types]
        if lacking or not wanted:
            told = f"no column {', '.join(lacking)}" if lacking else "no column that is a feature"
            raise DataError(f"{typed.name}: {told}. Name the model's features in assay.yaml (robustness.features)")
        asked = DatasetQuestions(
            measured_on="", label=roles.label or "", positive=roles.positive, protected=roles.protected, now="",
            several=roles.task != "binary",
        )  # fmt: skip
        table = DatasetTable("probed", engine, typed, asked, wanted)
        sides = [
            "NULL" if name is None or name not in typed.types else _side(table, name)
            for name in (roles.label, roles.prediction)
        ]
        columns = [typed.value(name) for name in wanted] + table.group_columns() + sides
        keys = [f"x{at}" for at in range(len(columns))]
        inner = ", ".join(f"{sql} AS {key}" for sql, key in zip(columns, keys, strict=True))
        hashed = f"hash({int(seed)}, {', '.join(keys)})"
        sql = f"SELECT * FROM (SELECT {inner} FROM {typed.relation}) ORDER BY {hashed}, ALL LIMIT {int(most)}"
        sql = sql.replace(", ALL", "".join(f", {key}" for key in keys))
        found = table.rows(sql)
        return _read(table, wanted, found)


def _side(table: DatasetTable, column: str) -> str:
    """Return SQL of a column of classes: whether it is the positive one; of several, and of numbers, as it stands."""
    if table.asked.several:
        return table.typed.value(column)
    return replace(table, asked=msgspec.structs.replace(table.asked, label=column)).label


def _read(table: DatasetTable, features: Sequence[str], found: Sequence[tuple[Any, ...]]) -> SampledRows:
    if not found:
        raise DataError(f"{table.typed.name}: expected rows, found none")
    attributes = table.asked.protected
    columns = list(zip(*found, strict=True))
    groups = table.groups([row[len(features) : len(features) + len(attributes)] for row in found])
    label, prediction = columns[-2:]
    if not table.asked.several:
        label, prediction = (tuple(None if one is None else bool(one) for one in column) for column in columns[-2:])
    return SampledRows(
        features={name: plain_values(column) for name, column in zip(features, columns, strict=False)},
        groups={name: tuple(group[at] for group in groups) for at, name in enumerate(attributes)},
        label=plain_values(label),
        prediction=plain_values(prediction),
        total=table.typed.rows,
    )


def plain_values(column: Sequence[Any]) -> tuple[Any, ...]:
    """Return a column's values as plain ones: whole numbers as int where all are whole."""
    plain = [_plain(value) for value in column]
    whole = all(value is None or (isinstance(value, float) and value.is_integer()) for value in plain)
    if whole and all(value is None or abs(value) < MOST_EXACT for value in plain):
        return tuple(None if value is None else int(value) for value in plain)
    return tuple(plain)


def _plain(value: Any) -> Any:  # noqa: ANN401 - as the engine returns it
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
