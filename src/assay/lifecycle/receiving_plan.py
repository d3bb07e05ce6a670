"""What taking a delivery is going to do, fixed before the first of it is done: entries, records, and its reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from assay.attest import dsse
from assay.lifecycle.naming_digests import digests_in
from assay.lifecycle.received import Delivered, Intent, KeptReach, Place
from assay.lifecycle.receiving_checks import key_text
from assay.records.canonical import sha256_hex
from assay.records.delivery import Outcome
from assay.trail.delivered import DELIVERED, apart
from assay.trail.events import Event, event_statement, make_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assay.attest.keys import Signer
    from assay.lifecycle.receiving_checks import CheckedRelease, Pipeline
    from assay.records.delivery import Delivery
    from assay.tlog.compact_range import CompactRange
    from assay.tlog.log_keys import LogKeys

WAITS_TO_BE_DECIDED = "it was taken, and is decided on in a moment"


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A delivery that holds.

    Attributes:
        delivery: the delivery.
        new: the entries that were not taken before.
        tree: the tree with them.
        keys: the keys that the log is known by.
        releases: its releases.
        documents: what is named and not kept yet, by digest.
    """

    delivery: Delivery
    new: tuple[bytes, ...]
    tree: CompactRange
    keys: LogKeys
    releases: tuple[CheckedRelease, ...] = ()
    documents: dict[str, bytes] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """Index of the first new entry in its own log."""
        return self.tree.size - len(self.new)


def named_digests(delivery: Delivery, new: Sequence[bytes]) -> set[str]:
    """Return the digests that a delivery's new entries, its releases and the files of the project name."""
    found = {sha256 for one in delivery.releases for sha256 in one.files.values()} | set(delivery.sources.values())
    for entry in new:
        found |= digests_in(entry)
    return found


def make_intent(
    looked: Looked,
    pipeline: Pipeline,
    kept: KeptReach | None,
    signer: Signer,
    *,
    owner: Callable[[str], str | None],
    at: str,
) -> Intent:
    """Return what taking a delivery does.

    Args:
        looked: the delivery, which holds.
        pipeline: who delivers.
        kept: how far its log was taken before; None when nothing of it was.
        signer: signs what the server says of it.
        owner: returns the system that a model's name belongs to, None where it is nobody's.
        at: now, RFC 3339 in UTC.
    """
    delivery = looked.delivery
    releases = tuple(_delivered(one, delivery, pipeline, at) for one in looked.releases)
    places = [one.place for one in releases]
    before = () if kept is None else kept.undecided
    reach = KeptReach(
        origin=delivery.origin,
        system=delivery.system,
        vkey=str(looked.keys.newest),
        keys=looked.keys.content().decode() if len(looked.keys.ranges) > 1 else "",
        size=looked.tree.size,
        peaks=tuple(peak.hex() for peak in looked.tree.peaks),
        checkpoint=delivery.checkpoint if looked.new or kept is None else kept.checkpoint,
        undecided=(*(one for one in before if one not in places), *places),
    )
    entries = [(f"delivered:{delivery.origin} {looked.first + i}".encode(), one) for i, one in enumerate(looked.new)]
    for event in _told(looked, pipeline, releases, owner, at):
        name = f"{event.type}:{delivery.sha256}:{event.id}".encode()
        entries.append((name, dsse.sign(event_statement(event), [signer]).content()))
    return Intent(
        delivery=delivery.sha256,
        first=looked.first,
        new=len(looked.new),
        entries=tuple(entries),
        reach=reach,
        releases=releases,
        people=delivery.people,
    )


def _told(
    looked: Looked,
    pipeline: Pipeline,
    releases: Sequence[Delivered],
    owner: Callable[[str], str | None],
    at: str,
) -> Iterator[Event]:
    """Yield what the server says of a delivery; the first stands just after its entries."""
    delivery = looked.delivery

    def mine(model: str) -> bool:
        return owner(model) in {None, delivery.system}

    fields = {
        "origin": delivery.origin,
        "pipeline": pipeline.name,
        "first": looked.first,
        "entries": len(looked.new),
        "root": looked.tree.root().hex(),
        "checkpoint_sha256": sha256_hex(delivery.checkpoint.encode()),
        "delivery_sha256": delivery.sha256,
        "apart": list(apart(looked.new, mine)),
    }
    yield make_event(DELIVERED, fields, claimed_at=at)
    for one, checked in zip(releases, looked.releases, strict=True):
        about = {
            "origin": one.origin,
            "pipeline": one.pipeline,
            "system": one.system,
            "model": one.place.model,
            "version": one.place.version,
            "model_sha256": one.model_sha256,
            "stage": checked.evidence.stage,
            "decision": one.decision,
            "evidence_sha256": one.files["evidence.json"],
            "verdict_sha256": one.files["verdict.json"],
            "policy_sha256": one.policy_sha256,
        }
        yield make_event("release.delivered", about, claimed_at=at)


def _delivered(one: CheckedRelease, delivery: Delivery, pipeline: Pipeline, at: str) -> Delivered:
    place = Place(model=one.delivered.model, version=one.delivered.version, within=one.delivered.within)
    waits = Outcome(**msgspec.to_builtins(place), outcome="waits", words=WAITS_TO_BE_DECIDED)
    return Delivered(
        place=place,
        system=delivery.system,
        origin=delivery.origin,
        pipeline=pipeline.name,
        keys=tuple(map(key_text, pipeline.keys)),
        files=one.delivered.files,
        sources=delivery.sources,
        model_sha256=one.evidence.model.sha256,
        policy=one.verdict.policy.name,
        policy_sha256=one.verdict.policy.sha256,
        decision=one.verdict.decision,
        delivered_at=at,
        outcome=waits,
    )
