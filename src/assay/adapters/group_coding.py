"""The rows of a validation set by their group, coded once: the values of its protected attributes as whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.adapters.array_reading import as_array, numpy, require_rows
from assay.errors import DataError, InputError
from assay.tabular.values import group_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.records.tally import GroupValue


@dataclass(frozen=True, slots=True)
class CodedGroups:
    """The groups of a validation set.

    Attributes:
        columns: each protected attribute as an array, as it was given.
        rows: how many rows there are.
        codes: of each row the code of its group: the places of its values, as the digits of one number.
        values: of each attribute, the value at each place.
    """

    columns: dict[str, Any]
    rows: int
    codes: Any
    values: tuple[tuple[GroupValue, ...], ...]

    def group(self, code: int) -> tuple[GroupValue, ...]:
        """Return the group that a code stands for."""
        found: list[GroupValue] = []
        for values in reversed(self.values):
            code, at = divmod(code, len(values))
            found.append(values[at])
        return tuple(reversed(found))


def coded_groups(protected: Mapping[str, Any], rows: int | None = None) -> CodedGroups:
    """Code the groups of a validation set.

    Args:
        protected: the values of each protected attribute, any arrays of one length.
        rows: how many labels there are, if any.

    Raises:
        InputError: when there is no attribute.
        DataError: when there are no rows, or an attribute has more or fewer.
    """
    if not protected:
        raise InputError("expected at least one protected attribute, found none: groups are compared by it")
    np = numpy()
    columns = {name: as_array(values, f"protected attribute {name!r}") for name, values in protected.items()}
    rows = len(next(iter(columns.values()))) if rows is None else rows
    if not rows:
        raise DataError("expected a validation set with rows, found none")
    combined = np.zeros(rows, dtype=np.intp)
    listed: list[tuple[GroupValue, ...]] = []
    for name, column in columns.items():
        require_rows(column, rows, f"protected attribute {name!r}")
        codes, values = coded_values(np, column)
        meant = group_values({value for value in values if value is not None}, name, "other", is_text=False)
        listed.append(tuple(None if value is None else meant[value] for value in values))
        combined = combined * len(values) + codes
    return CodedGroups(columns, rows, combined, tuple(listed))


def coded_values(np: Any, column: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 - numpy, its array
    """Return a code for each row and the value of each code; what is missing is None or NaN, and a value too."""
    if column.dtype.kind in "biufU":
        values, codes = np.unique(column, return_inverse=True)
        return codes.astype(np.intp), [_missing_or(value) for value in values.tolist()]
    known: dict[tuple[type, Any], int] = {}
    listed: list[Any] = []
    codes = np.empty(len(column), dtype=np.intp)
    for row, raw in enumerate(column.tolist()):
        value = _missing_or(raw)
        key = (type(value), value)
        if key not in known:
            known[key] = len(listed)
            listed.append(value)
        codes[row] = known[key]
    return codes, listed


def _missing_or(value: Any) -> Any:  # noqa: ANN401 - any value of a column
    """Return a value, or None where there is none: what is absent (NaN, NaT, a frame's mark) differs from itself."""
    try:
        return value if value is not None and bool(value == value) else None  # noqa: PLR0124 - NaN alone differs
    except TypeError:
        return None
