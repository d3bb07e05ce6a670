"""Asking a server's application for pages, in this process: what each answer costs the processor, and its bytes."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from litestar.routes import HTTPRoute

from assay.server.acting import Role  # noqa: TC001 - a type of a constant
from assay.server.app import create_app
from assay.server.routes import ROUTES
from assay.server.signing_in.sessions import open_session
from assay.server.store import accounts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from litestar import Litestar

    from assay.server.serving import Server

BOUND = ("system-003", "system-017", "system-101")
"""The systems of the person who has to do with some alone."""

PEOPLE: dict[str, tuple[tuple[Role, ...], tuple[str, ...] | None]] = {
    "developer": (("developer",), None),
    "validator": (("validator",), None),
    "approver": (("approver",), None),
    "auditor": (("auditor",), None),
    "administrator": (("administrator",), None),
    "bound": (("validator",), BOUND),
}
"""Who asks: roles, and systems."""


class Answer(NamedTuple):
    """What came, what it cost the processor in ms (all threads), and its bytes, not compressed."""

    status: int
    cpu: float
    size: int
    text: bytes


class Asking:
    """People before a server, each with a session of their own.

    Args:
        server: the server that runs.
    """

    def __init__(self, server: Server) -> None:
        self.app: Litestar = create_app(server, ROUTES)
        self._cookie = server.entrance.site.session_cookie
        self._host = server.home.settings.origin.rpartition("/")[2]
        self._sessions = {name: _sign_in(server, name) for name in PEOPLE}

    def get(self, path: str, who: str) -> Answer:
        """Ask for a page."""
        return asyncio.run(self._ask("GET", path, who))

    def routes(self) -> list[str]:
        """Return every route that can be asked for without changing anything."""
        return sorted(
            {one.path_format for one in self.app.routes if isinstance(one, HTTPRoute) and "GET" in one.methods}
        )

    def get_all(self, paths: Iterable[str], who: str) -> list[Answer]:
        """Ask for pages, one after another."""

        async def ask() -> list[Answer]:
            return [await self._ask("GET", path, who) for path in paths]

        return asyncio.run(ask())

    async def _ask(self, method: str, path: str, who: str) -> Answer:
        where, _, query = path.partition("?")
        cookie = f"{self._cookie}={self._sessions[who]}".encode()
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": where, "raw_path": where.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(b"host", self._host.encode()), (b"cookie", cookie), (b"accept", b"text/html")],
            "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 8600), "state": {},
        }  # fmt: skip
        status, parts, asked = 0, [], False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        begun = time.process_time()
        await self.app(scope, receive, send)  # type: ignore[arg-type] # as ASGI has it
        cpu = 1e3 * (time.process_time() - begun)
        content = b"".join(parts)
        return Answer(status, cpu, len(content), content)


def _sign_in(server: Server, name: str) -> str:
    roles, systems = PEOPLE[name]
    at = server.entrance.at()
    with server.store.writing() as rows:
        if accounts.find(rows, name) is None:
            accounts.add(rows, accounts.Account(
                name=name, roles=roles, systems=systems, created_by="bench", created_at=at, changed_at=at
            ))  # fmt: skip
        return open_session(rows, name, how="password", agent="bench", at=at)
