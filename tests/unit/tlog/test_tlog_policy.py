"""Opening checkpoints under a policy, and what a quorum means."""

from __future__ import annotations

import pytest

from assay.errors import DocumentError, VerificationError
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.merkle import EMPTY_ROOT
from assay.tlog.signer import SignerKey, signer_key
from assay.tlog.vkey import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE
from assay.tlog.witness_policy import WitnessPolicy, parse_witness_policy

LOG = signer_key("example.com/log", bytes(range(32)))
OTHER_LOG = signer_key("example.com/other", bytes(range(3, 35)))
ONE = signer_key("one.example", bytes(range(1, 33)), ED25519_COSIGNATURE)
TWO = signer_key("two.example", bytes(range(2, 34)), ML_DSA_44_COSIGNATURE)
THREE = signer_key("three.example", bytes(range(4, 36)), ED25519_COSIGNATURE)
TEXT = Checkpoint(LOG.name, 0, EMPTY_ROOT).text()


def policy(quorum: str) -> WitnessPolicy:
    lines = [
        f"log {LOG.verifier} https://example.com/log/",
        f"witness one\t{ONE.verifier}  https://one.example/",
        f"witness two {TWO.verifier}",
        f"witness three {THREE.verifier}",
        "# two of the three, or the third alone",
        "group pair all one two",
        "group either any pair three",
        f"quorum {quorum}",
    ]
    return parse_witness_policy("\n".join(lines).encode())


def note(*cosigners: SignerKey, log: SignerKey = LOG) -> bytes:
    return TEXT + b"\n" + log.sign(TEXT).line() + b"".join(one.cosign(TEXT, 1_700_000_000).line() for one in cosigners)


@pytest.mark.parametrize(
    ("quorum", "cosigners"),
    [("none", ()), ("one", (ONE,)), ("pair", (ONE, TWO)), ("either", (THREE,)), ("either", (ONE, TWO))],
)
def test_a_quorum_that_is_met(quorum: str, cosigners: tuple[SignerKey, ...]) -> None:
    signed = policy(quorum).open(note(*cosigners))
    assert signed.cosigned_by == tuple(one.verifier for one in cosigners)


@pytest.mark.parametrize(("quorum", "cosigners"), [("one", ()), ("pair", (ONE,)), ("either", (TWO,)), ("one", (TWO,))])
def test_a_quorum_that_is_not_met(quorum: str, cosigners: tuple[SignerKey, ...]) -> None:
    with pytest.raises(VerificationError, match="quorum"):
        policy(quorum).open(note(*cosigners))


def test_a_log_that_is_not_in_the_policy() -> None:
    with pytest.raises(VerificationError, match="one of the policy's logs"):
        policy("none").open(note(log=OTHER_LOG))


def test_a_known_witness_that_signed_something_else_spoils_the_note() -> None:
    other = Checkpoint(LOG.name, 1, bytes(32)).text()
    with pytest.raises(VerificationError, match="does not match"):
        policy("none").open(note() + ONE.cosign(other, 1_700_000_000).line())


def test_a_log_key_is_no_witness() -> None:
    spki = (
        "rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l"
    )
    key = spki + "+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc="
    with pytest.raises(DocumentError, match="cosigner's key"):
        parse_witness_policy(f"witness w {key}\nquorum w\n".encode())
