"""A server with people, for tests: its folder, a clock that a test moves, and browsers that fill in its forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from litestar.testing import TestClient

from assay.server.app import create_app
from assay.server.entrance import Entrance, open_entrance
from assay.server.home import Home, open_home
from assay.server.routes import ROUTES
from assay.server.serving import Server
from assay.server.store import accounts, deliveries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response
    from litestar import Litestar

ORIGIN = "http://127.0.0.1:8600"
PASSWORD = "three green boats at noon"
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_SECRET = re.compile(r"<code[^>]*>([^<#]*#)?([A-Za-z0-9_-]{43})</code>")


@dataclass
class House:
    """A server, its clock and its application."""

    home: Home
    entrance: Entrance
    app: Litestar
    time: list[datetime]

    def later(self, **much: float) -> None:
        self.time[0] += timedelta(**much)

    def browser(
        self, agent: str = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", origin: str | None = None
    ) -> Browser:
        asked = TestClient(self.app, base_url=origin or self.home.settings.origin, raise_server_exceptions=False)
        asked.headers.update({"user-agent": agent, "accept": "text/html"})
        return Browser(asked, self)

    def administrator(self) -> Browser:
        """Return the browser of the first administrator, who has just come in."""
        code = self.entrance.people.first(at=self.entrance.at())
        assert code is not None
        return self.browser().enrol(code)

    def administrator_beside(self) -> Browser:
        """Return the browser of an administrator, where others have come in by a provider before."""
        at = self.entrance.at()
        made = accounts.Account(
            name="beside", roles=("administrator",), created_by="a test", created_at=at, changed_at=at
        )
        return self.browser().enrol(self.entrance.people.add(made, at=at))

    def person(self, administrator: Browser, name: str, roles: str, **more: str) -> Browser:
        """Add a person and return their browser, after they have come in."""
        return self.browser().enrol(administrator.add(name, roles, **more))

    def events(self) -> list[dict[str, Any]]:
        """Return what waits for the log."""
        with self.entrance.store.reading() as rows:
            return [one.event for one in deliveries.waiting(rows)]

    def said(self) -> list[str]:
        """Return the events in short, but for who has read what."""
        return [
            f"{one['type']} {one['fields'].get('change') or one['fields'].get('reason') or ''}".strip()
            for one in self.events()
            if one["type"] != "record.read"
        ]


@dataclass
class Browser:
    """A browser with its cookies."""

    asked: TestClient[Litestar]
    house: House
    token: str = field(default="")

    def get(self, path: str) -> Response:
        answer = self.asked.get(path, follow_redirects=False)
        found = _TOKEN.search(answer.text)
        self.token = found[1] if found else self.token
        return answer

    def send(self, path: str, *, seen: str | None = None, **form: str | list[str]) -> Response:
        """Open the page with the form, and send it."""
        self.get(seen if seen is not None else path)
        return self.post(path, **form)

    def post(self, path: str, **form: str | list[str]) -> Response:
        """Send a form as the page that was opened last had it."""
        return self.asked.post(
            path, data={"csrf": self.token, **form}, follow_redirects=False,
            headers={"origin": self.house.home.settings.origin, "sec-fetch-site": "same-origin"},
        )  # fmt: skip

    def json(self, path: str, content: dict[str, Any] | None = None, *, token: str | None = None) -> Response:
        return self.asked.post(
            path, json=content, headers={"accept": "application/json", "x-csrf-token": token or self.token}
        )

    def enrol(self, code: str, password: str = PASSWORD) -> Browser:
        answer = self.send("/sign-in/enrol", code=code, password=password, again=password)
        assert answer.status_code == 303, answer.text
        return self

    def sign_in(self, name: str, password: str = PASSWORD) -> Response:
        return self.send("/sign-in", name=name, password=password)

    def add(self, name: str, roles: str, **more: str) -> str:
        answer = self.send("/people", name=name, roles=roles.split(), **more)
        assert answer.status_code == 200, answer.text
        return secret_on(answer)

    @property
    def cookie(self) -> str | None:
        return self.asked.cookies.get(self.house.entrance.site.session_cookie)


def secret_on(answer: Response) -> str:
    """Return the secret that a page shows once."""
    found = _SECRET.search(answer.text)
    assert found, answer.text
    return found[2]


def open_house(folder: Path, settings: str = "") -> Iterator[House]:
    home = open_home(folder / "home")
    if settings:
        (home.root / "server.yaml").write_text(settings)
        home = open_home(folder / "home")
    time = [datetime(2026, 11, 23, 9, 0, tzinfo=UTC)]

    def clock() -> str:
        return time[0].strftime("%Y-%m-%dT%H:%M:%SZ")

    entrance = open_entrance(home, clock=clock)
    try:
        yield House(home, entrance, create_app(Server(home, entrance=entrance, clock=clock), ROUTES), time)
    finally:
        entrance.close()
