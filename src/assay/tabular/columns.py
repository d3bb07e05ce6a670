"""Which column means what, checked against the columns that there are."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.errors import DataError, suggest

if TYPE_CHECKING:
    from assay.records.tally import Roles
    from assay.tabular.opening import Opened

Kind: TypeAlias = Literal["boolean", "integer", "float", "decimal", "text", "written", "other"]
"""``written``: a type that is grouped by its text, such as a date."""

_INTEGERS = {
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("UHUGEINT", "BIGNUM", "BIT"),
}
_WRITTEN = re.compile(r"DATE|TIME|INTERVAL|UUID")
NUMBERS = {"integer", "float", "decimal"}


def kind_of(column_type: str) -> Kind:
    """Return what kind of values a column of the engine's type holds."""
    if column_type == "BOOLEAN":
        return "boolean"
    if column_type in _INTEGERS - {"BIT"} or column_type == '"NULL"':
        return "integer"
    if column_type in {"FLOAT", "DOUBLE"}:
        return "float"
    if re.fullmatch(r"DECIMAL\(\d+,\d+\)", column_type):
        return "decimal"
    if column_type == "VARCHAR" or re.fullmatch(r"ENUM\(.*\)", column_type, re.DOTALL):
        return "text"
    nested = column_type.endswith("]") or "(" in column_type
    return "written" if _WRITTEN.match(column_type) and not nested else "other"


def named(roles: Roles) -> tuple[tuple[str, str], ...]:
    """Return every (role, column) that is named, in order."""
    single = [("label", roles.label), ("prediction", roles.prediction), ("score", roles.score)]
    single.append(("weight", roles.weight))
    pairs = [(role, column) for role, column in single if column is not None]
    return (*pairs, *(("protected", column) for column in roles.protected))


def _check_roles(roles: Roles) -> None:
    if roles.label is None and roles.prediction is None and roles.score is None:
        raise DataError("expected at least one of label, prediction and score, found none: name a column of the data")
    if roles.task == "regression" and (roles.label is None or roles.prediction is None):
        raise DataError("expected both a label and a prediction for regression: an error is one minus the other")
    if roles.task != "binary" and roles.score is not None:
        raise DataError(f"expected no score column for task {roles.task!r}, found {roles.score!r}: leave it out")
    counts = Counter(column for _, column in named(roles))
    for column, count in counts.items():
        if count > 1:
            parts = " and ".join(role for role, found in named(roles) if found == column)
            raise DataError(f"expected each column to have one role, found {column!r} as {parts}. Name one role for it")


def check_columns(opened: Opened, roles: Roles) -> dict[str, Kind]:
    """Return the kind of every column that has a role.

    Raises:
        DataError: when roles make no sense, a column is absent, or it cannot mean what it is said to mean.
    """
    _check_roles(roles)
    absent = [(role, column) for role, column in named(roles) if column not in opened.columns]
    if absent:
        problems = [f"no column {column!r} ({role}){suggest(column, opened.columns)}" for role, column in absent]
        known = ", ".join(map(repr, list(opened.columns)[:30])) + (", ..." if len(opened.columns) > 30 else "")  # noqa: PLR2004 - what fits a message
        raise DataError(f"{opened.name}: {'; '.join(problems)}. The columns are: {known}")
    kinds = {column: kind_of(opened.columns[column]) for _, column in named(roles)}
    for role, column in named(roles):
        _check_kind(opened, roles, role, column, kinds[column])
    return kinds


def _check_kind(opened: Opened, roles: Roles, role: str, column: str, kind: Kind) -> None:
    if kind == "other":
        raise DataError(
            f"{opened.name}: expected single values in column {column!r} ({role}), "
            f"found {opened.columns[column]}. Flatten it into a column of text or numbers"
        )
    number_wanted = role in {"score", "weight"} or (roles.task == "regression" and role in {"label", "prediction"})
    if number_wanted and kind not in NUMBERS and not opened.is_text:
        raise DataError(
            f"{opened.name}: expected numbers in column {column!r} ({role}), found {opened.columns[column]}. "
            "Convert the column, or name another"
        )
