"""One integer in place of several columns: what the engine groups by when there are many bins.

A Parquet file keeps text as codes into a dictionary, so that looking each value up costs little; grouping by one
integer then costs half of grouping by five columns and a bin. The values to look up are those that a first look saw. A
row with a value that it did not see has no key: it is counted apart, and all rows are counted again without keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from assay.tabular.sql import literal

if TYPE_CHECKING:
    from assay.tabular.values import Raw

Seen: TypeAlias = dict[str, list["Raw"]]
"""The values that were seen, by the name that the statement gives the column."""

BIN_BITS = 10
BIN_SHIFT = 6
"""Added to a bin, so that the states of unusable scores (-1 to -6) are no negative numbers."""

MOST_BITS = 32
MOST_VALUES = 32


def packable(seen: Seen) -> bool:
    """Tell whether the values fit one integer, and are few enough to be looked up one by one."""
    fit = all(1 <= len(values) <= MOST_VALUES and values != [None] for values in seen.values())
    plain = all(value is None or isinstance(value, (str, int)) for values in seen.values() for value in values)
    return fit and plain and BIN_BITS + sum(_bits(values) for values in seen.values()) <= MOST_BITS


def _bits(values: list[Raw]) -> int:
    return max(1, (len(values) - 1).bit_length())


def pack(seen: Seen) -> tuple[str, list[str]]:
    """Return the key, an integer made of the columns and ``bin``; and the columns made of the key again."""
    parts, columns, shift = [f"CAST(bin + {BIN_SHIFT} AS UINTEGER)"], [], BIN_BITS
    for name, values in seen.items():
        coded = [(value, code << shift) for code, value in enumerate(values)]
        codes = ", ".join(f"{literal(value)}: {code}::UINTEGER" for value, code in coded if value is not None)
        lookup = f"map {{{codes}}}[{name}]"
        for value, code in coded:
            if value is None:
                lookup = f"CASE WHEN {name} IS NULL THEN {code}::UINTEGER ELSE {lookup} END"
        parts.append(lookup)
        listed = ", ".join("NULL" if value is None else literal(value) for value in values)
        columns.append(f"[{listed}][1 + ((key >> {shift}) & {(1 << _bits(values)) - 1})] AS {name}")
        shift += _bits(values)
    columns.append(f"CAST(key & {(1 << BIN_BITS) - 1} AS SMALLINT) - {BIN_SHIFT} AS bin")
    return "\n      | ".join(parts), columns
