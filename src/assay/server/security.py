"""What every answer says to browsers, and what every request that changes something must show.

The yardstick is OWASP ASVS 4.0.3 level 2, V3, V4, V13 and V14
(https://github.com/OWASP/ASVS/tree/v4.0.3/4.0/en). A page runs no script but our own files and asks nobody else for
anything. A request that changes something and comes with a cookie must come from our own pages: the browser says so
(``Sec-Fetch-Site``, ``Origin``), and the form carries a token that only this session knows.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from assay.errors import RefusedError

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

    from assay.server.acting import Actor

FIELD, HEADER = "csrf", "X-CSRF-Token"
"""Where a form and a script put the session's token."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the console (https://www.w3.org/TR/CSP3/)."""

DOCUMENT_POLICY = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Of a document that was delivered: self-contained, its own styles, and nothing that runs."""

HEADERS = {
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # without a referrer, browsers send "Origin: null" with our own forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
"""Sent with every answer that does not say otherwise."""

STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PURPOSE = b"assay csrf v1"


def csrf_token(actor: Actor) -> str:
    """Return the token that a session's forms carry; empty for who has no session."""
    if actor.session is None:
        return ""
    return hmac.new(actor.session.encode(), _PURPOSE, sha256).hexdigest()


async def require_own_page(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor, origin: str) -> None:
    """Refuse a change that does not come from our own pages.

    Who comes with a token instead of a cookie is asked for nothing: no browser sends it unasked.

    Raises:
        RefusedError: naming what was expected.
    """
    if actor.session is None:
        return
    site = connection.headers.get("sec-fetch-site", "same-origin")
    if site not in {"same-origin", "none"} or connection.headers.get("origin", origin) != origin:
        raise RefusedError(f"expected a request from a page of {origin}, found one from another site. Open it here")
    given = connection.headers.get(HEADER) or await _field(connection)
    if not hmac.compare_digest(given.encode(), csrf_token(actor).encode()):
        raise RefusedError("expected this session's token with the form, found none or another's. Open the page again")


async def _field(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    from litestar import Request  # noqa: PLC0415 - the class as a value, for the linter sees types elsewhere

    kind = connection.headers.get("content-type", "").partition(";")[0].strip()
    if not isinstance(connection, Request) or kind != "application/x-www-form-urlencoded":
        return ""
    found = (await connection.form()).get(FIELD, "")
    return found if isinstance(found, str) else ""


def with_headers(app: ASGIApp, *, https: bool) -> ASGIApp:
    """Return an application that puts the headers on every answer: errors, files and what is not there, too."""
    headers = HEADERS | ({"strict-transport-security": STRICT_TRANSPORT} if https else {})

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                added = [(k.encode(), v.encode()) for k, v in headers.items() if k.encode() not in said]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await app(scope, receive, sending)

    return answering
