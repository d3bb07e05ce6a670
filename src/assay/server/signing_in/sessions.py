"""Sessions of people: a random cookie, of which the server keeps the digest and everything else.

A cookie is a new one at every sign-in and whenever what somebody may do changes, so that one that was planted or seen
before is worth nothing (OWASP ASVS 4.0.3, 3.2.1). It ends after 30 minutes without use and after 12 hours in any case
(3.3.2), at sign-out, and everywhere at once when its owner or an administrator says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from assay.errors import RefusedError, StorageError
from assay.server.signing_in import opaque
from assay.server.store import accounts, passkeys, sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from assay.server.acting import Actor
    from assay.server.store import Rows, Store

IDLE_SECONDS, LONGEST_SECONDS = 30 * 60, 12 * 3600
ONE_FACTOR = frozenset({"password", "enrolment"})
"""Ways in that show one factor; a passkey shows that one has the device and that it knows one."""

FRESH_SECONDS = 15 * 60
"""How long after signing in somebody may change how they sign in."""

GRACE_SECONDS = 5 * 60
"""How long who was known is still known, for reading, when the database does not answer."""

_SEEN_SECONDS = 60
_FORM = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_BROWSERS = ("Edg", "Firefox", "Chrome", "Safari", "curl")
_SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")
_MOST_KNOWN = 10_000


class Sessions:
    """Sessions of a store.

    Args:
        store: where they are.
        asks_two: says whether who has some roles comes in by two factors alone.
    """

    def __init__(self, store: Store, asks_two: Callable[[Iterable[str]], bool] = lambda _roles: False) -> None:
        self._store, self._asks_two = store, asks_two
        self._known: dict[str, tuple[Actor, int]] = {}

    def actor(self, cookie: str | None, *, at: int, reading: bool) -> Actor | None:
        """Return who holds a cookie; None when it opens nothing.

        Args:
            cookie: as the browser sent it.
            at: now.
            reading: whether nothing is to be changed. Then, while the database does not answer, who was known within
                the last `GRACE_SECONDS` is let in: one signed out elsewhere meanwhile, too.

        Raises:
            StorageError: when the database does not answer.
        """
        if cookie is None or not _FORM.match(cookie):
            return None
        digest = opaque.digest(cookie)
        try:
            found = self._look_up(digest, at)
        except StorageError:
            known = self._known.get(digest)
            if reading and known is not None and at - known[1] < GRACE_SECONDS:
                return known[0]
            raise
        if found is None:
            self._known.pop(digest, None)
            return None
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[digest] = (found, at)
        return found

    def _look_up(self, digest: str, at: int) -> Actor | None:
        with self._store.reading() as rows:
            session = sessions.find(rows, digest)
            account = None if session is None else accounts.find(rows, session.account)
        if session is None or account is None or account.disabled or not holds(session, at):
            return None
        if at - session.seen_at >= _SEEN_SECONDS:
            with self._store.writing() as rows:
                sessions.seen(rows, digest, at=at)
        half = session.how in ONE_FACTOR and self._asks_two(account.roles)
        return msgspec.structs.replace(account.actor(digest), half=half)


def open_session(rows: Rows, account: str, *, how: str, agent: str, at: int, replaces: str | None = None) -> str:
    """Open a session and return its cookie, a new one in any case; one that the browser held before ends.

    Args:
        rows: a transaction that writes.
        account: whose.
        how: ``password``, ``passkey``, ``enrolment`` or ``oidc:NAME``.
        agent: what the browser says that it is.
        at: now.
        replaces: the cookie that the browser held.
    """
    sessions.close_old(rows, created_before=at - LONGEST_SECONDS, seen_before=at - IDLE_SECONDS)
    if replaces is not None:
        sessions.close(rows, opaque.digest(replaces))
    cookie = opaque.make()
    opened = sessions.Session(
        digest=opaque.digest(cookie), account=account, how=how, browser=browser_of(agent), created_at=at, seen_at=at
    )
    sessions.add(rows, opened)
    return cookie


def holds(session: sessions.Session, at: int) -> bool:
    """Say whether a session still holds."""
    return at - session.seen_at < IDLE_SECONDS and at - session.created_at < LONGEST_SECONDS


def require_fresh(rows: Rows, actor: Actor, *, at: int) -> sessions.Session:
    """Return the session of somebody who has just signed in: nobody else changes how they sign in (ASVS 3.7.1).

    Raises:
        RefusedError: when it was long ago, or by one factor where there is a second one.
    """
    session = None if actor.session is None else sessions.find(rows, actor.session)
    if session is None or at - session.created_at >= FRESH_SECONDS:
        raise RefusedError(
            f"expected somebody who has signed in within the last {FRESH_SECONDS // 60} minutes, found that it was "
            "longer ago. Sign out and in again, and repeat it"
        )
    if actor.half and passkeys.of_account(rows, actor.name):
        raise RefusedError(
            "expected you to have come in by your passkey, found a password alone: it changes nothing here. Sign out, "
            "and come in by the passkey; if it is lost, an administrator resets the account"
        )
    return session


def browser_of(agent: str) -> str:
    """Return which browser on which system, of a short list: enough to know one's own sessions by."""
    browser = next((one for one in _BROWSERS if one in agent), "another browser").replace("Edg", "Edge")
    system = next((one for one in _SYSTEMS if one in agent), "another system")
    return f"{browser}, {system}"
