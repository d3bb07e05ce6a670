"""Giving entries their indices in an SQLite database: the embedded default.

``append`` returns after the commit (write-ahead log, ``synchronous=FULL``). Any number of threads and processes may
append: threads that wait share one commit, processes take turns (``BEGIN IMMEDIATE``). With each commit the root that
follows from its entries is committed, so that a row that the disk changed is found before it is signed for.

Rows are only added; triggers refuse the rest, but for entries that are published: tiles hold those, and their rows go
after a while, so that the database stays as large as what waits. An event id costs 40 bytes for ever: it is kept as the
first half of its SHA-256, with the first half of the entry's leaf hash. A database that is made anew from tiles does
not know the event ids of before.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from assay.adapters.durable_files import sync_folder
from assay.errors import AssayError, InputError, StorageError, VerificationError
from assay.lifecycle.publishing import FROZEN, MAX_STEP, Head, Submission
from assay.tlog.compact_range import CompactRange, parse_compact_range
from assay.tlog.entry_bundle import check_entries
from assay.tlog.merkle import EMPTY_ROOT, hash_leaf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_VERSION = 1
_SHORT = 16
_KEPT = 1_024
_MARGIN_BYTES = 1 << 20
_BUSY_SECONDS = 60.0
_POLL_SECONDS = 0.02
_FROZEN = "entry_frozen"

_FREE_PAGES = 1_024
_SHRINK_PAGES = 16_384

# When entries came, from an index on. Beside what is hashed, and not part of it: nobody need believe it.
_RECORDED = "CREATE TABLE IF NOT EXISTS recorded (first INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT"

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE entry (idx INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;
CREATE TABLE batch (size INTEGER PRIMARY KEY, root BLOB NOT NULL, peaks BLOB NOT NULL) STRICT;
CREATE TABLE event (id BLOB PRIMARY KEY, idx INTEGER NOT NULL, leaf BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE published (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL) STRICT;
INSERT INTO published VALUES (1, 0);
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entry_waits BEFORE DELETE ON entry WHEN OLD.idx >= (SELECT size FROM published)
  BEGIN SELECT RAISE(ABORT, 'this entry is not published yet'); END;
CREATE TRIGGER batch_stays BEFORE UPDATE ON batch BEGIN SELECT RAISE(ABORT, 'roots are never changed'); END;
CREATE TRIGGER batch_waits BEFORE DELETE ON batch WHEN OLD.size >= (SELECT size FROM published)
  BEGIN SELECT RAISE(ABORT, 'this root is not published yet'); END;
CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'event ids are never changed'); END;
CREATE TRIGGER event_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'event ids are kept'); END;
CREATE TRIGGER published_grows BEFORE UPDATE ON published WHEN NEW.size < OLD.size
  BEGIN SELECT RAISE(ABORT, 'what is published stays so'); END;
CREATE TRIGGER published_kept BEFORE DELETE ON published BEGIN SELECT RAISE(ABORT, 'what is published stays so'); END;
PRAGMA user_version = 1;
"""


