r"""Offline inclusion proofs, ``.tlog-proof`` (C2SP tlog-proof, https://c2sp.org/tlog-proof, commit 5ba5ee8).

A header, the entry's index, the hashes of its inclusion proof from the leaf on, an empty line, and the checkpoint as
it was signed::

    c2sp.org/tlog-proof@v1
    index 1
    rzFuy5Go7nrpkhBwKy1HWPMM3eO/YePY54fXRoH5Cm4=

    example.com/log
    2
    5784L25ZFbP4hhm4ZiI+vx1RxMUyHMzeLp/3AKMlkIY=

    — example.com/log <base64 of key ID and signature>

Together with the entry and the log's verifier key nothing else is needed to check it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.tlog.encoding import decode_base64, decode_hash, decode_number, encode_base64, quoted
from assay.tlog.merkle import verify_inclusion
from assay.tlog.note import MAX_NOTE_BYTES
from assay.tlog.signed_checkpoint import SignedCheckpoint, open_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.tlog.vkey import VerifierKey

MAX_PROOF_HASHES = 63
"""Longest inclusion proof in a tree of at most 2**63 entries."""

MAX_EXTRA_BYTES = 64 * 1024
"""Cap on the unauthenticated extra bytes."""

MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES
"""Cap on a whole proof file."""

_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Proof:
    """An inclusion proof with its checkpoint; nothing is verified yet.

    Attributes:
        index: index of the entry.
        hashes: inclusion proof, leaf side first, 32 bytes each.
        checkpoint: the signed checkpoint, byte for byte.
        extra: bytes that nothing authenticates; None when there are none.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def content(self) -> bytes:
        """Return the proof file."""
        extra = [] if self.extra is None else [f"extra {encode_base64(self.extra)}"]
        lines = [_HEADER, *extra, f"index {self.index}", *map(encode_base64, self.hashes), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    def verify(self, leaf: bytes, log_key: VerifierKey, witnesses: Iterable[VerifierKey] = ()) -> SignedCheckpoint:
        """Verify that the entry with this leaf hash is in the log.

        Args:
            leaf: leaf hash of the entry.
            log_key: the log's key.
            witnesses: cosigners' keys that are trusted.

        Returns:
            The checkpoint that the proof rests on.

        Raises:
            VerificationError: when the checkpoint or the proof does not hold.
        """
        signed = open_checkpoint(self.checkpoint, log_key, witnesses)
        self.verify_under(signed, leaf)
        return signed

    def verify_under(self, signed: SignedCheckpoint, leaf: bytes) -> None:
        """Verify that the entry with this leaf hash is in the log under a checkpoint that was opened before.

        Raises:
            VerificationError: when the proof does not hold.
        """
        found = signed.checkpoint
        if not verify_inclusion(self.index, found.size, leaf, self.hashes, found.root):
            raise VerificationError(
                f"inclusion proof: the entry with leaf hash {leaf.hex()} does not stand at index {self.index} of the "
                f"log {found.origin} at size {found.size}"
            )


def parse_proof(content: bytes) -> Proof:
    """Parse a proof file, strictly; its checkpoint is parsed when it is verified.

    Raises:
        VerificationError: when it is not one.
    """
    if len(content) > MAX_PROOF_BYTES:
        raise VerificationError(f"tlog-proof: expected at most {MAX_PROOF_BYTES} bytes, found {len(content)}")
    head, blank, checkpoint = content.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise VerificationError("tlog-proof: expected ASCII before the checkpoint") from None
    if not blank or not checkpoint or lines[0] != _HEADER:
        raise VerificationError(f"tlog-proof: expected {_HEADER!r} and a checkpoint, found {quoted(lines[0])}")
    rest = lines[1:]
    extra = None
    if rest and rest[0].startswith("extra "):
        extra = decode_base64(rest.pop(0).removeprefix("extra "), "tlog-proof extra")
        if len(extra) > MAX_EXTRA_BYTES:
            raise VerificationError(f"tlog-proof extra: expected at most {MAX_EXTRA_BYTES} bytes, found {len(extra)}")
    if not rest or not rest[0].startswith("index "):
        raise VerificationError("tlog-proof: expected a line 'index <number>'")
    index = decode_number(rest[0].removeprefix("index "), "tlog-proof index")
    if len(rest) - 1 > MAX_PROOF_HASHES:
        raise VerificationError(f"tlog-proof: expected at most {MAX_PROOF_HASHES} hashes, found {len(rest) - 1}")
    return Proof(index, tuple(decode_hash(line, "tlog-proof hash") for line in rest[1:]), checkpoint, extra)
