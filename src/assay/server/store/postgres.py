"""The store in PostgreSQL, in a schema of its own, for a server that many use. Needs the extra ``postgres``.

No statement hangs: the server ends one after `PATIENCE_SECONDS`, and where the server itself does not answer, the
client gives it up a second later.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from assay.errors import MissingExtraError, StorageError
from assay.server.store.pool import PATIENCE_SECONDS, Pool
from assay.server.store.schema import VERSION, migrate

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import ModuleType

    from psycopg import Connection

    from assay.server.store import Row

TYPES = {"$INT": "bigint", "$BYTES": "bytea", "$STRICT": ""}

SCHEMA = "assay_server"

_WHERE = f"PostgreSQL schema {SCHEMA}"
_CONNECT_SECONDS = 3
_TURN = 4_703_252_271_553_118_977  # the advisory lock of whoever writes: any number, the same everywhere
_SERVING = _TURN + 1
"""The advisory lock of the process that serves."""

_DISK_FULL = "53100"


class PostgresStore:
    """A store in PostgreSQL (`assay.server.store.Store`).

    Args:
        conninfo: where, as libpq reads it; never told in a message, since it may hold a password.
        to: version of the tables.

    Raises:
        MissingExtraError: when psycopg is not installed.
        StorageError: when the database cannot be reached, does not keep what it commits, or was written by a newer
            Assay.
    """

    def __init__(self, conninfo: str, *, to: int = VERSION) -> None:
        self._psycopg = _driver()
        self._conninfo = conninfo
        self._pool: Pool[Connection[Row]] = Pool(_WHERE, self._connect)
        self._serving: Connection[Row] | None = None
        with self.writing() as rows:
            rows.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            if rows.execute("SELECT current_setting('fsync')") != [("on",)]:
                raise StorageError(f"{_WHERE}: the database runs with fsync off: it does not keep what it commits")
            migrate(rows, TYPES, where=_WHERE, to=to)

    @contextlib.contextmanager
    def reading(self) -> Iterator[_PostgresRows]:
        """Open a transaction that sees one state."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", writing=False) as rows:
            yield rows

    @contextlib.contextmanager
    def writing(self) -> Iterator[_PostgresRows]:
        """Open a transaction that writes, one at a time over all servers of this database."""
        with self._transaction("BEGIN", writing=True) as rows:
            rows.execute(f"SELECT pg_advisory_xact_lock({_TURN})")
            yield rows

    def compact(self) -> None:
        """Write the tables anew without what was deleted; the database's own backups and logs are its operator's."""
        with self._pool.connection() as connection:
            rows = _PostgresRows(connection, self._psycopg)
            query = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
            for (table,) in rows.execute(query):
                rows.execute(f"VACUUM FULL {table}")

    def serve_alone(self) -> bool:
        """Take the lock of whoever serves; it is held by a connection of its own, and goes with the process."""
        self._serving = self._connect()
        [(taken,)] = _PostgresRows(self._serving, self._psycopg).execute(f"SELECT pg_try_advisory_lock({_SERVING})")
        if not taken:
            self._serving.close()
        return bool(taken)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
        if self._serving is not None:
            self._serving.close()

    @contextlib.contextmanager
    def _transaction(self, begin: str, *, writing: bool) -> Iterator[_PostgresRows]:
        with contextlib.ExitStack() as stack:
            rows = self._begun(stack, begin, writing=writing)
            yield rows
            rows.execute("COMMIT")

    def _begun(self, stack: contextlib.ExitStack, begin: str, *, writing: bool) -> _PostgresRows:
        """Begin on a connection that answers; those that a restart of the database has broken are let go."""
        with contextlib.ExitStack() as first:
            rows = _PostgresRows(first.enter_context(self._pool.connection(writing=writing)), self._psycopg)
            try:
                rows.execute(begin)
            except StorageError:
                if not rows.broken:
                    raise
            else:
                stack.push(first.pop_all())
                return rows
        self._pool.drop()
        rows = _PostgresRows(stack.enter_context(self._pool.connection(writing=writing)), self._psycopg)
        rows.execute(begin)
        return rows

    def _connect(self) -> Connection[Row]:
        bounded = _bounded(self._psycopg)
        try:
            connection: Connection[Row] = bounded.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                application_name="assay server",
                prepare_threshold=None,
            )
            for name, value in {
                "search_path": f"{SCHEMA}, pg_temp",
                "statement_timeout": f"{PATIENCE_SECONDS:.0f}s",
                "lock_timeout": f"{PATIENCE_SECONDS:.0f}s",
                "idle_in_transaction_session_timeout": "30s",
                "client_min_messages": "error",
                "synchronous_commit": "on",
            }.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        except self._psycopg.Error as error:
            raise _told(error) from error
        return connection


class _PostgresRows:
    def __init__(self, connection: Connection[Row], psycopg: ModuleType) -> None:
        self._connection, self._psycopg = connection, psycopg

    @property
    def broken(self) -> bool:
        """Whether the connection is of no use any more."""
        return bool(self._connection.broken or self._connection.closed)

    def execute(self, statement: str, *values: object) -> list[Row]:
        """Execute one statement."""
        try:
            done = self._connection.execute(statement.replace("?", "%s").encode(), values)
            return done.fetchall() if done.description is not None else []
        except self._psycopg.Error as error:
            raise _told(error) from error


def _bounded(psycopg: ModuleType) -> Any:  # noqa: ANN401 - a class made of one that is not always installed
    """Return psycopg's connection, with a limit on how long any answer is waited for."""

    class Bounded(psycopg.Connection):  # type: ignore[misc, name-defined]
        def wait(self, gen: Generator[Any, int, Any], *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - as psycopg's
            return super().wait(_limited(gen, psycopg), *arguments, **keywords)

    return Bounded


def _limited(waited: Generator[Any, int, Any], psycopg: ModuleType) -> Generator[Any, int, Any]:
    """Pass a wait on, and end it when the time is over: psycopg looks in ten times a second."""
    end = time.monotonic() + PATIENCE_SECONDS + 1
    try:
        wanted = next(waited)
        while True:
            ready = yield wanted
            if time.monotonic() > end:
                waited.close()
                raise psycopg.OperationalError(f"no answer for {PATIENCE_SECONDS + 1:.0f} s")
            wanted = waited.send(ready)
    except StopIteration as done:
        return done.value


def _driver() -> ModuleType:
    try:
        import psycopg  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("psycopg", "postgres") from None
    found: ModuleType = psycopg
    return found


def _told(error: Any) -> StorageError:  # noqa: ANN401 - an error of what is not always installed
    words = str(error).strip().partition("\n")[0].rstrip(".")
    if error.sqlstate == _DISK_FULL:
        words = f"no space left on the database's disk ({words})"
    return StorageError(
        f"{_WHERE}: {words}. Nothing of this was written, unless it broke off at its very end: look "
        "before you do it again"
    )
