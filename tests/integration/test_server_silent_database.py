"""A server whose PostgreSQL stands still: it goes on to be read, says so, refuses changes, and finds it again."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from litestar.testing import TestClient

from assay.errors import InputError
from assay.server.app import create_app
from assay.server.routes import ROUTES
from assay.server.signing_in.sessions import open_session
from assay.server.starting import start
from assay.server.store import accounts
from integration.postgres_server import Server, running
from server_home import home_at

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.service

AWAY = "The database does not answer"


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    with running() as started:
        yield started


def address(database: Server) -> str:
    return f"postgresql://gov@/postgres?host={database.folder}"


def signal_all(database: Server, what: signal.Signals) -> None:
    """Send a signal to the database and every process that it has begun."""
    assert database._process is not None
    first = database._process.pid
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    for one in (first, *(pid for pid, parent in parents.items() if parent == first)):
        os.kill(one, what)


def test_a_server_goes_on_to_be_read_while_its_database_stands_still(database: Server, tmp_path: Path) -> None:
    home = home_at(tmp_path / "home", database=address(database))
    with start(home) as server, TestClient(create_app(server, ROUTES), base_url=home.settings.origin) as browser:
        at = server.entrance.at()
        with server.store.writing() as rows:
            dan = accounts.Account(name="dan", roles=("developer",), created_by="a test", created_at=at, changed_at=at)
            accounts.add(rows, dan)
            cookie = open_session(rows, "dan", how="password", agent="", at=at)
        shown = {"cookie": f"{server.entrance.site.session_cookie}={cookie}", "accept": "text/html"}
        assert AWAY not in browser.get("/models", headers=shown).text
        signal_all(database, signal.SIGSTOP)
        try:
            began = time.monotonic()
            first = browser.get("/production", headers=shown)  # whose reading is an event, too
            assert (first.status_code, time.monotonic() - began < 20) == (200, True)
            began = time.monotonic()
            for _ in range(5):
                assert AWAY in browser.get("/models", headers=shown).text
            assert time.monotonic() - began < 8, "the wait is one request's, not everybody's"
            assert browser.post("/sign-out", headers=shown).status_code == 503
            assert browser.get("/ready").status_code == 503
        finally:
            signal_all(database, signal.SIGCONT)
        ends = time.monotonic() + 30
        while AWAY in browser.get("/models", headers=shown).text:
            assert time.monotonic() < ends
            time.sleep(0.5)
        assert browser.get("/ready").status_code == 200


def test_another_folder_on_the_same_database_is_refused(database: Server, tmp_path: Path) -> None:
    database.execute("DROP SCHEMA IF EXISTS assay_server CASCADE")
    one, other = (home_at(tmp_path / name, database=address(database)) for name in ("one", "other"))
    with start(one):
        pass
    with pytest.raises(InputError, match="that of another one"), start(other):
        pass


def test_a_copy_of_a_folder_is_refused_while_the_first_is_served(database: Server, tmp_path: Path) -> None:
    database.execute("DROP SCHEMA IF EXISTS assay_server CASCADE")
    one, copy = (home_at(tmp_path / name, database=address(database)) for name in ("one", "copy"))
    with start(one):
        (copy.root / "server.secret").write_bytes((one.root / "server.secret").read_bytes())
        (copy.root / "server.secret").chmod(0o600)
        with pytest.raises(InputError, match="from a copy of this folder"), start(copy):
            pass
    with start(copy):
        pass
