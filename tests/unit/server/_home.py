"""A server's folder with the demonstration's project in it, made once a session and copied for each test."""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar.testing import TestClient

from assay.adapters.here import project_at
from assay.demo.story import tell
from assay.demo.telling import Teller
from assay.lifecycle.presenting import read_signed
from assay.lifecycle.release import gate
from assay.server.acting import Actor, Role
from assay.server.app import create_app
from assay.server.entrance import Entrance
from assay.server.home import STATE, Home, open_home
from assay.server.routes import ROUTES
from assay.server.security import csrf_token
from assay.server.serving import Server
from assay.server.store import deliveries, open_store
from assay.server.today import keep_policy, rules_of, setting_of

if TYPE_CHECKING:
    from httpx import Response
    from litestar import Litestar
    from litestar.connection import ASGIConnection

SYSTEM, MODEL = "mortgage-approval", "mortgage-approval"
ORIGIN = "http://127.0.0.1:8600"
SESSION = "s" * 64
ADOPTED_AT = 1_760_000_000


@functools.cache
def demo_project() -> Path:
    """Return the folder of the demonstration's project; it takes some seconds, once."""
    folder = Path(tempfile.mkdtemp(prefix="assay-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tell(folder / "demo", Teller(lambda _line, _style: None))
    return folder / "demo"


def demo_home(tmp_path: Path) -> Home:
    """Return a server's folder that holds the demonstration: version 1 denied, version 2 allowed and in production."""
    home = open_home(tmp_path / "home", name=project_at(demo_project()).config.system)
    shutil.copytree(demo_project() / STATE, home.state)
    shutil.copy(demo_project() / "trust.yaml", home.trust)
    policy = keep_policy(home, SYSTEM, {"policy.yaml": (demo_project() / "policy.yaml").read_bytes()})
    with contextlib.closing(open_store(None, home.root)) as store, store.writing() as rows:
        deliveries.adopt(rows, SYSTEM, policy.sha256, by="rosa", at=ADOPTED_AT)
    return home


def waiting_home(tmp_path: Path) -> Home:
    """Return the same before anybody consented: version 2 waits for a waiver by rosa and an approval by vera."""
    home = demo_home(tmp_path)
    folder = home.state / "releases" / MODEL / "2"
    shutil.rmtree(folder / "consents")
    server = Browser(home, VERA).server
    with contextlib.closing(server.entrance), contextlib.closing(server.inside):
        rules = rules_of(server, SYSTEM)
        assert rules is not None
        setting = setting_of(server, rules)
        signed = read_signed(folder, setting)
        gate(signed, setting, home.log, folder=folder, files=signed.evidence.model.files)
    return home


def person(name: str, *roles: Role, titles: tuple[str, ...] = (), systems: tuple[str, ...] | None = None) -> Actor:
    """Return a person who has signed in."""
    return Actor(kind="person", name=name, roles=roles, titles=titles, systems=systems, session=SESSION)


VERA = person("vera", "validator", titles=("validator",))
ROSA = person("rosa", "approver", titles=("risk-owner",))
MILA = person("mila", "developer", "validator", titles=("data-scientist",))
IDA = person("ida", "auditor")
ADA = person("ada", "administrator")
DAN = person("dan", "developer")
PEOPLE = {one.name: one for one in (VERA, ROSA, MILA, IDA, ADA, DAN)}


class Browser:
    """Somebody before the console: asks for pages, and posts forms with the session's token."""

    def __init__(self, home: Home, actor: Actor, **given: Any) -> None:  # noqa: ANN401 - as `Server` takes
        self.actor = actor
        self.noted: list[tuple[str, str, str]] = []

        def identify(_connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
            return self.actor

        def note(who: Actor, what: str, which: str) -> None:
            self.noted.append((who.name, what, which))

        self.server = Server(home, entrance=Entrance(home, open_store(None, home.root)), note=note, **given)
        self.server.identify = identify
        self.app: Litestar = create_app(self.server, ROUTES)
        self.client = TestClient(self.app, base_url=ORIGIN, raise_server_exceptions=False)

    def get(self, path: str, **given: Any) -> Response:  # noqa: ANN401 - as the client takes
        """Ask for a page, without following where it leads."""
        return self.client.get(path, follow_redirects=False, **given)

    def post(self, path: str, *, origin: str = ORIGIN, **fields: str) -> Response:
        """Send a form."""
        form = {"csrf": csrf_token(self.actor), **fields}
        return self.client.post(path, data=form, headers={"origin": origin}, follow_redirects=False)
