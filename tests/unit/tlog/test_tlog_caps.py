"""Each cap holds at its edge, and a note without a trusted signature is nothing."""

from __future__ import annotations

import pytest

from assay.errors import VerificationError
from assay.tlog.encoding import MAX_NUMBER, decode_number
from assay.tlog.note import MAX_NOTE_BYTES, MAX_SIGNATURES, open_note, parse_note
from assay.tlog.proof import MAX_EXTRA_BYTES, MAX_PROOF_HASHES, Proof, parse_proof
from assay.tlog.signer import sign_note, signer_key

KEY = signer_key("example.com/log", bytes(range(32)))
LINE = "\u2014 other AAAAAAA=\n"


def test_a_note_that_no_trusted_key_signed_is_refused() -> None:
    for keys in ([], [signer_key("example.com/other", bytes(range(32))).verifier]):
        with pytest.raises(VerificationError, match="signature by a trusted key"):
            open_note(sign_note(b"text\n", [KEY]), keys)


def test_a_note_has_at_most_so_many_bytes_and_signatures() -> None:
    tail = f"\n{LINE}".encode()
    fits = b"x" * (MAX_NOTE_BYTES - len(tail) - 1) + b"\n" + tail
    assert parse_note(fits).text.endswith(b"x\n")
    with pytest.raises(VerificationError, match="at most 1000000 bytes"):
        parse_note(b"x" + fits)
    assert len(parse_note(f"text\n\n{LINE * MAX_SIGNATURES}".encode()).signatures) == 1
    with pytest.raises(VerificationError, match="at most 100 signatures"):
        parse_note(f"text\n\n{LINE * (MAX_SIGNATURES + 1)}".encode())


@pytest.mark.parametrize("text", ["a\x01\n", "a\r\n", "a\t\n", "a\0\n"])
def test_control_characters_are_refused_even_when_signed(text: str) -> None:
    with pytest.raises(VerificationError, match="no control character"):
        open_note(sign_note(text.encode(), [KEY]), [KEY.verifier])


def test_a_signature_is_longer_than_its_key_id() -> None:
    with pytest.raises(VerificationError, match="expected key ID and signature, found 4 bytes"):
        parse_note("text\n\n\u2014 other AAAAAA==\n".encode())


def test_a_proof_has_at_most_so_many_hashes_and_bytes() -> None:
    longest = Proof(0, (bytes(32),) * MAX_PROOF_HASHES, b"checkpoint\n", bytes(MAX_EXTRA_BYTES))
    assert parse_proof(longest.content()) == longest
    for wrong in (
        Proof(0, (bytes(32),) * (MAX_PROOF_HASHES + 1), b"checkpoint\n"),
        Proof(0, (), b"checkpoint\n", bytes(MAX_EXTRA_BYTES + 1)),
        Proof(0, (), b"x" * 1_200_000),
    ):
        with pytest.raises(VerificationError, match="at most"):
            parse_proof(wrong.content())


def test_the_largest_number() -> None:
    assert decode_number(str(MAX_NUMBER), "size") == MAX_NUMBER
    with pytest.raises(VerificationError):
        decode_number(str(MAX_NUMBER + 1), "size")
