"""Rows that were grouped and counted elsewhere, such as in a warehouse: each stands for as many as a column says.

SELECT race, sex, approved, predicted, count(*) AS n FROM loans GROUP BY race, sex, approved, predicted
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assay.errors import DataError, suggest
from assay.tabular.columns import NUMBERS, kind_of, named

if TYPE_CHECKING:
    from assay.tabular.engine import Session
    from assay.tabular.statement import Plan

MOST_ROWS = 2**53
"""So many rows one row may stand for: beyond it a number with a point is not told from its neighbour."""


def counted_plan(session: Session, plan: Plan, column: str) -> Plan:
    """Return a plan that counts each row as often as a column says; one that stands for none is left out.

    Args:
        session: the engine.
        plan: what to count.
        column: whole numbers, 0 or more.

    Raises:
        DataError: when the column is not there, has a role, or holds anything else; or with weights or a regression,
            whose sums take the rows themselves.
    """
    opened, roles = plan.opened, plan.roles
    if roles.weight is not None or roles.task == "regression":
        what = "weights" if roles.weight is not None else "a regression"
        raise DataError(f"expected no column of counts with {what}: its sums need the rows themselves")
    if column not in opened.columns:
        raise DataError(f"{opened.name}: no column {column!r} (count){suggest(column, opened.columns)}")
    if column in {name for _, name in named(roles)}:
        raise DataError(f"expected each column to have one role, found {column!r} as the count, too")
    kind = kind_of(opened.columns[column])
    if kind not in NUMBERS and not opened.is_text:
        raise DataError(f"{opened.name}: expected whole numbers in column {column!r}, found {opened.columns[column]}")
    counted = replace(plan, kinds={**plan.kinds, column: kind}, counted_by=column)
    number = counted.number(column)
    asked = f"SELECT count(*), min(copies), max(copies) FROM (SELECT {number} AS copies FROM {opened.relation})"
    usable = f"copies >= 0 AND copies <= {MOST_ROWS} AND copies = floor(copies)"
    rows = session.rows(f"{asked} WHERE NOT coalesce({usable}, false)", name=opened.name)[0]
    if rows[0]:
        found = "no number" if rows[1] is None else f"numbers from {rows[1]:g} to {rows[2]:g}"
        raise DataError(
            f"{opened.name}: expected whole numbers, 0 or more, in column {column!r}, found {found} in {rows[0]:,} rows"
        )
    relation = f"(SELECT * FROM {opened.relation} WHERE {number} > 0)"
    return replace(counted, opened=replace(opened, relation=relation, is_parquet=False))
