"""Gathering a quorum from witnesses that are honest, down, slow, garbled or lying."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from assay.adapters.http_post import NoAnswerError, check_address, post
from assay.adapters.witness_client import QuorumMissedError, Witnesses, WitnessFailure, gather
from assay.errors import InputError, VerificationError
from assay.tlog.note import open_note, parse_note
from assay.tlog.signer import sign_note, signer_key
from assay.tlog.vkey import ED25519_COSIGNATURE
from assay.tlog.witness_policy import parse_witness_policy
from unit.adapters.witness_cast import LOG, Leaves, policy, vkeys, witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

TREE = Leaves()
LIAR = signer_key("example.com/liar", bytes(range(9, 41)), ED25519_COSIGNATURE)
NOWHERE = "http://127.0.0.1:1"


@contextlib.contextmanager
def answering(answer: bytes | Callable[[bytes], bytes]) -> Iterator[str]:
    """Serve the same raw bytes, or what a function makes of the request, to everybody."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with contextlib.suppress(OSError):
                self.wfile.write(answer if isinstance(answer, bytes) else answer(body))
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def response(status: int, body: bytes, kind: str = "text/plain") -> bytes:
    return (
        b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (status, kind.encode(), len(body)) + body
    )


def no_proof(_old: int, _size: int) -> Sequence[bytes]:
    raise AssertionError("nobody asked for a proof")


def test_a_quorum_of_two_in_three(tmp_path: Path) -> None:
    one, two = vkeys(tmp_path / "one"), vkeys(tmp_path / "two")
    with witness(tmp_path / "one") as first, witness(tmp_path / "two") as second:
        trust = policy(
            "2",
            {
                "one": (one[0], f"{first.address}/"),
                "two": (two[0], second.address),
                "two-pq": (two[1], second.address),
                "dead": (str(LIAR.verifier), NOWHERE),
            },
        )
        sizes: dict[str, int] = {}
        gathered = gather(TREE.note(5), trust, no_proof, sizes=sizes)
        assert gathered.cosigned_by == ("one", "two", "two-pq")
        assert [failure.witness for failure in gathered.failures] == ["dead"]
        assert "Connection refused" in gathered.failures[0].reason
        assert trust.open(gathered.note).checkpoint == TREE.checkpoint(5)
        order = [each.name for each in parse_note(gathered.note).signatures]
        assert order == [LOG.name, *["example.com/witness"] * 3]
        assert sizes == {first.address: 5, second.address: 5}
        # from what they know on: with what was remembered, and without
        assert gather(TREE.note(9), trust, TREE.prove, sizes=sizes).cosigned_by == ("one", "two", "two-pq")
        assert gather(TREE.note(12), trust, TREE.prove).cosigned_by == ("one", "two", "two-pq")
        assert gather(TREE.note(12), trust, TREE.prove, sizes={first.address: 3}).cosigned_by == (
            "one",
            "two",
            "two-pq",
        )


def test_a_missed_quorum_keeps_what_came_and_asks_only_the_rest(tmp_path: Path) -> None:
    one, two = vkeys(tmp_path / "one"), vkeys(tmp_path / "two")
    with witness(tmp_path / "one") as first:
        trust = policy("all", {"one": (one[0], first.address), "two": (two[0], NOWHERE)})
        with pytest.raises(QuorumMissedError, match=r"found one\. It is not published(.|\n)*two .*refused") as missed:
            gather(TREE.note(5), trust, no_proof)
    kept = missed.value.gathered
    assert kept.cosigned_by == ("one",)
    with witness(tmp_path / "two") as second:  # the first is down by now
        trust = policy("all", {"one": (one[0], NOWHERE), "two": (two[0], second.address)})
        gathered = gather(kept.note, trust, no_proof)
    assert gathered.cosigned_by == ("one", "two")
    assert gathered.failures == ()


