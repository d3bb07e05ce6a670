"""DuckDB: a session with bounded memory, and its errors in the user's words."""

from __future__ import annotations

import re
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError, DataError, StorageError
from assay.tabular.limits import LOOK_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from duckdb import DuckDBPyConnection

WATCH_SECONDS = 0.1
SMALL_KEY_BITS = 22
"""Keys of up to so many bits are counted in a table without hashing: of 8 bytes a key when there is a count alone."""

ALL_ROWS = 4_000_000_000
"""So many rows of a pandas column of objects are looked at to find its type: all of them."""


class Session:
    """One connection to an in-memory DuckDB that spills to a folder of its own.

    Attributes:
        connection: for registering frames.
        folder: the folder for temporary files; it goes with the session.
        look_rows: so many rows are looked at before all are counted; none where a look costs more than it saves.
    """

    look_rows = LOOK_ROWS

    def __init__(
        self, connection: DuckDBPyConnection, folder: str, memory: str, on_progress: Callable[[float], None] | None
    ) -> None:
        self.connection = connection
        self.folder = folder
        self._memory = memory
        self._on_progress = on_progress
        self._tables = 0
        self._databases = 0
        self._called: dict[str, str] = {}

    def new_table(self) -> str:
        """Return a name for a table in memory: ``rows``, then ``rows2``, ..."""
        self._tables += 1
        return "rows" if self._tables == 1 else f"rows{self._tables}"

    def new_database(self) -> str:
        """Return a name for a database that is attached: ``source``, then ``source2``, ..."""
        self._databases += 1
        return "source" if self._databases == 1 else f"source{self._databases}"

    def call(self, path: str, name: str) -> None:
        """Have messages call a temporary file by a name of its own."""
        self._called[path] = name

    def rows(self, sql: str, *, name: str, most: int | None = None) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows, at most ``most`` of them.

        Raises:
            AssayError: in the user's words, about the source called ``name``.
        """
        import duckdb  # noqa: PLC0415 - the engine is loaded when rows are read

        try:
            found = self.connection.execute(sql)
            return found.fetchall() if most is None else found.fetchmany(most)
        except (duckdb.Error, UnicodeDecodeError) as error:
            text = str(error)
            for path, called in self._called.items():
                text = text.replace(path, called)
            raise _in_words(text, name, self._memory) from None

    def stream(self, sql: str, *, name: str, by: int) -> Iterator[tuple[Any, ...]]:
        """Run a statement and yield its rows, so many at a time.

        Raises:
            AssayError: in the user's words, about the source called ``name``.
        """
        import duckdb  # noqa: PLC0415 - the engine is loaded when rows are read

        try:
            found = self.connection.execute(sql)
            while batch := found.fetchmany(by):
                yield from batch
        except (duckdb.Error, UnicodeDecodeError) as error:
            text = str(error)
            for path, called in self._called.items():
                text = text.replace(path, called)
            raise _in_words(text, name, self._memory) from None

    def watched_rows(self, sql: str, *, name: str, most: int | None = None) -> list[tuple[Any, ...]]:
        """Run a long statement as `rows` does, telling its progress from 0 to 1."""
        if self._on_progress is None:
            return self.rows(sql, name=name, most=most)
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done, self._on_progress), daemon=True)
        watcher.start()
        try:
            return self.rows(sql, name=name, most=most)
        finally:
            done.set()
            watcher.join()
            self._on_progress(1.0)

    def _watch(self, done: threading.Event, tell: Callable[[float], None]) -> None:
        while not done.wait(WATCH_SECONDS):
            percent = self.connection.query_progress()
            if 0 <= percent <= 100:  # noqa: PLR2004 - -1 stands for "not known yet"
                tell(percent / 100)


@contextmanager
def session(
    *, memory: str, threads: int | None = None, on_progress: Callable[[float], None] | None = None
) -> Iterator[Session]:
    """Open a session; its temporary files go with it.

    Args:
        memory: the engine's budget, such as ``1GB``; beyond it, it spills to the temporary folder.
        threads: at most so many; all cores if None.
        on_progress: told the share done, from 0 to 1, from another thread.

    Raises:
        DataError: when memory or threads make no sense.
        StorageError: when no temporary folder can be made.
    """
    import duckdb  # noqa: PLC0415 - the engine is loaded when rows are read

    settings: dict[str, str | bool | int] = {
        "memory_limit": memory,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "TimeZone": "UTC",
        "perfect_ht_threshold": SMALL_KEY_BITS,
    }
    if threads is not None:
        settings["threads"] = threads
    try:
        folder = tempfile.TemporaryDirectory(prefix="assay-", ignore_cleanup_errors=True)
    except OSError as error:
        raise StorageError(
            f"a temporary folder cannot be made: {error.strerror}. Set TMPDIR to one with room"
        ) from None
    with folder as path:
        try:
            connection = duckdb.connect(config={**settings, "temp_directory": path})
        except duckdb.Error as error:
            raise DataError(
                f"expected memory such as '1GB' and at least one thread, found {memory!r} and {threads!r}: {error}"
            ) from None
        try:
            connection.execute(f"SET pandas_analyze_sample = {ALL_ROWS}")
            told = "true" if on_progress is not None else "false"
            connection.execute(f"SET enable_progress_bar_print = false; SET enable_progress_bar = {told}")
            yield Session(connection, path, memory, on_progress)
        finally:
            connection.close()


def version() -> str:
    """Return the engine's name and version."""
    import duckdb  # noqa: PLC0415 - the engine is loaded when rows are read

    return f"duckdb {duckdb.__version__}"


