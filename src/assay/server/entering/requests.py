"""``/requests``: what two persons must agree to."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from assay.errors import InputError
from assay.server import two_persons
from assay.server.entering.forms import FORM, see
from assay.server.outbox import time_of
from assay.server.page import page
from assay.server.permits import may
from assay.server.serving import By, Here
from assay.server.store import two_person

PATH = "/requests"
ABOUT: dict[str, str] = {"erasure": "person", "key-rotation": "person"}
"""What each kind of request is about; break-glass has a form of its own (`assay.server.entering.break_glass_form`)."""

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
    consents: bool
    withdraws: bool


class RequestsPage(msgspec.Struct, frozen=True, kw_only=True):
    """What two persons must agree to.

    Attributes:
        requests: the latest, the newest first.
        kinds: what can be asked for.
    """

    requests: tuple[Asked, ...]
    kinds: tuple[str, ...] = tuple(ABOUT)


class RequestForm(msgspec.Struct, frozen=True, kw_only=True):
    """Something to ask for: what, about whom or what, and why."""

    what: str
    about: str
    reason: str
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
        found = [one.at(at) for one in two_person.latest(rows)]
    decides = may(actor, "request.decide")
    return RequestsPage(
        requests=tuple(
            Asked(
                id=one.id, what=one.what, about=one.about, reason=one.reason, asked_by=one.asked_by,
                asked_at=time_of(one.asked_at), expires_at=time_of(one.expires_at), state=one.state,
                decided_by=one.decided_by, decided_at=None if one.decided_at is None else time_of(one.decided_at),
                words=one.words, withdraws=one.state == "open" and one.asked_by == actor.name,
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
    with entrance.store.writing() as rows:
        two_persons.open_request(
            rows, entrance.outbox, actor, what=kind, about={ABOUT[kind]: data.about.strip()}, reason=data.reason,
            at=entrance.at(),
        )  # fmt: skip
    return see(PATH)


@post(f"{PATH}/{{identity:str}}/consent", opt=_DECIDE, sync_to_thread=True)
def consent(server: Here, actor: By, identity: FromPath[str], data: Annotated[DecisionForm, FORM]) -> Response[bytes]:
    """Consent; another key is made at once."""
    entrance, at = server.entrance, server.entrance.at()
    with entrance.store.writing() as rows:
        decided = two_persons.decide(rows, entrance.outbox, actor, identity, consent=True, words=data.words, at=at)
    if decided.what == "key-rotation":
        with entrance.store.writing() as rows:
            two_persons.take(
                rows, entrance.outbox, identity, what="key-rotation", about=decided.about, by=actor.name, at=at
            )
        entrance.people.make_key(decided.about["person"], by=decided.asked_by, at=at, anew=True)
    return see(PATH)


@post(f"{PATH}/{{identity:str}}/refuse", opt=_DECIDE, sync_to_thread=True)
def refuse(server: Here, actor: By, identity: FromPath[str], data: Annotated[DecisionForm, FORM]) -> Response[bytes]:
    """Refuse, or take back what one asked for oneself."""
    entrance = server.entrance
    with entrance.store.writing() as rows:
        two_persons.decide(rows, entrance.outbox, actor, identity, consent=False, words=data.words, at=entrance.at())
    return see(PATH)


ROUTES: tuple[Any, ...] = (requests, ask, consent, refuse)
