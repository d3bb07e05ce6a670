"""Tables written as Parquet, by the engine."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.errors import StorageError
from assay.tabular.engine import session
from assay.tabular.sql import identifier, literal
from assay.tabular.typed import open_typed

if TYPE_CHECKING:
    from pathlib import Path

MEMORY = "1GB"


def write_with_columns(rows: Any, columns: Any, target: Path) -> None:  # noqa: ANN401 - tables
    """Write a table to a Parquet file, with some of its columns replaced, or added, row by row.

    Args:
        rows: whatever `tally_rows` takes.
        columns: a pandas frame of as many rows, in the same order.
        target: the file to write.

    Raises:
        DataError: when the table cannot be read.
        StorageError: when the file cannot be written.
    """
    import duckdb  # noqa: PLC0415 - the engine is loaded when rows are written

    with session(memory=MEMORY, threads=1) as engine:
        engine.rows("SET preserve_insertion_order = true", name="the rows")
        typed = open_typed(engine, rows, "rows_written")
        engine.connection.register("columns_written", columns)
        new = list(columns.columns)
        kept = [f"{typed.value(name)} AS {identifier(name)}" for name in typed.types if name not in new]
        first = f"SELECT {', '.join(kept)} FROM {typed.relation}" if kept else None
        second = f"SELECT {', '.join(identifier(name) for name in new)} FROM columns_written"
        both = second if first is None else f"SELECT * FROM ({first}) POSITIONAL JOIN ({second})"
        try:
            engine.connection.execute(f"COPY ({both}) TO {literal(str(target))} (FORMAT parquet)")
        except duckdb.Error as error:
            raise StorageError(f"could not write {target}: {str(error).splitlines()[0]}") from None
