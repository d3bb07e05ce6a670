"""The entrance of a server that runs: all that decides who somebody is, opened together."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from assay.errors import NotSignedInError
from assay.lifecycle.setting import now
from assay.server.acting import NOBODY
from assay.server.alone import require_own
from assay.server.outbox import Outbox, seconds_of
from assay.server.people import People
from assay.server.security import UNSAFE
from assay.server.signing_in import opaque, tokens
from assay.server.signing_in.ci_identity import CiIdentities
from assay.server.signing_in.cookies import site_of
from assay.server.signing_in.limits import Limits, Pace
from assay.server.signing_in.oidc import OpenId
from assay.server.signing_in.sessions import Sessions
from assay.server.store import open_store, pipelines

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.connection import ASGIConnection

    from assay.server.acting import Actor
    from assay.server.home import Home
    from assay.server.store import Rows, Store

_DAY_SECONDS = 86_400
_BURST = 200
_API = "/api/"


class Entrance:
    """Who may come in to a server.

    Args:
        home: the server's folder and settings.
        store: where people are kept.
        clock: the time, RFC 3339 in UTC.
    """

    def __init__(self, home: Home, store: Store, clock: Callable[[], str] = now) -> None:
        self.home, self.store, self._clock = home, store, clock
        self.secret = opaque.server_secret(home.root)
        self.site = site_of(home.settings.origin)
        self.outbox = Outbox(store, home)
        self.people = People(store, home, self.outbox)
        self.sessions = Sessions(store, home.settings.asks_two_factors)
        self.limits = Limits(store, self.secret)
        self.pace = Pace(home.settings.calls_per_minute, min(_BURST, home.settings.calls_per_minute))
        self.providers = {one.name: OpenId(one, self.site, home.root) for one in home.settings.oidc}
        self.jobs = CiIdentities(home.settings.ci, self.site.origin)

    def at(self) -> int:
        """Return the time in POSIX seconds."""
        return seconds_of(self._clock())

    def identify(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
        """Return who sends a request: by its token, or its session's cookie.

        Raises:
            NotSignedInError: for a token that does not hold.
            TooManyError: when somebody calls the API too fast.
            StorageError: when the database does not answer.
        """
        actor = self._known(connection)
        if connection.scope["path"].startswith(_API):
            self.pace.step(actor.name if actor is not NOBODY else f"from {address_of(connection)}")
        return actor

    def _known(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
        header = connection.headers.get("authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer" or not token.strip():
                raise NotSignedInError("expected Authorization: Bearer and a token, found something else")
            return tokens.actor_of(self.store, token.strip(), at=self.at())
        cookie = connection.cookies.get(self.site.session_cookie)
        reading = connection.scope.get("method") not in UNSAFE
        return self.sessions.actor(cookie, at=self.at(), reading=reading) or NOBODY

    def origin(self, address: str, at: int) -> str:
        """Return what the log says of an address: a keyed digest of it and the day, never itself."""
        said = f"{at // _DAY_SECONDS}\0{address}".encode()
        return urlsafe_b64encode(hmac.digest(self.secret, said, "sha256")).rstrip(b"=").decode("ascii")

    def webhook_secret(self, rows: Rows, kind: str, name: str) -> str | None:
        """Return the secret that a platform signs with; None where it has none.

        It is derived from the server's own secret, so that the database alone does not tell it.
        """
        kept = pipelines.webhook_of(rows, kind, name)
        return None if kept is None else opaque.derived(self.secret, "webhook", kind, name, str(kept[0]))

    def make_webhook(self, rows: Rows, kind: str, name: str, *, by: str, at: int) -> str:
        """Make a platform's secret, in the place of the one before, and return it to be shown once."""
        before = pipelines.webhook_of(rows, kind, name)
        number = 1 if before is None else before[0] + 1
        secret = opaque.derived(self.secret, "webhook", kind, name, str(number))
        pipelines.set_webhook(rows, kind, name, number=number, secret=opaque.digest(secret), by=by, at=at)
        return secret

    def webhook_holds(self, kind: str, name: str, secret: str) -> bool:
        """Say whether a platform sends its own secret."""
        with self.store.reading() as rows:
            kept = pipelines.webhook_of(rows, kind, name)
        return opaque.same(opaque.digest(secret), kept[1] if kept is not None else opaque.digest("")) and bool(kept)

    def close(self) -> None:
        """End what runs, and let the store go."""
        self.outbox.stop()
        self.store.close()


def open_entrance(home: Home, clock: Callable[[], str] = now) -> Entrance:
    """Open the entrance of a server, whose store is made or migrated first.

    Raises:
        InputError: for settings that cannot be, or a database that another folder or process has.
        StorageError: when the database cannot be reached, or is of a newer Assay.
    """
    entrance = Entrance(home, open_store(home.settings.database, home.root), clock)
    try:
        require_own(entrance.store, home)
        entrance.people.write_trust()
    except BaseException:
        entrance.store.close()
        raise
    return entrance


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return where a request comes from, as the process that listens says it."""
    return connection.client.host if connection.client is not None else "unknown"
