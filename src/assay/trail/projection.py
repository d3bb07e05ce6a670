"""The log as SQL tables: disposable, each row with its log index, and told how far into the log they reach.

A log may go on in others, its shards. ``idx`` counts the entries of all shards together, in order, from 0; ``shard``
and ``entry`` say which entry of which log it is. Of a log that stands alone ``idx`` and ``entry`` are the same.

Nothing here is evidence; the log is. A projection can be deleted at any time, and is checked by building it again and
comparing (`differences`). It holds what follows from the log's entries alone: what lies beside the log, and may have to
be erased, never enters it. The caller opens the database, a file or memory, and begins and ends transactions::

    SELECT idx, claimed_at FROM event WHERE type = 'deployment.finished' ORDER BY idx
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from assay.errors import VerificationError
from assay.trail import delivered, incident_table, marks, standing_table
from assay.trail.answers import ShardReach
from assay.trail.batches import Batch
from assay.trail.events import event_from_json
from assay.trail.reading import Read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SCHEMA = 4

EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""Root of a log without entries (RFC 6962 section 2.1): the SHA-256 of nothing."""

_TABLES = """
CREATE TABLE projection (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  schema INTEGER NOT NULL,
  read_with TEXT NOT NULL,
  keys TEXT NOT NULL
) STRICT;
CREATE TABLE shard (
  shard INTEGER PRIMARY KEY,
  origin TEXT NOT NULL,
  first_idx INTEGER NOT NULL,
  projected_to INTEGER NOT NULL,
  root TEXT NOT NULL,
  keys_sha256 TEXT NOT NULL
) STRICT;
CREATE TABLE event (
  idx INTEGER PRIMARY KEY,
  shard INTEGER NOT NULL REFERENCES shard (shard),
  entry INTEGER NOT NULL,
  type TEXT NOT NULL,
  id TEXT,
  claimed_at TEXT,
  batch TEXT,
  corrects INTEGER,
  leaf_sha256 TEXT NOT NULL,
  statement_sha256 TEXT,
  signature TEXT NOT NULL,
  keys TEXT NOT NULL,
  unmatched INTEGER NOT NULL,
  waits_for TEXT,
  told TEXT NOT NULL,
  body TEXT,
  UNIQUE (shard, entry)
) STRICT;
CREATE INDEX event_type ON event (type, idx);
CREATE INDEX event_id ON event (id) WHERE id IS NOT NULL;
CREATE INDEX event_corrects ON event (corrects) WHERE corrects IS NOT NULL;
CREATE INDEX event_waits_for ON event (waits_for) WHERE waits_for IS NOT NULL;
CREATE INDEX event_unmatched ON event (idx) WHERE unmatched > 0;
CREATE TABLE block (
  block INTEGER PRIMARY KEY,
  earliest TEXT NOT NULL,
  latest TEXT NOT NULL
) STRICT;
CREATE TABLE subject (
  idx INTEGER NOT NULL REFERENCES event (idx),
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (idx, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX subject_sha256 ON subject (sha256, idx);
"""

BLOCK = 1024
"""Entries of which the earliest and the latest claimed time are kept together, so that a time is found without all."""

_EVENT = (
    "idx, type, id, claimed_at, batch, corrects, leaf_sha256, statement_sha256, signature, keys, unmatched, waits_for, "
    "told, body"
)
_INSERT = (
    f"INSERT INTO event ({_EVENT}, shard, entry) VALUES "  # noqa: S608 - our own column names
    f"({', '.join('?' * len(_EVENT.split(', ')))}, ?, ?)"
)
_WIDEN = (
    "INSERT INTO block VALUES (?, ?, ?) ON CONFLICT (block) DO UPDATE SET "
    "earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)"
)
_EVERY = (_TABLES, marks.TABLES, delivered.TABLES, standing_table.TABLES, incident_table.TABLES)
_NAMES = (
    "mending",
    "alarm",
    "stale",
    "expiry",
    "standing",
    "apart",
    "tie",
    "mark",
    "block",
    "subject",
    "event",
    "shard",
    "projection",
)


class Rows(Protocol):
    """The rows of a query."""

    def fetchone(self) -> Any:  # noqa: ANN401 - a row of any columns
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows."""
        ...


class Connection(Protocol):
    """What is asked of a database: SQLite's own connection is one."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows:
        """Run a statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run a statement for each row of parameters."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a projection reaches.

    Attributes:
        read_with: digest of what the entries were read with, apart from keys: another reader reads them anew.
        keys: ids of the keys that were known when signatures were looked at, in order.
        shards: how far into each log it reaches, in order; at least one.
        own_sha256: digest of each log's own keys, then.
    """

    read_with: str
    keys: tuple[str, ...]
    shards: tuple[ShardReach, ...]
    own_sha256: tuple[str, ...]

    @property
    def size(self) -> int:
        """Entries projected, of all shards together."""
        return self.shards[-1].end


