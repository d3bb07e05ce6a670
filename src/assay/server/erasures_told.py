"""Erasures that a project tells of in what it delivers: the server erases the same, once a second person consents.

An erasure counts here when somebody whom the server knows as one who may erase has signed it; a project's people are
not known here. So each that is delivered opens a request of two persons, of which the pipeline is the one. What is
consented to is done by the same ledger: the digests that the project's event names, under the server's own signature.
A project erases what is its own: an event that names a document of another system's releases is carried out for nobody.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from assay.errors import InputError
from assay.server.outbox import time_of
from assay.server.store import two_person
from assay.server.store.lists import to_text
from assay.server.two_persons import HOURS
from assay.trail.erasures import ERASED, ERASER
from assay.trail.events import make_event
from assay.trail.reading import read_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.lifecycle.received import Kept
    from assay.lifecycle.recording import Recorded
    from assay.records.delivery import Delivery
    from assay.server.acting import Actor
    from assay.server.serving import Server
    from assay.trail.events import Event

_ID_BYTES = 16


def ask_for_erasures(server: Server, actor: Actor, delivery: Delivery) -> None:
    """Open a request for each erasure that a delivery tells of, once.

    Args:
        server: the server, which has taken the delivery.
        actor: the pipeline.
        delivery: the delivery.
    """
    reads = [read_entry(index, entry, ()) for index, entry in enumerate(delivery.entries)]
    told = {one.event.fields.erasure: one.event.fields for one in reads if one.type == ERASED and one.event is not None}
    if not told:
        return
    outbox, at = server.entrance.outbox, server.entrance.at()
    with server.store.writing() as rows:
        known = {(one.about.get("log"), one.about.get("erasure")) for one in two_person.latest(rows)}
        for name, said in told.items():
            if (delivery.origin, name) in known:
                continue
            about = {"log": delivery.origin, "erasure": name, "system": delivery.system, "person": said.person}
            made = two_person.Request(
                id=f"q_{secrets.token_hex(_ID_BYTES)}", what="erasure", about=about, asked_by=actor.name, asked_at=at,
                reason=f"Erased in the project of {delivery.system} ({said.ground}); its log tells of it.",
                expires_at=at + HOURS["erasure"] * 3600,
            )  # fmt: skip
            two_person.add(rows, made)
            fields = {
                "request": made.id, "what": made.what, "expires_at": time_of(made.expires_at),
                "about_commitment": outbox.commitment(made.id, "about", to_text(made.about)),
                "reason_commitment": outbox.commitment(made.id, "reason", made.reason),
            }  # fmt: skip
            outbox.say(rows, "request.opened", fields, people={"asked_by": actor.name}, at=at)


def erase_as_told(
    server: Server, asked: two_person.Request, kept: Kept, record: Callable[[Sequence[Event]], list[Recorded]]
) -> str:
    """Erase what a project has erased, by its event's digests; return that in words. Doing it twice is doing it once.

    Args:
        server: the server.
        asked: the request.
        kept: what is kept of deliveries.
        record: appends events that the log does not hold yet.

    Raises:
        InputError: when the log holds no such event, or it names what is another system's.
    """
    standing = server.inside.standing
    standing.refresh()
    told = [one.event.fields for one in standing.view().reads(ERASED) if one.event is not None]
    found = [one for one in told if one.erasure == asked.about["erasure"]]
    if not found:
        raise InputError(f"expected the erasure {asked.about['erasure']} in the log, found none")
    named = {digest for one in found for digest in (*one.replaced, *one.destroyed)}
    others = [one for one in kept.releases() if one.system != asked.about["system"] and named & {*one.files.values()}]
    if others:
        raise InputError(
            f"expected documents of {asked.about['system']} alone, found some of {others[0].system}: "
            f"{others[0].place.model} {others[0].place.version}"
        )
    identity = f"x_{asked.id.removeprefix('q_')}"
    events = [_again(one, identity, number, server.clock()) for number, one in enumerate(found, 1)]
    record(events)
    standing.refresh()  # erases what the log now says is erased, and puts it into the ledger
    standing.look_again()
    return (
        f"Erasure {identity}: what {asked.about['log']} has erased ({len(named)} documents by their digests) is erased "
        f"here, too; {found[0].person} leads to nobody."
    )


def _again(said: Any, identity: str, number: int, at: str) -> Event:  # noqa: ANN401 - the fields of `PrivacyErasure`
    fields = {
        "erasure": identity, "person": said.person, "ground": said.ground, "disclosures": said.disclosures,
        "role": ERASER, "replaced": said.replaced, "destroyed": list(said.destroyed),
    }  # fmt: skip
    return make_event(ERASED, fields, claimed_at=at, identity=f"{identity}-{number}")
