"""Tables in memory: pandas, polars, Arrow, and anything that offers an Arrow stream; none of them is imported here."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import DataError
from assay.tabular.files import digest_file
from assay.tabular.opening import Opened
from assay.tabular.sql import literal

if TYPE_CHECKING:
    from assay.tabular.engine import Session

ARROW_STREAM = "-- rows: a table in memory; rows_sha256 is the SHA-256 of its Arrow IPC stream\n"
ENGINE_CSV = "-- rows: a table in memory; rows_sha256 is the SHA-256 of its CSV text as the engine writes it\n"


class _Stream:
    """An Arrow stream and nothing else, so that the engine asks for no other package."""

    def __init__(self, table: Any) -> None:  # noqa: ANN401 - any table
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


class _Hash:
    """A file that keeps nothing but a SHA-256."""

    closed = False

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.sha256.update(content)
        return len(content)

    def flush(self) -> None:
        """Do nothing: all that was written is in the hash."""

    def close(self) -> None:
        """Do nothing: there is no file."""


def _is(rows: object, module: str, *classes: str) -> bool:
    """Tell whether an object is of one of a package's classes, without importing the package."""
    package = sys.modules.get(module)
    return package is not None and any(isinstance(rows, getattr(package, name)) for name in classes)


def open_frame(session: Session, rows: Any, name: str) -> Opened:  # noqa: ANN401 - any table
    """Register a table in memory as a relation of its own: ``rows`` if it is the session's first.

    Raises:
        DataError: when the object is no table.
    """
    table = session.new_table()
    if _is(rows, "polars", "LazyFrame"):
        rows = rows.collect()
    if _is(rows, "pandas", "DataFrame"):
        _refuse_equal_names([str(column) for column in rows.columns], name)
        rows_sha256, preamble = _hash_pandas(session, table, rows, name)
    elif _is(rows, "polars", "DataFrame"):
        _register(session, table, _Stream(rows), name)
        sink = _Hash()
        rows.write_ipc_stream(sink)
        rows_sha256, preamble = sink.sha256.hexdigest(), ARROW_STREAM
    elif _is(rows, "pyarrow", "Table", "RecordBatch"):
        _refuse_equal_names(rows.schema.names, name)
        _register(session, table, _Stream(rows), name)
        batches = rows.to_batches() if _is(rows, "pyarrow", "Table") else [rows]
        rows_sha256, preamble = _hash_batches(rows.schema, batches), ARROW_STREAM
    elif hasattr(rows, "__arrow_c_stream__"):
        rows_sha256, preamble = _keep_stream(session, table, rows, name)
    else:
        raise DataError(
            f"expected a path, bytes, a Query, or a table of pandas, polars or Arrow (anything with "
            f"__arrow_c_stream__), found {type(rows).__name__}"
        )
    found = session.rows(f"DESCRIBE {table}", name=name)
    columns = {column: kind for column, kind, *_ in found}
    return Opened(name=name, relation=table, columns=columns, preamble=preamble, rows_sha256=rows_sha256)


def _refuse_equal_names(names: list[str], name: str) -> None:
    seen: dict[str, str] = {}
    for column in names:
        if column.casefold() in seen:
            raise DataError(
                f"{name}: expected each column to be named once, found {seen[column.casefold()]!r} and {column!r} "
                "(names that differ in case alone are one to the engine). Rename one of them"
            )
        seen[column.casefold()] = column


def _register(session: Session, table: str, rows: object, name: str) -> None:
    import duckdb  # noqa: PLC0415 - the engine is loaded when rows are read

    try:
        session.connection.register(table, rows)
    except duckdb.Error as error:
        raise DataError(f"{name}: DuckDB could not read this table: {str(error).splitlines()[0]}") from None


def _hash_pandas(session: Session, table: str, rows: Any, name: str) -> tuple[str, str]:  # noqa: ANN401 - a pandas frame
    """Register a pandas frame and hash it: as Arrow where pyarrow is installed, else as the engine's CSV text."""
    _register(session, table, rows, name)
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional; pandas frames come with it or without
    except ImportError:
        return _hash_csv(session, table, name), ENGINE_CSV
    try:
        arrow = pa.Table.from_pandas(rows)
    except pa.ArrowException:  # a column of mixed objects has no Arrow type; the engine reads it as text
        return _hash_csv(session, table, name), ENGINE_CSV
    return _hash_batches(arrow.schema, arrow.to_batches()), ARROW_STREAM


def _hash_batches(schema: Any, batches: Any) -> str:  # noqa: ANN401 - Arrow's
    import pyarrow as pa  # noqa: PLC0415 - the batches are pyarrow's own

    sink = _Hash()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.sha256.hexdigest()


def _hash_csv(session: Session, table: str, name: str) -> str:
    """Hash the relation's CSV text, in the order of its rows."""
    path = Path(session.folder) / "rows.csv"
    session.rows("SET preserve_insertion_order = true", name=name)
    session.rows(f"COPY (SELECT * FROM {table}) TO {literal(str(path))} (FORMAT csv, HEADER)", name=name)
    session.rows("SET preserve_insertion_order = false", name=name)
    sha256 = digest_file(path).sha256
    path.unlink()
    return sha256


def _keep_stream(session: Session, table: str, rows: object, name: str) -> tuple[str, str]:
    """Keep a stream, which can be read once only, in a temporary table of the engine (it spills beyond its memory)."""
    import duckdb  # noqa: PLC0415 - the engine is loaded when rows are read

    session.rows("SET preserve_insertion_order = true", name=name)
    try:
        session.connection.register("stream", _reader(rows))
        session.connection.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM stream")
        session.connection.unregister("stream")
    except duckdb.Error as error:
        raise DataError(f"{name}: DuckDB could not read this stream: {str(error).splitlines()[0]}") from None
    return _hash_csv(session, table, name), ENGINE_CSV


def _reader(rows: Any) -> object:  # noqa: ANN401 - any stream
    """Return what the engine reads once: it asks a bare stream twice, for the schema and for the rows."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional
    except ImportError:
        return _Stream(rows)
    return pa.RecordBatchReader.from_stream(rows)
