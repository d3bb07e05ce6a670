"""A key is the log's for the sizes of its range; a stolen old key is named, whatever it signs beyond."""

from __future__ import annotations

import pytest

from assay.errors import DocumentError, VerificationError
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.log_keys import KeyRange, LogKeys, always, parse_log_keys
from assay.tlog.merkle import hash_leaf
from assay.tlog.signer import SignerKey, sign_note, signer_key
from assay.tlog.vkey import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE

LOG = "example.com/log"
OLD = signer_key(LOG, bytes(range(32)))
NEW = signer_key(LOG, bytes(range(1, 33)))
OTHER = signer_key("example.com/other", bytes(range(2, 34)))
AFTER_QUANTUM = signer_key(LOG, bytes(range(3, 35)), ML_DSA_44_COSIGNATURE)
WITNESS = signer_key("example.org/witness", bytes(range(4, 36)), ED25519_COSIGNATURE)
RANGES = f"# handed over at 11\nkey {OLD.verifier} 0 11\nkey\t{NEW.verifier}  11\n"


def note(size: int, *signers: SignerKey) -> bytes:
    return sign_note(Checkpoint(LOG, size, hash_leaf(b"%d" % size)).text(), signers)


@pytest.mark.parametrize(
    ("size", "signers"), [(1, [OLD]), (10, [OLD]), (11, [OLD, NEW]), (11, [NEW]), (12, [NEW]), (2**62, [NEW])]
)
def test_a_key_signs_within_its_range(size: int, signers: list[SignerKey]) -> None:
    assert parse_log_keys(RANGES.encode()).open(note(size, *signers)).checkpoint.size == size


@pytest.mark.parametrize(
    ("size", "signer", "sizes"), [(11, OLD, "0 to 10"), (5000, OLD, "0 to 10"), (10, NEW, "11 on"), (1, NEW, "11 on")]
)
def test_a_key_that_signs_outside_of_its_range_is_named(size: int, signer: SignerKey, sizes: str) -> None:
    with pytest.raises(VerificationError, match="outside of its range") as caught:
        parse_log_keys(RANGES.encode()).open(note(size, signer))
    assert f"{signer.verifier.id.hex()}, which is its key for sizes {sizes}" in str(caught.value)


def test_another_logs_key_and_a_forged_signature_are_refused() -> None:
    keys = parse_log_keys(RANGES.encode())
    with pytest.raises(VerificationError, match="expected a signature by a trusted key"):
        keys.open(note(3, OTHER))
    forged = note(3, OLD).replace(b"\n3\n", b"\n4\n")
    with pytest.raises(VerificationError, match="does not match the text"):
        keys.open(forged)
    with pytest.raises(VerificationError, match="expected a signature by a trusted key"):
        always(NEW.verifier).open(note(3, OLD))


def test_witnesses_are_told_with_the_earliest_time_that_they_state() -> None:
    text = Checkpoint(LOG, 12, hash_leaf(b"12")).text()
    twice = note(12, NEW) + WITNESS.cosign(text, 1_800_000_000).line() + WITNESS.cosign(text, 1_700_000_000).line()
    signed = parse_log_keys(RANGES.encode()).open(twice, [WITNESS.verifier])
    assert signed.cosigned_by == (WITNESS.verifier,)
    assert signed.cosigned_at() == {WITNESS.verifier: 1_700_000_000}
    assert always(NEW.verifier).open(note(12, NEW)).cosigned_at() == {}


def test_the_side_file_is_written_as_it_is_read() -> None:
    keys = LogKeys((KeyRange(OLD.verifier, 0, 11), KeyRange(NEW.verifier, 11), KeyRange(AFTER_QUANTUM.verifier, 11)))
    assert parse_log_keys(keys.content()) == keys
    assert keys.origin == LOG
    assert keys.keys == (OLD.verifier, NEW.verifier, AFTER_QUANTUM.verifier)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "expected a line 'key <verifier key> <first size> \\[<end>\\]'"),
        (f"log {OLD.verifier}", "expected: key <verifier key> <first size>"),
        (f"key {OLD.verifier}", "expected: key <verifier key> <first size>"),
        (f"key {OLD.verifier} 0 5 6", "expected: key <verifier key> <first size>"),
        (f"key {OLD.verifier} 05", "first size"),
        (f"key {OLD.verifier} 5 5", "expected an end above the first size 5"),
        (f"key {OLD.verifier} 0 11\nkey {OTHER.verifier} 11", "expected keys of one log"),
        (f"key {OLD.verifier} 0 11\nkey {OLD.verifier} 11", "expected each key once"),
        (f"key {OLD.verifier} 0\nkey {NEW.verifier} 11", "expected one key a size"),
        (f"key {OLD.verifier} 0 12\nkey {NEW.verifier} 11", "expected one key a size"),
        (f"key {NEW.verifier} 11\nkey {OLD.verifier} 0", "expected one key a size"),
        (f"key {WITNESS.verifier} 0", "expected a log's key"),
        ("key nonsense 0", "expected <name>\\+<key ID>"),
    ],
)
def test_a_side_file_that_means_two_things_is_refused(lines: str, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        parse_log_keys(lines.encode(), name="log.keys")
