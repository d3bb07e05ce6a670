"""``POST /api/v1/oauth/token``: a pipeline's secret becomes a token by OAuth 2.0, as programs of others ask for one.

Client credentials (RFC 6749 section 4.4): the pipeline's name and secret are the client's, in a Basic header or in the
form (section 2.3.1). It gives what ``POST /api/v1/tokens`` gives, under the same limits; OpenLineage clients, such as
Airflow's, renew it by themselves.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from anyio import to_thread
from litestar import Request, Response, post

from assay.errors import RefusedError
from assay.server.app import OPEN
from assay.server.entering.tokens import TokenRequest, granted_to
from assay.server.serving import Here

Asked = Request[Any, Any, Any]

FORM = "application/x-www-form-urlencoded"
GRANT = "client_credentials"
MOST_BYTES = 10_000


@post("/api/v1/oauth/token", opt=OPEN, status_code=200, name="oauth-token")
async def token(request: Asked, server: Here) -> Response[dict[str, Any]]:
    """Exchange a pipeline's name and secret for a short-lived token (OAuth 2.0 client credentials)."""
    content = await request.body()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM or len(content) > MOST_BYTES:
        return _wrong(400, "invalid_request", f"expected a form, {FORM}, found something else")
    form = {name: values[-1] for name, values in parse_qs(content.decode("utf-8", "replace")).items()}
    if form.get("grant_type") != GRANT:
        return _wrong(400, "unsupported_grant_type", f"expected grant_type={GRANT}, found {form.get('grant_type')!r}")
    name, secret = _basic(request.headers.get("authorization", "")) or (
        form.get("client_id", ""), form.get("client_secret", "")
    )  # fmt: skip
    asked = TokenRequest(pipeline=name, secret=secret, systems=tuple(form.get("scope", "").split()))
    try:
        granted = await to_thread.run_sync(lambda: granted_to(request, server, asked))
    except RefusedError as error:
        return _wrong(401, "invalid_client", str(error))
    said = {"access_token": granted.token, "token_type": "Bearer", "expires_in": granted.expires_in}
    return Response(said | {"scope": " ".join(granted.systems)}, status_code=200)


def _basic(header: str) -> tuple[str, str] | None:
    """Return name and secret of a header; each was form-encoded before it was put together (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def _wrong(status: int, error: str, words: str) -> Response[dict[str, Any]]:
    """Return an error in the form of RFC 6749 section 5.2."""
    headers = {"www-authenticate": 'Basic realm="assay"'} if status == 401 else {}  # noqa: PLR2004 - HTTP's own
    return Response({"error": error, "error_description": words}, status_code=status, headers=headers)


ROUTES = (token,)
