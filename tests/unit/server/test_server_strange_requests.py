"""What no browser sends, byte for byte to a real server: other hosts, paths that climb, bodies that unfold."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
from typing import TYPE_CHECKING

import pytest

from live_server import serving_as_configured
from server_people import open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIMBING = (
    "/static/../server.secret", "/static/%2e%2e/server.secret", "/static/..%2f..%2fserver.secret",
    "/static/%252e%252e/server.secret", "/static/..%5cserver.secret", "/static/console.css%00",
    "/log/../keys/default.pem", "/log/%2e%2e/keys/default.pem", "/log/tile/..%2f..%2fkeys/default.pem",
    "/log/tile/entries/%2e%2e/%2e%2e/%2e%2e/keys/default.pem", "//server.secret",
)  # fmt: skip
TOKENS = b"POST /api/v1/tokens HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-type: application/json\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    for house in open_house(tmp_path_factory.mktemp("strange")):
        with serving_as_configured(house.app, house.home) as found:
            yield found


def ask(port: int, content: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes; return the status, the head by lower-case names, and the body."""
    found = b""
    with socket.create_connection(("127.0.0.1", port), 30) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(content)
        while part := connection.recv(65_536):
            found += part
    head, _, body = found.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), {name.lower(): said for name, _, said in (one.partition(": ") for one in lines)}, body


def get(port: int, path: str, *, host: str = "h", more: str = "") -> tuple[int, dict[str, str], bytes]:
    head = f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\naccept: text/html\r\n{more}\r\n"
    return ask(port, head.encode("latin-1"))


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_climbs_out_of_what_is_published(port: int, path: str) -> None:
    status, _, body = get(port, path)
    assert status in {400, 404}
    assert b"PRIVATE KEY" not in body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8600", "127.0.0.1@evil.example", "[::1]", "a b"])
def test_no_address_is_made_of_the_host_that_was_asked_for(port: int, host: str) -> None:
    forwarded = "x-forwarded-host: evil.example\r\nforwarded: host=evil.example\r\nx-forwarded-proto: https\r\n"
    for path in ("/models", "/sign-in", "/sign-in/enrol", "/openapi.json"):
        status, head, body = get(port, path, host=host, more=forwarded)
        assert status < 500
        assert "evil.example" not in json.dumps(head)
        assert b"evil.example" not in body
        assert "strict-transport-security" not in head  # who is no proxy of ours does not say by what one came


def test_a_body_that_would_unfold_is_not_unfolded(port: int) -> None:
    bomb = gzip.compress(b'{"pipeline": "' + b"0" * 50_000_000 + b'"}')
    head = TOKENS + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    status, _, body = ask(port, head + bomb)
    assert (status, len(body) < 1_000) == (400, True)


@pytest.mark.parametrize(
    "content",
    [
        TOKENS
        + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nhost: h\r\n\r\n",
        TOKENS + b"content-length: 2\r\ncontent-length: 40\r\n\r\n{}",
        TOKENS + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"GET /models HTTP/1.1\r\nhost: h\r\nhost: other\r\n\r\n",
        b"GET /models HTTP/1.1\r\nhost : h\r\n\r\n",
        b"GET /models HTTP/1.1\r\nx: y\n\r\n\r\n",
        b"GET /models\r\n\r\n",
    ],
)
def test_what_two_readers_may_read_in_two_ways_is_refused_once(port: int, content: bytes) -> None:
    status, _, body = ask(port, content)
    assert 400 <= status <= 501
    assert b"answers" not in body  # what followed was no request of its own
