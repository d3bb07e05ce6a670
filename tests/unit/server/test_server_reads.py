"""Who has read what, for auditors alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from litestar.testing import TestClient

from assay.server.acting import Actor
from assay.server.app import create_app
from assay.server.home import open_home
from assay.server.routes import ROUTES
from assay.server.starting import start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from litestar import Litestar

    from assay.server.serving import Server

IDA = Actor(kind="person", name="ida", roles=("auditor",), session="s" * 64)
VERA = Actor(kind="person", name="vera", roles=("validator",), session="t" * 64)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with start(open_home(tmp_path / "home")) as opened:
        for number in range(3):
            opened.note(VERA, "model-version", f"/models/credit/{number}")
        while opened.outbox.flush():
            pass
        yield opened


def ask(server: Server, actor: Actor) -> TestClient[Litestar]:
    server.identify = lambda _connection: actor
    return TestClient(create_app(server, ROUTES), base_url="http://127.0.0.1:8600", raise_server_exceptions=False)


def test_an_auditor_sees_who_has_read_what(server: Server) -> None:
    asked = ask(server, IDA)
    rows = asked.get("/reads.json").json()["rows"]
    assert [(one["who"], one["which"]) for one in rows] == [("vera", f"/models/credit/{n}") for n in (2, 1, 0)]
    assert "vera" in asked.get("/reads", headers={"accept": "text/html"}).text
    assert len(asked.get("/reads.json?person=vera").json()["rows"]) == 3
    assert asked.get("/reads.json?person=nobody").json()["rows"] == []


def test_nobody_else_sees_it_neither_there_nor_in_the_trail(server: Server) -> None:
    asked = ask(server, VERA)
    assert asked.get("/reads.json").status_code == 403
    assert "record.read" not in {one["type"] for one in asked.get("/trail.json").json()["rows"]}
    assert "record.read" in {one["type"] for one in ask(server, IDA).get("/trail.json").json()["rows"]}


def test_the_console_begins_with_the_models(server: Server) -> None:
    answer = ask(server, VERA).get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/models")


def test_an_auditor_of_another_system_sees_none_of_it(server: Server) -> None:
    elsewhere = Actor(kind="person", name="ida", roles=("auditor",), systems=("another",), session="s" * 64)
    assert ask(server, elsewhere).get("/reads.json").json()["rows"] == []
