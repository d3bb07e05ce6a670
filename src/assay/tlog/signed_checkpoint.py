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
from assay.tlog.cosignature import TIME_SIZE
from assay.tlog.note import open_note, parse_note
from assay.tlog.vkey import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, VerifierKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that its log has signed.

    Attributes:
        checkpoint: what was signed.
        note: the note it came in, byte for byte.
        cosigned_by: trusted cosigners' keys whose signatures hold.
        ignored: keys named in signature lines that are not known.
    """

    checkpoint: Checkpoint
    note: bytes
    cosigned_by: tuple[VerifierKey, ...]
    ignored: tuple[str, ...]

    def cosigned_at(self) -> dict[VerifierKey, int]:
        """Return the trusted cosigners and the time that each states, POSIX seconds; the earliest, if it states two.

        By then the cosigner had seen this checkpoint, and no larger one that it did not continue.
        """
        known = {
            (key.name, key.id): key
            for key in self.cosigned_by
            if key.kind in {ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE}
        }
        found: dict[VerifierKey, int] = {}
        for signature in parse_note(self.note).signatures:
            key = known.get((signature.name, signature.key_id))
            if key is not None:
                time = int.from_bytes(signature.body[:TIME_SIZE], "big")
                found[key] = min(time, found.get(key, time))
        return found


def open_checkpoint(note: bytes, log_key: VerifierKey, witnesses: Iterable[VerifierKey] = ()) -> SignedCheckpoint:
    """Open a checkpoint of the log whose key is given.

    Args:
        note: the signed checkpoint.
        log_key: the log's key; its name is the origin expected.
        witnesses: cosigners' keys that are trusted.

    Raises:
        VerificationError: unless the log's signature holds, no known cosignature fails, and the origin is the log's.
    """
    return open_signed_by(note, [log_key], witnesses)[0]


def open_signed_by(
    note: bytes, log_keys: Sequence[VerifierKey], witnesses: Iterable[VerifierKey] = ()
) -> tuple[SignedCheckpoint, tuple[VerifierKey, ...]]:
    """Open a checkpoint of a log that has, or had, several keys.

    Args:
        note: the signed checkpoint.
        log_keys: the log's keys, at least one, all of one name, the origin expected.
        witnesses: cosigners' keys that are trusted.

    Returns:
        The checkpoint, and those of the log's keys that have signed it, at least one.

    Raises:
        VerificationError: unless a signature by the log holds, no known one fails, and the origin is the log's.
    """
    cosigners = list(witnesses)  # a log's second key may be asked for as one of them
    opened = open_note(note, [*log_keys, *cosigners])
    checkpoint = parse_checkpoint(opened.text)
    origin = log_keys[0].name
    if checkpoint.origin != origin:
        raise VerificationError(
            f"checkpoint: expected the origin {origin!r} that the log's key names, found {checkpoint.origin!r}"
        )
    signers = tuple(key for key in opened.signed_by if key in log_keys)
    if not signers:
        raise VerificationError(f"checkpoint: expected a signature by the log {origin}, found only cosignatures")
    cosigned = tuple(key for key in opened.signed_by if key in cosigners)
    return SignedCheckpoint(checkpoint, note, cosigned, opened.ignored), signers
