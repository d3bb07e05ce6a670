"""Rows against rows: repeats, overlaps, labels of equal features, sources, and the size of each group."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.dataset_counts import Conflicts, GroupRows, Overlap, Repeats, SourceLabels
from assay.tabular.dataset_table import absent

if TYPE_CHECKING:
    from assay.tabular.dataset_table import DatasetTable

MOST_SOURCES = 200
"""More sources than this are no sources."""

NO_FEATURES = "no column is left to be a feature: name them in assay.yaml (data.features)"


def count_groups(table: DatasetTable) -> tuple[GroupRows, ...]:
    """Count the rows of each group of all protected attributes together."""
    names = _group_names(table)
    found = table.rows(f"SELECT {names}, count(*) FROM {table.keys} GROUP BY {names}")
    groups = table.groups([row[:-1] for row in found])
    return tuple(
        GroupRows(group=group, rows=rows)
        for group, rows in sorted(zip(groups, (row[-1] for row in found), strict=True), key=lambda pair: str(pair[0]))
    )


def _group_names(table: DatasetTable) -> str:
    return ", ".join(f"g{number}" for number in range(len(table.asked.protected)))


def count_repeats(table: DatasetTable) -> Repeats:
    """Count rows that repeat an earlier one, in every column and by identifier."""

    def once(key: str) -> tuple[int, int]:
        counted = f"SELECT count(*) AS n FROM {table.keys} WHERE {key} IS NOT NULL GROUP BY {key}"
        rows, different = table.rows(f"SELECT coalesce(sum(n), 0)::BIGINT, count(*) FROM ({counted})")[0]
        return rows, rows - different

    repeated = once("r")[1]
    name = table.asked.identifier
    if name is None:
        return Repeats(dataset=table.role, rows=table.typed.rows, repeated=repeated)
    if name not in table.typed.types:
        reason = absent(table, name, "data.identifier")
        return Repeats(dataset=table.role, rows=table.typed.rows, repeated=repeated, reason=reason)
    identified, again = once("i")
    return Repeats(
        dataset=table.role,
        rows=table.typed.rows,
        repeated=repeated,
        identified=identified,
        identifier_repeated=again,
        reason=None if identified else f"no row has a value in {name!r}",
    )


def count_overlap(table: DatasetTable, other: DatasetTable) -> Overlap:
    """Count the rows of one dataset whose features, or whose identifier, are in another."""
    name, asked = table.asked.identifier, [table, other]
    missing = [one for one in table.features if any(one not in side.typed.types for side in asked)]
    reason = None
    if not table.features:
        reason = NO_FEATURES
    elif missing:
        where = next(side for side in asked if missing[0] not in side.typed.types)
        reason = absent(where, missing[0], "data.features, or the file")
    same = identified = same_identifier = None
    if reason is None:
        looked = f"SELECT count(*) FROM {table.keys} WHERE f IN (SELECT f FROM {other.keys})"
        same = table.rows(looked)[0][0]
    if name is not None and all(name in side.typed.types for side in asked):
        there = f"i IN (SELECT i FROM {other.keys} WHERE i IS NOT NULL)"
        identified, same_identifier = table.rows(
            f"SELECT count(i), count(*) FILTER (i IS NOT NULL AND {there}) FROM {table.keys}"
        )[0]
    elif name is not None:
        where = next(side for side in asked if name not in side.typed.types)
        reason = reason or absent(where, name, "data.identifier")
    return Overlap(
        dataset=table.role, other=other.role, rows=table.typed.rows, same=same, identified=identified,
        same_identifier=same_identifier, reason=reason,
    )  # fmt: skip


def count_conflicts(table: DatasetTable) -> tuple[tuple[Conflicts, ...], str | None]:
    """Count, by group, the labelled rows of which another with equal features has another label; or say why not."""
    if not table.has_features:
        return (), NO_FEATURES
    names = _group_names(table)
    twins = f"SELECT f, min(c) AS lo, max(c) AS hi FROM {table.keys} WHERE c IS NOT NULL GROUP BY f HAVING count(*) > 1"
    found = table.rows(
        f"WITH twins AS ({twins}) SELECT {names}, count(*), count(lo), count(*) FILTER (lo < hi) "
        f"FROM {table.keys} LEFT JOIN twins USING (f) WHERE y IS NOT NULL GROUP BY {names}"
    )
    groups = table.groups([row[:-3] for row in found])
    counted = [
        Conflicts(group=group, rows=row[-3], twins=row[-2], conflicting=row[-1])
        for group, row in zip(groups, found, strict=True)
    ]
    return tuple(sorted(counted, key=lambda one: str(one.group))), None


def count_sources(table: DatasetTable) -> tuple[tuple[SourceLabels, ...], str | None]:
    """Count labels by source; or say why not."""
    name = table.asked.source
    if name is None:
        return (), "no column of sources is named in assay.yaml (data.source)"
    if name not in table.typed.types:
        return (), absent(table, name, "data.source")
    found = table.rows(
        f"SELECT s, count(y), sum(y)::BIGINT FROM {table.keys} WHERE y IS NOT NULL GROUP BY s ORDER BY s NULLS LAST "
        f"LIMIT {MOST_SOURCES + 1}"
    )
    if len(found) > MOST_SOURCES:
        return (), f"{name!r} has more than {MOST_SOURCES} different values: group it, or name another column"
    if len(found) < 2:  # noqa: PLR2004 - one source cannot differ
        return (), f"{name!r} has one value in all labelled rows: nothing can differ"
    return tuple(SourceLabels(source=source, rows=rows, positives=positives) for source, rows, positives in found), None
