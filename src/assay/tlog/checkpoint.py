"""The text of a checkpoint (C2SP tlog-checkpoint 1.0.0, https://c2sp.org/tlog-checkpoint).

Three lines, each ended by a line feed: the log's origin, the tree size in decimal, the root in base64; then optional
extension lines, which Assay neither writes nor relies on::

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

A signed checkpoint is a signed note (`assay.tlog.note`) whose text is this.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.errors import VerificationError
from assay.tlog.encoding import decode_hash, decode_number, encode_base64
from assay.tlog.merkle import EMPTY_ROOT

MAX_CHECKPOINT_BYTES = 64 * 1024
"""Cap on the text of a checkpoint."""

_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's claim about itself: at this size, this root.

    Attributes:
        origin: the log's name.
        size: entries covered.
        root: root hash over them, 32 bytes.
        extensions: further lines, without their line feeds.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> bytes:
        """Return the bytes that are signed."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()


def parse_checkpoint(text: bytes) -> Checkpoint:
    r"""Parse the text of a checkpoint, strictly.

    >>> parse_checkpoint(b"log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").size
    0

    Raises:
        VerificationError: when it is not one.
    """
    found = read_checkpoint(text)
    if found.size == 0 and found.root != EMPTY_ROOT:
        raise VerificationError("checkpoint: size 0 has one root, SHA-256 of nothing; found another")
    return found


def read_checkpoint(text: bytes) -> Checkpoint:
    """Parse as `parse_checkpoint`, but for the root of size 0: a witness tells a wrong root from a wrong form."""
    if len(text) > MAX_CHECKPOINT_BYTES:
        raise VerificationError(f"checkpoint: expected at most {MAX_CHECKPOINT_BYTES} bytes, found {len(text)}")
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise VerificationError(f"checkpoint: expected UTF-8, found byte {text[error.start]:#04x}") from None
    if lines.pop() != "" or len(lines) < _LINES:
        raise VerificationError("checkpoint: expected the lines origin, size and root, each ended by a line feed")
    if not all(lines):
        raise VerificationError("checkpoint: expected no empty line, found one")
    origin, size, root = lines[:_LINES]
    return Checkpoint(
        origin, decode_number(size, "checkpoint size"), decode_hash(root, "checkpoint root"), tuple(lines[_LINES:])
    )
