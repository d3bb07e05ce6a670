"""A server's folder for tests, and the application over it: who asks is said by a header, as no sign-in is tested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.server import lineage_api, tiles
from assay.server.acting import NOBODY, Actor
from assay.server.app import create_app
from assay.server.home import Home, open_home
from assay.server.pages import trail
from assay.server.serving import Server

if TYPE_CHECKING:
    from pathlib import Path

    from litestar import Litestar
    from litestar.connection import ASGIConnection

PEOPLE = {
    "auditor": Actor(kind="person", name="ada", roles=("auditor",), session="a" * 64),
    "nobody": NOBODY,
    "pipeline": Actor(kind="pipeline", name="credit-airflow", roles=("pipeline",), systems=("credit",)),
    "other": Actor(kind="pipeline", name="other", roles=("pipeline",), systems=("pricing",)),
}
"""Who may be asked for, by the bearer token that stands for them here."""


def settings_of(**said: Any) -> str:  # noqa: ANN401 - YAML
    lines = {"name": "example.com/small", **said}
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


def home_at(root: Path, **said: Any) -> Home:  # noqa: ANN401 - YAML
    """Return a server's folder; what lies there already stays."""
    root.mkdir(exist_ok=True)
    root.chmod(0o700)
    (root / "server.yaml").write_text(settings_of(**said))
    return open_home(root)


def application(home: Home, *, by_default: str = "nobody") -> Litestar:
    """Return the application with the routes of this part: trail, tiles, lineage."""

    def identify(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
        token = connection.headers.get("authorization", "").removeprefix("Bearer ")
        return PEOPLE[token or by_default]

    routes: list[Any] = [*trail.ROUTES, *tiles.ROUTES, *lineage_api.ROUTES]
    return create_app(Server(home, identify=identify), routes)
