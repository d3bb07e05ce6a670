r"""Cosignatures over a checkpoint (C2SP tlog-cosignature 1.1.0-rc.1, https://c2sp.org/tlog-cosignature).

A cosigner says: at this time, this was the largest consistent tree of this origin that I had seen. In a note's
signature line the bytes after the key ID are ``u64 seconds (big-endian) || signature``. The signed message is, for
Ed25519 (type 0x04), the text::

    cosignature/v1
    time 1679315147
    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

and for ML-DSA-44 (type 0x06, FIPS 204, empty context) the bytes ``"subtree/v1\n\0" || u8 length || cosigner name ||
u64 time || u8 length || origin || u64 start || u64 end || root``, with start 0 and end the size for a checkpoint.
"""

from __future__ import annotations

import struct

from assay.errors import VerificationError
from assay.tlog.checkpoint import parse_checkpoint
from assay.tlog.encoding import MAX_NUMBER

TIME_SIZE = 8
ED25519_SIGNATURE_SIZE = 64
ML_DSA_44_SIGNATURE_SIZE = 2420
ML_DSA_44_PUBLIC_SIZE = 1312

_MAX_NAME = 255


def _bytes8(name: str, what: str) -> bytes:
    content = name.encode()
    if not 1 <= len(content) <= _MAX_NAME:
        raise VerificationError(f"{what}: expected 1 to {_MAX_NAME} bytes, found {len(content)}")
    return bytes([len(content)]) + content


def ed25519_message(text: bytes, time: int) -> bytes:
    """Return what an Ed25519 cosigner signs: the whole checkpoint text under a header with the time."""
    parse_checkpoint(text)
    return b"cosignature/v1\ntime %d\n" % time + text


def ml_dsa_44_message(text: bytes, cosigner: str, time: int) -> bytes:
    """Return what an ML-DSA-44 cosigner signs.

    Raises:
        VerificationError: when the text is not a checkpoint, or has extension lines, which this message cannot cover.
    """
    checkpoint = parse_checkpoint(text)
    if checkpoint.extensions:
        raise VerificationError("checkpoint: extension lines are not covered by an ML-DSA-44 cosignature")
    return (
        b"subtree/v1\n\0"
        + _bytes8(cosigner, "cosigner name")
        + struct.pack(">Q", time)
        + _bytes8(checkpoint.origin, "origin")
        + struct.pack(">QQ", 0, checkpoint.size)
        + checkpoint.root
    )


def split_body(body: bytes, signature_size: int) -> tuple[int, bytes]:
    """Split what follows the key ID into POSIX seconds and signature.

    Raises:
        VerificationError: for another length, or a time that no checkpoint cosignature may carry.
    """
    if len(body) != TIME_SIZE + signature_size:
        raise VerificationError(f"cosignature: expected {TIME_SIZE + signature_size} bytes, found {len(body)}")
    (time,) = struct.unpack(">Q", body[:TIME_SIZE])
    if not 0 < time <= MAX_NUMBER:
        raise VerificationError(f"cosignature: expected a time from 1 to 2**63-1, found {time}")
    return time, body[TIME_SIZE:]


def join_body(time: int, signature: bytes) -> bytes:
    """Return the bytes that follow the key ID."""
    return struct.pack(">Q", time) + signature
