"""Giving entries their indices in a PostgreSQL database: for ingest processes on many machines.

Each log has a schema of its own (``postgres_schema.sql`` beside this file, to be read by whoever runs the database).
Any number of processes may append: one round trip lays their entries into an inbox and takes a turn. Whoever finds the
turn free gives everything in the inbox its indices, computes the root that follows, all in the server, and commits;
those who come meanwhile wait until that commit is on disk, all at once, and read their answers. So a flush of the disk
is shared by as many as came since the last, and nobody holds a lock while a client, or the network, is slow. A row that
was changed is found before it is signed for.

Three roles: the owner made the schema; writers may insert into the inbox and take a turn, and nothing else; a publisher
may also read, and forget what is published. Triggers refuse the rest to everybody, which an owner can undo: a fence,
not the proof. An event id is kept for ever as the first half of its SHA-256, with the first half of the entry's leaf
hash.

Sessions are kept, with locks in them: connect to the server itself, not to a pool that shares sessions.
Needs the extra ``postgres`` (psycopg 3).
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from assay.adapters.postgres_session import checked_name, database_errors, make_log, open_session, place, quoted
from assay.errors import AssayError, InputError, StorageError, VerificationError
from assay.lifecycle.publishing import FROZEN, MAX_STEP, Head
from assay.tlog.entry_bundle import check_entries
from assay.tlog.merkle import hash_leaf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection

    from assay.lifecycle.publishing import Submission
    from assay.tlog.compact_range import CompactRange

_SHORT = 16
_POLL_SECONDS = 0.02
_KEPT = 1_024
_FETCHED = 1_024

_LEASE = "SELECT pg_try_advisory_lock((1634955641::bigint << 32) | %s::text::regnamespace::oid::bigint)"
_RELEASE = "SELECT pg_advisory_unlock((1634955641::bigint << 32) | %s::text::regnamespace::oid::bigint)"
_HOLDER = """
SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 1 AND granted
  AND classid = 1634955641 AND objid = %s::text::regnamespace::oid
