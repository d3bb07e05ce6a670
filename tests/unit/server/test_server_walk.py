"""Every route, walked by every role: the table decides, and what is of another system is not there.

OWASP ASVS 4.0.3, 4.1 and 4.2.1: no route is left out, for they are read from the application itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from litestar.testing import TestClient

from assay.server.acting import NOBODY, PERSONAL, Actor, Role
from assay.server.app import create_app
from assay.server.permits import PERMITS, may
from assay.server.routes import ROUTES
from assay.server.security import csrf_token
from assay.server.starting import start
from unit.server._home import MODEL, ORIGIN, SYSTEM, waiting_home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar import Litestar
    from litestar.handlers import HTTPRouteHandler

    from assay.server.serving import Server

VALUES = {
    "model": MODEL, "version": "1", "name": "vera", "what": "ack", "path": "verdict.json", "provider": "none",
    "identity": "0" * 32, "system": SYSTEM, "index": "0", "origin": "a.log/elsewhere", "number": "1",
    "cluster": "prod", "secret": "x" * 43, "registry": "none", "sha256": "0" * 64, "id": "none",
}  # fmt: skip
APART = {"public", "account.own", "people.manage", "request.open", "request.decide"}
"""Acts that may be refused to whom the table allows them: one's own account needs a fresh session, others a second."""
PARAMETER = re.compile(r"\{(\w+)(:\w+)?\}")
ELSEWHERE = ("another-system",)


class Walked(msgspec.Struct, frozen=True):
    """One route of the application."""

    method: str
    path: str
    act: Any


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start(waiting_home(tmp_path_factory.mktemp("walk"))) as opened:
        yield opened


def routes(app: Litestar) -> list[Walked]:
    """Return every route but those that answer OPTIONS, with values in the place of parameters."""
    found = []
    for route in app.routes:
        handlers: list[HTTPRouteHandler] = getattr(route, "route_handlers", [])
        for handler in handlers:
            for method in sorted(set(handler.http_methods) - {"OPTIONS", "HEAD"}):
                path = PARAMETER.sub(lambda one: VALUES[one[1]], getattr(route, "path_format", route.path))
                found.append(Walked(str(method), path.replace("/.json", ".json"), handler.opt.get("act")))
    return found


def ask(server: Server, actor: Actor, walked: Walked, *, app: Litestar) -> Any:  # noqa: ANN401 - httpx's answer
    server.identify = lambda _connection: actor
    client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
    headers = {"origin": ORIGIN, "accept": "application/json", "X-CSRF-Token": csrf_token(actor)}
    return client.request(walked.method, walked.path, headers=headers, follow_redirects=False)


def whoever(role: Role, systems: tuple[str, ...] | None = None) -> Actor:
    kind: Any = "pipeline" if role == "pipeline" else "person"
    session = None if role == "pipeline" else "s" * 64
    return Actor(kind=kind, name=f"some-{role}", roles=(role,), systems=systems, session=session)


def test_there_are_routes_and_every_parameter_has_a_value(server: Server) -> None:
    found = routes(create_app(server, ROUTES))
    assert len(found) > 40
    assert {one.act for one in found} <= set(PERMITS)
    assert "{" not in "".join(one.path for one in found)


@pytest.mark.parametrize("role", [*PERSONAL, "pipeline"])
def test_every_route_is_open_to_whom_the_table_says_and_to_nobody_else(server: Server, role: Role) -> None:
    app = create_app(server, ROUTES)
    actor = whoever(role, systems=None if role != "pipeline" else (SYSTEM,))
    wrong = []
    for walked in routes(app):
        status = ask(server, actor, walked, app=app).status_code
        allowed = may(actor, walked.act)
        let_in = walked.act != "public" and not allowed and status != 403
        kept_out = allowed and walked.act not in APART and status == 403
        if status >= 500 or let_in or kept_out:
            wrong.append((walked, status))
    assert wrong == []


def test_nobody_opens_nothing_that_is_not_public(server: Server) -> None:
    app = create_app(server, ROUTES)
    told = {walked: ask(server, NOBODY, walked, app=app).status_code for walked in routes(app)}
    assert {walked: status for walked, status in told.items() if walked.act != "public" and status != 401} == {}
    assert {walked: status for walked, status in told.items() if status >= 500 and walked.act == "public"} == {}


@pytest.mark.parametrize("role", [*PERSONAL, "pipeline"])
def test_what_is_of_another_system_is_not_there(server: Server, role: Role) -> None:
    app = create_app(server, ROUTES)
    actor = whoever(role, systems=ELSEWHERE)
    told = []
    for walked in routes(app):
        if walked.act == "public":
            continue
        answer = ask(server, actor, walked, app=app)
        about = any(VALUES[one] in walked.path for one in ("model", "system"))
        if about and answer.status_code < 400:
            told.append((walked, answer.status_code))
        if not about and MODEL in answer.text and answer.status_code < 400:
            told.append((walked, answer.text[:200]))
    assert told == []
