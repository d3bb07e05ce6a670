"""A server that was started: whether it is ready, what was read, and a database that goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from litestar.testing import TestClient

from assay.server.acting import Actor
from assay.server.ailing import EVERY_SECONDS, READ_ONLY, Health
from assay.server.app import create_app
from assay.server.home import open_home
from assay.server.routes import ROUTES
from assay.server.starting import start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from litestar import Litestar

    from assay.server.serving import Server

AUDITOR = Actor(kind="person", name="adam", roles=("auditor",), session="s" * 64)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with start(open_home(tmp_path / "home")) as opened:
        yield opened


def asked(server: Server) -> TestClient[Litestar]:
    return TestClient(create_app(server, ROUTES), base_url="http://127.0.0.1:8600", raise_server_exceptions=False)


def test_what_was_read_enters_the_log_under_a_pseudonym(server: Server) -> None:
    server.note(AUDITOR, "model-version", "/models/credit/1")
    assert server.entrance.outbox.flush() == 1
    [read] = server.inside.view().reads("record.read")
    assert read.event is not None
    assert (read.event.fields.what, read.event.fields.which) == ("model-version", "/models/credit/1")
    assert read.event.fields.by.startswith("p_")
    assert server.inside.view().people[read.event.fields.by] == "adam"


def test_what_was_read_enters_the_log_at_once_where_the_database_is_gone(server: Server) -> None:
    server.entrance.store.close()
    (server.home.root / "server.db").unlink()
    (server.home.root / "server.db").mkdir()
    server.note(AUDITOR, "model-version", "/models/credit/1")
    assert len(server.inside.view().reads("record.read")) == 1


def test_a_server_that_can_do_all_is_ready(server: Server) -> None:
    with asked(server) as browser:
        answer = browser.get("/ready")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


def test_a_server_whose_database_is_gone_says_so_and_is_not_ready(server: Server) -> None:
    server.entrance.store.close()
    (server.home.root / "server.db").unlink()
    (server.home.root / "server.db").mkdir()
    with asked(server) as browser:
        answer = browser.get("/ready")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert "nothing can be changed" in answer.json()["words"]


def test_a_database_is_looked_after_now_and_then_and_its_place_is_not_told(server: Server) -> None:
    time = [0.0]
    health = Health(server.store, lambda: time[0])
    assert health.words() == ""
    server.entrance.store.close()
    assert health.words() == "", "what was found holds for a while"
    time[0] += EVERY_SECONDS
    assert health.words() == READ_ONLY
    assert str(server.home.root) not in health.words()