"""

_NEW_TICKET = "SELECT nextval('ticket')"
_OFFER = """
INSERT INTO inbox SELECT currval('ticket'), offer.*
FROM unnest(%b::integer[], %b::integer[], %b::bytea[], %b::bytea[]) AS offer
"""
_APPEND = "CALL append(%b::integer[], %b::integer[], %b::bytea[], %b::bytea[], NULL, NULL, NULL, NULL)"
_PART_BYTES, _PART_ENTRIES = 4 << 20, 4_096

_Rows = list[tuple[Any, ...]]
_Offer = tuple[int, int, bytes, bytes | None]
_Answer = tuple[list[int], dict[int, tuple[int, int]]]


@dataclass(slots=True, eq=False)
class _Waiting:
    """Submissions of one call."""

    submissions: Sequence[Submission]
    indices: list[int] = field(default_factory=list)
    error: AssayError | None = None
    done: bool = False


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
    def create(
        cls,
        conninfo: str,
        log: str,
        *,
        writer: str | None = None,
        publisher: str | None = None,
        make_roles: bool = False,
    ) -> None:
        """Make the tables of an empty log; those that are there already are left as they are.

        Args:
            conninfo: where the database is; its user becomes the owner.
            log: name for the log's schema.
            writer: a role that shall append.
            publisher: a role that shall append, and forget what is published.
            make_roles: make those of the two that do not exist.

        Raises:
            MissingExtraError: when psycopg is not installed.
            StorageError: when the database refuses; nothing is made then.
        """
        make_log(conninfo, log, writer=writer, publisher=publisher, make_roles=make_roles)

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
    def lease(self, seconds: float = 0.0) -> Iterator[None]:
        """Hold the log as its only publisher: the server keeps the lease as long as this session lives.

        Args:
            seconds: how long to wait for another publisher.

        Raises:
            StorageError: when another publisher holds it, or the session is lost.
        """
        # The server would let one session have it twice; so that is not asked.
        if not self._lease.acquire(blocking=False):
            raise self._is_leased()
        try:
            ends = time.monotonic() + seconds
            while self._read(_LEASE, quoted(self._log)) != [(True,)]:
                if time.monotonic() >= ends:
                    raise self._is_leased()
                time.sleep(_POLL_SECONDS)
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
        if not submissions:
            return []
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
        self._read("SELECT freeze(%b)", last)

    def head(self) -> Head:
        """Return size and root of everything committed."""
        (found,) = self._read("SELECT size, root FROM batch ORDER BY size DESC LIMIT 1")
        return Head(*found)

    def recorded(self, index: int) -> int | None:
        """Return when an entry was committed by the server's clock, POSIX seconds; None when that is not known."""
        found = self._read("SELECT at FROM recorded WHERE first <= %s ORDER BY first DESC LIMIT 1", index)
        return int(found[0][0]) if found and index < self.head().size else None

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
        return Head(*found[0]) if found else None

    def wait(self, after: int, seconds: float) -> None:
        """Return when there is something to publish after a size, or some seconds have gone."""
        with self._turn, database_errors(self._where):
            self._live().execute("LISTEN assay")
        if self.step(after) is None:
            with self._turn, database_errors(self._where):
                for heard in self._live().notifies(timeout=seconds):
                    if heard.payload == self._log:
                        break

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
        self._read("SELECT go_on(%s, %b, %b)", tree.size, tree.root(), tree.content())

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

    def _commit(self, together: list[_Waiting]) -> None:
        """Offer what waits and take a turn; an error of one call is told to it alone."""
        try:
            with self._turn, database_errors(self._where):
                answer = _append(self._live(), [waiting.submissions for waiting in together])
            self._tell(together, *answer)
        except AssayError as error:
            for waiting in together:
                waiting.error = error
        finally:
            with self._changed:
                for waiting in together:
                    waiting.done = True

    def _tell(self, together: list[_Waiting], indices: list[int], refused: dict[int, tuple[int, int]]) -> None:
        taken = [waiting for call, waiting in enumerate(together) if call not in refused]
        if sum(len(waiting.submissions) for waiting in taken) != len(indices):
            raise StorageError(
                f"{self._where}: expected the indices of what was submitted, found {len(indices)}: this session was "
                "held up for too long. Submit the entries again, under their event ids: whether they were appended is "
                "not known"
            )
        for waiting in taken:
            count = len(waiting.submissions)
            waiting.indices, indices = indices[:count], indices[count:]
        for call, (nth, index) in refused.items():
            waiting = together[call]
            if nth < 0:
                waiting.error = InputError(
                    f"{self._where}: {FROZEN}. Its last entry, {index}, names the log that goes on"
                )
                continue
            waiting.error = InputError(
                f"entry {nth}: its event id {waiting.submissions[nth].event_id!r} is that of entry {index}, which "
                "has another content. Nothing was appended"
            )


def _append(connection: Connection[tuple[Any, ...]], calls: Sequence[Sequence[Submission]]) -> _Answer:
    """Offer some calls and return what became of them: in one round trip, unless they are large."""
    offers = [
        (call, place, one.content, None if one.event_id is None else sha256(one.event_id).digest()[:_SHORT])
        for call, submissions in enumerate(calls)
        for place, one in enumerate(submissions)
    ]
    parts = list(_parts(offers))
    if len(parts) > 1:
        with connection.transaction():
            connection.execute(_NEW_TICKET)
            for part in parts:
                connection.execute(_OFFER, _columns(part))
        parts = [[]]
    (found,) = connection.execute(_APPEND, _columns(parts[0]), binary=True).fetchall()
    indices, refused, places, taken = ([] if column is None else column for column in found)
    return indices, dict(zip(refused, zip(places, taken, strict=True), strict=True))


def _columns(offers: list[_Offer]) -> list[list[Any]]:
    return [list(column) for column in zip(*offers, strict=True)] or [[], [], [], []]


def _parts(offers: list[_Offer]) -> Iterator[list[_Offer]]:
    """Yield what is to be offered, some megabytes at a time."""
    part: list[_Offer] = []
    size = 0
    for offer in offers:
        part.append(offer)
        size += len(offer[2])
        if size > _PART_BYTES or len(part) == _PART_ENTRIES:
            yield part
            part, size = [], 0
    if part:
        yield part
