"""What two persons must agree to: one asks, another consents, within a time; what was consented to is used once.

Whoever carries something out that needs two (an erasure, another key, break-glass) takes the consent with `take`, which
names exactly what it is about; nothing else opens it.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.errors import InputError, NotThereError, RefusedError
from assay.server.outbox import seconds_of, time_of
from assay.server.permits import PERMITS, require
from assay.server.store import accounts, two_person
from assay.server.store.lists import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.server.acting import Actor
    from assay.server.outbox import Outbox
    from assay.server.store import Rows

HOURS: Mapping[two_person.What, int] = {
    "erasure": 7 * 24, "key-rotation": 3 * 24, "log-key-rotation": 3 * 24, "break-glass": 4,
}  # fmt: skip
"""How long a request is open, and a consent may be used, in hours."""

_ID_BYTES = 16
_LONGEST_WORDS = 2_000
_MOST_OPEN = 50


def open_request(
    rows: Rows, outbox: Outbox, actor: Actor, *, what: two_person.What, about: Mapping[str, str], reason: str, at: int
) -> two_person.Request:
    """Ask for something that takes two.

    Args:
        rows: a transaction that writes.
        outbox: takes the event.
        actor: who asks.
        what: what for.
        about: what it is about, by name.
        reason: why.
        at: now.

    Raises:
        InputError: without a reason, or when the same is asked for already.
        RefusedError: for who may not ask.
    """
    require(actor, "request.open")
    words = _words("reason", reason)
    open_now = [one for one in two_person.latest(rows) if one.at(at).state == "open"]
    same = [one.id for one in open_now if (one.what, one.about) == (what, dict(about))]
    if same:
        raise InputError(f"expected something new, found that {same[0]} asks for the same and is open")
    if sum(one.asked_by == actor.name for one in open_now) >= _MOST_OPEN:
        raise InputError(f"expected fewer than {_MOST_OPEN} open requests of {actor.name}, found that many")
    made = two_person.Request(
        id=f"q_{secrets.token_hex(_ID_BYTES)}", what=what, about=dict(about), reason=words, asked_by=actor.name,
        asked_at=at, expires_at=at + HOURS[what] * 3600,
    )  # fmt: skip
    two_person.add(rows, made)
    fields = {
        "request": made.id, "what": what, "about_commitment": outbox.commitment(made.id, "about", to_text(made.about)),
        "reason_commitment": outbox.commitment(made.id, "reason", words), "expires_at": time_of(made.expires_at),
    }  # fmt: skip
    outbox.say(rows, "request.opened", fields, people={"asked_by": actor.name}, at=at)
    return made


def decide(
    rows: Rows, outbox: Outbox, actor: Actor, identity: str, *, consent: bool, words: str, at: int
) -> two_person.Request:
    """Consent to a request, or refuse it; who asked may take it back, which is a refusal, too.

    Raises:
        NotThereError: when there is no such request.
        RefusedError: when it is not open any more, or the second person is the first, or the one that it is about.
    """
    request = require_request(rows, identity)
    _require_state(request.at(at), "open")
    withdrawn = not consent and actor.name == request.asked_by
    if not withdrawn:
        require(actor, "request.decide", asked_by=request.asked_by)
        if consent and actor.name == request.about.get("person"):
            raise RefusedError(f"expected a second person, found {actor.name}, whom it is about. Ask another")
    outcome: two_person.State = "consented" if consent else "withdrawn" if withdrawn else "refused"
    decided = msgspec.structs.replace(
        request, state=outcome, decided_by=actor.name, decided_at=at, words=words.strip()[:_LONGEST_WORDS],
        expires_at=_used_until(request, at) if consent else request.expires_at,
    )  # fmt: skip
    two_person.keep(rows, decided)
    _tell(rows, outbox, decided, outcome, by=actor.name, at=at)
    return decided


def take(
    rows: Rows, outbox: Outbox, identity: str, *, what: two_person.What, about: Mapping[str, str], by: str, at: int
) -> two_person.Request:
    """Take up what two persons have agreed to, once; the caller carries it out, and says so by `finish`.

    Args:
        rows: a transaction that writes.
        outbox: takes the event.
        identity: the request's id.
        what: what is about to be done.
        about: to what; exactly what the request says.
        by: who does it.
        at: now.

    Raises:
        NotThereError: when there is no such request.
        RefusedError: when it is about something else, or was not consented to, or was used, or is too old.
    """
    request = require_request(rows, identity)
    if (request.what, request.about) != (what, dict(about)):
        raise RefusedError(f"expected the consent to this {what}, found that {identity} is about something else")
    _require_state(request.at(at), "consented")
    taken = msgspec.structs.replace(request, state="taken")
    two_person.keep(rows, taken)
    _tell(rows, outbox, taken, "taken", by=by, at=at)
    return taken


def finish(
    rows: Rows, outbox: Outbox, identity: str, *, state: Literal["done", "failed"], outcome: str, at: int
) -> two_person.Request:
    """Say what came of a request that was taken up.

    Args:
        rows: a transaction that writes.
        outbox: takes the event.
        identity: the request's id.
        state: whether it was done.
        outcome: what was done, or why it cannot be.
        at: now.
    """
    request = require_request(rows, identity)
    _require_state(request.at(at), "taken")
    ended = msgspec.structs.replace(request, state=state, outcome=outcome, done_at=at)
    two_person.keep(rows, ended)
    _tell(rows, outbox, ended, state, by=ended.decided_by or ended.asked_by, at=at)
    return ended


def require_request(rows: Rows, identity: str) -> two_person.Request:
    """Return a request.

    Raises:
        NotThereError: when there is none.
    """
    found = two_person.find(rows, identity)
    if found is None:
        raise NotThereError("expected a request, found none of this id")
    return found


def others_who_decide(rows: Rows, *names: str) -> list[str]:
    """Return who could be the second person, beside some names: people who have come in and may decide."""
    roles = set(PERMITS["request.decide"])
    return [
        one.name
        for one in accounts.every(rows)
        if roles & set(one.roles) and not one.disabled and one.name not in names and _has_come_in(rows, one)
    ]


def _has_come_in(rows: Rows, account: accounts.Account) -> bool:
    return account.has_password or bool(accounts.identities_of(rows, account.name))


def _used_until(request: two_person.Request, at: int) -> int:
    """Return until when a consent may be used: as its kind has it, or as the request itself says."""
    until = request.about.get("until")
    return at + HOURS[request.what] * 3600 if until is None else seconds_of(until)


def _require_state(request: two_person.Request, state: Literal["open", "consented", "taken"]) -> None:
    if request.state != state:
        wanted = {
            "open": "a request that is open", "consented": "a request that was consented to",
            "taken": "a request that is being carried out",
        }[state]  # fmt: skip
        raise RefusedError(f"expected {wanted}, found {request.id} {request.state}. Ask again")


def _words(what: str, text: str) -> str:
    words = text.strip()
    if not words or len(words) > _LONGEST_WORDS:
        raise InputError(f"{what}: expected 1 to {_LONGEST_WORDS} characters, found {len(words)}")
    return words


def _tell(rows: Rows, outbox: Outbox, request: two_person.Request, outcome: str, *, by: str, at: int) -> None:
    fields = {
        "request": request.id, "what": request.what, "outcome": outcome,
        "said_commitment": outbox.commitment(request.id, outcome, request.words or ""),
    }  # fmt: skip
    outbox.say(rows, "request.decided", fields, people={"asked_by": request.asked_by, "by": by}, at=at)
