"""Giving entries their indices in a PostgreSQL database: for ingest processes on many machines.

Each log has a schema of its own (``postgres_schema.sql`` beside this file, to be read by whoever runs the database).
Any number of processes may append: each batch locks one row and reads the head behind it, so they take turns; the
threads of one process share a batch. The lock is not held while the disk writes: a batch commits without waiting for
it, and ``append`` returns after a second, empty commit that does wait (``synchronous_commit`` at least ``on``), for the
server's log is one sequence: what flushes the second has flushed the first, and whatever that one built on. So the
batches of all processes share the server's flushes. `head` and `step` wait likewise, so that nothing is signed that a
crash could still take back. With each batch the root that follows from its entries is committed, so that a row that was
changed is found before it is signed for.

Three roles: the owner made the schema; writers may read, insert, and take a turn; a publisher may also forget what is
published. Triggers refuse the rest to everybody, which an owner can undo: a fence, not the proof. An event id is kept
for ever as the first half of its SHA-256, with the first half of the entry's leaf hash.

Sessions are kept, with locks in them: connect to the server itself, not to a pool that shares sessions.
Needs the extra ``postgres`` (psycopg 3).
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from assay.adapters.postgres_session import checked_name, database_errors, make_log, open_session, place, quoted
from assay.errors import AssayError, InputError, StorageError, VerificationError
from assay.lifecycle.publishing import MAX_STEP, Head, Submission
from assay.tlog.compact_range import CompactRange, parse_compact_range
from assay.tlog.entry_bundle import check_entries
from assay.tlog.merkle import hash_leaf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection

_SHORT = 16
_KEPT = 1_024
_FETCHED = 1_024

_FLUSH = "SELECT pg_logical_emit_message(true, 'assay', '')"
"""A transaction that writes nothing to any table, and waits until the server's log is on disk up to itself."""
_LEASE = "SELECT pg_try_advisory_lock((1634955641::bigint << 32) | %s::text::regnamespace::oid::bigint)"
_RELEASE = "SELECT pg_advisory_unlock((1634955641::bigint << 32) | %s::text::regnamespace::oid::bigint)"
_HOLDER = """
SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 1 AND granted
  AND classid = 1634955641 AND objid = %s::text::regnamespace::oid
"""

_Rows = list[tuple[Any, ...]]
_Place = tuple[int, bytes]


@dataclass(slots=True, eq=False)
class _Waiting:
    """Submissions of one call, with what can be computed before it is their turn."""

    submissions: Sequence[Submission]
    leaves: list[bytes]
    events: list[bytes | None]
    indices: list[int] = field(default_factory=list)
    error: AssayError | None = None
    done: bool = False


class _Batch:
    """What one transaction adds."""

    def __init__(self, base: int, known: dict[bytes, _Place]) -> None:
        self._base, self._known = base, known
        self.contents: list[bytes] = []
        self.leaves: list[bytes] = []
        self.events: dict[bytes, _Place] = {}

    def take(self, waiting: _Waiting) -> None:
        """Give the submissions of one call their indices; all of them, or none."""
        contents: list[bytes] = []
        leaves: list[bytes] = []
        events: dict[bytes, _Place] = {}
        indices: list[int] = []
        next_index = self._base + len(self.contents)
        for position, (one, leaf, event) in enumerate(
            zip(waiting.submissions, waiting.leaves, waiting.events, strict=True)
        ):
            place = None if event is None else events.get(event) or self._known.get(event)
            if place is None:
                place = next_index + len(contents), leaf[:_SHORT]
                contents.append(one.content)
                leaves.append(leaf)
                if event is not None:
                    events[event] = place
            elif place[1] != leaf[:_SHORT]:
                raise InputError(
                    f"entry {position}: its event id {one.event_id!r} is that of entry {place[0]}, which has another "
                    "content. Nothing was appended"
                )
            indices.append(place[0])
        waiting.indices = indices
        self.contents += contents
        self.leaves += leaves
        self.events |= events
        self._known |= events


