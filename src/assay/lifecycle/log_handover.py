"""Which keys a delivered log is known by: those that it had when it was first taken, and those handed over to since.

A log's replaced key has signed, together with the new one, the event ``key.rotated`` that names both and the size from
which on the new one signs. So a server that knows the log by the old key follows it to the new one, and to no other.
Only keys of Ed25519 are looked at: they sign events.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.tlog.log_keys import LogKeys
from assay.tlog.vkey import ED25519
from assay.trail.own_acts import ROTATED, public_key
from assay.trail.reading import read_entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.lifecycle.trail_shards import LogReader
    from assay.tlog.log_keys import KeyRange


def ed25519_keys(keys: LogKeys) -> LogKeys:
    """Return those keys of a log that sign events.

    Raises:
        VerificationError: when there is none.
    """
    found = tuple(one for one in keys.ranges if one.key.kind == ED25519)
    if not found:
        raise VerificationError(f"log {keys.origin}: expected a key of Ed25519 (type 1), found none")
    return LogKeys(found)


def handovers(reader: LogReader) -> tuple[bytes, ...]:
    """Return the events by which a log was handed from each of its keys to the next, as they stand in it.

    Raises:
        VerificationError: when one is missing.
    """
    size = reader.checkpoint().checkpoint.size
    found = []
    for old, new in pairwise(ed25519_keys(reader.keys).ranges):
        entries = reader.entries(max(new.first - 1, 0), size)  # mostly the first one: others may have come between
        event = next((entry for entry in entries if _hands_over(entry, old, new)), None)
        if event is None:
            raise VerificationError(
                f"log {reader.key.name}: expected the event key.rotated by which its key was replaced from size "
                f"{new.first} on, found none. See: assay log check"
            )
        found.append(event)
    return tuple(found)


def is_handed_over(known: LogKeys, given: LogKeys, events: Sequence[bytes]) -> bool:
    """Return whether a log that is known by some keys may now be known by others.

    Args:
        known: its keys until now, by sizes; the last has no end.
        given: its keys as they are said to be.
        events: entries of the log.
    """
    *ended, last = known.ranges
    if len(given.ranges) < len(known.ranges) or list(given.ranges[: len(ended)]) != ended:
        return False
    rest = given.ranges[len(ended) :]
    followed = (
        old.end == new.first and any(_hands_over(event, old, new) for event in events) for old, new in pairwise(rest)
    )
    return replace(rest[0], end=None) == last and rest[-1].end is None and all(followed)


def _hands_over(entry: bytes, old: KeyRange, new: KeyRange) -> bool:
    """Return whether an entry says, signed with both keys, that the one follows the other from its first size on."""
    if b"payloadType" not in entry:
        return False
    keys = {public_key(one) for one in (old, new)}
    read = read_entry(0, entry, keys)
    if read.type != ROTATED or read.event is None or set(read.keys) != {key.key_id for key in keys}:
        return False
    said = read.event.fields
    named = (said.whose, said.from_size, said.old_key_sha256, said.new_key_sha256)
    return named == (old.key.name, new.first, public_key(old).key_id, public_key(new).key_id)
