"""``/account``: one's own password, passkeys and sessions."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.params import JSONBody

from assay.errors import RefusedError
from assay.server import coming_in
from assay.server.entering.forms import FORM, Sent, see
from assay.server.outbox import time_of
from assay.server.page import page
from assay.server.serving import By, Here
from assay.server.signing_in import opaque, passkeys, passwords
from assay.server.signing_in.sessions import LONGEST_SECONDS, open_session, require_fresh
from assay.server.store import accounts, sessions
from assay.server.store import passkeys as kept_passkeys

Asked = Request[Any, Any, Any]

PATH = "/account"
_OWN = {"act": "account.own"}
_HANDLE = "passkey handle"


class OwnSession(msgspec.Struct, frozen=True, kw_only=True):
    """One of one's own sessions.

    Attributes:
        name: what the log calls it.
        browser: which browser on which system.
        how: how it was opened.
        opened_at: when.
        seen_at: when it was last used.
        this: whether it is the one that asks.
    """

    name: str
    browser: str
    how: str
    opened_at: str
    seen_at: str
    this: bool


class OwnPasskey(msgspec.Struct, frozen=True, kw_only=True):
    """One of one's own passkeys.

    Attributes:
        id: its id.
        label: what it is called.
        synced: whether its device may copy it to others.
        made_at: when it was registered.
        used_at: when it last signed in.
    """

    id: str
    label: str
    synced: bool
    made_at: str
    used_at: str | None


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    """One's own account.

    Attributes:
        name: its name.
        roles: what it may do.
        titles: roles that policies name.
        systems: the systems it has to do with; none: all.
        signs: whether it has a key to sign with.
        has_password: whether it has a password.
        providers: who else vouches for it.
        passkeys: its passkeys.
        sessions: its sessions.
    """

    name: str
    roles: tuple[str, ...]
    titles: tuple[str, ...]
    systems: tuple[str, ...] | None
    signs: bool
    has_password: bool
    providers: tuple[str, ...]
    passkeys: tuple[OwnPasskey, ...]
    sessions: tuple[OwnSession, ...]


class PasswordChange(msgspec.Struct, frozen=True, kw_only=True):
    """The password as it is, and the new one twice."""

    new: str
    again: str
    current: str = ""
    csrf: str = ""


class PasskeyChosen(msgspec.Struct, frozen=True, kw_only=True):
    """One of the passkeys."""

    id: str
    csrf: str = ""


class SessionChosen(msgspec.Struct, frozen=True, kw_only=True):
    """One of the sessions, or all of them."""

    name: str = ""
    csrf: str = ""


class PasskeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser made, and what it is to be called."""

    answer: dict[str, Any]
    label: str = ""


@page(PATH, template="account.html", act="account.own")
def account(server: Here, actor: By) -> AccountPage:
    """Show one's own account."""
    entrance = server.entrance
    with entrance.store.reading() as rows:
        known = accounts.find(rows, actor.name)
        keys, held = kept_passkeys.of_account(rows, actor.name), sessions.of_account(rows, actor.name)
        vouched = accounts.identities_of(rows, actor.name)
    return AccountPage(
        name=actor.name,
        roles=actor.roles,
        titles=actor.titles,
        systems=actor.systems,
        signs=entrance.people.has_key(actor.name),
        has_password=known is not None and known.has_password,
        providers=tuple(issuer for issuer, _ in vouched),
        passkeys=tuple(
            OwnPasskey(
                id=one.id, label=one.label, synced=one.synced, made_at=time_of(one.created_at),
                used_at=None if one.used_at is None else time_of(one.used_at),
            )
            for one in keys
        ),
        sessions=tuple(
            OwnSession(
                name=coming_in.named(one.digest), browser=one.browser, how=one.how, opened_at=time_of(one.created_at),
                seen_at=time_of(one.seen_at), this=one.digest == actor.session,
            )
            for one in held
        ),
    )  # fmt: skip


