"""What the server keeps beside the log: who people are, what they hold, and how far deliveries have come.

One port, `Store`, with two implementations: SQLite (`assay.server.store.sqlite`, the default) and PostgreSQL
(`assay.server.store.postgres`, for many). It knows transactions and nothing else; what the tables mean is written once,
a subject a file (`accounts`, `sessions`, `deliveries`, ...), in the SQL that both read. Their functions take the
`Rows` of a transaction, so that what belongs together is written together::

    with store.writing() as rows:
        accounts.change(rows, account)
        sessions.close_all(rows, account.name)

Times are whole POSIX seconds and come in as arguments. Nothing here is proof: the log is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from assay.errors import InputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

Row: TypeAlias = tuple[Any, ...]

FILE = "server.db"
"""The SQLite database in the server's folder."""


class Rows(Protocol):
    """The tables within one transaction."""

    def execute(self, statement: str, *values: object) -> list[Row]:
        """Execute one statement, ``?`` for each value, and return its rows.

        Raises:
            StorageError: when the database is absent, slow, full or locked.
        """
        ...


class Store(Protocol):
    """The tables. Any number of threads may use one."""

    def reading(self) -> AbstractContextManager[Rows]:
        """Open a transaction that sees one state of the tables.

        Raises:
            StorageError: when the database is absent or slow, in seconds and in words.
        """
        ...

    def writing(self) -> AbstractContextManager[Rows]:
        """Open a transaction that writes, one at a time: kept when it ends, undone when it fails.

        Raises:
            StorageError: when the database is absent, slow or full, in seconds and in words.
        """
        ...

    def compact(self) -> None:
        """Free the database of what was deleted from it; its write-ahead log, too.

        Raises:
            StorageError: when the database is absent or slow.
        """
        ...

    def serve_alone(self) -> bool:
        """Take the place of the one process that serves, until `close`; False where another has it.

        Raises:
            StorageError: when the database is absent or slow.
        """
        ...

    def close(self) -> None:
        """Let the database go."""
        ...


def open_store(database: str | None, home: Path) -> Store:
    """Open the server's database, made or brought to this version where that is needed.

    Args:
        database: ``postgresql://...``; None for SQLite in the server's folder.
        home: the server's folder.

    Raises:
        InputError: for another kind of database.
        MissingExtraError: when psycopg is needed and not installed.
        StorageError: when it cannot be reached, or was written by a newer Assay.
    """
    if database is None:
        from assay.server.store.sqlite import SqliteStore  # noqa: PLC0415 - one of the two is loaded

        return SqliteStore(home / FILE)
    if database.startswith(("postgresql://", "postgres://")):
        from assay.server.store.postgres import PostgresStore  # noqa: PLC0415 - an extra

        return PostgresStore(database)
    scheme = database.partition(":")[0]
    raise InputError(f"database: expected postgresql://..., or none for SQLite, found one that begins with {scheme!r}")
