"""What was erased, on whose word: erasure events as the trail, the verifier and a restored backup read them.

An erasure counts when a person signed it who has the role `ERASER` in the trust file. What it says is about digests:
which documents were rewritten without a value, and which are gone. The value itself stands nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assay.records.tally import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.attest.trust import Trust
    from assay.trail.reading import Read

ERASER = "data-protection-officer"
"""The role whose holders may erase (Regulation (EU) 2016/679, article 39, names the task)."""

ERASED = "privacy.erasure"
ERASED_CONSENT = "assay.erased-consent/v1"


class ErasedConsent(Frozen, kw_only=True):
    """What is kept of a consent after who gave it was erased: the act, without name, words and signature.

    Attributes:
        event: the event that the consent was, with a pseudonym in the place of the person.
        keys: ids of the keys that had signed it.
        schema: the record's version.
    """

    event: dict[str, Any]
    keys: tuple[str, ...] = ()
    schema: str = ERASED_CONSENT


class Erasure(Frozen, kw_only=True):
    """One erasure.

    Attributes:
        id: its id.
        person: the pseudonym that stands where the value stood.
        ground: the legal ground.
        at: when, as claimed.
        by: who erased, as the trust file names them.
        index: its entry of the log; None where the entry is not at hand.
        replaced: digest of a document to the digest of what took its place.
        destroyed: digests of documents that nothing took the place of.
    """

    id: str
    person: str
    ground: str
    at: str
    by: str
    index: int | None
    replaced: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    destroyed: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """When, by whom and on what ground, in words."""
        entry = "not in this log" if self.index is None else f"entry {self.index} of the log"
        return f"erased on {self.at[:10]} by {self.by} ({self.ground}; {entry})"


def erasure_of(read: Read, trust: Trust, *, logged: bool = True) -> Erasure | None:
    """Return the erasure that an entry is; None when it is none, or nobody who may erase has signed it.

    Args:
        read: the entry.
        trust: who people are.
        logged: whether the entry was found in the log.
    """
    if read.event is None or read.type != ERASED or not read.counts:
        return None
    signers = [known for key in read.keys if (known := trust.identity_of(key)) is not None]
    by = next((name for name, roles in signers if ERASER in roles), None)
    if by is None:
        return None
    said = read.event.fields
    return Erasure(
        id=said.erasure, person=said.person, ground=said.ground, at=read.event.claimed_at or "", by=by,
        index=read.index if logged else None, replaced=said.replaced, destroyed=said.destroyed,
    )  # fmt: skip


@dataclass(frozen=True)
class Erasures:
    """Several erasures, in the order in which they were done."""

    known: tuple[Erasure, ...] = ()

    @classmethod
    def of(cls, reads: Iterable[Read], trust: Trust, *, logged: bool = True) -> Erasures:
        """Return the erasures among some entries."""
        found = (erasure_of(read, trust, logged=logged) for read in reads)
        return cls(tuple(one for one in found if one is not None))

    def __add__(self, other: Erasures) -> Erasures:
        """Return these and those of the others that are not among these."""
        there = {_key(one) for one in self.known}
        return Erasures(self.known + tuple(one for one in other.known if _key(one) not in there))

    def __bool__(self) -> bool:
        """Say whether anything was erased."""
        return bool(self.known)

    @cached_property
    def people(self) -> dict[str, Erasure]:
        """Pseudonym to the erasure that made it lead to nobody."""
        return {one.person: one for one in self.known}

    @cached_property
    def _after(self) -> dict[str, tuple[str, Erasure]]:
        return {old: (new, one) for one in self.known for old, new in one.replaced.items()}

    @cached_property
    def _before(self) -> dict[str, tuple[str, Erasure]]:
        return {new: (old, one) for one in self.known for old, new in one.replaced.items()}

    @cached_property
    def destroyed(self) -> dict[str, Erasure]:
        """Digest of a document that is gone to the erasure."""
        return {digest: one for one in self.known for digest in one.destroyed}

    def after(self, sha256: str) -> tuple[str, Erasure] | None:
        """Return the digest of what took a document's place in the end, and the last erasure that rewrote it."""
        found = None
        seen = {sha256}
        while (step := self._after.get(sha256)) is not None and step[0] not in seen:
            found = step
            sha256 = step[0]
            seen.add(sha256)
        return found

    def before(self, sha256: str) -> tuple[str, Erasure] | None:
        """Return the digest of the document that some bytes took the place of at first, and the last erasure of it."""
        first: tuple[str, Erasure] | None = None
        seen = {sha256}
        while (step := self._before.get(sha256)) is not None and step[0] not in seen:
            first = (step[0], first[1] if first else step[1])
            sha256 = step[0]
            seen.add(sha256)
        return first

    def left_of(self, sha256: str) -> str:
        """Return what the document that was signed with a digest has become, in words."""
        return f"is what is left of what was signed ({sha256:.16}...): something personal in it was {self.told(sha256)}"

    def told(self, sha256: str) -> str:
        """Return what an erasure did to the document with a digest, in words; empty when nothing did."""
        one = self.destroyed.get(sha256) or (self._after.get(sha256) or (None, None))[1]
        return "" if one is None else one.told


def _key(one: Erasure) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return one.id, tuple(one.replaced), one.destroyed
