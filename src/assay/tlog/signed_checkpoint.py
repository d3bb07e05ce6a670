r"""Opening a signed checkpoint: note, then text, then origin (C2SP tlog-checkpoint 1.0.0).

The log's key bears the log's origin as its name, so a checkpoint is only accepted when a signature by that very key
holds; cosignatures alone do not make one::

    example.com/log
    0
    47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=

    — example.com/log <base64 of key ID and signature>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.tlog.checkpoint import Checkpoint, parse_checkpoint
from assay.tlog.note import open_note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.tlog.vkey import VerifierKey


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that its log has signed.

    Attributes:
        checkpoint: what was signed.
        note: the note it came in, byte for byte.
        cosigned_by: trusted keys other than the log's whose signatures hold.
        ignored: keys named in signature lines that are not known.
    """

    checkpoint: Checkpoint
    note: bytes
    cosigned_by: tuple[VerifierKey, ...]
    ignored: tuple[str, ...]


def open_checkpoint(note: bytes, log_key: VerifierKey, witnesses: Iterable[VerifierKey] = ()) -> SignedCheckpoint:
    """Open a checkpoint of the log whose key is given.

    Args:
        note: the signed checkpoint.
        log_key: the log's key; its name is the origin expected.
        witnesses: cosigners' keys that are trusted.

    Raises:
        VerificationError: unless the log's signature holds, no known cosignature fails, and the origin is the log's.
    """
    opened = open_note(note, [log_key, *witnesses])
    checkpoint = parse_checkpoint(opened.text)
    if checkpoint.origin != log_key.name:
        raise VerificationError(
            f"checkpoint: expected the origin {log_key.name!r} that the log's key names, found {checkpoint.origin!r}"
        )
    if log_key not in opened.signed_by:
        raise VerificationError(f"checkpoint: expected a signature by the log {log_key.name}, found only cosignatures")
    cosigned = tuple(key for key in opened.signed_by if key != log_key)
    return SignedCheckpoint(checkpoint, note, cosigned, opened.ignored)
