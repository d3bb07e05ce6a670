"""What a value of a column means: integral floats are integers, NaN is unknown, CSV text is read by all its values."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from assay.errors import DataError
from assay.tabular.limits import NAMED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from assay.tabular.columns import Kind

Raw: TypeAlias = Any
"""A value as the engine returns it: str, int, bool, float, Decimal or None."""

Value: TypeAlias = str | int | bool | float | None
"""A value with its meaning; a float only where it is not integral."""

_INTEGER = re.compile(r"\s*[+-]?(0|[1-9]\d*)(\.0*)?\s*", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_SAFE = 2**53 - 1
_BOOLEANS = {"true": True, "false": False}


def meaning(raw: Raw) -> Value:
    """Return a typed value's meaning: integral numbers as int, NaN as None, other numbers as float."""
    if isinstance(raw, float):
        return None if raw != raw else int(raw) if raw.is_integer() else raw  # noqa: PLR0124 - NaN alone differs from itself
    if isinstance(raw, Decimal):
        return int(raw) if raw == raw.to_integral_value() else float(raw)
    return raw if raw is None or isinstance(raw, (bool, int)) else str(raw)


def _as_integer(text: str) -> int:
    return int(text.strip().partition(".")[0])


def _as_number(text: str) -> Value:
    return meaning(float(text))


def reading(texts: Iterable[str]) -> Callable[[str], Value]:
    """Return how the texts of a CSV column are to be read: as integers, booleans or numbers if all of them are."""
    found = set(texts)
    if found and all(_INTEGER.fullmatch(text) for text in found):
        return _as_integer
    if found and all(text.lower() in _BOOLEANS for text in found):
        return lambda text: _BOOLEANS[text.lower()]
    leading_zero = any(re.match(r"\s*[+-]?0\d", text) for text in found)
    if found and not leading_zero and all(_NUMBER.fullmatch(text) for text in found):
        return _as_number
    return str


def meanings(raws: Iterable[Raw], *, is_text: bool) -> dict[Raw, Value]:
    """Return what each raw value of a column (or of columns that share their values) means.

    NaN is not in the table, since it equals nothing: ask with `look_up`.
    """
    found = {raw for raw in raws if raw is not None and raw == raw}  # noqa: PLR0124 - NaN alone differs from itself
    read = reading(found) if is_text else meaning
    return {raw: read(raw) for raw in found}


def look_up(raw: Raw, table: dict[Raw, Value]) -> Value:
    """Return what a raw value means; None and NaN mean None."""
    return None if raw is None else table.get(raw)


def is_nan(raw: Raw) -> bool:
    """Tell whether a raw value is NaN."""
    return isinstance(raw, float) and raw != raw  # noqa: PLR0124 - NaN alone differs from itself


def shown(values: Iterable[Value]) -> str:
    """Return some of the values for a message."""
    ordered = sorted(values, key=lambda value: (str(type(value)), str(value)))
    return ", ".join(map(repr, ordered[:NAMED])) + (f" and {len(ordered) - NAMED} more" if len(ordered) > NAMED else "")


def group_values(raws: set[Raw], column: str, kind: Kind, *, is_text: bool) -> dict[Raw, str | int | bool | None]:
    """Return what each raw value of a protected attribute means.

    Raises:
        DataError: when the values are numbers that are not whole.
    """
    table = meanings(raws, is_text=is_text and kind == "text")
    if broken := {value for value in table.values() if isinstance(value, float)}:
        raise DataError(
            f"column {column!r} (protected): expected groups, found numbers that are not whole: {shown(broken)}. "
            "Bin the column first, for example into bands such as '30-39'"
        )
    return {raw: storable(value) for raw, value in table.items() if not isinstance(value, float)}


def storable(value: str | int | bool | None) -> str | int | bool | None:
    """Return a value as a record keeps it: an integer that no JSON number carries (RFC 8785, 3.2.2.3) as its digits."""
    return str(value) if isinstance(value, int) and abs(value) > _SAFE else value