def reach(connection: Connection) -> Reach | None:
    """Return how far a database has been projected; None when there is no projection of this schema in it."""
    known = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'projection'").fetchone()
    if not known[0]:
        return None
    row = connection.execute("SELECT * FROM projection").fetchone()
    if not row or row[1] != SCHEMA:
        return None
    rows = connection.execute("SELECT * FROM shard ORDER BY shard").fetchall()
    shards = tuple(ShardReach(origin=one[1], first=one[2], size=one[3], root=one[4]) for one in rows)
    return Reach(row[2], tuple(json.loads(row[3])), shards, tuple(one[5] for one in rows))


def create(
    connection: Connection, origin: str, read_with: str, own_sha256: str = "", *, keys: Iterable[str] = ()
) -> None:
    """Drop what is there and begin an empty projection of a log, in the caller's transaction.

    Args:
        connection: a database.
        origin: the log's name.
        read_with: digest of what the entries are read with, apart from keys.
        own_sha256: digest of the log's own keys.
        keys: ids of the keys that are known.
    """
    for name in _NAMES:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in "".join(_EVERY).split(";\n"):
        connection.execute(statement)
    connection.execute("INSERT INTO projection VALUES (1, ?, ?, ?)", (SCHEMA, read_with, json.dumps(sorted(keys))))
    connection.execute("INSERT INTO shard VALUES (0, ?, 0, 0, ?, ?)", (origin, EMPTY_ROOT, own_sha256))


def begin_shard(connection: Connection, origin: str, own_sha256: str = "") -> None:
    """Begin the log that goes on after those that are projected; what is projected from now on are its entries."""
    before = require(connection, 0)
    row = (len(before.shards), origin, before.size, EMPTY_ROOT, own_sha256)
    connection.execute("INSERT INTO shard VALUES (?, ?, ?, 0, ?, ?)", row)


def project(connection: Connection, reads: Iterable[Read], *, size: int, root: str, gone: bool = False) -> None:
    """Add the entries that follow those already there, up to a size of the log, in the caller's transaction.

    Args:
        connection: a database with a projection.
        reads: the entries from the projection's size on, in order.
        size: entries of all shards together, the last one's among them.
        root: root of the last shard at its size, hexadecimal.
        gone: whether entries were deleted by policy: they count, and cannot be read.

    Raises:
        VerificationError: when an entry is missing.
    """
    before = require(connection, 0)
    expected, number, first = before.size, len(before.shards) - 1, before.shards[-1].first
    touched: set[str] = set()
    corrected: set[int] = set()
    spans: dict[int, tuple[str, str]] = {}
    batch = Batch(connection, _INSERT, number, first)
    for read in reads:
        if read.index != expected:
            raise VerificationError(f"projection: expected entry {expected}, found entry {read.index}")
        expected += 1
        about = batch.add(read)
        if read.event is not None:
            touched.update(standing_table.rests_on(read.event, about))
            if read.event.corrects is not None:
                corrected.add(read.event.corrects)
            if read.type == delivered.DELIVERED:
                batch.flush()  # it is about the entries before it
                touched.update(_delivered(connection, read))
            _span(spans, read.index, read.event.claimed_at)
    batch.flush()
    touched.update(_resting_on(connection, corrected))
    standing_table.make_stale(connection, touched)
    connection.executemany(_WIDEN, [(block, *span) for block, span in spans.items()])
    if expected != size and not gone:
        raise VerificationError(f"projection: expected the log's {size} entries, found {expected}")
    connection.execute("UPDATE shard SET projected_to = ?, root = ? WHERE shard = ?", (size - first, root, number))


def _delivered(connection: Connection, read: Read) -> Iterator[str]:
    """Take in what an event says of the entries before it that were delivered; yield the marks of those."""
    if read.event is not None and read.type == delivered.DELIVERED:
        yield from _resting_on(connection, delivered.put_apart(connection, read.index, read.event))


def _resting_on(connection: Connection, indices: Iterable[int]) -> Iterator[str]:
    """Yield the marks of what has to be made anew where some entries count no more, or count now."""
    for before in select_indices(connection, indices):
        if before.event is not None:
            yield from standing_table.rests_on(before.event, marks.named_by(before.event))