def _in_words(text: str, name: str, memory: str) -> AssayError:
    """Turn the engine's message into ours: expected, found, where, what to do."""
    found_line = re.search(r"CSV Error on Line: (\d+)", text)
    found_file = re.search(r"^\s*file = (.*)$", text, re.MULTILINE)
    place = (found_file[1] if found_file else name) + (f":{found_line[1]}" if found_line else "")
    if columns := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text):
        return DataError(
            f"{place}: expected {columns[1]} columns, as the header has, found {columns[2]}. "
            "Mend the line; a value that holds the delimiter or a line break must be in double quotes"
        )
    if missing := re.search(r"\"(\w+)\" is an existing extension|(\w+)\.duckdb_extension", text):
        extension = missing[1] or missing[2]
        return DataError(
            f"{name}: DuckDB's extension {extension} is needed to read this, and it is not installed here. "
            f"Install it where there is a network, in a DuckDB shell of the same version: INSTALL {extension};"
        )
    for pattern, kind, message in _MESSAGES:
        if re.search(pattern, text):
            return kind(f"{place}: " + message.format(memory=memory))
    return DataError(f"{name}: DuckDB could not read this: {_first(text)}")


_MESSAGES: tuple[tuple[str, type[AssayError], str], ...] = (
    (
        "not utf-8|Invalid unicode|UTF8|utf-8",
        DataError,
        "expected text in UTF-8, found bytes that are not. Convert the file to UTF-8",
    ),
    ("unterminated quote", DataError, "expected a closing double quote, found none. Mend the line"),
    (
        "CSV Parser state machine",
        DataError,
        "expected lines that all end alike (LF or CR LF) and whole quotes. Mend the file",
    ),
    (
        "too small to be a Parquet|No magic bytes|not a parquet|Parquet magic|footer",
        DataError,
        "expected a whole Parquet file, found one that is truncated or of another kind. Write it again",
    ),
    ("No space left", StorageError, "the disk for temporary files is full. Set TMPDIR to a folder with room"),
    (
        "Out of Memory|max_temp_directory_size",
        StorageError,
        "the memory budget of {memory} is too small for these rows. Give a larger one",
    ),
    (
        "Overflow in|[Oo]ut of [Rr]ange",
        DataError,
        "the values are too large to be summed exactly. Rescale the columns of numbers",
    ),
)
"""What the engine's message holds, and what we say instead."""


def _first(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    kept = [line for line in lines[:3] if not line.startswith(("LINE ", "^"))]
    return " ".join(kept)[:500]
