"""The store in one SQLite file: the default. Write-ahead log, ``synchronous=FULL``, mode 0600 from the start."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from assay.errors import StorageError
from assay.server.store.pool import PATIENCE_SECONDS, Pool
from assay.server.store.schema import VERSION, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.server.store import Row

TYPES = {"$INT": "INTEGER", "$BYTES": "BLOB", "$STRICT": "STRICT"}


class SqliteStore:
    """A store in a file (`assay.server.store.Store`).

    Args:
        path: the file; made when there is none.
        to: version of the tables.

    Raises:
        StorageError: when it cannot be made or read, or was written by a newer Assay.
    """

    def __init__(self, path: Path, *, to: int = VERSION) -> None:
        self._path = path
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            path.chmod(0o600)  # one that was copied here may be another's to read
        except OSError as error:
            raise StorageError(f"{path}: expected the server's database, found: {error.strerror or error}") from error
        self._pool = Pool(str(path), self._connect)
        with self.writing() as rows:
            migrate(rows, TYPES, where=str(path), to=to)

    @contextlib.contextmanager
    def reading(self) -> Iterator[_SqliteRows]:
        """Open a transaction that sees one state."""
        with self._transaction("BEGIN", writing=False) as rows:
            yield rows

    @contextlib.contextmanager
    def writing(self) -> Iterator[_SqliteRows]:
        """Open a transaction that writes, one at a time."""
        with self._transaction("BEGIN IMMEDIATE", writing=True) as rows:
            yield rows

    def compact(self) -> None:
        """Write the database anew without what was deleted, and empty its write-ahead log."""
        with self._pool.connection() as connection:
            rows = _SqliteRows(connection, self._path)
            rows.execute("VACUUM")
            rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def serve_alone(self) -> bool:
        """Return True: the file is in the server's folder, which one process serves (`assay.server.alone`)."""
        return True

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    @contextlib.contextmanager
    def _transaction(self, begin: str, *, writing: bool) -> Iterator[_SqliteRows]:
        with self._pool.connection(writing=writing) as connection:
            rows = _SqliteRows(connection, self._path)
            rows.execute(begin)
            yield rows  # where it fails, the pool closes the connection, which undoes what was begun
            rows.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        if not self._path.is_file():
            raise StorageError(
                f"{self._path}: expected the server's database, found none: it was there when the server started. "
                "Restore it, and start the server again"
            )
        try:
            connection = sqlite3.connect(
                self._path, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                for pragma in (
                    "journal_mode = WAL",
                    "synchronous = FULL",
                    "foreign_keys = ON",
                    "trusted_schema = OFF",
                    "secure_delete = ON",
                ):
                    connection.execute(f"PRAGMA {pragma}").fetchall()
            except sqlite3.Error:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise _told(self._path, error) from error
        return connection


class _SqliteRows:
    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    def execute(self, statement: str, *values: object) -> list[Row]:
        """Execute one statement."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise _told(self._path, error) from error


def _told(path: Path, error: sqlite3.Error) -> StorageError:
    words = str(error)
    if "locked" in words or "busy" in words:
        words = f"another process held it for {PATIENCE_SECONDS:.0f} s"
    elif "full" in words:
        words = "no space left"
    return StorageError(f"{path}: {words}. Nothing of this was written; what was there before is still there")
