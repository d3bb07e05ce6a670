"""So many connections at a time, and each answer is taken at a pace: by a real server, over real connections."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest
from litestar import Litestar, Response, get

from assay.server import heads
from assay.server.home import open_home
from live_server import serving_as_configured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE = 24 * 1024 * 1024
"""More than the buffers of two sockets hold."""

ASK = b"GET /large HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
SMALL = b"GET /small HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"


@get("/large")
async def large() -> Response[bytes]:
    return Response(b"a" * LARGE, media_type="application/octet-stream")


@get("/small")
async def small() -> str:
    return "here"


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A web server as `assay serve` configures it, but for shorter times."""
    monkeypatch.setattr(heads, "TAKING_SECONDS", 0.5)
    with serving_as_configured(Litestar([large, small]), open_home(tmp_path / "home")) as found:
        yield found


def connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), 20)
    made.settimeout(20)
    return made


def taken(connection: socket.socket, most: int = 2**63, pause: float = 0.0) -> int:
    """Return how much of an answer came before the other side ended it."""
    found = 0
    with contextlib.suppress(ConnectionError):
        while found < most and (part := connection.recv(262_144)):
            found += len(part)
            time.sleep(pause)
    return found


def test_who_does_not_take_an_answer_is_not_waited_for(port: int) -> None:
    with connected(port) as idle:
        idle.sendall(ASK)
        time.sleep(2.5)
        assert 0 < taken(idle) < LARGE


def test_who_takes_it_slowly_gets_all_of_it(port: int) -> None:
    with connected(port) as slow:
        slow.sendall(ASK)
        assert taken(slow, LARGE, pause=0.02) >= LARGE
        slow.sendall(SMALL)
        assert taken(slow) < 1000  # and the connection was kept


def test_one_connection_too_many_is_closed_and_the_others_are_answered(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "MOST_CONNECTIONS", 20)
    with contextlib.ExitStack() as stack:
        open_ones = [stack.enter_context(connected(port)) for _ in range(20)]
        for one in open_ones:
            one.sendall(SMALL[:20])
        time.sleep(0.3)
        with connected(port) as further:
            with contextlib.suppress(ConnectionError):
                further.sendall(SMALL)
            assert taken(further) == 0
        open_ones[0].sendall(SMALL[20:])
        assert taken(open_ones[0]) > 0
        time.sleep(0.2)
        with connected(port) as again:
            again.sendall(SMALL)
            assert taken(again) > 0
