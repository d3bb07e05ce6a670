"""Label noise by confident learning: the joint of the label given and the label that a probability speaks for.

Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70:1373-1411,
section 3.1, equations 1 and 2: the threshold of a class is the mean probability of it among the rows that bear it; a
row counts as the class whose threshold its probability reaches, and where it reaches both as the likelier one. The
probabilities must be out of sample (section 2.2).
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.dataset_counts import Noise, NoiseCell
from assay.tabular.dataset_table import absent
from assay.tabular.foretelling import LEAST_OF_EACH
from assay.tabular.typed import family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.dataset_counts import Group
    from assay.tabular.dataset_table import DatasetTable
    from assay.tabular.foretelling import Foreteller

_FORETOLD = "foretold"


def count_noise(table: DatasetTable, foreteller: Foreteller | None) -> Noise:
    """Count the confident joint by group.

    The probabilities are those of the column that assay.yaml names (``data.out_of_sample``), or of a model fitted here.

    Args:
        table: the measured dataset.
        foreteller: the model; None when nobody asks for this, or a column is named.
    """
    column = table.asked.out_of_sample
    if column is not None:
        return _of_column(table, column)
    if foreteller is None:
        return Noise(reason="no control of the policy asks for it")
    if foreteller.reason is not None:
        return Noise(
            reason=f"{foreteller.reason}, or name a column of out-of-sample probabilities (data.out_of_sample)"
        )
    for label in (0, 1):
        if int((foreteller.label == label).sum()) < LEAST_OF_EACH:
            return Noise(reason=f"fewer than {LEAST_OF_EACH} rows have the label {label}: nothing can be learnt")
    import numpy as np  # noqa: PLC0415 - comes with scikit-learn

    different = sorted(set(foreteller.groups), key=str)
    number = {group: at for at, group in enumerate(different)}
    columns = {
        "p": foreteller.out_of_sample(foreteller.label),
        "y": foreteller.label,
        "g": np.array([number[group] for group in foreteller.groups]),
    }
    table.session.connection.register(_FORETOLD, columns)
    relation = f"(SELECT p, CAST(y AS INTEGER) AS y, g FROM {_FORETOLD} WHERE NOT isnan(y) AND NOT isnan(p))"
    return _counted(table, relation, "g", made_by=foreteller.made_by, groups=different)


def _of_column(table: DatasetTable, column: str) -> Noise:
    if column not in table.typed.types:
        return Noise(reason=absent(table, column, "data.out_of_sample"))
    if family(table.typed.types[column]) != "number":
        return Noise(reason=f"{column!r} holds no probabilities but {table.typed.types[column]}")
    groups = ", ".join(f"{sql} AS g{at}" for at, sql in enumerate(table.group_columns()))
    select = f"SELECT {table.typed.plain(column)} AS p, {table.label} AS y, {groups} FROM {table.typed.relation}"
    outside = table.rows(f"SELECT count(*) FROM ({select}) WHERE p < 0 OR p > 1")[0][0]
    if outside:
        return Noise(reason=f"{column!r} holds no probabilities: {outside:,} rows lie outside of 0 to 1")
    names = ", ".join(f"g{at}" for at in range(len(table.asked.protected)))
    relation = f"(SELECT * FROM ({select}) WHERE p IS NOT NULL AND y IS NOT NULL)"
    return _counted(table, relation, names, made_by=f"the column {column!r}")


def _counted(
    table: DatasetTable, relation: str, names: str, *, made_by: str, groups: Sequence[Group] | None = None
) -> Noise:
    """Count the joint of ``p`` and ``y``; ``groups`` reads the numbers of groups, where ``g`` is one."""
    low, high = table.rows(f"SELECT avg(1 - p) FILTER (y = 0), avg(p) FILTER (y = 1) FROM {relation}")[0]
    if low is None or high is None:
        return Noise(reason="only one label has probabilities: there is nothing to confuse it with")
    reaches_0, reaches_1 = f"1 - p >= '{low!r}'::DOUBLE", f"p >= '{high!r}'::DOUBLE"
    as_1 = f"{reaches_1} AND (NOT ({reaches_0}) OR p > 0.5)"
    as_0 = f"{reaches_0} AND (NOT ({reaches_1}) OR p <= 0.5)"
    found = table.rows(
        f"SELECT {names}, y, count(*), count(*) FILTER ({as_0}), count(*) FILTER ({as_1}) FROM {relation} "
        f"GROUP BY {names}, y"
    )
    read = table.groups([row[:-4] for row in found]) if groups is None else [groups[row[0]] for row in found]
    cells = [
        NoiseCell(group=group, given=row[-4], rows=row[-3], confident_negative=row[-2], confident_positive=row[-1])
        for group, row in zip(read, found, strict=True)
    ]
    ordered = tuple(sorted(cells, key=lambda cell: (str(cell.group), cell.given)))
    return Noise(cells=ordered, thresholds=(low, high), made_by=made_by)
