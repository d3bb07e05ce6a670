"""Each feature against label and groups: counts by value, or by bins of equal rows, in two halves of the rows.

One pass finds how many different values there are, one column at a time finds the bins, and one pass counts them all. A
number with many different values is counted in as many bins of equal rows as Rice's rule gives, twice the cube root of
the rows (Lane, "Online Statistics Education", section 2.5), from 8 to 256. Rows of equal features are in one half, so
that no half has seen the rows of the other.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.records.dataset_counts import FeatureCell, FeatureCounts
from assay.tabular.sql import literal
from assay.tabular.typed import EMPTY, family

if TYPE_CHECKING:
    from assay.tabular.dataset_table import DatasetTable

MOST_VALUES = 10_000
"""A column of text with more different values than this is no feature to be counted by."""

LEAST_BINS, MOST_BINS = 8, 256


def count_features(table: DatasetTable) -> tuple[FeatureCounts, ...]:
    """Count every feature by value or bin, half, group and label."""
    reasons: dict[str, str] = {}
    asked: dict[str, str] = {}
    known = [name for name in table.features if name in table.typed.types]
    different = _different(table, known)
    for name in known:
        kind = family(table.typed.types[name])
        if table.typed.types[name] == EMPTY or different[name] == 0:
            reasons[name] = "no row has a value in it"
        elif kind == "other":
            reasons[name] = f"columns of type {table.typed.types[name]} are not counted: flatten it"
        elif kind == "category" and different[name] > MOST_VALUES:
            reasons[name] = (
                f"it has more than {MOST_VALUES:,} different values: if it names people, say so (data.identifier); "
                "else count a grouping of it"
            )
        else:
            asked[name] = _histogram(table, name, different[name])
    counted = _count(table, asked)
    return tuple(counted.get(name) or FeatureCounts(column=name, reason=reasons[name]) for name in known)


def _number(table: DatasetTable, name: str) -> str:
    """Return SQL for a column as numbers: times are seconds."""
    if family(table.typed.types[name]) == "time":
        return f"epoch({table.typed.plain(name)})"
    return table.typed.plain(name)


def _different(table: DatasetTable, names: list[str]) -> dict[str, int]:
    if not names:
        return {}
    counts = ", ".join(f"approx_count_distinct({table.typed.plain(name)})" for name in names)
    return dict(zip(names, table.rows(f"SELECT {counts} FROM {table.typed.relation}")[0], strict=True))


def _histogram(table: DatasetTable, name: str, different: int) -> str:
    bins = min(MOST_BINS, max(LEAST_BINS, round(2 * table.typed.rows ** (1 / 3))))
    if family(table.typed.types[name]) not in {"number", "time"}:
        return f"histogram({table.typed.plain(name)})"
    if different <= bins:
        return f"histogram({_number(table, name)})"
    cuts = ", ".join(f"{at}/{bins}::DOUBLE" for at in range(1, bins))
    found = table.rows(
        f"SELECT quantile_cont(v, [{cuts}]) FROM (SELECT {_number(table, name)} AS v FROM {table.typed.relation}) "
        "WHERE isfinite(v)"
    )[0][0]
    edges = ", ".join(literal(float(edge)) for edge in (*sorted(set(found or ())), float("inf")))
    return f"histogram({_number(table, name)}, [{edges}])"


def _count(table: DatasetTable, asked: dict[str, str]) -> dict[str, FeatureCounts]:
    if not asked:
        return {}
    groups = table.group_columns()
    keys = ", ".join(
        [f"{table.half} AS h", f"{table.label} AS y", *(f"{sql} AS g{at}" for at, sql in enumerate(groups))]
    )
    names = ", ".join(["h", "y", *(f"g{at}" for at in range(len(groups)))])
    parts = ", ".join(f"{sql} AS c{at}" for at, sql in enumerate(asked.values()))
    rows = table.rows(f"SELECT {keys}, count(*), {parts} FROM {table.typed.relation} GROUP BY {names}")
    width = 2 + len(groups)
    read = table.groups([row[2:width] for row in rows])
    found = {}
    for at, name in enumerate(asked):
        columns = [row[width + 1 + at] or {} for row in rows]
        order = {value: number for number, value in enumerate(sorted({one for column in columns for one in column}))}
        cells = [
            FeatureCell(bin=number, half=row[0], group=group, label=row[1], rows=count)
            for row, group, column in zip(rows, read, columns, strict=True)
            for number, count in _cells(column, order, row[width])
        ]
        found[name] = FeatureCounts(column=name, bins=len(order), cells=tuple(cells))
    return found


def _cells(column: dict[Any, int], order: dict[Any, int], rows: int) -> list[tuple[int, int]]:
    """Return (bin, rows) of one histogram; rows without a value have the bin -1."""
    found = [(order[value], count) for value, count in column.items() if count]
    missing = rows - sum(count for _, count in found)
    return sorted([(-1, missing), *found] if missing else found)
