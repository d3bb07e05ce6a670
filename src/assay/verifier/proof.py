"""Offline inclusion proofs, ``.tlog-proof`` (https://c2sp.org/tlog-proof)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .merkle import hash_leaf, included
from .note import MAX_NOTE_BYTES, Checkpoint, NoteKey, open_checkpoint
from .strict import Refused, decode_base64, decode_hash, decode_number, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_BYTES = 2 * MAX_NOTE_BYTES


@dataclass(frozen=True)
class Proof:
    """A parsed proof: the entry's index, sibling hashes (leaf side first), and the signed checkpoint as it came."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


def parse_proof(content: bytes) -> Proof:
    """Parse a proof file; the checkpoint in it is parsed when it is verified."""
    head, blank, checkpoint = content.partition(b"\n\n")
    if not head.isascii() or not blank or not checkpoint or len(content) > _MAX_BYTES:
        raise Refused(
            f"tlog-proof: expected ASCII lines, an empty line and a checkpoint, in at most {_MAX_BYTES} bytes"
        )
    header, *lines = head.decode("ascii").split("\n")
    if header != _HEADER:
        raise Refused(f"tlog-proof: expected {_HEADER!r}, found {quoted(header)}")
    if lines and lines[0].startswith("extra "):
        decode_base64(lines.pop(0).partition(" ")[2], "tlog-proof extra")  # nothing authenticates it
    if not lines or not lines[0].startswith("index "):
        raise Refused("tlog-proof: expected a line 'index <number>'")
    index = decode_number(lines[0].partition(" ")[2], "tlog-proof index")
    return Proof(index, tuple(decode_hash(line, "tlog-proof hash") for line in lines[1:]), checkpoint)


def open_proof(
    content: bytes, entry: bytes, logs: Iterable[NoteKey], witnesses: Iterable[NoteKey] = ()
) -> tuple[Proof, Checkpoint]:
    """Verify that an entry is in a log.

    Args:
        content: the proof file.
        entry: the entry, byte for byte.
        logs: keys of the logs that are trusted.
        witnesses: keys of the cosigners that are trusted.
    """
    proof = parse_proof(content)
    found = open_checkpoint(proof.checkpoint, logs, witnesses)
    if not included(proof.index, found.size, hash_leaf(entry), proof.hashes, found.root):
        raise Refused(f"inclusion proof: the entry is not number {proof.index} of {found.origin} at size {found.size}")
    return proof, found