class PostgresSequencer:
    """The sequencer of one log, open (`assay.lifecycle.publishing.Sequencer`). Close it, or use it as a context."""

    def __init__(self, conninfo: str, log: str) -> None:
        """Open a log that `create` made.

        Args:
            conninfo: where the database is, as libpq takes it (a URI, ``host=... dbname=...``, or ``service=...``).
                Keep passwords out of it: libpq reads them from its password file.
            log: name of the log's schema.

        Raises:
            MissingExtraError: when psycopg is not installed.
            StorageError: when the database cannot be reached, has no such log, or does not keep what it commits.
        """
        self._conninfo, self._log = conninfo, checked_name(log)
        self._where = place(log)
        self._turn = threading.Lock()  # held by the thread that uses the connection
        self._queue: list[_Waiting] = []
        self._changed = threading.Condition()  # of the queue, and of whether somebody commits
        self._committing = False
        self._lease = threading.Lock()  # held by the thread that publishes, or asks to
        self._leased = False  # whether the session holds the log's lease
        self._connection = open_session(self._conninfo, self._log)

    @classmethod
    def create(cls, conninfo: str, log: str, *, writer: str | None = None, publisher: str | None = None) -> None:
        """Make the tables of an empty log; those that are there already are left as they are.

        Args:
            conninfo: where the database is; its user becomes the owner.
            log: name for the log's schema.
            writer: a role that shall append; it must exist.
            publisher: a role that shall append, and forget what is published; it must exist.

        Raises:
            MissingExtraError: when psycopg is not installed.
            StorageError: when the database refuses; nothing is made then.
        """
        make_log(conninfo, log, writer=writer, publisher=publisher)

    def close(self) -> None:
        """Let the database go; what was committed is kept."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    @contextlib.contextmanager
    def lease(self) -> Iterator[None]:
        """Hold the log as its only publisher: the server keeps the lease as long as this session lives.

        Raises:
            StorageError: when another publisher holds it, or the session is lost.
        """
        # The server would let one session have it twice; so that is not asked.
        if not self._lease.acquire(blocking=False):
            raise self._is_leased()
        try:
            if self._read(_LEASE, quoted(self._log)) != [(True,)]:
                raise self._is_leased()
            self._leased = True
            try:
                yield
            finally:
                self._leased = False
                if not self._connection.closed:  # with the session its lease is gone
                    self._read(_RELEASE, quoted(self._log))
        finally:
            self._lease.release()

    def append(self, submissions: Sequence[Submission]) -> list[int]:
        """Commit submissions in their order and return the index of each; durable, exactly once by event id.

        Raises:
            InputError: when an entry is too long, or an event id is taken by another content; then none is appended.
            StorageError: when the database refuses, or is lost: then only submissions with an event id are safe to
                submit again.
        """
        check_entries([one.content for one in submissions])
        waiting = _Waiting(
            submissions,
            [hash_leaf(one.content) for one in submissions],
            [None if one.event_id is None else sha256(one.event_id).digest()[:_SHORT] for one in submissions],
        )
        together: list[_Waiting] = []
        with self._changed:
            self._queue.append(waiting)
            self._changed.wait_for(lambda: waiting.done or not self._committing)
            if not waiting.done:
                self._committing = True
                together, self._queue = self._queue, []
        if together:
            try:
                self._commit(together)
            finally:
                with self._changed:
                    self._committing = False
                    self._changed.notify_all()
        if waiting.error is not None:
            raise waiting.error
        return waiting.indices

    def head(self) -> Head:
        """Return size and root of everything committed."""
        (found,) = self._read("SELECT size, root FROM batch ORDER BY size DESC LIMIT 1")
        self._read(_FLUSH)
        return Head(*found)

    def root_at(self, size: int) -> bytes | None:
        """Return the root at a size that was committed and is not forgotten yet; None for any other size."""
        found = self._read("SELECT root FROM batch WHERE size = %s", size)
        return bytes(found[0][0]) if found else None

    def step(self, after: int) -> Head | None:
        """Return the next size to publish, at most `MAX_STEP` entries on; None when there is nothing more."""
        found = self._read(
            "SELECT size, root FROM batch WHERE size > %s AND size <= %s ORDER BY size DESC LIMIT 1",
            after, after + MAX_STEP,
        ) or self._read("SELECT size, root FROM batch WHERE size > %s ORDER BY size LIMIT 1", after)  # fmt: skip
        if not found:
            return None
        self._read(_FLUSH)
        return Head(*found[0])

    def kept_from(self) -> int:
        """Return the index of the first entry that is kept; the head's size when none is."""
        ((first, size),) = self._read("SELECT (SELECT min(idx) FROM entry), (SELECT max(size) FROM batch)")
        return int(size if first is None else first)

    def entries(self, first: int, end: int) -> Iterator[bytes]:
        """Yield entries that are kept, in order, in constant memory.

        Raises:
            VerificationError: when one is missing.
        """
        while first < end:
            until = min(first + _FETCHED, end)
            found = self._read("SELECT content FROM entry WHERE idx >= %s AND idx < %s ORDER BY idx", first, until)
            if len(found) != until - first:
                raise VerificationError(
                    f"{self._where}: expected the entries {first} to {until - 1}, found {len(found)} of them"
                )
            yield from (content for (content,) in found)
            first = until

    def catch_up(self, tree: CompactRange) -> None:
        """Go on after the end of a published tree that is longer than what is known here."""
        with self._turn, self._writing() as connection:
            connection.execute("SELECT take_turn()")
            connection.execute("INSERT INTO batch VALUES (%s, %b, %b)", (tree.size, tree.root(), tree.content()))
            connection.execute("SELECT forget(%s)", (tree.size,))

    def release(self, size: int) -> None:
        """Allow the entries below a published size to be forgotten; done when it is worth a commit."""
        if size - self.kept_from() >= _KEPT:
            self._read("SELECT forget(%s)", size)

    def problems(self, published: CompactRange) -> list[str]:
        """Re-hash what waits here and return what is wrong.

        Args:
            published: the tree that the tiles hold.
        """
        tree = published
        try:
            for size, root, peaks in self._batches(published.size):
                tree = tree.add(map(hash_leaf, self.entries(tree.size, size)))
                if (tree.root(), tree.content()) != (root, peaks):
                    return [f"{self._where}: its entries do not hash to the root committed at size {size}"]
        except (StorageError, VerificationError) as error:
            return [str(error)]
        return []

    def _batches(self, size: int) -> Iterator[tuple[int, bytes, bytes]]:
        while found := self._read("SELECT size, root, peaks FROM batch WHERE size >= %s ORDER BY size LIMIT 1", size):
            yield found[0][0], found[0][1], found[0][2]
            size = found[0][0] + 1

    def _is_leased(self) -> StorageError:
        found = self._read(
            _HOLDER,
            quoted(self._log),
        )
        holder = f"process {found[0][0]} of the server" if found else "it has ended meanwhile"
        return StorageError(
            f"{self._where}: another publisher holds the log ({holder}). One at a time: stop it, or wait until it ends"
        )

    # The connection.

    def _live(self) -> Connection[tuple[Any, ...]]:
        """Return the connection, a new one when the old one was lost; its caller holds the turn."""
        if self._connection.closed:
            if self._leased:
                raise StorageError(f"{self._where}: the session was lost, and with it the lease. Publish again")
            self._connection = open_session(self._conninfo, self._log)
        return self._connection

    def _read(self, statement: str, *values: object) -> _Rows:
        with self._turn, database_errors(self._where):
            found: _Rows = self._live().execute(statement.encode(), values, binary=True).fetchall()
        return found

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection[tuple[Any, ...]]]:
        """Open a transaction whose statements share round trips; it is committed, and then flushed, behind them."""
        with database_errors(self._where):
            connection = self._live()
            try:
                with connection.pipeline():
                    connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                    connection.execute("SET LOCAL synchronous_commit = off")
                    yield connection
                    done = connection.execute("COMMIT")
                    connection.execute(_FLUSH.encode())
            except BaseException:
                if not connection.closed:
                    connection.execute("ROLLBACK")
                raise
            if done.statusmessage != "COMMIT":  # what failed before turns it into a ROLLBACK without a word
                raise StorageError(f"{self._where}: expected a COMMIT, found {done.statusmessage}")

    def _commit(self, together: list[_Waiting]) -> None:
        """Commit what waits in one transaction; an error of one call is told to it alone."""
        events = list({event for waiting in together for event in waiting.events if event is not None})
        try:
            with self._turn, self._writing() as connection:
                turn = connection.execute("SELECT head_size, head_peaks FROM take_turn()", binary=True)
                found = connection.execute(
                    "SELECT id, idx, leaf FROM event WHERE id = ANY(%b::bytea[])", (events,), binary=True
                )
                ((size, peaks),) = turn.fetchall()
                tree = parse_compact_range(size, peaks, self._where)
                batch = _Batch(size, {short: (index, leaf) for short, index, leaf in found.fetchall()})
                for waiting in together:
                    try:
                        batch.take(waiting)
                    except InputError as error:
                        waiting.error = error
                _insert(connection, tree, batch)
        except AssayError as error:
            for waiting in together:
                waiting.error = waiting.error or error
        finally:
            with self._changed:
                for waiting in together:
                    waiting.done = True


def _insert(connection: Connection[tuple[Any, ...]], tree: CompactRange, batch: _Batch) -> None:
    if batch.contents:
        connection.execute(
            "INSERT INTO entry SELECT %s + place - 1, content FROM unnest(%b::bytea[]) WITH ORDINALITY "
            "AS new (content, place)",
            (tree.size, batch.contents),
        )
    if batch.events:
        connection.execute(
            "INSERT INTO event SELECT * FROM unnest(%b::bytea[], %s::bigint[], %b::bytea[])",
            (list(batch.events), *map(list, zip(*batch.events.values(), strict=True))),
        )
    for start in range(0, len(batch.leaves), MAX_STEP):
        tree = tree.add(batch.leaves[start : start + MAX_STEP])
        connection.execute("INSERT INTO batch VALUES (%s, %b, %b)", (tree.size, tree.root(), tree.content()))
