"""Tallies on Apache Spark: Spark groups the rows by the very columns that DuckDB would, DuckDB does the rest.

What `assay.tabular` counts is one statement whose steps up to ``counted`` read rows, and whose last step makes lists of
the few rows of ``counted``. Spark runs the steps, its answer comes back as Arrow, and DuckDB runs the last step on it.
So classes, gaps, edges and refusals are the same code, and a tally is equal to that of `tally_rows` to the last count.
Log losses alone may differ where scores are kept by bin: Java's logarithm and C's may differ in the last bit of a row's
loss, which is rounded to 1e-12: by at most one unit of 1e-12 a row.
"""

# ruff: noqa: S608 - SQL is this adapter's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import re
import uuid
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from assay.adapters.spark_sql import ROWS, joined, parse, relation, spark_sql, split_inner, split_last
from assay.errors import DataError, MissingExtraError
from assay.records.tally import EXACT_ROWS, EXACT_SCORES, Source
from assay.tabular.columns import named
from assay.tabular.engine import Session, session, version
from assay.tabular.limits import MOST_CELLS
from assay.tabular.opening import Opened
from assay.tabular.tallying import checked, tally_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from assay.adapters.spark_sql import Node
    from assay.records.tally import Roles, Tally
    from assay.tabular.values import Value

MOST_COUNTED = 4_000_000
"""So many rows of ``counted`` come to the driver: cells, times the scores or bins in each."""

LOOK_ROWS = 2 * EXACT_SCORES
"""So many rows are looked at first where there are scores: enough to see that they are many, and few to bring here.
Without scores a look would only tell sooner of an attribute with too many values, at the price of a job."""

_TYPES = {
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "void": '"NULL"',
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}
"""Spark's types as DuckDB calls them; the others are called what Spark calls them, and are no single values."""

_WRITTEN = {"date", "timestamp", "timestamp_ntz"}
_NO_DIGEST = (
    "-- no digest: Spark's rows have none. To count the same rows again, name a version that the table keeps, such as\n"
    "-- Delta's or Iceberg's VERSION AS OF\n"
)


def tally_spark(
    rows: DataFrame | str,
    roles: Roles,
    *,
    name: str | None = None,
    memory: str = "1GB",
    spark: SparkSession | None = None,
) -> Tally:
    """Count the rows of a Spark table where they are, to the tally that `tally_rows` makes of the same rows.

    Rows are read once; with scores after a first look at some of them, and again where the look took many different
    scores for few, where scores lie beyond 0 and 1 (twice), or where few rows have one. A DataFrame that yields
    other rows each time (a sample without a seed) has to be persisted first.

    Args:
        rows: a DataFrame of Spark (classic or Connect), or the name of a table or view.
        roles: which column means what.
        name: what messages and the record call the rows.
        memory: DuckDB's budget for the few rows that come back.
        spark: the session for a table's name; the active one if None.

    Returns:
        The tally; its source holds the SQL that Spark ran, and no digest: Spark's rows have none.

    Raises:
        DataError: when the rows cannot be read or counted; the message says what was expected and what to do.
        MissingExtraError: when pyspark or pyarrow is not installed.
    """
    frame = spark_frame(rows, spark)
    called = name or (rows if isinstance(rows, str) else "the DataFrame")
    types = column_types(frame, (column for _, column in named(roles)), called)
    view = f"assay_{uuid.uuid4().hex}"
    frame.createOrReplaceTempView(view)
    try:
        with session(memory=memory) as engine:
            counting = _Counting(engine, memory, frame, view, _written(types, roles))
            counting.look_rows = LOOK_ROWS if roles.score else 0
            opened = Opened(
                name=called, relation=ROWS, columns={column: duckdb_type(kind) for column, kind in types.items()}
            )
            seen: Counter[Value] = Counter()
            tally = tally_batch(counting, opened, roles, name=called, seen=seen)
    finally:
        frame.sparkSession.catalog.dropTempView(view)
    shown = rows if isinstance(rows, str) else "rows"
    source = Source(engine=f"spark {frame.sparkSession.version}", sql=_preamble(called) + counting.record(shown))
    return checked(msgspec.structs.replace(tally, sources=(source,)), seen, name=called)


def spark_frame(rows: object, spark: SparkSession | None) -> DataFrame:
    """Return the frame that is meant.

    Raises:
        DataError: when there is no such table, or it is a stream.
        MissingExtraError: when pyspark or pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401, ICN001, PLC0415 - an extra; Spark's answers come as Arrow
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra
        from pyspark.sql import DataFrame, SparkSession  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError(error.name or "pyspark", "spark") from None
    if isinstance(rows, str):
        active = spark or SparkSession.getActiveSession()
        if active is None:
            raise DataError(
                f"{rows}: expected an active Spark session to find the table in; there is none. Give spark=, or a frame"
            )
        try:
            rows = active.table(rows)
        except PySparkException as error:
            raise _in_words(error, str(rows)) from None
    if not isinstance(rows, DataFrame):
        raise DataError(f"expected a DataFrame of Spark or the name of a table, found {type(rows).__name__}")
    if rows.isStreaming:
        raise DataError("expected a table at rest, found a stream. Count its batches one by one, in foreachBatch")
    return rows


def column_types(frame: DataFrame, used: Iterable[str], name: str) -> dict[str, str]:
    """Return Spark's type of every column, after making sure that those that are used are named once."""
    counts = Counter(column.casefold() for column in frame.columns)
    for column in used:
        if counts[column.casefold()] > 1:
            raise DataError(
                f"{name}: expected column {column!r} to be named once, found {counts[column.casefold()]} of that name "
                "(names that differ in case alone are one). Rename or select them"
            )
    return {field.name: field.dataType.simpleString() for field in frame.schema.fields}