@dataclass(slots=True, eq=False)
class _Waiting:
    submissions: Sequence[Submission]
    indices: list[int] = field(default_factory=list)
    error: AssayError | None = None
    done: bool = False


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into words."""
    try:
        yield
    except sqlite3.Error as error:
        if FROZEN in str(error):
            raise InputError(f"{path}: {FROZEN}. Its last entry names the log that goes on") from None
        full = "no space left" if "full" in str(error) else str(error)
        raise StorageError(f"{path}: {full}. Entries whose index was told are safe; mend this and run again") from error


class SqliteSequencer:
    """The sequencer of one log, open (`assay.lifecycle.publishing.Sequencer`). Close it, or use it as a context."""

    def __init__(self, path: Path) -> None:
        """Open a database that `create` made.

        Raises:
            StorageError: when there is none, or it cannot be read.
        """
        self._path = path
        if not path.is_file():
            raise StorageError(f"expected the log's database at {path}, found none")
        self._connection = _connect(path)
        self._turn = threading.Lock()  # held by the thread that uses the connection
        self._queue: list[_Waiting] = []
        self._changed = threading.Condition()  # of the queue, and of whether somebody commits
        self._committing = False
        self._recorded = 0  # when the last entries were committed here, POSIX seconds
        with _told(path):
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version != _VERSION:
            self.close()
            raise StorageError(f"{path}: expected a log's database of version {_VERSION}, found {version}")

    @classmethod
    def create(cls, path: Path) -> None:
        """Make the database of an empty log; one that is there already is left as it is.

        Raises:
            StorageError: when the disk refuses.
        """
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with contextlib.closing(_connect(path)) as connection, _told(path):
            if connection.execute("PRAGMA user_version").fetchone() == (0,):
                for pragma in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL"):  # both stay with the file
                    connection.execute(f"PRAGMA {pragma}").fetchall()
                connection.executescript(_SCHEMA)
                connection.execute("INSERT INTO batch VALUES (0, ?, x'')", (EMPTY_ROOT,))
                connection.execute("COMMIT")
        sync_folder(path.parent)

    def close(self) -> None:
        """Let the database go; what was committed is kept."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def append(self, submissions: Sequence[Submission]) -> list[int]:
        """Commit submissions in their order and return the index of each; durable, exactly once by event id.

        Raises:
            InputError: when an entry is too long, or an event id is taken by another content; then none is appended.
            StorageError: when the disk refuses.
        """
        check_entries([one.content for one in submissions])
        waiting = _Waiting(submissions)
        together: list[_Waiting] = []
        with self._changed:
            self._queue.append(waiting)
            self._changed.wait_for(lambda: waiting.done or not self._committing)
            if not waiting.done:
                self._committing = True
                together, self._queue = self._queue, []
        if together:
            try:
                with self._turn:
                    self._commit(together)
            finally:
                with self._changed:
                    self._committing = False
                    self._changed.notify_all()
        if waiting.error is not None:
            raise waiting.error
        return waiting.indices

    def freeze(self, last: bytes) -> None:
        """Append the last entry of the log, which then refuses every other; one that is frozen is left as it is."""
        with self._turn, self._writing():
            if self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_FROZEN,)).fetchone() is None:
                waiting, tree, leaves = _Waiting([Submission(last)]), self._tree(), list[bytes]()
                self._insert(waiting, tree.size, leaves)
                self._insert_roots(tree, leaves)
                self._record(tree.size)
                self._connection.execute(
                    f"CREATE TRIGGER {_FROZEN} BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END"
                )

    def head(self) -> Head:
        """Return size and root of everything committed."""
        (found,) = self._read("SELECT size, root FROM batch ORDER BY size DESC LIMIT 1")
        return Head(*found)

    def root_at(self, size: int) -> bytes | None:
        """Return the root at a size that was committed and is not forgotten yet; None for any other size."""
        found = self._read("SELECT root FROM batch WHERE size = ?", size)
        return found[0][0] if found else None

    def step(self, after: int) -> Head | None:
        """Return the next size to publish, at most `MAX_STEP` entries on; None when there is nothing more."""
        found = self._read(
            "SELECT size, root FROM batch WHERE size > ? AND size <= ? ORDER BY size DESC LIMIT 1",
            after, after + MAX_STEP,
        ) or self._read("SELECT size, root FROM batch WHERE size > ? ORDER BY size LIMIT 1", after)  # fmt: skip
        return Head(*found[0]) if found else None

    def wait(self, after: int, seconds: float) -> None:
        """Return when there is something to publish after a size, or some seconds have gone."""
        ends = time.monotonic() + seconds
        while self.step(after) is None and time.monotonic() < ends:
            time.sleep(_POLL_SECONDS)

    def kept_from(self) -> int:
        """Return the index of the first entry that is kept; the head's size when none is."""
        ((first,),) = self._read("SELECT min(idx) FROM entry")
        return self.head().size if first is None else first

    def entries(self, first: int, end: int) -> Iterator[bytes]:
        """Yield entries that are kept, in order, in constant memory.

        Raises:
            VerificationError: when one is missing.
        """
        while first < end:
            until = min(first + MAX_STEP, end)
            found = self._read("SELECT content FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", first, until)
            if len(found) != until - first:
                raise VerificationError(
                    f"{self._path}: expected the entries {first} to {until - 1}, found {len(found)} of them"
                )
            yield from (content for (content,) in found)
            first = until

    def catch_up(self, tree: CompactRange) -> None:
        """Go on after the end of a published tree that is longer than what is known here."""
        with self._turn, self._writing():
            self._connection.execute("INSERT INTO batch VALUES (?, ?, ?)", (tree.size, tree.root(), tree.content()))
            self._forget(tree.size)

    def release(self, size: int) -> None:
        """Allow the entries below a published size to be forgotten; done when it is worth a commit."""
        if size - self.kept_from() >= _KEPT:
            with self._turn, self._writing():
                self._forget(size)
            ((free,),) = self._read("PRAGMA freelist_count")
            if free > _FREE_PAGES:
                with self._turn, _told(self._path):  # as a script: it is done a page a step
                    self._connection.executescript(f"PRAGMA incremental_vacuum({min(free, _SHRINK_PAGES)})")

    def problems(self, published: CompactRange) -> list[str]:
        """Re-hash what waits here and return what is wrong.

        Args:
            published: the tree that the tiles hold.
        """
        try:
            found = self._read("PRAGMA integrity_check(3)")
        except StorageError as error:
            return [str(error)]
        if found != [("ok",)]:
            return [f"{self._path.name}: damaged: {'; '.join(text for (text,) in found)}"]
        tree = published
        try:
            for size, root, peaks in self._batches(published.size):
                tree = tree.add(map(hash_leaf, self.entries(tree.size, size)))
                if (tree.root(), tree.content()) != (root, peaks):
                    return [f"{self._path.name}: its entries do not hash to the root committed at size {size}"]
        except VerificationError as error:
            return [str(error)]
        return []

    def _batches(self, size: int) -> Iterator[tuple[int, bytes, bytes]]:
        while found := self._read("SELECT size, root, peaks FROM batch WHERE size >= ? ORDER BY size LIMIT 1", size):
            yield found[0]
            size = found[0][0] + 1

    def _read(self, statement: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]  # any columns
        with self._turn, _told(self._path):
            return self._connection.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with _told(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _forget(self, size: int) -> None:
        self._connection.execute("UPDATE published SET size = ?", (size,))
        self._connection.execute("DELETE FROM entry WHERE idx < ?", (size,))
        self._connection.execute("DELETE FROM batch WHERE size < ?", (size,))

    def _commit(self, together: list[_Waiting]) -> None:
        """Commit what waits in one transaction; an error of one submission is told to it alone."""
        try:
            self._check_space(together)
            with self._writing():
                tree = self._tree()
                leaves: list[bytes] = []
                for waiting in together:
                    try:
                        self._insert(waiting, tree.size, leaves)
                    except InputError as error:
                        waiting.error = error
                self._insert_roots(tree, leaves)
                now = self._record(tree.size) if leaves else self._recorded
            self._recorded = now  # only what is committed
        except AssayError as error:
            for waiting in together:
                waiting.error = waiting.error or error
        finally:
            for waiting in together:
                waiting.done = True

    def _check_space(self, together: list[_Waiting]) -> None:
        """Refuse before the disk is full: what is committed must still be published."""
        wanted = 3 * sum(len(one.content) for waiting in together for one in waiting.submissions) + _MARGIN_BYTES
        disk = os.statvfs(self._path.parent)
        if disk.f_bavail * disk.f_frsize < wanted:
            raise StorageError(
                f"{self._path.parent}: no space left: expected {wanted} bytes free to append and publish, found "
                f"{disk.f_bavail * disk.f_frsize}. Nothing was appended; make room and run again"
            )

    def _tree(self) -> CompactRange:
        statement = "SELECT size, peaks FROM batch ORDER BY size DESC LIMIT 1"
        size, peaks = self._connection.execute(statement).fetchone()
        return parse_compact_range(size, peaks, str(self._path))

    def _insert(self, waiting: _Waiting, base: int, leaves: list[bytes]) -> None:
        """Insert the submissions of one call; all of them, or none."""
        first = base + len(leaves)
        new: list[tuple[int, bytes]] = []
        hashed: list[bytes] = []
        events: dict[bytes, tuple[int, bytes]] = {}
        for position, one in enumerate(waiting.submissions):
            leaf = hash_leaf(one.content)
            index = first + len(new)
            if one.event_id is not None:
                short = sha256(one.event_id).digest()[:_SHORT]
                index, known = self._event(short, events) or (index, leaf[:_SHORT])
                if known != leaf[:_SHORT]:
                    raise InputError(
                        f"entry {position}: its event id {one.event_id!r} is that of entry {index}, which has another "
                        "content. Nothing was appended"
                    )
                if index == first + len(new):
                    events[short] = index, leaf[:_SHORT]
            if index == first + len(new):
                new.append((index, one.content))
                hashed.append(leaf)
            waiting.indices.append(index)
        self._connection.executemany("INSERT INTO entry VALUES (?, ?)", new)
        self._connection.executemany(
            "INSERT INTO event VALUES (?, ?, ?)", [(short, *place) for short, place in events.items()]
        )
        leaves += hashed

    def _event(self, short: bytes, events: dict[bytes, tuple[int, bytes]]) -> tuple[int, bytes] | None:
        found: tuple[int, bytes] | None = events.get(short)
        if found is None:
            found = self._connection.execute("SELECT idx, leaf FROM event WHERE id = ?", (short,)).fetchone()
        return found

    def _insert_roots(self, tree: CompactRange, leaves: list[bytes]) -> None:
        for start in range(0, len(leaves), MAX_STEP):
            tree = tree.add(leaves[start : start + MAX_STEP])
            self._connection.execute("INSERT INTO batch VALUES (?, ?, ?)", (tree.size, tree.root(), tree.content()))

    def _record(self, first: int) -> int:
        """Keep when entries are committed, from the first of a batch on, a row a second at most; return the time."""
        now = int(time.time())
        if now != self._recorded:
            self._connection.execute(_RECORDED)
            self._connection.execute("INSERT INTO recorded VALUES (?, ?)", (first, now))
        return now

    def recorded(self, index: int) -> int | None:
        """Return when an entry was committed, POSIX seconds by the clock here; None where that was not kept."""
        if not self._read("SELECT name FROM sqlite_master WHERE name = 'recorded'"):
            return None  # an earlier version's database
        found = self._read("SELECT at FROM recorded WHERE first <= ? ORDER BY first DESC LIMIT 1", index)
        return found[0][0] if found and index < self.head().size else None


def _connect(path: Path) -> sqlite3.Connection:
    with _told(path):
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            for pragma in ("synchronous = FULL", "trusted_schema = OFF", "journal_size_limit = 16777216"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
        except sqlite3.Error:
            connection.close()
            raise
        return connection
