"""What a witness answers, status by status, and how it goes through the public script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError, VerificationError
from assay.tlog.checkpoint import Checkpoint, parse_checkpoint
from assay.tlog.merkle import hash_leaf
from assay.tlog.note import Note, open_note, parse_note
from assay.tlog.signed_checkpoint import open_checkpoint
from assay.tlog.signer import SignerKey, sign_note, signer_key
from assay.tlog.tree import consistency_proof, perfect_root, root_hash
from assay.tlog.vkey import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, parse_vkey
from assay.tlog.witness import (
    MAX_REQUEST_BYTES,
    SIZE,
    AddCheckpoint,
    Reply,
    add_checkpoint,
    parse_add_checkpoint,
    parse_cosignatures,
    parse_size,
    watched_logs,
)
from conformance.trail_vectors import group

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN, TIME = "example.com/log", 1_700_000_000
LOG = signer_key(ORIGIN, bytes(range(32)))
LOG_PQ = signer_key(ORIGIN, bytes(range(32)), ML_DSA_44_COSIGNATURE)
WITNESS = (
    signer_key("example.com/witness", bytes(range(1, 33)), ED25519_COSIGNATURE),
    signer_key("example.com/witness", bytes(range(2, 34)), ML_DSA_44_COSIGNATURE),
)
LOGS = watched_logs([LOG.verifier])
LEAVES = [hash_leaf(bytes([number])) for number in range(20)]


def node(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    return lambda level, index: perfect_root(leaves[index << level : (index + 1) << level])


def tree(size: int, leaves: list[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root_hash(size, node(leaves)))


def proof(old: int, size: int) -> tuple[bytes, ...]:
    return tuple(consistency_proof(old, size, node(LEAVES)))


def request(old: int, now: Checkpoint, hashes: tuple[bytes, ...] = (), signer: SignerKey = LOG) -> bytes:
    return AddCheckpoint(old, hashes, sign_note(now.text(), [signer])).content()


def ask(body: bytes, recorded: Checkpoint | None = None) -> Reply:
    return add_checkpoint(body, recorded, LOGS, WITNESS, TIME)


def test_the_public_script_in_nine_steps() -> None:
    vectors = group("witness_add_checkpoint")
    logs = watched_logs([parse_vkey(vectors["log_vkey"])])
    recorded: Checkpoint | None = None
    for number, step in enumerate(vectors["steps"], start=1):
        reply = add_checkpoint(step["request_body"].encode(), recorded, logs, WITNESS, TIME)
        assert reply.status == step["status"], f"step {number}: {reply.body!r}"
        assert step.get("body_contains", "").encode() in reply.body, f"step {number}"
        assert reply.body == step.get("body_equals", reply.body.decode()).encode(), f"step {number}"
        assert (reply.record is not None) == (reply.status == 200), f"step {number}"
        if reply.record is not None:
            recorded = parse_checkpoint(parse_note(reply.record).text)
    assert number == 9
    assert recorded is not None
    assert recorded.size == 5


def test_a_first_checkpoint_is_cosigned_with_both_keys() -> None:
    now = tree(7)
    reply = ask(request(0, now))
    assert reply.status == 200
    assert reply.record is not None
    signed = open_checkpoint(reply.record, LOG.verifier, [key.verifier for key in WITNESS])
    assert signed.checkpoint == now
    assert signed.cosigned_by == tuple(key.verifier for key in WITNESS)
    cosigned = parse_cosignatures(reply.body, now.text(), [key.verifier for key in WITNESS])
    assert [int.from_bytes(each.body[:8], "big") for each in cosigned.signatures] == [TIME, TIME]


@pytest.mark.parametrize("old", range(1, 20))
def test_every_continuation_is_cosigned_and_nothing_else(old: int) -> None:
    now = tree(20)
    good = proof(old, 20)
    assert ask(request(old, now, good), tree(old)).status == 200
    assert ask(request(old, now, good[:-1]), tree(old)).status == 422
    assert ask(request(old, now, (*good, bytes(32))), tree(old)).status == 422
    other = Checkpoint(ORIGIN, old, bytes(32))
    refused = ask(request(old, now, good), other)
    assert (refused.status, refused.record, refused.fork) == (422, None, None)


def test_the_same_size_again_is_cosigned_again() -> None:
    assert ask(request(5, tree(5)), tree(5)).status == 200
    assert ask(request(5, tree(5), (bytes(32),)), tree(5)).status == 422
    assert ask(request(0, tree(0))).status == 200
    assert ask(request(0, tree(0)), tree(0)).status == 200
    assert ask(request(0, tree(3)), tree(0)).status == 200


def test_another_root_at_a_known_size_is_proof_of_two_histories() -> None:
    mine, theirs = tree(5), tree(5, LEAVES[::-1])
    note = Note(theirs.text(), (LOG.sign(theirs.text()), signer_key("stranger", bytes(32)).sign(theirs.text())))
    reply = ask(AddCheckpoint(5, (), note.content()).content(), mine)
    assert (reply.status, reply.record) == (422, None)
    assert b"two histories" in reply.body
    assert reply.fork == sign_note(theirs.text(), [LOG])  # what strangers added is left out


def test_another_size_than_the_recorded_one_is_told() -> None:
    for old, recorded, told in ((0, 5, b"5\n"), (3, 5, b"5\n"), (7, 5, b"5\n"), (3, None, b"0\n")):
        reply = ask(request(old, tree(9), proof(old, 9) if old else ()), tree(recorded) if recorded else None)
        assert (reply.status, reply.body, reply.content_type) == (409, told, SIZE)
        assert reply.record is None


def test_refusals_by_status() -> None:
    now = tree(5)
    assert ask(request(0, Checkpoint("example.com/other", 5, now.root))).status == 404
    assert ask(request(0, now, signer=signer_key(ORIGIN, bytes(32)))).status == 403
    assert ask(request(0, now, signer=signer_key("stranger", bytes(32)))).status == 403
    forged = parse_note(sign_note(now.text(), [LOG])).signatures
    spoiled = Note(tree(6).text(), forged).content()
    assert ask(AddCheckpoint(0, (), spoiled).content()).status == 403
    assert ask(request(0, now) + b"x").status == 403
    assert ask(request(0, now)[:-2] + b"\n").status == 403
    assert ask(request(6, now), tree(6)).status == 400
    assert ask(request(0, now, (bytes(32),))).status == 422
    assert ask(request(0, Checkpoint(ORIGIN, 0, bytes(32)))).status == 422


def malformed() -> dict[str, bytes]:
    good = request(3, tree(5), proof(3, 5))
    line = b"KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    return {
        "empty": b"",
        "no old line": good.partition(b"\n")[2],
        "old size with a leading zero": good.replace(b"old 3", b"old 03", 1),
        "old size with a sign": good.replace(b"old 3", b"old +3", 1),
        "old size too large": good.replace(b"old 3", b"old 9223372036854775808", 1),
        "carriage returns": good.replace(b"\n", b"\r\n"),
        "a space too many": good.replace(b"old 3", b"old  3", 1),
        "no empty line": good.replace(b"\n\n", b"\n", 1),
        "a hash of 31 bytes": b"old 3\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n\n" + good.partition(b"\n\n")[2],
        "loose base64": good.replace(b"=\n", b"\n", 1),
        "64 hashes": b"old 3\n" + line * 64 + b"\n" + good.partition(b"\n\n")[2],
        "no checkpoint": good.partition(b"\n\n")[0] + b"\n\n",
        "not UTF-8": good.replace(b"old", b"\xff", 1),
        "a note that is no checkpoint": b"old 0\n\n" + sign_note(b"hello\n", [LOG]),
        "size with a leading zero": b"old 0\n\n" + sign_note(tree(5).text().replace(b"\n5\n", b"\n05\n"), [LOG]),
        "no empty line before the signatures": good.replace(b"\n\n\xe2", b"\n\xe2"),
        "too long": good + b"x" * MAX_REQUEST_BYTES,
    }


@pytest.mark.parametrize("case", malformed())
def test_a_malformed_request_is_a_bad_request(case: str) -> None:
    reply = ask(malformed()[case], tree(3))
    assert (reply.status, reply.record) == (400, None), reply.body


def test_63_hashes_are_read() -> None:
    assert len(parse_add_checkpoint(AddCheckpoint(1, (bytes(32),) * 63, b"x").content()).proof) == 63


def test_extension_lines_are_cosigned_by_the_key_that_covers_them() -> None:
    now = Checkpoint(ORIGIN, 5, tree(5).root, ("extension",))
    reply = ask(request(0, now))
    assert reply.record is not None
    assert open_note(reply.record, [key.verifier for key in WITNESS]).signed_by == (WITNESS[0].verifier,)
    assert add_checkpoint(request(0, now), None, LOGS, WITNESS[1:], TIME).status == 422


def test_a_log_may_sign_with_either_of_its_keys() -> None:
    logs = watched_logs([LOG.verifier, LOG_PQ.verifier, LOG.verifier])
    assert logs == {ORIGIN: (LOG.verifier, LOG_PQ.verifier)}
    note = Note(tree(5).text(), (LOG_PQ.cosign(tree(5).text(), TIME),)).content()
    assert add_checkpoint(AddCheckpoint(0, (), note).content(), None, logs, WITNESS, TIME).status == 200
    with pytest.raises(InputError, match="found the cosigner's key"):
        watched_logs([WITNESS[0].verifier])


@pytest.mark.parametrize("body", [b"", b"5", b"05\n", b"5\n\n", b"-1\n", b" 5\n", b"5 \n", b"\xff\n"])
def test_a_size_is_a_number_and_a_line_feed(body: bytes) -> None:
    with pytest.raises(VerificationError, match="recorded size"):
        parse_size(body)


def test_cosignatures_that_do_not_hold_are_refused() -> None:
    text, keys = tree(5).text(), [key.verifier for key in WITNESS]
    lines = [key.cosign(text, TIME).line() for key in WITNESS]
    stranger = signer_key("stranger", bytes(32), ED25519_COSIGNATURE).cosign(text, TIME).line()
    assert len(parse_cosignatures(stranger + lines[0], text, keys).signatures) == 1
    twice = lines[0] + WITNESS[0].cosign(text, TIME + 1).line()
    (first,) = parse_cosignatures(twice, text, keys).signatures
    assert first.line() == lines[0]
    wrong = WITNESS[0].cosign(tree(6).text(), TIME).line()
    for body in (
        b"",
        stranger,
        wrong,
        lines[1] + wrong,
        lines[0][:-1],
        b"x" + lines[0],
        b"\n" + lines[0],
        b"garbage\n",
    ):
        with pytest.raises(VerificationError):
            parse_cosignatures(body, text, keys)


@given(st.binary(max_size=300))
def test_no_bytes_are_cosigned_that_no_log_signed(body: bytes) -> None:
    assert ask(body).status == 400


@given(st.integers(0, 2000), st.integers(0, 7))
def test_a_flipped_bit_is_never_cosigned(at: int, bit: int) -> None:
    body = bytearray(request(3, tree(5), proof(3, 5)))
    body[at % len(body)] ^= 1 << bit
    reply = ask(bytes(body), tree(3))
    assert reply.record is None
    assert reply.status in {400, 403, 404, 409, 422}
