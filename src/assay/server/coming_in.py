"""Coming in: from what somebody shows to a session, each way with its limits and its events.

Who is turned away is told the same whether the name, the password or the passkey is wrong, and after the same time; the
log tells which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import RefusedError
from assay.records.canonical import sha256_hex
from assay.server.signing_in import opaque, passkeys, passwords
from assay.server.signing_in.sessions import open_session
from assay.server.store import accounts, sessions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.server.entrance import Entrance
    from assay.server.store import Rows

_DOOR, _CODE = "sign-in", "code"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """From where somebody tries.

    Attributes:
        address: the address.
        agent: what the browser says that it is.
        visitor: the visitor's cookie.
        session: the cookie of a session that the browser holds already; it ends with the next one.
        at: when, POSIX seconds.
    """

    address: str
    agent: str
    visitor: str | None
    session: str | None
    at: int


def by_password(entrance: Entrance, visit: Visit, name: str, password: str) -> str:
    """Return the cookie of a new session, for a name and its password.

    Raises:
        RefusedError: when they do not belong together.
        TooManyError: after many failures.
        StorageError: when the database does not answer.
    """
    name = name.strip()
    entrance.limits.begin(_DOOR, account=name.casefold(), address=visit.address, at=visit.at)
    with entrance.store.reading() as rows:
        account, kept = accounts.find(rows, name), accounts.password_of(rows, name)
    holds = passwords.matches(kept, password)  # as long for a name that nobody has
    if account is None or not holds or account.disabled:
        reason = "unknown" if account is None else "disabled" if holds else "wrong"
        _refused(entrance, visit, "password", reason, account=None if account is None else account.name)
        raise RefusedError("expected a name and its password, found that they do not belong together")
    entrance.limits.succeeded(_DOOR, account=name.casefold(), address=visit.address)
    anew = passwords.hash_of(password) if kept is not None and passwords.outdated(kept) else None
    with entrance.store.writing() as rows:
        if anew is not None:
            accounts.set_password(rows, name, anew)
        return _opened(entrance, rows, visit, name, "password")


def by_passkey(entrance: Entrance, visit: Visit, answer: str) -> str:
    """Return the cookie of a new session, for a passkey's answer to the challenge that this browser got.

    Raises:
        RefusedError: when it does not hold.
    """
    try:
        name = passkeys.finish_signing_in(
            entrance.store, entrance.site, answer, holder=visit.visitor or "", at=visit.at
        )
    except RefusedError:
        _refused(entrance, visit, "passkey", "wrong")
        raise
    with entrance.store.writing() as rows:
        account = accounts.find(rows, name)
        if account is not None and not account.disabled:
            return _opened(entrance, rows, visit, name, "passkey")
    _refused(entrance, visit, "passkey", "disabled", account=name)
    raise RefusedError("expected the passkey of an account that may sign in, found one that may not")


def by_provider(entrance: Entrance, visit: Visit, provider: str, answer: Mapping[str, str]) -> str:
    """Return the cookie of a new session, for a provider's answer.

    Raises:
        RefusedError: when the provider does not vouch for anybody with a role here.
        StorageError: when it does not answer.
    """
    how = f"oidc:{provider}"
    try:
        identity = entrance.providers[provider].finish(entrance.store, visit.visitor or "", answer, at=visit.at)
        name = entrance.people.vouched(identity, at=visit.at)
    except RefusedError:
        _refused(entrance, visit, how, "not-vouched")
        raise
    with entrance.store.writing() as rows:
        return _opened(entrance, rows, visit, name, how)


def by_code(entrance: Entrance, visit: Visit, code: str, password: str) -> str:
    """Return the cookie of a new session, for a one-time code and the password that is to be set.

    Raises:
        InputError: for a password that cannot be one; the code still holds then.
        RefusedError: for a code that does not hold.
        TooManyError: after many failures.
    """
    entrance.limits.begin(_CODE, account=opaque.digest(code)[:16], address=visit.address, at=visit.at)
    try:
        name = entrance.people.enrol(code, password, at=visit.at)
    except RefusedError:
        _refused(entrance, visit, "enrolment", "wrong")
        raise
    entrance.limits.succeeded(_CODE, account=opaque.digest(code)[:16], address=visit.address)
    with entrance.store.writing() as rows:
        return _opened(entrance, rows, visit, name, "enrolment")


def leave(entrance: Entrance, digest: str, *, at: int) -> None:
    """End a session."""
    with entrance.store.writing() as rows:
        name = sessions.close(rows, digest)
        if name is not None:
            fields = {"session": named(digest), "reason": "signed-out"}
            entrance.outbox.say(rows, "session.closed", fields, people={"account": name, "by": name}, at=at)


def leave_everywhere(entrance: Entrance, account: str, *, at: int, but: str = "") -> int:
    """End the sessions of somebody, all or all but one; return how many."""
    with entrance.store.writing() as rows:
        ended = sessions.close_all(rows, account, but=but)
        if ended:
            fields = {"reason": "signed-out-everywhere"}
            entrance.outbox.say(rows, "session.closed", fields, people={"account": account, "by": account}, at=at)
        return ended


def named(digest: str) -> str:
    """Return what the log calls a session: the digest itself is what forms are bound to, and stays here."""
    return f"s_{sha256_hex(f'assay session {digest}'.encode())[:32]}"


def _opened(entrance: Entrance, rows: Rows, visit: Visit, account: str, how: str) -> str:
    cookie = open_session(rows, account, how=how, agent=visit.agent, at=visit.at, replaces=visit.session)
    fields = {
        "session": named(opaque.digest(cookie)), "how": how, "origin": entrance.origin(visit.address, visit.at),
    }  # fmt: skip
    entrance.outbox.say(rows, "session.opened", fields, people={"account": account}, at=visit.at)
    return cookie


def _refused(entrance: Entrance, visit: Visit, how: str, reason: str, *, account: str | None = None) -> None:
    fields = {"how": how, "reason": reason, "origin": entrance.origin(visit.address, visit.at)}
    with entrance.store.writing() as rows:
        entrance.outbox.say(rows, "session.refused", fields, people={"account": account}, at=visit.at)
