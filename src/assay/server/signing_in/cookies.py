"""The cookies: of a session, of a visitor who has not signed in yet, and of the page that a visitor wanted.

On https their names begin with ``__Host-``: a browser keeps such a cookie only when it came over https, for this host
alone and for every path (https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis-22#section-4.1.3.2), so
that no neighbour under the same domain can plant one. Plain http is for the loopback alone.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlsplit

from litestar.datastructures import Cookie

from assay.records.tally import Frozen
from assay.server.signing_in import opaque

PLACE_SECONDS = 600
_MOST_PLACE = 1_000
_PLACE = re.compile(r"/(?![/\\]|sign-)[!-\[\]-~]*\Z")
"""A page of this server: a path, in visible ASCII without a backslash; ``//host`` and ``/\\host`` lead elsewhere."""


class Site(Frozen, kw_only=True):
    """Where the server is, as browsers and pipelines know it.

    Attributes:
        origin: scheme, host and port.
        host: its host alone: the relying party of passkeys.
        https: whether it is reached by https.
    """

    origin: str
    host: str
    https: bool

    @property
    def session_cookie(self) -> str:
        """Name of the cookie of a session."""
        return "__Host-assay-session" if self.https else "assay-session"

    @property
    def visitor_cookie(self) -> str:
        """Name of the cookie of a visitor."""
        return "__Host-assay-visitor" if self.https else "assay-visitor"

    @property
    def place_cookie(self) -> str:
        """Name of the cookie that says which page somebody wanted who had to sign in first."""
        return "__Host-assay-place" if self.https else "assay-place"

    def wanted(self, place: str) -> Cookie:
        """Return the cookie that remembers the page that somebody wanted, path and query, until they have signed in."""
        kept = urlsafe_b64encode(place.encode()).decode("ascii") if is_place(place) else ""
        return self.cookie(self.place_cookie, kept, seconds=PLACE_SECONDS)

    def cookie(self, name: str, value: str, *, seconds: int) -> Cookie:
        """Return a cookie to set; an empty value takes it back."""
        return Cookie(
            key=name,
            value=value,
            path="/",
            max_age=seconds if value else 0,
            httponly=True,
            samesite="lax",
            secure=self.https,
        )


def site_of(origin: str) -> Site:
    """Return where a server is, by the origin that its settings name."""
    parts = urlsplit(origin)
    return Site(origin=origin, host=parts.hostname or "", https=parts.scheme == "https")


def is_place(place: str) -> bool:
    """Say whether an address is one of a page here, which somebody may be led on to."""
    return len(place) <= _MOST_PLACE and _PLACE.match(place) is not None


def place_in(kept: str | None) -> str | None:
    """Return the page that a cookie names; None where it names none of ours, whoever wrote it."""
    try:
        place = urlsafe_b64decode(kept or "").decode("ascii")
    except ValueError:
        return None
    return place if is_place(place) else None


def token_of(visitor: str) -> str:
    """Return the token that the forms of somebody who has not signed in carry: HMAC-SHA256 under their cookie.

    So nobody is signed in by another's form. Forms of a session carry another (`assay.server.security.csrf_token`).
    """
    return urlsafe_b64encode(hmac.digest(visitor.encode(), b"assay visitor", "sha256")).rstrip(b"=").decode("ascii")


def token_holds(visitor: str | None, token: str) -> bool:
    """Say whether a form was made for who holds a visitor's cookie."""
    return visitor is not None and opaque.same(token_of(visitor), token)
