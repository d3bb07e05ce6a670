"""Profiles of tables on Apache Spark, and comparisons with them: Spark counts the rows, all else is as for any table.

A profile of a table is that of the same rows in a file, bin for bin: Spark runs the same statements, and the few rows
that come back are joined by the same code. How many different values a column has is estimated alone, by
each engine in its own way: within a few per cent of 65,536 of them the bins may be others; the deciles are not.
"""

# ruff: noqa: S608 - SQL is this adapter's trade; every name and value in it is quoted here or in assay.tabular.sql

from __future__ import annotations

import math
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from assay.adapters.spark_sql import ROWS, parse, spark_sql
from assay.adapters.spark_tally import collected, column_types, duckdb_type, spark_frame
from assay.errors import DataError
from assay.metrics.drift import compare_counts
from assay.records.comparison import Side
from assay.tabular.narrow_bins import CELLS
from assay.tabular.profiling import compare_columns, narrow_column, profile_columns
from assay.tabular.typed import Typed, family

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from assay.lifecycle.comparing import Compared
    from assay.records.profile import Profile
    from assay.tabular.narrow_bins import NarrowBins

MOST_VALUES = 4_000_000
"""So many different values of a column come to the driver."""

_INFINITY = "CAST('Infinity' AS DOUBLE)"


def profile_spark(
    rows: DataFrame | str,
    *,
    columns: Sequence[str] | None = None,
    without: Sequence[str] = (),
    name: str | None = None,
    spark: SparkSession | None = None,
) -> Profile:
    """Count every column of a Spark table where its rows are, as a reference for later tables.

    Args:
        rows: a DataFrame of Spark (classic or Connect), or the name of a table or view.
        columns: the columns to keep; all when None.
        without: columns to leave out, such as identifiers.
        name: what messages call the rows.
        spark: the session for a table's name; the active one if None.

    Raises:
        DataError: when the table cannot be read or has no rows, or a column is not in it.
        MissingExtraError: when pyspark or pyarrow is not installed.
    """
    with _opened(rows, name, spark) as table:
        return profile_columns(table, columns, without)


def compare_spark(
    profile: Profile,
    rows: DataFrame | str,
    *,
    columns: Sequence[str] | None = None,
    level: float = 0.95,
    name: str | None = None,
    spark: SparkSession | None = None,
) -> Compared:
    """Compare a Spark table with a profile, column by column; see `assay compare`.

    Args:
        profile: the reference, from `profile_spark` or `assay profile`.
        rows: a DataFrame of Spark, or the name of a table or view.
        columns: the columns to compare; all of both when None.
        level: two-sided confidence of the intervals.
        name: what messages call the rows.
        spark: the session for a table's name; the active one if None.

    Raises:
        DataError: when the table cannot be read or has no rows, or a column is in neither.
        MissingExtraError: when pyspark or pyarrow is not installed.
    """
    from assay.lifecycle.comparing import Compared  # noqa: PLC0415 - one value

    with _opened(rows, name, spark) as table:
        counted = compare_columns(profile, table, columns=columns)
    return Compared(comparison=counted, measurements=compare_counts(counted, level=level))


@contextmanager
def _opened(rows: DataFrame | str, name: str | None, spark: SparkSession | None) -> Iterator[_SparkTable]:
    frame = spark_frame(rows, spark)
    called = name or (rows if isinstance(rows, str) else "the DataFrame")
    types = column_types(frame, frame.columns, called)
    view = f"assay_{uuid.uuid4().hex}"
    frame.createOrReplaceTempView(view)
    try:
        counted = collected(frame.sparkSession, f"SELECT count(*) AS n FROM `{view}`", called)
        kinds = {column: duckdb_type(kind) for column, kind in types.items()}
        typed = Typed(called, view, kinds, counted.column("n")[0].as_py(), is_text=False)
        yield _SparkTable(typed, frame.sparkSession, types)
    finally:
        frame.sparkSession.catalog.dropTempView(view)


