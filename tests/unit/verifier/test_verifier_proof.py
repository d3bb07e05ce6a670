"""Proof files as the writer writes them; everything else is refused."""

from __future__ import annotations

import base64

import pytest

from assay.tlog.checkpoint import Checkpoint
from assay.tlog.proof import Proof
from assay.tlog.signer import sign_note, signer_key
from assay.tlog.tree import MemoryTree, inclusion_proof
from assay.verifier.merkle import hash_leaf
from assay.verifier.note import parse_vkey
from assay.verifier.proof import open_proof, parse_proof
from assay.verifier.strict import Refused

ENTRIES = [b"entry %d" % number for number in range(7)]
TREE = MemoryTree([hash_leaf(entry) for entry in ENTRIES])
LOG = signer_key("log.example.com", bytes(range(32)))
KEY = parse_vkey(str(LOG.verifier))
NOTE = sign_note(Checkpoint("log.example.com", 7, TREE.root()).text(), [LOG])
HASHES = tuple(inclusion_proof(3, 7, TREE.node))
PROOF = Proof(3, HASHES, NOTE).content()


def test_a_proof_shows_its_entry_and_no_other():
    proof, checkpoint = open_proof(PROOF, ENTRIES[3], [KEY])
    assert (proof.index, proof.hashes, checkpoint.size) == (3, HASHES, 7)
    with pytest.raises(Refused, match="not number 3 of log"):
        open_proof(PROOF, ENTRIES[2], [KEY])
    with pytest.raises(Refused):
        open_proof(Proof(2, HASHES, NOTE).content(), ENTRIES[3], [KEY])
    with pytest.raises(Refused, match="trusted key"):
        open_proof(PROOF, ENTRIES[3], [])


def test_extra_bytes_are_read_and_prove_nothing():
    content = Proof(3, HASHES, NOTE, b"extra").content()
    assert open_proof(content, ENTRIES[3], [KEY])[0] == parse_proof(PROOF)


def test_wrong_files_are_refused():
    extra = base64.b64encode(b"extra")
    wrong = [
        b"", PROOF[1:], PROOF.replace(b"@v1", b"@v2"), PROOF.replace(b"index 3", b"index 03"),
        PROOF.replace(b"index 3\n", b""), PROOF.replace(b"index 3", b"index  3"), PROOF.replace(b"index 3", b"Index 3"),
        PROOF.replace(b"index 3\n", b"extra !\nindex 3\n"), PROOF.replace(b"index 3", b"extra " + extra),
        PROOF.replace(b"index 3\n", b"extra " + extra + b"\nextra " + extra + b"\nindex 3\n"),
        PROOF.replace(b"\n\n", b"\n", 1), PROOF[: PROOF.index(b"\n\n") + 2], PROOF.replace(b"index", b"ind\xc3\xa9x"),
        PROOF.replace(b"index 3\n", b"index 3\nAAAA\n"), PROOF.replace(b"\n", b"\r\n"), b"c2sp.org/tlog-proof@v1\n\nx",
    ]  # fmt: skip
    for one in wrong:
        with pytest.raises(Refused, match="tlog-proof"):
            pytest.fail(f"accepted: {one!r}: {parse_proof(one)}")


def test_a_proof_has_a_cap():
    room = 2_000_000 - len(PROOF)
    assert parse_proof(PROOF + b"x" * room).index == 3
    with pytest.raises(Refused, match="at most 2000000"):
        parse_proof(PROOF + b"x" * (room + 1))