def test_the_publishers_witnesses_remember_what_came(tmp_path: Path) -> None:
    one, two = vkeys(tmp_path / "one"), vkeys(tmp_path / "two")
    told: list[WitnessFailure] = []
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(witness(tmp_path / "one"))
        with witness(tmp_path / "two") as second:
            address = second.address
        trust = policy("all", {"one": (one[0], first.address), "two": (two[0], address)})
        ask = Witnesses(trust, timeout_s=5, tell=told.append)
        with pytest.raises(QuorumMissedError, match="found one"):
            ask(TREE.note(5), no_proof)
        stack.close()  # the first is gone; what it signed is not
        port = int(address.rpartition(":")[2])
        with witness(tmp_path / "two", port=port):
            note = ask(TREE.note(5), no_proof)
    assert len(trust.open(note).cosigned_by) == 2
    assert ask._kept is None
    assert told == []
    some = policy("any", {"one": (one[0], NOWHERE), "two": (two[0], address)})
    with witness(tmp_path / "two", port=port):
        Witnesses(some, grace_s=5, tell=told.append)(TREE.note(9), TREE.prove)
    assert [failure.witness for failure in told] == ["one"]


LIES: dict[str, bytes | Callable[[bytes], bytes]] = {
    "empty": b"",
    "no HTTP": b"\x16\x03\x01garbage\r\n\r\n",
    "an error": response(500, b"no\x1b[31m"),
    "a redirect": b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "an empty 200": response(200, b""),
    "garbage in a 200": response(200, b"\xff" * 100),
    "another's cosignature": response(
        200, signer_key("x", bytes(32), ED25519_COSIGNATURE).cosign(TREE.checkpoint(5).text(), 1).line()
    ),
    "a cosignature over another size": response(200, LIAR.cosign(TREE.checkpoint(6).text(), 1).line()),
    "a cosignature over another root": response(200, LIAR.cosign(Leaves(b"x").checkpoint(5).text(), 1).line()),
    "a whole other note": response(200, sign_note(TREE.checkpoint(5).text(), [LOG])),
    "too much": response(200, b"x" * 1_000_000),
    "less than said": b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\nshort",
    "endless headers": b"HTTP/1.1 200 X\r\n" + b"A: b\r\n" * 10_000,
    "no size in a 409": response(409, b"many\n", "text/x.tlog.size"),
    "a size without its type": response(409, b"3\n"),
    "a larger size": response(409, b"7\n", "text/x.tlog.size"),
    "the size that was asked": response(409, b"0\n", "text/x.tlog.size"),
    "ever other sizes": lambda body: response(
        409, b"%d\n" % (1 + int(body.split(b"\n")[0][4:]) % 4), "text/x.tlog.size"
    ),
    "another history": response(422, b"no\n"),
}
CONTRADICTIONS = {"a larger size", "another history"}


@pytest.mark.parametrize("lie", LIES)
def test_a_witness_that_lies_is_told_by_name_and_never_counts(lie: str, tmp_path: Path) -> None:
    honest = vkeys(tmp_path / "one")
    with witness(tmp_path / "one") as first, answering(LIES[lie]) as address:
        witnesses = {"liar": (str(LIAR.verifier), address), "one": (honest[0], first.address)}
        gathered = gather(TREE.note(5), policy("any", witnesses), TREE.prove, grace_s=5)
        (failure,) = gathered.failures
        assert (failure.witness, failure.address) == ("liar", address)
        assert failure.reason
        assert failure.reason.isprintable()
        assert failure.contradicts == (lie in CONTRADICTIONS)
        assert gathered.cosigned_by == ("one",)
        assert len(open_note(gathered.note, [LOG.verifier]).ignored) == 1
        with pytest.raises(QuorumMissedError, match="liar"):
            gather(TREE.note(5), policy("all", witnesses), TREE.prove)


def dripping(body: bytes) -> bytes:
    del body
    time.sleep(1.5)
    return response(200, LIAR.cosign(TREE.checkpoint(5).text(), 1).line())


