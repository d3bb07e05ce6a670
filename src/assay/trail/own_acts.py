"""What a log says of itself, signed with its own keys: opened, frozen, retired, given another key.

A log's key says nothing about models or people, so it counts for these events alone, about its own log alone, and only
for entries that it could have signed a checkpoint over: each key has its sizes (`assay.tlog.log_keys`).
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.attest.keys import PublicKey, parse_public_key
from assay.tlog.vkey import ED25519

if TYPE_CHECKING:
    from assay.tlog.log_keys import KeyRange, LogKeys
    from assay.trail.events import Event

OPENED, FROZEN, RETIRED, ROTATED = "log.opened", "log.frozen", "log.retired", "key.rotated"
OWN_ACTS = (OPENED, FROZEN, RETIRED, ROTATED)


@dataclass(frozen=True)
class OwnKeys:
    """The keys of one log, as those that sign what it says of itself.

    Attributes:
        keys: every key that it has had, with the sizes of the checkpoints that each may sign.
    """

    keys: LogKeys

    def signing(self, entry: int, event: Event) -> frozenset[PublicKey]:
        """Return the keys whose signature on an event counts: none, unless it is an act of this log.

        Args:
            entry: where it stands in the log; the smallest checkpoint over it has one entry more.
            event: what it says.
        """
        about = getattr(event.fields, "whose" if event.type == ROTATED else "origin", None)
        if event.type not in OWN_ACTS or about != self.keys.origin:
            return frozenset()
        return frozenset(public_key(one) for one in self._ranges() if one.covers(entry + 1))

    def names(self) -> dict[str, str]:
        """Return the ids of the keys, each with the log's name in words."""
        return {public_key(one).key_id: f"the log {self.keys.origin}" for one in self._ranges()}

    def lines(self) -> list[str]:
        """Return the keys with their sizes as text, to compare."""
        return [one.line() for one in self.keys.ranges]

    def _ranges(self) -> list[KeyRange]:
        """Return the ranges of keys that sign statements: those of Ed25519."""
        return [one for one in self.keys.ranges if one.key.kind == ED25519]


def public_key(one: KeyRange) -> PublicKey:
    """Return a log's key as one that signs statements."""
    return parse_public_key(b64encode(one.key.public).decode("ascii"), name="the log's key")