@dataclass(frozen=True)
class _SparkTable:
    """A Spark table's columns, as `assay.tabular.profiling.Columns` asks for them."""

    typed: Typed
    spark: SparkSession
    types: dict[str, str]
    numbers: dict[str, tuple[Side, int]] = field(default_factory=dict)

    def _collect(self, sql: str) -> list[tuple[Any, ...]]:
        found = collected(self.spark, sql, self.typed.name)
        return [tuple(row.values()) for row in found.to_pylist()]

    def _values(self, *columns: tuple[str, str]) -> str:
        """Return a query of columns ``v0``, ``v1``, ... as they are compared."""
        listed = ", ".join(f"{self._value(column, kind)} AS v{at}" for at, (column, kind) in enumerate(columns))
        return f"SELECT {listed} FROM `{self.typed.relation}`"

    def _value(self, column: str, kind: str) -> str:
        name = "`" + column.replace("`", "``") + "`"
        if family(kind) in {"truth", "category"}:
            return f"CAST({name} AS STRING)"
        if family(kind) == "number":
            return f"CAST({name} AS DOUBLE) + 0.0D"
        own = self.types.get(column)
        if own == "date":
            return f"unix_date({name}) * 86400.0D"
        if own == "timestamp":
            return f"unix_micros({name}) / 1e6D"
        # Spark's own differences of times without a zone go by the session's zone, whose clock is changed twice a year.
        day = (
            f"unix_date(CAST({name} AS DATE)) * 86400000000L + hour({name}) * 3600000000L + minute({name}) * 60000000L"
        )
        return f"({day} + CAST(extract(SECOND FROM {name}) * 1000000 AS BIGINT)) / 1e6D"

    def summarise(self, kinds: dict[str, str]) -> None:
        """Read, in one pass, each numeric column's side and about how many different values it has."""
        numeric = [(column, kind) for column, kind in kinds.items() if family(kind) in {"number", "time"}]
        if not numeric:
            return
        asked = ", ".join(
            f"count_if(v{at} IS NOT NULL AND NOT isnan(v{at})) AS p{at}, count_if(abs(v{at}) = {_INFINITY}) AS i{at}, "
            f"min(f{at}) AS l{at}, max(f{at}) AS h{at}, approx_count_distinct(f{at}, 0.02) AS d{at}"
            for at, _ in enumerate(numeric)
        )
        finite = ", ".join(
            f"CASE WHEN abs(v{at}) < {_INFINITY} THEN v{at} END AS f{at}" for at, _ in enumerate(numeric)
        )
        found = self._collect(f"SELECT {asked} FROM (SELECT *, {finite} FROM ({self._values(*numeric)}))")[0]
        for at, (column, kind) in enumerate(numeric):
            present, infinite, low, high, about = found[5 * at : 5 * at + 5]
            missing = self.typed.rows - present
            side = Side(type=kind, rows=self.typed.rows, missing=missing, infinite=infinite, low=low, high=high)
            self.numbers[column] = side, about

    def missing(self, column: str) -> Side:
        """Return the side of a column that is no number."""
        name = "`" + column.replace("`", "``") + "`"
        present = self._collect(f"SELECT count({name}) AS n FROM `{self.typed.relation}`")[0][0]
        kind = self.typed.types[column]
        shown = "VARCHAR" if kind == '"NULL"' else kind
        return Side(type=shown, rows=self.typed.rows, missing=self.typed.rows - present)

    def each(self, column: str, kind: str, *, most: int | None = None) -> list[tuple[Any, int]]:
        """Count each value of a column, ascending."""
        numeric = family(kind) in {"number", "time"}
        usable = f"abs(v0) < {_INFINITY}" if numeric else "v0 IS NOT NULL"
        limit = (MOST_VALUES if most is None else most) + 1
        asked = f"SELECT v0, count(*) AS n FROM ({self._values((column, kind))}) WHERE {usable} GROUP BY v0"
        found = self._collect(f"{asked} LIMIT {limit}")
        if most is None and len(found) == limit:
            raise DataError(
                f"{self.typed.name}: column {column!r} has more than {MOST_VALUES:,} different values, at places of "
                "very unlike scale: no bins are narrow enough. Compare its logarithm, or leave it out"
            )
        return sorted(found, key=lambda one: one[0] if numeric else one[0].encode())

    def narrow(self, column: str, kind: str, side: Side) -> NarrowBins | None:
        """Count a column in narrow bins of its own."""
        rows = f"({self._values((column, kind)).replace(' AS v0', ' AS v', 1)})"
        return narrow_column(lambda sql: self._collect(spark_sql(parse(sql), rows)), f"SELECT * FROM {ROWS}", side)

    def histograms(self, wanted: dict[str, list[float]], kinds: dict[str, str]) -> dict[str, list[int]]:
        """Count columns in bins that end at given edges; the last count is of the rows beyond."""
        found = {}
        for column, edges in wanted.items():
            asked = f"SELECT {_bin_of('v0', edges)} AS bin FROM ({self._values((column, kinds[column]))})"
            finite = f"{asked} WHERE abs(v0) < {_INFINITY}"
            counted = dict(self._collect(f"SELECT bin, count(*) AS n FROM ({finite}) GROUP BY bin"))
            found[column] = [counted.get(at, 0) for at in range(len(edges) + 1)]
        return found

    def below(self, column: str, kind: str, low: float) -> tuple[int, float | None]:
        """Count the rows below a value, and return the greatest of them."""
        finite = f"abs(v0) < {_INFINITY} AND v0 < CAST('{low!r}' AS DOUBLE)"
        found = self._collect(
            f"SELECT count(*) AS n, max(v0) AS most FROM ({self._values((column, kind))}) WHERE {finite}"
        )
        return found[0][0], found[0][1]


def _bin_of(value: str, edges: Sequence[float]) -> str:
    """Return Spark SQL of how many edges lie below a value: its bin, which ends at the next edge.

    Equal cells between the edges say of most of them whether they lie below: no greater value has a lower cell. Only
    those in the value's own cell are compared with it.
    """
    low, width = edges[0], edges[-1] - edges[0]
    scale = CELLS / width if width > 0 and math.isfinite(CELLS / width) else 0.0
    places = [min(max(round((edge - low) * scale), 0), CELLS) for edge in edges]
    inside: list[list[str]] = [[] for _ in range(CELLS + 1)]
    for place, edge in zip(places, edges, strict=True):
        inside[place].append(f"CAST('{edge!r}' AS DOUBLE)")
    before = [0, *accumulate(len(one) for one in inside)]
    cell = (
        f"CAST(least(greatest(rint(({value} - CAST('{low!r}' AS DOUBLE)) * CAST('{scale!r}' AS DOUBLE)), 0.0D), "
        f"{CELLS}.0D) AS INT) + 1"
    )
    occupied = [at for at, one in enumerate(inside) if one]
    arrays = ", ".join(f"{at}, array({', '.join(inside[at])})" for at in occupied)
    own = f"size(filter(coalesce(try_element_at(map({arrays}), {cell} - 1), array()), edge -> {value} > edge))"
    return f"element_at(array({', '.join(map(str, before[:-1]))}), {cell}) + {own}"
