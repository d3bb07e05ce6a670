"""What a request brings: JSON that is none is told, and whoever falls silent within a request has gone away."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from litestar.testing import TestClient

from assay.server import bodies
from live_server import free_port, serving
from server_people import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON = {"content-type": "application/json"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from open_house(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000, b'{"pipeline":"\xff"}', b'{"pipeline":"a","pipeline":"b","secret":"c"}', b"{", b"nothing",
        '{"pipeline":"a"}'.encode("utf-16"), b'{"pipeline":NaN}', b"\x00", b'"\\ud800"',
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/v1/tokens", "/sign-in/passkey"])
def test_what_is_no_json_is_told_and_no_fault_of_ours(house: House, path: str, content: bytes) -> None:
    with TestClient(house.app, base_url=house.home.settings.origin, raise_server_exceptions=False) as client:
        answer = client.post(path, content=content, headers=JSON)
    assert 400 <= answer.status_code < 500, answer.text
    assert "reference" not in answer.text


def test_whoever_falls_silent_within_a_request_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bodies, "SILENT_SECONDS", 0.3)
    port = free_port()
    with serving(house.app, port), socket.create_connection(("127.0.0.1", port), 30) as asked:
        asked.sendall(
            b"POST /api/v1/tokens HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: 1000\r\n\r\n{"
        )
        answer = asked.recv(4_096).decode()
    assert answer.startswith("HTTP/1.1 408 ")
    assert "Traceback" not in caplog.text
    assert "ERROR" not in caplog.text
