"""Rows for a learner, in the order in which they stand: features as a frame, label, groups, recorded predictions."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import DataError, MissingExtraError, suggest
from assay.records.dataset_counts import DatasetQuestions
from assay.tabular.dataset_table import DatasetTable
from assay.tabular.engine import session
from assay.tabular.typed import family, open_typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.tally import FileDigest, GroupValue, Roles
    from assay.tabular.typed import Typed

MEMORY = "1GB"
"""The engine's budget; beyond it, it spills to disk."""

AT_ONCE = 200
"""Columns read by one statement: what the engine plans grows faster than the columns do."""


@dataclass(frozen=True)
class LearningRows:
    """Rows of one table, column by column.

    Attributes:
        name: what messages call the table.
        features: a pandas frame: numbers and truth values as float64, everything else as text; missing as NaN.
        label: 1 for the positive class, 0 for another, None where it is not known.
        prediction: the recorded decision likewise; None without the column.
        score: the recorded score; None without the column.
        groups: protected attribute to the group of each row, as the tally reads it.
        weight: weights; None without the column.
        written: how the positive and the negative class are written in the label's column, by ``True`` and ``False``.
        files: the files that were read.
        lacking: features asked for that the table has not.
    """

    name: str
    features: Any
    label: tuple[int | None, ...]
    prediction: tuple[int | None, ...] | None
    score: tuple[float | None, ...] | None
    groups: dict[str, tuple[GroupValue, ...]]
    weight: tuple[float, ...] | None
    written: dict[bool, Any]
    files: tuple[FileDigest, ...]
    lacking: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Rows."""
        return len(self.label)


def read_learning_rows(rows: Any, roles: Roles, features: Sequence[str] | None, *, role: str) -> LearningRows:  # noqa: ANN401 - any table
    """Read a table whole, in the order of its rows.

    Args:
        rows: whatever `tally_rows` takes.
        roles: which column means what.
        features: the columns that a learner is given; every column without a role when None. Those that the table has
            not are told in ``lacking``.
        role: what the table is for, in messages: ``train``, ``test``.

    Raises:
        DataError: when label or protected attribute are missing, or there are no rows.
        MissingExtraError: without pandas.
    """
    try:
        import pandas as pd  # noqa: PLC0415, F401 - an extra
    except ImportError:
        raise MissingExtraError("pandas", "mitigation") from None
    with session(memory=MEMORY) as engine:
        typed = open_typed(engine, rows, f"rows_of_{role}")
        _require(typed, roles, role)
        named = (roles.label, roles.prediction, roles.score, roles.weight, *roles.protected)
        wanted = tuple(features if features is not None else (name for name in typed.types if name not in named))
        there = tuple(name for name in wanted if name in typed.types)
        asked = DatasetQuestions(
            measured_on="", label=roles.label or "", positive=roles.positive, protected=roles.protected, now=""
        )
        table = DatasetTable(role, engine, typed, asked, there)
        engine.rows("SET preserve_insertion_order = true", name=typed.name)
        frame = _frame(table, there)
        sides = _sides(table, roles)
        return LearningRows(
            name=typed.name,
            features=frame,
            groups=_groups(table),
            written=_written(table),
            files=typed.files,
            lacking=tuple(name for name in wanted if name not in typed.types),
            **sides,
        )


def _require(typed: Typed, roles: Roles, role: str) -> None:
    if not typed.rows:
        raise DataError(f"{typed.name}: expected rows in the dataset {role!r}, found none")
    wanted = [name for name in (roles.label, roles.weight, *roles.protected) if name is not None]
    lacking = [f"{name!r}{suggest(name, typed.types)}" for name in wanted if name not in typed.types]
    if roles.label is None:
        lacking.insert(0, "a label (columns.label, --label)")
    if lacking:
        raise DataError(
            f"{typed.name}: expected {', '.join(lacking)} among the columns, found none. A remedy is learnt from "
            "labels and groups"
        )


def _frame(table: DatasetTable, features: Sequence[str]) -> Any:  # noqa: ANN401 - a pandas frame
    typed = table.typed
    if not features:
        import pandas as pd  # noqa: PLC0415 - looked for above

        return pd.DataFrame(index=range(typed.rows))
    import pandas as pd  # noqa: PLC0415 - looked for above

    kinds = {"number": "DOUBLE", "truth": "DOUBLE"}
    read: dict[str, str] = {}
    for at, name in enumerate(features):
        kind, value = family(typed.types[name]), typed.value(name)
        sql = f"epoch({value}::TIMESTAMP)" if kind == "time" else f"CAST({value} AS {kinds.get(kind, 'VARCHAR')})"
        read[name] = f"{sql} AS x{at}"
    parts, relation = list(read.values()), typed.relation
    if len(parts) > AT_ONCE:  # so that a frame of very many columns is looked through once
        table.rows(f"CREATE TEMP TABLE copied AS SELECT * FROM {relation}")
        relation = "copied"
    frame = pd.concat(
        [
            table.session.connection.execute(f"SELECT {', '.join(parts[at : at + AT_ONCE])} FROM {relation}").df()
            for at in range(0, len(parts), AT_ONCE)
        ],
        axis=1,
    )
    frame.columns = list(features)
    for name in frame.columns:
        if frame[name].dtype.kind != "f":
            found = frame[name].astype(object)
            frame[name] = found.where(found.notna(), float("nan"))
    return frame


def _sides(table: DatasetTable, roles: Roles) -> dict[str, Any]:
    """Return label, prediction, score and weight of each row."""
    typed = table.typed
    asked = {"label": roles.label, "prediction": roles.prediction}
    parts = {
        name: msgspec.structs.replace(table.asked, label=column)
        for name, column in asked.items()
        if column is not None and column in typed.types
    }
    sql = {name: DatasetTable(table.role, table.session, typed, one, ()).label for name, one in parts.items()}
    for name, column in (("score", roles.score), ("weight", roles.weight)):
        if column is not None and column in typed.types:
            sql[name] = f"TRY_CAST({typed.value(column)} AS DOUBLE)"
    selected = ", ".join(f"{one} AS {name}" for name, one in sql.items())
    found = dict(zip(sql, zip(*table.rows(f"SELECT {selected} FROM {typed.relation}"), strict=True), strict=True))
    weight = found.get("weight")
    if weight is not None and any(one is None or not one >= 0 for one in weight):
        raise DataError(f"{typed.name}: expected weights of 0 or more in {roles.weight!r}, found others or none")
    return {name: found.get(name) for name in ("label", "prediction", "score")} | {"weight": weight}


def _groups(table: DatasetTable) -> dict[str, tuple[GroupValue, ...]]:
    attributes = table.asked.protected
    if not attributes:
        return {}
    raws = table.rows(f"SELECT {', '.join(table.group_columns())} FROM {table.typed.relation}")
    keys = table.groups(list(dict.fromkeys(raws)))
    known = dict(zip(dict.fromkeys(raws), keys, strict=True))
    return {name: tuple(known[raw][at] for raw in raws) for at, name in enumerate(attributes)}


def _written(table: DatasetTable) -> dict[bool, Any]:
    value = table.typed.value(table.asked.label)
    found = table.rows(
        f"SELECT {table.label}, min({value}), count(DISTINCT {value}) FROM {table.typed.relation} "
        f"WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    several = next((one for one in found if one[2] > 1), None)
    if several is not None:
        raise DataError(
            f"{table.typed.name}: expected two classes in {table.asked.label!r}, found more. Name the positive one; "
            "mitigation is for yes or no"
        )
    return {bool(side): value for side, value, _count in found}
