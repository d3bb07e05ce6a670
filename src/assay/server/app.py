"""The ASGI application: every route names its act, and a guard asks the one table (`assay.server.permits`)."""

from __future__ import annotations

import functools
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from anyio import to_thread
from litestar import Litestar, Request, Response, Router, get
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import FromPath
from litestar.utils import is_async_callable

from assay import __version__
from assay.errors import AssayError
from assay.records.tally import Frozen
from assay.server.acting import NOBODY, Actor
from assay.server.ailing import AILING
from assay.server.bodies import StrictRequest, in_time
from assay.server.errors import LOGGER, handlers
from assay.server.page import TWIN
from assay.server.permits import ACTS, require
from assay.server.security import UNSAFE, require_own_page, with_headers
from assay.server.serving import Here, Server
from assay.server.signing_in.cookies import site_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler
    from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send

    from assay.server.permits import Act

MEGABYTE = 1 << 20

OPEN = {"act": "public", "unasked": True}
"""Of a route that does not even ask who it is."""

OWN_JSON = frozenset({"openapi.json", "proof.json"})
"""What ends in .json and is no page's twin."""

PROGRAMS = ("/api/", "/log/")
"""Paths below which there are no pages."""

FILES = re.compile(r"/models/[^/]+/[^/]+/(files|reports)/")
"""How the path of a release's file or report begins; it ends as the file is called."""

CSS, SCRIPT = "text/css", "text/javascript"

STATIC = {
    "report.css": ("assay.reports", "templates", CSS),  # one look for reports and console
    "console.css": ("assay.server", "static", CSS),
    "proof.js": ("assay.server", "static", SCRIPT),
    "tree.js": ("assay.server", "static", SCRIPT),
    "trail.css": ("assay.server", "static", CSS),
    "proof-page.js": ("assay.server", "static", SCRIPT),
    "passkey.js": ("assay.server", "static", SCRIPT),
    "replay.js": ("assay.server", "static", SCRIPT),
    "enrol.js": ("assay.server", "static", SCRIPT),
}
"""The files that pages ask for: package, folder and type of each; nothing else of the packages is served."""

FRESH = "max-age=3600"


class _Identified(ASGIMiddleware):
    """Put who asks into the scope, before any guard."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, server: Server) -> None:
        self._server = server

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        scope["user"] = NOBODY
        opt = getattr(scope.get("route_handler"), "opt", {})
        if opt.get("unasked"):
            await next_app(scope, receive, send)
            return
        scope["user"], words = await to_thread.run_sync(self._who, Request(scope))
        token = AILING.set(words)
        try:
            await next_app(scope, receive, send)
        finally:
            AILING.reset(token)

    def _who(self, request: Request[Any, Any, Any]) -> tuple[Actor, str]:
        return self._server.identify(request), self._server.health.words() if self._server.health else ""


class _Described(JsonRenderPlugin):
    """The OpenAPI document (version 3.1), with the twins under the paths that are asked for."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return it as JSON."""
        paths = {path.replace(TWIN, ".json"): item for path, item in openapi_schema["paths"].items()}
        return self.render_json(request, openapi_schema | {"paths": paths})


