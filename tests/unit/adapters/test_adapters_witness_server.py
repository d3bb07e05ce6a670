"""A witness over HTTP: what it answers, what it never does, and how it ends."""

from __future__ import annotations

import http.client
import itertools
import random
import socket
import threading
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from assay.adapters import witness_server
from assay.adapters.witness_server import WitnessServer, parse_listen
from assay.errors import InputError, StorageError
from assay.tlog.note import open_note, parse_note
from assay.tlog.witness import MAX_REQUEST_BYTES, AddCheckpoint
from unit.adapters.witness_cast import LOG, ORIGIN, Leaves, place, witness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TREE = Leaves()
MONITOR = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WitnessServer]:
    with witness(tmp_path / "state") as found:
        yield found


def call(server: WitnessServer, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(*place(server), timeout=10)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type") or "", response.read()
    finally:
        connection.close()


def body(old: int, size: int, leaves: Leaves = TREE) -> bytes:
    hashes = tuple(leaves.prove(old, size)) if 0 < old < size else ()
    return AddCheckpoint(old, hashes, leaves.note(size)).content()


def submit(server: WitnessServer, old: int, size: int) -> tuple[int, str, bytes]:
    return call(server, "POST", "/add-checkpoint", body(old, size))


def raw(server: WitnessServer, request: bytes) -> bytes:
    with socket.create_connection(place(server), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_submitting_and_monitoring(server: WitnessServer) -> None:
    assert call(server, "GET", MONITOR)[0] == 404
    status, _, lines = submit(server, 0, 5)
    assert status == 200
    assert lines.count("\u2014 example.com/witness ".encode()) == 2
    status, kind, note = call(server, "GET", MONITOR)
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert open_note(note, [LOG.verifier]).text == TREE.checkpoint(5).text()
    assert note.endswith(lines)
    assert submit(server, 0, 9) == (409, "text/x.tlog.size", b"5\n")
    assert submit(server, 5, 9)[0] == 200
    assert parse_note(call(server, "GET", MONITOR)[2]).text == TREE.checkpoint(9).text()


def test_a_connection_is_kept_for_further_requests(server: WitnessServer) -> None:
    connection = http.client.HTTPConnection(*place(server), timeout=10)
    for old, size in itertools.pairwise(range(6)):
        connection.request("POST", "/add-checkpoint", body(old, size))
        response = connection.getresponse()
        assert (response.status, bool(response.read())) == (200, True)
        assert connection.sock is not None
    connection.close()


@pytest.mark.parametrize(
    "path", ["/", "/add-checkpoint/", "/x/add-checkpoint", "/checkpoint", MONITOR.upper(), MONITOR + "?"]
)
def test_other_addresses_hold_nothing(server: WitnessServer, path: str) -> None:
    assert call(server, "GET", path)[0] == 404
    assert call(server, "POST", path, body(0, 5))[0] == 404
    assert call(server, "DELETE", path)[0] == 501


def test_bodies_have_a_cap_and_a_length(server: WitnessServer) -> None:
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n"
    assert raw(server, head + b"\r\n").startswith(b"HTTP/1.1 411 ")
    assert raw(server, head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").startswith(b"HTTP/1.1 411 ")
    assert raw(server, head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx").startswith(b"HTTP/1.1 400 ")
    for length in (b"-1", b"+1", b"0x1", b"1e3", b"9" * 20):
        assert raw(server, head + b"Content-Length: " + length + b"\r\n\r\nx").startswith(b"HTTP/1.1 400 "), length
    assert raw(server, head + b"Content-Length: %d\r\n\r\n" % (MAX_REQUEST_BYTES + 1)).startswith(b"HTTP/1.1 413 ")
    assert raw(server, head + b"Content-Length: 100\r\n\r\nshort") == b""
    assert submit(server, 0, 5)[0] == 200


def test_random_bytes_do_no_harm(server: WitnessServer) -> None:
    draw = random.Random(5)
    for _ in range(60):
        good = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 300\r\n\r\n" + body(0, 5)[:300]
        broken = bytearray(good)
        for _ in range(draw.randrange(1, 8)):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        raw(server, bytes(broken))
    assert submit(server, 0, 5)[0] == 200


def test_what_drips_is_cut_and_others_are_heard(server: WitnessServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_server, "CONNECTION_SECONDS", 0.3)
    with socket.create_connection(place(server), timeout=10) as slow:
        slow.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 1000\r\n\r\nold")
        assert submit(server, 0, 5)[0] == 200
        assert slow.recv(100) == b""


def test_there_are_never_too_many_connections(server: WitnessServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_server, "MAX_CONNECTIONS", 3)
    held = [socket.create_connection(place(server), timeout=10) for _ in range(3)]
    try:
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            submit(server, 0, 5)
    finally:
        for connection in held:
            connection.close()
    deadline = time.monotonic() + 10
    status = 0
    while status != 200 and time.monotonic() < deadline:
        try:
            status = submit(server, 0, 5)[0]
        except (ConnectionError, http.client.HTTPException):
            time.sleep(0.01)
    assert status == 200


def test_many_at_once_never_roll_the_record_back(server: WitnessServer) -> None:
    """Test 21 of the reference: requests for N and N+K, all with the same old size, and readers meanwhile."""
    assert submit(server, 0, 1)[0] == 200
    cosigned: list[int] = []
    seen: list[list[int]] = []
    known = threading.Lock()

    def push(seed: int) -> None:
        draw = random.Random(seed)
        old = 1
        while old < 200:
            size = old + draw.randrange(1, 30)
            status, _, answer = submit(server, old, size)
            if status == 409:
                old = int(answer)
                continue
            assert status == 200
            with known:
                cosigned.append(size)
            old = size

    def watch() -> None:
        sizes = [1]
        while sizes[-1] < 200:
            note = call(server, "GET", MONITOR)[2]
            sizes.append(int(parse_note(note).text.splitlines()[1]))
        seen.append(sizes)

    threads = [threading.Thread(target=push, args=(seed,)) for seed in range(6)] + [threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(cosigned) == len(set(cosigned)), "two requests won with the same record"
    assert seen
    assert seen[0] == sorted(seen[0])
    assert max(cosigned) == int(parse_note(call(server, "GET", MONITOR)[2]).text.splitlines()[1])


def test_a_record_that_cannot_be_written_cosigns_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with witness(tmp_path / "state") as server:
        assert submit(server, 0, 5)[0] == 200
        server._state._connection.execute("PRAGMA query_only = ON")
        status, _, answer = submit(server, 5, 9)
        assert (status, answer) == (500, b"the record cannot be read or written; nothing was cosigned\n")
        assert "Nothing was cosigned" in capsys.readouterr().err
        server._state._connection.execute("PRAGMA query_only = OFF")
        assert submit(server, 5, 9)[0] == 200


def test_an_idle_connection_does_not_hold_the_end_up(tmp_path: Path) -> None:
    with witness(tmp_path / "state") as server:
        idle = socket.create_connection(place(server), timeout=10)
        assert submit(server, 0, 5)[0] == 200
        began = time.monotonic()
    assert time.monotonic() - began < 5
    idle.close()


def test_a_place_that_is_taken_is_told(server: WitnessServer) -> None:
    with pytest.raises(StorageError, match="cannot listen at 127"):
        WitnessServer(("127.0.0.1", server.server_address[1]), server._state, {})


def test_places_to_listen_at() -> None:
    assert parse_listen("127.0.0.1:80") == ("127.0.0.1", 80)
    assert parse_listen("[::1]:0") == ("::1", 0)
    for text in ("", "80", ":80", "host:", "host:x", "host:65536", "host:-1"):
        with pytest.raises(InputError, match="expected HOST:PORT"):
            parse_listen(text)
