"""A session with the PostgreSQL schema of one log: made, opened, its settings, and its errors in words.

Needs the extra ``postgres`` (psycopg 3), which is loaded when a session is opened.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, MissingExtraError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from psycopg import Connection

_VERSION = 2
_MAX_NAME_BYTES = 63
_NOT_DURABLE = ("off", "local")
_DISK_FULL, _LOCK_TIMEOUT = "53100", "55P03"
_TURN_SECONDS = 60
_IDLE_SECONDS = 30
_CONNECT_SECONDS = 10

_SETTINGS = {
    "lock_timeout": f"{_TURN_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",  # a client that hangs holds up the others no longer
    "client_min_messages": "error",
}

_WRITES = (
    "USAGE ON SCHEMA {log}", "INSERT ON inbox", "USAGE ON SEQUENCE ticket", "SELECT ON published",
    "EXECUTE ON FUNCTION take_turn()", "EXECUTE ON PROCEDURE append",
)  # fmt: skip
_SUBMIT_AGAIN = (
    "Entries whose index was told are safe; mend this, and submit the others again, under their event ids: whether "
    "they were appended is not known"
)
_TABLES = "inbox, answer, entry, batch, event, published, recorded"
_ROUTINES = (
    "refuse, refuse_waiting_entry, refuse_waiting_batch, turn_lock, tree_root, place_call, record_time, serve, "
    "take_turn, append, forget, go_on, freeze"
)
_PUBLISHES = (
    "SELECT ON entry, batch, event, recorded",
    "EXECUTE ON FUNCTION forget(bigint), go_on(bigint, bytea, bytea), freeze(bytea)",
)


def place(log: str) -> str:
    """Return where a log is, for messages; a connection string may hold what they must not."""
    return f"PostgreSQL schema {log}"


def make_log(conninfo: str, log: str, *, writer: str | None, publisher: str | None, make_roles: bool = False) -> None:
    """Make the tables of an empty log, as `assay.adapters.postgres_sequencer.PostgresSequencer.create` says."""
    psycopg = driver()
    schema = psycopg.sql.Identifier(checked_name(log))
    where = place(log)
    with database_errors(where), psycopg.connect(conninfo, connect_timeout=_CONNECT_SECONDS) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (log,))
        found = connection.execute("SELECT to_regnamespace(quote_ident(%s)) IS NULL", (log,)).fetchone()
        if found == (True,):
            connection.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(schema))
        connection.execute(psycopg.sql.SQL("SET LOCAL search_path = {}, pg_temp").format(schema))
        if _version(connection) is None:
            connection.execute(Path(__file__).with_name("postgres_schema.sql").read_text("utf-8"))
        for role, grants in ((writer, _WRITES), (publisher, (*_WRITES, *_PUBLISHES))):
            if role is None:
                continue
            if make_roles:
                _make_role(connection, role)
            for grant in grants:
                wanted = psycopg.sql.SQL(f"GRANT {grant} TO {{role}}")
                connection.execute(wanted.format(log=schema, role=psycopg.sql.Identifier(role)))


def _make_role(connection: Connection[tuple[Any, ...]], role: str) -> None:
    """Make a role that may log in; it has no password until somebody gives it one."""
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
        made = (
            driver()
            .sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
            .format(driver().sql.Identifier(role))
        )
        connection.execute(made)


def drop_log(conninfo: str, log: str) -> None:
    """Delete all that is a log's in a database, and its schema, unless that holds something else; once gone, nothing.

    Raises:
        MissingExtraError: when psycopg is not installed.
        StorageError: when the database refuses, as it does to all but the owner; nothing was deleted then.
    """
    psycopg = driver()
    schema, advice = psycopg.sql.Identifier(checked_name(log)), "What it has of the log stays there"
    try:
        with (
            database_errors(place(log), advice),
            psycopg.connect(conninfo, connect_timeout=_CONNECT_SECONDS) as session,
        ):
            session.execute("SELECT set_config('lock_timeout', %s, true)", (_SETTINGS["lock_timeout"],))
            session.execute(psycopg.sql.SQL("SET LOCAL search_path = {}, pg_temp").format(schema))
            if _version(session) is None:
                return
            session.execute(f"DROP TABLE {_TABLES}")
            session.execute("DROP SEQUENCE ticket")
            session.execute(f"DROP ROUTINE {_ROUTINES}")
            kept = psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege
            with contextlib.suppress(*kept), session.transaction():
                session.execute(psycopg.sql.SQL("DROP SCHEMA {}").format(schema))
    except StorageError as error:
        if not isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise
        raise StorageError(
            f"{error}: its last entries, and hashes and times of all. Let the owner of the schema run: "
            f"DROP SCHEMA {quoted(log)} CASCADE"
        ) from error


def open_session(conninfo: str, log: str) -> Connection[tuple[Any, ...]]:
    """Return a session with the tables of a log, which waits for its commits.

    Raises:
        MissingExtraError: when psycopg is not installed.
        StorageError: when the database cannot be reached, has no such log, or does not keep what it commits.
    """
    psycopg = driver()
    with database_errors(place(log)):
        connection: Connection[tuple[Any, ...]] = psycopg.connect(
            conninfo, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name="assay"
        )
    try:
        with database_errors(place(log)):
            _set_up(connection, log)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: Connection[tuple[Any, ...]], log: str) -> None:
    where = place(log)
    for name, value in {**_SETTINGS, "search_path": f"{quoted(log)}, pg_temp"}.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    version = _version(connection)
    if version is None:
        raise StorageError(f"{where}: expected a log's tables, found none. Is it the right database and role?")
    if version != _VERSION:
        raise StorageError(f"{where}: expected a log of version {_VERSION}, found {version}")
    found = connection.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')").fetchone()
    if found is None or found[0] != "on":
        raise StorageError(f"{where}: the server runs with fsync off: it does not keep what it commits")
    if found[1] in _NOT_DURABLE:  # otherwise it is left: remote_apply promises more
        connection.execute("SET synchronous_commit = on")


def driver() -> ModuleType:
    """Return psycopg.

    Raises:
        MissingExtraError: when it is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415 - an extra
        import psycopg.sql  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("psycopg", "postgres") from None
    found: ModuleType = psycopg
    return found


def checked_name(log: str) -> str:
    """Return a name that a log's schema can have.

    Raises:
        InputError: when it cannot.
    """
    if not log or "\0" in log or len(log.encode()) > _MAX_NAME_BYTES or log.startswith("pg_"):
        raise InputError(
            f"log {log!r}: expected the name of a PostgreSQL schema, at most {_MAX_NAME_BYTES} bytes, not beginning "
            "with pg_"
        )
    return log


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _version(connection: Connection[tuple[Any, ...]]) -> int | None:
    """Return the version of the tables that come first on the search path; None when there are none."""
    there = connection.execute("SELECT to_regclass(quote_ident(current_schema()) || '.published') IS NULL").fetchone()
    found = None if there != (False,) else connection.execute("SELECT version FROM published").fetchone()
    return None if found is None else int(found[0])


@contextlib.contextmanager
def database_errors(where: str, advice: str = _SUBMIT_AGAIN) -> Iterator[None]:
    """Turn an error of psycopg into words, with what to do then."""
    psycopg = driver()
    try:
        yield
    except psycopg.Error as error:
        words = str(error).strip().partition("\n")[0].rstrip(".")
        if error.sqlstate == _DISK_FULL:
            words = f"no space left on the server ({words})"
        if error.sqlstate == _LOCK_TIMEOUT:
            words = f"another process held the log for {_TURN_SECONDS} s ({words})"
        raise StorageError(f"{where}: {words}. {advice}") from error