def create_app(server: Server, routes: Iterable[ControllerRouterHandler | Sequence[HTTPRouteHandler]]) -> Litestar:
    """Return the application of a server.

    Args:
        server: what the requests ask.
        routes: route handlers, and pages (two handlers each).

    Raises:
        ValueError: for a route that names no act: it could be nobody's, or everybody's.
    """
    flat: list[ControllerRouterHandler] = [health, ready, static]
    for one in routes:
        flat += one if isinstance(one, list | tuple) else [one]  # type: ignore[list-item]

    async def guarded(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        actor: Actor = connection.scope["user"]
        act = "public" if _only_asks_what_may_be_asked(handler) else handler.opt["act"]
        require(actor, cast("Act", act))
        if connection.scope.get("method") in UNSAFE:
            await require_own_page(connection, actor, server.home.settings.origin)
        noted = handler.opt.get("noted")
        if noted:
            await to_thread.run_sync(server.note, actor, noted, connection.url.path.replace(TWIN, ".json"))

    for one in flat:
        _answer_in_a_thread(one)
    app = Litestar(
        flat,
        guards=[guarded],
        middleware=[_Identified(server)],
        dependencies={
            "server": Provide(lambda: server, sync_to_thread=False),
            "actor": Provide(_actor, sync_to_thread=False),
        },
        exception_handlers=handlers(site_of(server.home.settings.origin)),
        request_class=StrictRequest,
        openapi_config=OpenAPIConfig(
            title="Assay",
            version=__version__,
            openapi_router=Router("/api/v1", route_handlers=[], opt=OPEN, include_in_schema=False),
            render_plugins=[_Described(path="/openapi.json")],
        ),
        request_max_body_size=server.home.settings.body_megabytes * MEGABYTE,
        signature_namespace={"Server": Server, "Actor": Actor},
        logging_config=None,
    )
    _require_acts(app)
    app.asgi_handler = with_headers(in_time(by_twins(app.asgi_handler)), https=server.home.settings.is_https)
    return app


def _actor(scope: Scope) -> Actor:
    found: Actor = scope["user"]
    return found


def _only_asks_what_may_be_asked(handler: BaseRouteHandler) -> bool:
    """Say whether it is the answer to OPTIONS, which the framework makes for each path."""
    return set(getattr(handler, "http_methods", ())) == {"OPTIONS"}


def _answer_in_a_thread(handler: ControllerRouterHandler) -> None:
    """Have a handler that may wait (for the disk, the database) do so in a thread.

    The framework does this itself, but twice for one that shares its path with another (Litestar 2.25), and then fails.
    """
    if not isinstance(handler, HTTPRouteHandler) or not handler.sync_to_thread or is_async_callable(handler.fn):
        return
    waits = handler.fn

    @functools.wraps(waits)
    async def answer(**asked: Any) -> Any:  # noqa: ANN401 - as the handler
        return await to_thread.run_sync(functools.partial(waits, **asked))

    handler._fn = answer  # noqa: SLF001 - there is no other place for it


def _require_acts(app: Litestar) -> None:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.opt.get("act") not in ACTS and not _only_asks_what_may_be_asked(handler):
                raise ValueError(
                    f"{route.path}: expected the act of the route in opt, found {handler.opt.get('act')!r}"
                )


def by_twins(app: ASGIApp) -> ASGIApp:
    """Return an application before which ``/page.json`` has become ``/page/.json``, the route of the page's twin."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        last = path.rpartition("/")[2]
        if last.endswith(".json") and last not in OWN_JSON and not path.startswith(PROGRAMS) and not FILES.match(path):
            there = f"{path.removesuffix('.json').rstrip('/')}{TWIN}"
            scope = cast("Scope", {**scope, "path": there, "raw_path": there.encode()})
        await app(scope, receive, send)

    return routed


@get("/health", opt=OPEN, sync_to_thread=False)
def health() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "answers"}


class Ready(Frozen, kw_only=True):
    """Whether the server can do all that it is for.

    Attributes:
        ready: whether it can.
        words: why not; empty when it can.
        size: entries of the log.
    """

    ready: bool
    words: str
    size: int


@get("/ready", opt=OPEN, sync_to_thread=True)
def ready(server: Here) -> Response[Ready]:
    """Say whether the database answers, and the log is what it has signed; 503 when not."""
    words = server.health.words() if server.health else ""
    size, reading = 0, server.inside.told
    if reading:
        words = words or f"The log is being read: {reading}."
    try:
        size = 0 if reading else server.inside.view().size
    except AssayError as error:
        LOGGER.error("the trail: %s", error)
        words = words or "The log cannot be read. The people who run the server find more in its own log."
    found = Ready(ready=not words, words=words, size=size)
    return Response(found, status_code=503 if words else 200)


@get("/static/{name:str}", opt=OPEN, sync_to_thread=False, include_in_schema=False)
def static(name: FromPath[str]) -> Response[bytes]:
    """Return one of the console's own files."""
    if name not in STATIC:
        raise NotFoundException(f"expected one of {', '.join(STATIC)}")
    package, folder, kind = STATIC[name]
    content = (files(package) / folder / name).read_bytes()
    return Response(content, media_type=kind, headers={"cache-control": FRESH})
