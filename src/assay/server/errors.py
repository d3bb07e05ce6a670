"""An error as an answer: JSON for programs, a page for people; never a traceback, and no secret."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from litestar import MediaType, Response
from litestar.exceptions import HTTPException

from assay.errors import (
    AssayError,
    DocumentError,
    InputError,
    NotSignedInError,
    NotThereError,
    RefusedError,
    StorageError,
    TooManyError,
    VerificationError,
)
from assay.server.acting import NOBODY, Actor
from assay.server.bodies import GONE
from assay.server.page import HTML_TYPE, render

if TYPE_CHECKING:
    from litestar import Request
    from litestar.types import ExceptionHandlersMap

    from assay.server.signing_in.cookies import Site

LOGGER = logging.getLogger("assay.server")

STATUS: tuple[tuple[type[AssayError], int], ...] = (
    (NotSignedInError, 401),
    (NotThereError, 404),
    (TooManyError, 429),
    (RefusedError, 403),
    (InputError, 400),
    (VerificationError, 409),
    (StorageError, 503),
)
"""Status (RFC 9110 section 15) of each kind of error, the narrower kind first."""

SECRET_LAST = ("/api/v1/admission/",)
"""Where the last part of an address is a secret."""

SERVER_FAULT = 500
UNAUTHORISED = 401
REQUEST_TIMEOUT = 408
_REFERENCE_BYTES = 6


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong.

    Attributes:
        message: what was expected, what was found, what to do.
        problems: every problem of a document, a line each.
        reference: where the server's own log tells more; only of a fault that is ours.
    """

    message: str
    problems: tuple[str, ...] = ()
    reference: str | None = None


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An error as JSON: ``{"error": {"message": ..., "problems": [...]}}``."""

    error: Told


class ErrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """An error as a page."""

    status: int
    told: Told


def handlers(site: Site) -> ExceptionHandlersMap:
    """Return what turns each kind of exception into an answer.

    Args:
        site: where the server is: who has to sign in first is led on to the page that they wanted.
    """

    def assay(request: Request[Any, Any, Any], error: AssayError) -> Response[Any]:
        status = status_of(error)
        if status == UNAUTHORISED and _wants_page(request) and request.method == "GET":
            wanted = site.wanted(_place(request))
            return Response(content=b"", status_code=303, headers={"location": "/sign-in"}, cookies=[wanted])
        return _assay(request, error, status)

    return {AssayError: assay, HTTPException: _http, Exception: _fault}


def status_of(error: AssayError) -> int:
    """Return the status of an error that Assay raised on purpose."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 400)


def _place(request: Request[Any, Any, Any]) -> str:
    path, query = quote(request.scope["path"]), request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _assay(request: Request[Any, Any, Any], error: AssayError, status: int) -> Response[Any]:
    problems = tuple(map(str, error.problems)) if isinstance(error, DocumentError) else ()
    answer = _answer(request, status, Told(message=error.diagnostics(), problems=problems))
    if isinstance(error, TooManyError):
        answer.headers["retry-after"] = str(error.seconds)
    return answer


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    extra = error.extra if isinstance(error.extra, list) else []
    problems = tuple(f"{one.get('key', '')}: {one.get('message', '')}" for one in extra if isinstance(one, dict))
    if error.detail == GONE:  # nobody's fault here, and nothing that strangers should fill our log with
        return _answer(request, REQUEST_TIMEOUT, Told(message="expected the whole request, found that it broke off"))
    if error.status_code >= SERVER_FAULT:
        return _fault(request, error)
    answer = _answer(request, error.status_code, Told(message=error.detail, problems=problems))
    answer.headers.update(error.headers or {})
    return answer


def _fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    reference = secrets.token_hex(_REFERENCE_BYTES)
    LOGGER.error("%s %s %s", reference, request.method, without_secret(request.url.path), exc_info=error)
    words = f"The server failed. Tell the people who run it this reference: {reference}"
    return _answer(request, SERVER_FAULT, Told(message=words, reference=reference))


def without_secret(path: str) -> str:
    """Return a path as a log may hold it: a cluster's secret stands in its webhook's address."""
    return f"{path.rpartition('/')[0]}/..." if path.startswith(SECRET_LAST) else path


def _answer(request: Request[Any, Any, Any], status: int, told: Told) -> Response[Any]:
    if not _wants_page(request):
        return Response(ErrorAnswer(error=told), status_code=status, media_type=MediaType.JSON)
    known = request.scope.get("user")
    actor = known if isinstance(known, Actor) else NOBODY
    content = render("error.html", actor, page=ErrorPage(status=status, told=told), path="")
    return Response(content, status_code=status, media_type=HTML_TYPE)


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    path = request.url.path
    return (
        not path.startswith("/api/") and not path.endswith(".json") and "text/html" in request.headers.get("accept", "")
    )
