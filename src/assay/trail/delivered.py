"""Entries that came from other logs, and which of them answer nothing here.

A server's log takes the entries of projects' logs as they are. What a project decided is evidence there: the server
decides by itself. And a pipeline speaks for its own systems: what it says of another's model, or of what only the
server does, is kept and not believed. Which those are, the server says in the event that stands just after the entries
(``log.delivered``); no such event is ever among them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from assay.attest import dsse
from assay.attest.statement import TEST_RESULT, VERIFICATION_RESULT
from assay.errors import AssayError
from assay.trail.events import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from assay.trail.events import Event
    from assay.trail.projection import Connection

DELIVERED = "log.delivered"

SERVER_ACTS = (
    "log.delivered", "release.delivered", "account.", "pipeline.", "session.", "request.", "record.", "policy.",
    "admission.", "lineage.",
)  # fmt: skip
"""Types of events, or beginnings of them, that only a server's own key says."""

TABLES = """
CREATE TABLE apart (
  idx INTEGER PRIMARY KEY,
  told_by INTEGER NOT NULL
) STRICT;
"""


def delivered_here(entry: bytes) -> bool:
    """Say whether an entry is one that a server writes after what was delivered to it."""
    return _kind(_statement(entry)) == DELIVERED


def apart(entries: Sequence[bytes], mine: Callable[[str], bool]) -> tuple[int, ...]:
    """Return the positions of the entries that answer nothing in the log that they are delivered to.

    Args:
        entries: the entries, in their order.
        mine: says whether a model's name may be spoken for by whoever delivers.
    """
    return tuple(position for position, entry in enumerate(entries) if _is_apart(_statement(entry), mine))


def apart_among(connection: Connection, indices: Collection[int], size: int) -> frozenset[int]:
    """Return which of some entries of a log were delivered to it and answer nothing there.

    Args:
        connection: a projection that reaches the size.
        indices: the entries asked about.
        size: entries that count.
    """
    query = (
        "SELECT apart.idx FROM json_each(?) JOIN apart ON apart.idx = value JOIN event ON event.idx = apart.told_by"
        " WHERE apart.told_by < ? AND event.signature = 'holds'"
    )
    rows = connection.execute(query, (json.dumps(list(indices)), size)).fetchall()
    return frozenset(row[0] for row in rows)


def put_apart(connection: Connection, index: int, event: Event) -> range:
    """Keep which entries answer nothing here, as the event says that follows them.

    Args:
        connection: the projection.
        index: where the event stands.
        event: the event, a ``log.delivered``.

    Returns:
        The entries that were delivered.
    """
    first = max(index - event.fields.entries, 0)
    told = [(first + position, index) for position in event.fields.apart if first + position < index]
    connection.executemany("INSERT OR REPLACE INTO apart VALUES (?, ?)", told)
    return range(first, index)


def _is_apart(statement: dict[str, Any] | None, mine: Callable[[str], bool]) -> bool:
    if statement is None:
        return False
    if statement.get("predicateType") in {TEST_RESULT, VERIFICATION_RESULT}:
        return True  # decided here anew
    if _kind(statement).startswith(SERVER_ACTS):
        return True
    predicate = statement.get("predicate")
    fields = predicate.get("fields") if isinstance(predicate, dict) else None
    model = fields.get("model") if isinstance(fields, dict) else None
    return isinstance(model, str) and not mine(model)


def _kind(statement: dict[str, Any] | None) -> str:
    found = None if statement is None else statement.get("predicateType")
    if not isinstance(found, str) or not found.startswith(PREFIX):
        return ""
    return found.removeprefix(PREFIX).rpartition("/")[0]


def _statement(entry: bytes) -> dict[str, Any] | None:
    """Return what an entry says, its signature not looked at; None when it is no statement."""
    try:
        payload = dsse.decode_base64(dsse.parse(entry, name="entry").payload, "entry")
        found = msgspec.json.decode(payload)
    except (AssayError, ValueError):
        return None
    return found if isinstance(found, dict) else None
