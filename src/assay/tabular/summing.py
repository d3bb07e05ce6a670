"""One pass over a table: of every column how many values are there, and of numbers their ends and how many differ."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.records.comparison import Side
from assay.tabular.sql import any_float, identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.tabular.narrow_bins import Asks

AT_ONCE = 100
"""So many columns are summed up in one pass over a table, which reads each once and holds a sketch of each."""


class Summed(NamedTuple):
    """What one pass over a table says of a column.

    Attributes:
        side: the column's side.
        different: about how many different finite numbers it has.
        finite: whether every value there is a finite number, so that what `any_float` guards against is not there.
    """

    side: Side
    different: int = 0
    finite: bool = False


def as_double(column: str, *, time: bool) -> str:
    """Return SQL of a column of numbers, or of times in seconds since 1970, as DOUBLE; it may be NaN or infinite."""
    cast = f"epoch({identifier(column)}::TIMESTAMP)" if time else identifier(column)
    return f"{cast}::DOUBLE"


def sum_up(
    ask: Asks, relation: str, rows: int, kinds: Mapping[str, str], numbers: Mapping[str, str]
) -> dict[str, Summed]:
    """Read every column's side and about how many different numbers it has.

    Args:
        ask: runs a statement.
        relation: the table, in SQL.
        rows: rows of the table.
        kinds: the columns, and the names of their types.
        numbers: SQL, from `as_double`, of those columns that are compared as numbers.
    """
    found = {}
    columns = list(kinds)
    for start in range(0, len(columns), AT_ONCE):
        part = columns[start : start + AT_ONCE]
        asked = ", ".join(_sums(at, numeric=column in numbers) for at, column in enumerate(part))
        values = ", ".join(_values(at, column, numbers.get(column)) for at, column in enumerate(part))
        row = ask(f"SELECT {asked} FROM (SELECT {values} FROM {relation})")[0]
        for at, column in enumerate(part):
            present, finite, low, high, different = row[5 * at : 5 * at + 5]
            infinite = 0 if present == finite else _infinite(ask, relation, numbers[column])
            side = Side(
                type=kinds[column], rows=rows, missing=rows - finite - infinite, infinite=infinite, low=low, high=high
            )
            found[column] = Summed(side, different, present == finite)
    return found


def _values(at: int, column: str, number: str | None) -> str:
    plain = f"{identifier(column)} AS p{at}"
    return plain if number is None else f"{plain}, CASE WHEN isfinite({number}) THEN {number} END AS v{at}"


def _sums(at: int, *, numeric: bool) -> str:
    """Return SQL of the values there, the finite ones among them, their ends, and about how many are different."""
    if not numeric:
        return f"count(p{at}), count(p{at}), NULL, NULL, 0"
    return f"count(p{at}), count(v{at}), min(v{at}), max(v{at}), approx_count_distinct(v{at})"


def _infinite(ask: Asks, relation: str, value: str) -> int:
    """Return how often a column that holds more than finite numbers is infinite; all else is NaN."""
    found: int = ask(f"SELECT count_if(isinf(v)) FROM (SELECT {any_float(value)} AS v FROM {relation})")[0][0]
    return found
