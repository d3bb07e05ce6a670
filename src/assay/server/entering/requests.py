"""``/requests``: what two persons must agree to."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from assay.errors import InputError
from assay.lifecycle.erasing import GROUNDS
from assay.server import two_persons
from assay.server.carrying_out import carry_out
from assay.server.entering.forms import FORM, see
from assay.server.erasing_here import GROUND
from assay.server.log_key import CAUSES, about_log_key
from assay.server.outbox import time_of
from assay.server.page import page
from assay.server.permits import may
from assay.server.serving import By, Here, Server
from assay.server.store import two_person
from assay.trail.searching import Search

PATH = "/requests"
ABOUT: dict[str, str] = {"erasure": "person", "key-rotation": "person", "log-key-rotation": "cause"}
"""What each kind of request is about; break-glass has a form of its own (`assay.server.entering.break_glass_form`)."""

MOST = 100
"""So many requests are listed, the newest first; the trail has them all."""

_DECIDE = {"act": "request.decide"}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request.

    Attributes:
        id: its id.
        what: what is asked for.
        about: what it is about.
        reason: why.
        asked_by: who asks.
        asked_at: when.
        expires_at: when it can no longer be consented to, or used.
        state: what became of it.
        decided_by: who decided.
        decided_at: when.
        words: theirs.
        outcome: what was done, or why it is not yet.
        done_at: when it was done.
        consents: whether who looks may consent.
        withdraws: whether who looks may take it back.
    """

    id: str
    what: str
    about: dict[str, str]
    reason: str
    asked_by: str
    asked_at: str
    expires_at: str
    state: str
    decided_by: str | None
    decided_at: str | None
    words: str | None
    outcome: str | None
    done_at: str | None
    consents: bool
    withdraws: bool


class RequestsPage(msgspec.Struct, frozen=True, kw_only=True):
    """What two persons must agree to.

    Attributes:
        requests: the latest, the newest first.
        kinds: what can be asked for.
        grounds: the legal grounds of an erasure.
        causes: why the log's key may be replaced.
    """

    requests: tuple[Asked, ...]
    kinds: tuple[str, ...] = tuple(ABOUT)
    grounds: tuple[str, ...] = GROUNDS
    causes: tuple[str, ...] = CAUSES


class RequestForm(msgspec.Struct, frozen=True, kw_only=True):
    """Something to ask for: what, about whom (of the log's key: the cause), why; of an erasure, the ground."""

    what: str
    about: str
    reason: str
    ground: str = GROUND
    csrf: str = ""


class DecisionForm(msgspec.Struct, frozen=True, kw_only=True):
    """Words with a decision."""

    words: str = ""
    csrf: str = ""


@page(PATH, template="requests.html", act="requests.read", noted="requests")
def requests(server: Here, actor: By) -> RequestsPage:
    """List what two persons must agree to."""
    entrance = server.entrance
    at = entrance.at()
    with entrance.store.reading() as rows:
        found = [one.at(at) for one in two_person.latest(rows, MOST)]
    decides = may(actor, "request.decide")
    return RequestsPage(
        requests=tuple(
            Asked(
                id=one.id, what=one.what, about=one.about, reason=one.reason, asked_by=one.asked_by,
                asked_at=time_of(one.asked_at), expires_at=time_of(one.expires_at), state=one.state,
                decided_by=one.decided_by, decided_at=None if one.decided_at is None else time_of(one.decided_at),
                words=one.words, outcome=one.outcome, done_at=None if one.done_at is None else time_of(one.done_at),
                withdraws=one.state == "open" and one.asked_by == actor.name,
                consents=decides and one.state == "open" and actor.name not in {one.asked_by, one.about.get("person")},
            )
            for one in found
        )
    )  # fmt: skip


@post(PATH, opt={"act": "request.open"}, sync_to_thread=True)
def ask(server: Here, actor: By, data: Annotated[RequestForm, FORM]) -> Response[bytes]:
    """Ask for something that takes two."""
    entrance = server.entrance
    kind = next((one for one in get_args(two_person.What) if one == data.what and one in ABOUT), None)
    if kind is None or not data.about.strip():
        raise InputError(f"expected one of {', '.join(ABOUT)} and what it is about, found {data.what!r:.40}")
    about = _about(server, kind, data)
    with entrance.store.writing() as rows:
        two_persons.open_request(
            rows, entrance.outbox, actor, what=kind, about=about, reason=data.reason, at=entrance.at()
        )
    return see(PATH)


def _about(server: Server, kind: two_person.What, data: RequestForm) -> dict[str, str]:
    """Return what a request is about, checked, so that what is consented to can be carried out."""
    given = data.about.strip()
    if kind == "log-key-rotation":
        return about_log_key(server.home, given)
    if kind == "erasure":
        search = Search(given)
        if search.found_in(data.reason.encode()):
            raise InputError("reason: expected words that do not repeat what is erased")
        if data.ground not in GROUNDS:
            raise InputError(f"ground: expected one of {', '.join(GROUNDS)}, found {data.ground!r:.40}")
        server.entrance.people.require_dispensable(given)
        return {"person": given} | ({} if data.ground == GROUND else {"ground": data.ground})
    return {ABOUT[kind]: given}


@post(f"{PATH}/{{identity:str}}/consent", opt=_DECIDE, sync_to_thread=True)
def consent(server: Here, actor: By, identity: FromPath[str], data: Annotated[DecisionForm, FORM]) -> Response[bytes]:
    """Consent: a person's other key is made at once, what takes longer is begun."""
    entrance, at = server.entrance, server.entrance.at()
    with entrance.store.writing() as rows:
        decided = two_persons.decide(rows, entrance.outbox, actor, identity, consent=True, words=data.words, at=at)
    if decided.what == "key-rotation":
        carry_out(server, identity)
    server.soon()
    return see(PATH)


@post(f"{PATH}/{{identity:str}}/refuse", opt=_DECIDE, sync_to_thread=True)
def refuse(server: Here, actor: By, identity: FromPath[str], data: Annotated[DecisionForm, FORM]) -> Response[bytes]:
    """Refuse, or take back what one asked for oneself."""
    entrance = server.entrance
    with entrance.store.writing() as rows:
        two_persons.decide(rows, entrance.outbox, actor, identity, consent=False, words=data.words, at=entrance.at())
    return see(PATH)


ROUTES: tuple[Any, ...] = (requests, ask, consent, refuse)