def duckdb_type(kind: str) -> str:
    """Return what DuckDB calls a type of Spark's; what it has no name for is called what Spark calls it."""
    if found := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
        return f"DECIMAL({found[1]},{found[2]})"
    return "VARCHAR" if re.fullmatch(r"(var)?char\(\d+\)", kind) else _TYPES.get(kind, kind)


def _written(types: Mapping[str, str], roles: Roles) -> dict[str, str]:
    return {column: types[column] for _, column in named(roles) if types.get(column) in _WRITTEN}


def _preamble(name: str) -> str:
    return f"-- rows: {' '.join(name.split())}, in Spark\n{_NO_DIGEST}"


class _Counting(Session):
    """A session whose rows are in Spark: its steps run there, and what is made of their answer runs here."""

    def __init__(self, engine: Session, memory: str, frame: DataFrame, view: str, written: Mapping[str, str]) -> None:
        super().__init__(engine.connection, engine.folder, memory, None)
        self._spark = frame.sparkSession
        self._view, self._written = view, written
        self._steps: list[Node] = []
        self._last = ""

    def rows(self, sql: str, *, name: str, most: int | None = None) -> list[tuple[Any, ...]]:
        """Run one of the statements that `tally_batch` makes.

        Raises:
            DataError: in the user's words, about the source called ``name``.
        """
        nodes = parse(sql.strip().rstrip(";"))
        if nodes[0] == "WITH":
            return self._count(nodes, name=name, most=most)
        if "LIMIT" in (inner := nodes[-1]) and isinstance(inner, list):  # the first look: some rows come here
            some, last = split_inner(nodes)
            return super().rows(self._on_answer(first_rows(self._spark, self._translated(some), name), last), name=name)
        return [tuple(row.values()) for row in self._collect(self._translated(nodes), name).to_pylist()]

    def record(self, shown: str) -> str:
        """Return what was run to count: Spark's SQL on the table that is ``shown``, and DuckDB's on its answer."""
        counted = _select_counted(spark_sql(self._steps, relation(shown, self._written)))
        return f"{counted};\n-- and then on its rows, here called answered, in {version()}:\n{self._last};\n"

    def _translated(self, nodes: Sequence[Node]) -> str:
        return spark_sql(nodes, relation(f"`{self._view}`", self._written))

    def _count(self, nodes: Sequence[Node], *, name: str, most: int | None) -> list[tuple[Any, ...]]:
        self._steps, last = split_last(nodes)
        translated = self._translated(self._steps)
        table = self._collect(f"{_select_counted(translated)} LIMIT {MOST_COUNTED + 1}", name)
        if table.num_rows > MOST_COUNTED and "score" in table.column_names:
            usable = "FROM counted WHERE score_state = 0"
            scored = self._collect(f"{translated}\nSELECT count(DISTINCT score) AS n, sum(n) AS scored {usable}", name)
            different, rows = (scored.column(column)[0].as_py() or 0 for column in ("n", "scored"))
            if different > EXACT_SCORES and rows > EXACT_ROWS:
                return []
        self._last = self._on_answer(table, last)
        found = super().rows(self._last, name=name, most=most)
        if table.num_rows > MOST_COUNTED and len(found) <= MOST_CELLS:
            raise DataError(
                f"{name}: expected at most {MOST_COUNTED:,} combinations of groups, classes and scores, found more. "
                "Name fewer protected columns, or bin those with many values"
            )
        return found

    def _collect(self, sql: str, name: str) -> Any:  # noqa: ANN401 - an Arrow table
        return collected(self._spark, sql, name)

    def _on_answer(self, table: Any, last: str) -> str:  # noqa: ANN401 - an Arrow table
        """Give DuckDB Spark's answer; return the statement that makes ``last`` of it."""
        self.connection.register("answered", table)
        return f"WITH counted AS (\n  SELECT {joined(table.column_names)} FROM answered\n)\n{last}"


def collected(spark: SparkSession, sql: str, name: str) -> Any:  # noqa: ANN401 - an Arrow table
    """Return Spark's answer, as Arrow.

    Raises:
        DataError: in Spark's words, about the table called ``name``.
    """
    with _told(name):
        return spark.sql(sql).toArrow()


def first_rows(spark: SparkSession, sql: str, name: str) -> Any:  # noqa: ANN401 - an Arrow table
    """Return some rows, as Arrow, from as few partitions as have them: Spark's own way to Arrow begins with all.

    Args:
        spark: the session.
        sql: of columns that are single values, the last of them a DOUBLE; it says how many rows with LIMIT.
        name: what messages call the rows.

    Raises:
        DataError: in Spark's words, about the table called ``name``.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra

    with _told(name):
        frame = spark.sql(sql)
        found = frame.collect()
    columns = {column: [row[place] for row in found] for place, column in enumerate(frame.columns)}
    *_, number = frame.columns
    return pa.table({**columns, number: pa.array(columns[number], pa.float64())})


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Tell what Spark says as an error about the table called ``name``."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark.", "py4j.")):
            raise
        raise _in_words(error, name) from None


def _select_counted(steps: str) -> str:
    return f"{steps.rstrip()}\nSELECT * FROM counted"


def _in_words(error: Exception, name: str) -> DataError:
    """Return Spark's message without its trace: its first line, or of a trace of Java's the innermost cause."""
    text = str(error)
    lines = re.findall(r"Caused by: (.*)", text) or [line.strip() for line in text.splitlines() if line.strip()][:1]
    return DataError(f"{name}: Spark could not read or count this: {(lines or [type(error).__name__])[-1][:500]}")
