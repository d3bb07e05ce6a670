"""Names and values as SQL text: whatever a column or file is called, it stays a name."""

from __future__ import annotations

from assay.errors import DataError


def identifier(name: str) -> str:
    """Return a column's or table's name, quoted."""
    if "\0" in name:
        raise DataError(f"expected a column name without NUL characters, found {name!r}")
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | bool | float) -> str:
    """Return a value as a literal of the engine; a float keeps every bit."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"'{value!r}'::DOUBLE"
    if "\0" in value:
        raise DataError(f"expected a text without NUL characters, found {value!r}")
    return "'" + value.replace("'", "''") + "'"


def any_float(value: str) -> str:
    """Return a DOUBLE as itself, and as one that may be NaN whatever a Parquet file's statistics say.

    Other writers leave NaN out of a column's least and greatest value. DuckDB then takes conditions such as
    ``isnan(x)`` and ``x <= 1`` for decided, and counts wrongly.
    """
    return (
        f"CASE WHEN isfinite({value}) THEN {value} WHEN {value} IS NULL THEN NULL "
        f"WHEN isinf({value}) THEN 'inf'::DOUBLE ELSE 'nan'::DOUBLE END"
    )


def indented(lines: list[str], by: int = 4) -> str:
    """Return the lines as one comma-separated list, a line each."""
    return ",\n".join(" " * by + line for line in lines)