def _span(spans: dict[int, tuple[str, str]], index: int, at: str | None) -> None:
    if at is not None:
        earliest, latest = spans.get(index // BLOCK, (at, at))
        spans[index // BLOCK] = (min(earliest, at), max(latest, at))


def require(connection: Connection, size: int) -> Reach:
    """Return how far the projection reaches, when that is at least a size.

    Raises:
        VerificationError: when it lags; an answer would leave out what came later.
    """
    found = reach(connection)
    if found is None or found.size < size:
        held = "nothing" if found is None else f"{found.size} entries"
        raise VerificationError(f"projection: expected the log's first {size} entries, found {held}: project the rest")
    return found


def select(connection: Connection, *types: str, size: int) -> Iterator[Read]:
    """Yield the entries of some types (all when none is named) among the log's first ``size``, in order.

    Raises:
        VerificationError: when the projection lags the size.
    """
    require(connection, size)
    among = f"AND type IN ({', '.join('?' * len(types))})" if types else ""
    query = f"SELECT {_EVENT} FROM event WHERE idx < ? {among} ORDER BY idx"  # noqa: S608 - marks only
    for row in connection.execute(query, (size, *types)):
        yield _read(row)


def select_indices(connection: Connection, indices: Iterable[int]) -> Iterator[Read]:
    """Yield the entries at some indices, in order; one that is not there is left out."""
    query = f"SELECT {_EVENT} FROM event WHERE idx IN (SELECT value FROM json_each(?)) ORDER BY idx"  # noqa: S608
    for row in connection.execute(query, (json.dumps(sorted(indices)),)):
        yield _read(row)


def at_index(connection: Connection, index: int) -> Read | None:
    """Return the entry at an index; None when it is not there."""
    query = f"SELECT {_EVENT} FROM event WHERE idx = ?"  # noqa: S608 - our own column names
    row = connection.execute(query, (index,)).fetchone()
    return None if row is None else _read(row)


def with_id(connection: Connection, identity: str) -> Read | None:
    """Return the first entry whose event has an id."""
    query = f"SELECT {_EVENT} FROM event WHERE id = ? ORDER BY idx LIMIT 1"  # noqa: S608 - our own column names
    row = connection.execute(query, (identity,)).fetchone()
    return None if row is None else _read(row)


def _read(row: tuple[Any, ...]) -> Read:
    """Return the entry of a row, whose columns are of the types that they are declared to be: the table is STRICT."""
    index, kind, _, _, _, _, leaf, statement, signature, keys, unmatched, waits_for, told, body = row
    return Read(
        index=index, type=kind, leaf_sha256=leaf, event=None if body is None else event_from_json(body.encode()),
        statement_sha256=statement, signature=signature, keys=_signers(keys), unmatched=unmatched, told=told,
        waits_for=waits_for,
    )  # fmt: skip


_signers = lru_cache(maxsize=1024)(msgspec.json.Decoder(tuple[str, ...]).decode)
"""Returns the ids of keys that a row lists; most rows list those that others do."""


def to_read_again(connection: Connection, gone: Iterable[str]) -> list[int]:
    """Return the entries that other keys may tell otherwise: those with a signature that no known key has made.

    Args:
        connection: the projection.
        gone: ids of keys that are known no more; entries that they have signed are among them.
    """
    found = {row[0] for row in connection.execute("SELECT idx FROM event WHERE unmatched > 0")}
    for key in gone:
        query = "SELECT idx FROM event WHERE instr(keys, ?) > 0"
        found |= {row[0] for row in connection.execute(query, (key,))}
    return sorted(found)


def sign_again(connection: Connection, reads: Iterable[Read], keys: Iterable[str]) -> None:
    """Put down who has signed entries that were read again with other keys, in the caller's transaction.

    Args:
        connection: the projection.
        reads: the entries, as `to_read_again` names them.
        keys: ids of the keys that are known now.
    """
    query = "UPDATE event SET signature = ?, keys = ?, unmatched = ?, told = ? WHERE idx = ?"
    for read in reads:
        signers = msgspec.json.encode(read.keys).decode()
        connection.execute(query, (read.signature, signers, read.unmatched, read.told, read.index))
        again = [read.index] + ([] if read.event is None or read.event.corrects is None else [read.event.corrects])
        about = {*_resting_on(connection, again), *_delivered(connection, read)}
        standing_table.make_stale(connection, about)
    connection.execute("UPDATE projection SET keys = ?", (json.dumps(sorted(keys)),))


_KEYS = {
    "event": 1, "subject": 2, "block": 1, "mark": 3, "tie": 2, "apart": 1, "standing": 1, "expiry": 4, "alarm": 1,
    "mending": 3,
}  # fmt: skip
"""How many columns of each table, from its first, name a row."""


def differences(kept: Connection, rebuilt: Connection) -> list[str]:
    """Compare a projection with one that was built anew from the log; return what differs, a line each."""
    found = []
    if reach(kept) != reach(rebuilt):
        found.append(f"projection: expected {reach(rebuilt)}, found {reach(kept)}")
    for table, key in _KEYS.items():
        names = ", ".join(str(number + 1) for number in range(key))
        query = f"SELECT * FROM {table} ORDER BY {names}"  # noqa: S608 - our own table names
        found += [
            f"{table} {' '.join(map(str, one))}: the projection says otherwise than the log"
            for one in _unlike(kept.execute(query), rebuilt.execute(query), key)
        ]
    return found


def _unlike(left: Iterable[Any], right: Iterable[Any], key: int) -> Iterator[tuple[Any, ...]]:
    """Yield the names of rows that stand on one side alone, or differ; both sides come in the order of the names."""
    sides = [iter(left), iter(right)]
    here, there = (next(side, None) for side in sides)
    while here is not None or there is not None:
        one, other = (None if row is None else tuple(row[:key]) for row in (here, there))
        least = min(name for name in (one, other) if name is not None)
        if one != other or here != there:
            yield least
        here = next(sides[0], None) if one == least else here
        there = next(sides[1], None) if other == least else there
