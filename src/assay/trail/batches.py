"""Entries on their way into a projection, some hundred at a time: one statement for each table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.trail.events import event_json
from assay.trail.marks import Marker

if TYPE_CHECKING:
    from assay.trail.projection import Connection
    from assay.trail.reading import Read

TOGETHER = 512
"""So many entries are written by one statement each."""


class Batch:
    """Entries of one log on their way into the tables.

    Args:
        connection: the projection, in the caller's transaction.
        insert: the statement that writes the row of an entry.
        shard: number of the log.
        first: how many entries of the trail stand in logs before it.
    """

    def __init__(self, connection: Connection, insert: str, shard: int, first: int) -> None:
        self._connection, self._insert, self._shard, self._first = connection, insert, shard, first
        self._marker = Marker(connection)
        self._events: list[tuple[object, ...]] = []
        self._subjects: list[tuple[int, str, str]] = []

    def add(self, read: Read) -> list[str]:
        """Take in the next entry; return the marks of what it is about."""
        event = read.event
        self._events.append(
            (
                read.index, read.type, event and event.id, event and event.claimed_at, event and event.batch,
                event and event.corrects, read.leaf_sha256, read.statement_sha256, read.signature,
                msgspec.json.encode(read.keys).decode(), read.unmatched, read.waits_for, read.told,
                event and event_json(event).decode(), self._shard, read.index - self._first,
            )
        )  # fmt: skip
        if event is None:
            return []
        self._subjects += [(read.index, name, sha256) for name, sha256 in event.subjects.items()]
        about = self._marker.add(read.index, event)
        if len(self._events) >= TOGETHER:
            self.flush()
        return about

    def flush(self) -> None:
        """Write what was taken in."""
        self._connection.executemany(self._insert, self._events)
        self._connection.executemany("INSERT INTO subject VALUES (?, ?, ?)", self._subjects)
        self._marker.flush()
        self._events, self._subjects = [], []
