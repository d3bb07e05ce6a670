"""Who sends the head of a request a letter at a time is not waited for: by a real server, over real connections."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest

from assay.server import bodies, heads
from live_server import serving_as_configured
from server_people import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n"
BODY = (
    b"POST /api/v1/tokens HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from open_house(tmp_path)


@pytest.fixture
def port(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The server as `assay serve` configures it, but for its port and shorter times."""
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.5)
    with serving_as_configured(house.app, house.home) as found:
        yield found


def drip(connection: socket.socket, letters: bytes, pause: float = 0.1) -> tuple[bytes, float]:
    """Send letters one after the other; return what came back, and when the other side ended it."""
    begun = time.monotonic()
    connection.settimeout(30)
    with contextlib.suppress(ConnectionError):
        for letter in letters:
            connection.sendall(bytes([letter]))
            time.sleep(pause)
            if time.monotonic() - begun > 10:
                pytest.fail("expected the server to end it, found that it takes letters after ten seconds")
    return read_all(connection), time.monotonic() - begun


def read_all(connection: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            found += part
    return found


def test_a_head_that_drips_in_is_not_waited_for_and_others_are_answered(port: int) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(50)]
        for one in slow:
            one.sendall(HEAD)
        with socket.create_connection(("127.0.0.1", port), 30) as other:
            other.sendall(HEAD + b"connection: close\r\n\r\n")
            assert read_all(other).startswith(b"HTTP/1.1 200 ")
        answer, seconds = drip(slow[0], b"x-letters: " + b"a" * 10_000)
        assert (answer, seconds < 5) == (b"", True)
        for one in slow[1:]:
            one.settimeout(10)
            assert read_all(one) == b""


def test_who_says_nothing_at_all_is_not_waited_for(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 30) as silent:
        silent.settimeout(10)
        assert read_all(silent) == b""


def test_the_head_of_a_further_request_has_a_time_of_its_own(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 30) as kept:
        kept.settimeout(10)
        for _ in range(3):
            kept.sendall(HEAD + b"\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += kept.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            time.sleep(0.8)  # longer than a head may take: between requests one may rest
        answer, seconds = drip(kept, b"GET /health HTTP/1.1\r\nx-letters: " + b"a" * 10_000)
        assert (answer, seconds < 5) == (b"", True)


def test_a_body_that_drips_in_is_not_waited_for_for_ever(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "WHOLE_SECONDS", 1.0)
    with socket.create_connection(("127.0.0.1", port), 30) as slow:
        slow.sendall(BODY)
        answer, seconds = drip(slow, b"a" * 900)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert seconds < 8