def test_a_slow_witness_holds_nobody_up(tmp_path: Path) -> None:
    honest = vkeys(tmp_path / "one")
    with witness(tmp_path / "one") as first, answering(dripping) as address:
        witnesses = {"slow": (str(LIAR.verifier), address), "one": (honest[0], first.address)}
        began = time.monotonic()
        gathered = gather(TREE.note(5), policy("any", witnesses), no_proof)
        assert time.monotonic() - began < 1.2
        assert gathered.cosigned_by == ("one",)
        assert "no answer in time" in str(gathered.failures[0])
        began = time.monotonic()
        with pytest.raises(QuorumMissedError, match=r"slow .*no answer"):
            gather(TREE.note(5), policy("all", witnesses), no_proof, timeout_s=0.3)
        assert time.monotonic() - began < 1.2


def test_many_signatures_by_one_witness_count_once() -> None:
    text = TREE.checkpoint(5).text()
    lines = b"".join(LIAR.cosign(text, time).line() for time in range(1, 90))
    with answering(response(200, lines)) as address:
        gathered = gather(TREE.note(5), policy("all", {"w": (str(LIAR.verifier), address)}), no_proof)
    assert len(parse_note(gathered.note).signatures) == 2


def test_a_note_that_no_log_of_the_policy_signed_is_not_sent() -> None:
    trust = policy("all", {"w": (str(LIAR.verifier), NOWHERE)})
    stranger = sign_note(TREE.checkpoint(5).text(), [signer_key("example.com/log", bytes(32))])
    with pytest.raises(VerificationError, match="one of the policy's logs"):
        gather(stranger, trust, no_proof)


def test_a_log_that_cannot_prove_its_history_is_no_fault_of_a_witness(tmp_path: Path) -> None:
    def broken(_old: int, _size: int) -> Sequence[bytes]:
        raise VerificationError("tile/0/000: missing")

    keys = vkeys(tmp_path / "one")
    with witness(tmp_path / "one") as first:
        trust = policy("all", {"one": (keys[0], first.address)})
        gather(TREE.note(5), trust, no_proof)
        with pytest.raises(VerificationError, match="tile/0/000: missing"):
            gather(TREE.note(9), trust, broken)


def test_without_a_quorum_witnesses_are_asked_and_not_needed(tmp_path: Path) -> None:
    (key, _) = vkeys(tmp_path / "one")
    with witness(tmp_path / "one") as first:
        text = f"log {LOG.verifier}\nwitness one {key} {first.address}\nwitness far {LIAR.verifier}\nquorum none\n"
        gathered = gather(TREE.note(5), parse_witness_policy(text.encode()), no_proof, grace_s=5)
    assert gathered.cosigned_by == ("one",)
    assert "the policy gives no address" in str(gathered.failures[0])


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x/",
        "x",
        "http://",
        "http://u:p@x/",
        "http://x:0/",
        "http://x:y/",
        "http://x/?a",
        "http://x/#a",
        "http://x/\u00e9",
        "file:///x",
    ],
)
def test_addresses_that_cannot_be_asked(address: str) -> None:
    with pytest.raises(InputError, match="address"):
        check_address(address)
    trust = parse_witness_policy(f"log {LOG.verifier}\nwitness w {LIAR.verifier} {address}\nquorum w\n".encode())
    with pytest.raises(InputError, match="witness w: address"):
        gather(TREE.note(5), trust, no_proof)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 X\r\nA: ", b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n"])
def test_an_answer_that_drips_is_cut(start: bytes) -> None:
    """A byte now and then keeps a socket's own timeout from ever passing."""
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(start)
            while not over.wait(0.05):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        began = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"no answer within 0\.5 s"):
            post(f"http://127.0.0.1:{listening.getsockname()[1]}/", b"", "text/plain", timeout_s=0.5, cap=10_000)
        assert time.monotonic() - began < 2
        over.set()
        thread.join()
