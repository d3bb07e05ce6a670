"""Opening rows of any kind as one relation that SQL can read."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError, DataError, StorageError
from assay.records.tally import Source
from assay.tabular.engine import version
from assay.tabular.files import digest_file, digest_text, expand, is_compressed, is_parquet, stamp
from assay.tabular.query import Query
from assay.tabular.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.tally import FileDigest
    from assay.tabular.engine import Session

STANDARD_INPUT = "/dev/stdin"


@dataclass(frozen=True, slots=True)
class Opened:
    """Rows that the engine can read.

    Attributes:
        name: what messages call them.
        relation: what follows FROM.
        columns: name and type of every column, in order.
        is_text: whether every column is text whose type is found from all of its values (CSV).
        is_parquet: whether the rows come from Parquet files, which keep text as codes into a dictionary.
        preamble: lines before the statement that an auditor needs: comments, ATTACH.
        files: the files, by digest.
        rows_sha256: of a frame.
        stamps: size and time of modification of each file when it was hashed.
        spooled: path of the temporary copy of standard input; the record names standard input instead.
    """

    name: str
    relation: str
    columns: dict[str, str]
    is_text: bool = False
    is_parquet: bool = False
    preamble: str = ""
    files: tuple[FileDigest, ...] = ()
    rows_sha256: str | None = None
    stamps: tuple[tuple[Path, tuple[int, int]], ...] = ()
    spooled: str | None = None

    def source(self, sql: str) -> Source:
        """Return the record of where the rows came from.

        Raises:
            DataError: when a file has changed since it was hashed.
        """
        for path, before in self.stamps:
            if stamp(path) != before:
                raise DataError(f"{path}: the file changed while it was counted. Count again when nothing writes to it")
        if self.spooled is not None:
            sql = sql.replace(literal(self.spooled), literal(STANDARD_INPUT))
        return Source(files=self.files, rows_sha256=self.rows_sha256, engine=version(), sql=self.preamble + sql)


def open_rows(session: Session, rows: Any, *, name: str | None = None) -> Opened:  # noqa: ANN401 - any table
    """Open a path, a glob, a folder, bytes, a `Query` or a frame; what is open already stays as it is.

    Raises:
        DataError: when there is nothing to read, or it cannot be read.
    """
    if isinstance(rows, Opened):
        return rows
    if isinstance(rows, Query):
        return _open_query(session, rows)
    if isinstance(rows, (bytes, bytearray, memoryview)):
        return _open_bytes(session, bytes(rows), name or "standard input")
    if isinstance(rows, (str, Path)):
        opened = _open_files(session, rows)
        if name is None:
            return opened
        if len(opened.files) == 1:
            file = type(opened.files[0])(name=name, sha256=opened.files[0].sha256, size=opened.files[0].size)
            opened = replace(opened, files=(file,))
        return replace(opened, name=name, spooled=str(rows) if name == "-" else None)
    from assay.tabular.frames import open_frame  # noqa: PLC0415 - frames need this module's record

    return open_frame(session, rows, name or f"the {type(rows).__name__}")


def _open_bytes(session: Session, content: bytes, name: str) -> Opened:
    if not content.strip():
        raise DataError(f"{name}: expected CSV or Parquet, found nothing")
    try:
        with tempfile.NamedTemporaryFile(dir=session.folder, delete=False) as spool:
            spool.write(content)
    except OSError as error:
        raise StorageError(f"{name} cannot be kept in a temporary file: {error.strerror}. Set TMPDIR") from None
    session.call(spool.name, name)
    try:
        opened = _open_files(session, Path(spool.name), shown="-")
    except AssayError as error:
        raise type(error)(str(error).replace(spool.name, name)) from None
    return replace(opened, name=name, spooled=spool.name)


def _describe(session: Session, relation: str, name: str) -> dict[str, str]:
    found = session.rows(f"DESCRIBE SELECT * FROM {relation}", name=name)
    return {column: kind for column, kind, *_ in found}


def _open_query(session: Session, query: Query) -> Opened:
    import duckdb  # noqa: PLC0415 - the engine is loaded when rows are read

    sql = query.sql.strip().rstrip(";").strip()
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise DataError(f"the query: expected one SELECT statement, found: {str(error).splitlines()[0]}") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise DataError(f"the query: expected one SELECT statement, found {len(statements)} ({kinds})")
    preamble = ""
    files: tuple[FileDigest, ...] = ()
    stamps: tuple[tuple[Path, tuple[int, int]], ...] = ()
    if not query.in_memory:
        path = Path(query.database)
        if not query.is_address:
            expand(path)
            if not path.is_file():
                raise DataError(f"{path}: expected a database file, found a folder")
            stamps = ((path, stamp(path)),)
            files = (digest_file(path),)
        source = session.new_database()
        attach = f"ATTACH {{}} AS {source} (TYPE {query.kind()}, READ_ONLY);\nUSE {source};\n"
        session.rows(attach.format(literal(query.database)), name=query.shown)
        preamble = attach.format(literal(query.shown))
    relation = f"(\n{sql}\n)"
    name = "the query" if query.in_memory else f"the query on {query.shown}"
    return Opened(
        name=name,
        relation=relation,
        columns=_describe(session, relation, name),
        preamble=preamble,
        files=files,
        stamps=stamps,
    )


def _open_files(session: Session, rows: str | Path, *, shown: str | None = None) -> Opened:
    from assay.tabular.delimited import read_delimited  # noqa: PLC0415 - only for text

    paths = expand(rows)
    parquet = [is_parquet(path) for path in paths]
    for path in (path for path, is_other in zip(paths, parquet, strict=True) if not is_other):
        if kind := Query.file_kind(path):
            raise DataError(
                f"{path}: expected CSV or Parquet, found a {kind} database. Say which of its rows are meant: "
                '--query "SELECT * FROM TABLE", in Python Query(path, sql)'
            )
    if len(set(parquet)) > 1:
        raise DataError(
            f"{rows}: expected files of one kind, found Parquet ({paths[parquet.index(True)]}) "
            f"and text ({paths[parquet.index(False)]}). Name those that are meant"
        )
    stamps = tuple((path, stamp(path)) for path in paths)
    if empty := [path for path, (size, _) in stamps if size == 0]:
        raise DataError(f"{empty[0]}: expected rows, found an empty file")
    is_text = not parquet[0]
    plain = is_text and not any(is_compressed(path) for path in paths)
    files = tuple((digest_text if plain else digest_file)(path, name=shown or str(path)) for path in paths)
    relation = read_delimited(session, paths) if is_text else _read_parquet(session, paths, rows)
    name = shown or str(rows)
    columns = _describe(session, relation, name)
    return Opened(
        name=name,
        relation=relation,
        columns=columns,
        is_text=is_text,
        is_parquet=not is_text,
        files=files,
        stamps=stamps,
    )


def _read_parquet(session: Session, paths: Sequence[Path], rows: str | Path) -> str:
    """Return the table function for Parquet files, after making sure that all of them hold the same columns."""
    folder = Path(rows)
    while not folder.is_dir():  # of a glob: the folder before its first wildcard
        folder = folder.parent
    inside = [path.relative_to(folder).parts[:-1] for path in paths]
    hive = all(parts and any("=" in part for part in parts) for parts in inside)
    files = "[" + ", ".join(pattern(path) for path in paths) + "]"
    first: tuple[str, set[str]] | None = None
    for path in paths if len(paths) > 1 else ():
        schema = session.rows(f"DESCRIBE SELECT * FROM read_parquet({pattern(path)})", name=str(path))
        names = {column for column, *_ in schema}
        if first is None:
            first = (str(path), names)
        elif names != first[1]:
            odd = ", ".join(sorted(repr(column) for column in names ^ first[1]))
            raise DataError(
                f"{path}: expected the same columns as in {first[0]}, found a difference: {odd}. "
                "Name the files that belong together"
            )
    options = ", union_by_name = true" if len(paths) > 1 else ""
    return f"read_parquet({files}{options}, hive_partitioning = {str(hive).lower()})"


def pattern(path: Path) -> str:
    """Return a path as a literal that the engine does not take for a glob."""
    return literal("".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path)))


def columns_list(names: Sequence[str]) -> str:
    """Return column names, quoted, in one line."""
    return ", ".join(identifier(name) for name in names)