@post(f"{PATH}/password", opt=_OWN, sync_to_thread=True)
def change_password(request: Asked, server: Here, actor: By, data: Annotated[PasswordChange, FORM]) -> Response[bytes]:
    """Set another password: every session ends, and this one goes on as a new one."""
    entrance, at = server.entrance, server.entrance.at()
    address = coming_in_address(request)
    entrance.limits.begin("password", account=actor.name, address=address, at=at)
    with entrance.store.reading() as rows:
        require_fresh(rows, actor, at=at)
        kept = accounts.password_of(rows, actor.name)
    if kept is not None and not passwords.matches(kept, data.current):
        raise RefusedError("expected your password as it is, found another")
    if not opaque.same(data.new, data.again):
        raise RefusedError("expected the same new password twice, found two")
    entrance.limits.succeeded("password", account=actor.name, address=address)
    hashed = passwords.hash_of(passwords.check_new(data.new, name=actor.name))
    with entrance.store.writing() as rows:
        known = accounts.find(rows, actor.name)
        if known is None or known.disabled:
            raise RefusedError("expected an account that may sign in, found none")
        accounts.set_password(rows, actor.name, hashed)
        sessions.close_all(rows, actor.name)
        cookie = open_session(rows, actor.name, how="password", agent=request.headers.get("user-agent", ""), at=at)
        entrance.people.tell(rows, known, "password-set", by=actor.name, at=at)
    answer = see(PATH)
    answer.cookies.append(entrance.site.cookie(entrance.site.session_cookie, cookie, seconds=LONGEST_SECONDS))
    return answer


@post(f"{PATH}/sessions", opt=_OWN, sync_to_thread=True)
def end_sessions(server: Here, actor: By, data: Annotated[SessionChosen, FORM]) -> Response[bytes]:
    """End one of one's sessions, or, where none is named, all but this one."""
    entrance, at = server.entrance, server.entrance.at()
    if not data.name:
        coming_in.leave_everywhere(entrance, actor.name, at=at, but=actor.session or "")
        return see(PATH)
    with entrance.store.reading() as rows:
        own = [one.digest for one in sessions.of_account(rows, actor.name) if coming_in.named(one.digest) == data.name]
    for digest in own:
        coming_in.leave(entrance, digest, at=at)
    return see(PATH)


@post(f"{PATH}/passkeys/options", opt=_OWN, sync_to_thread=True, status_code=200)
def passkey_options(server: Here, actor: By) -> dict[str, Any]:
    """Return what a browser needs to make a passkey."""
    entrance, at = server.entrance, server.entrance.at()
    with entrance.store.writing() as rows:
        session = require_fresh(rows, actor, at=at)
        handle = opaque.derived(entrance.secret, _HANDLE, actor.name)
        return passkeys.begin_registering(rows, entrance.site, actor.name, handle, session.digest, at=at)


@post(f"{PATH}/passkeys", opt=_OWN, sync_to_thread=True, status_code=201)
def add_passkey(server: Here, actor: By, data: JSONBody[PasskeyMade]) -> OwnPasskey:
    """Register a passkey."""
    entrance, at = server.entrance, server.entrance.at()
    with entrance.store.reading() as rows:
        session = require_fresh(rows, actor, at=at)
    made = passkeys.finish_registering(
        entrance.store, entrance.site, msgspec.json.encode(data.answer).decode(), holder=session.digest,
        account=actor.name, label=data.label, at=at,
    )  # fmt: skip
    _tell(server, actor.name, "passkey-added", at)
    return OwnPasskey(id=made.id, label=made.label, synced=made.synced, made_at=time_of(at), used_at=None)


@post(f"{PATH}/passkeys/remove", opt=_OWN, sync_to_thread=True)
def remove_passkey(server: Here, actor: By, data: Annotated[PasskeyChosen, FORM]) -> Response[bytes]:
    """Remove one of one's passkeys."""
    entrance, at = server.entrance, server.entrance.at()
    with entrance.store.writing() as rows:
        require_fresh(rows, actor, at=at)
        gone = kept_passkeys.remove(rows, data.id, account=actor.name)
    if gone:
        _tell(server, actor.name, "passkey-removed", at)
    return see(PATH)


@post(f"{PATH}/sign-out-everywhere", opt=_OWN, sync_to_thread=True)
def sign_out_everywhere(server: Here, actor: By, data: Annotated[Sent, FORM]) -> Response[bytes]:  # noqa: ARG001 - its token was looked at
    """End every session of one's own, this one too."""
    entrance = server.entrance
    coming_in.leave_everywhere(entrance, actor.name, at=entrance.at())
    answer = see("/sign-in")
    answer.cookies.append(entrance.site.cookie(entrance.site.session_cookie, "", seconds=0))
    return answer


def coming_in_address(request: Asked) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client is not None else "unknown"


def _tell(server: Here, name: str, change: str, at: int) -> None:
    entrance = server.entrance
    with entrance.store.writing() as rows:
        known = accounts.find(rows, name)
        if known is not None:
            entrance.people.tell(rows, known, change, by=name, at=at)


ROUTES = (
    account, change_password, end_sessions, passkey_options, add_passkey, remove_passkey, sign_out_everywhere,
)  # fmt: skip
