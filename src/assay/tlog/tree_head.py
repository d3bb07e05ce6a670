r"""RFC 6962 tree heads as note signatures (C2SP static-ct-api 1.1.0, https://c2sp.org/static-ct-api, type 0x05).

For reading Certificate Transparency logs; Assay never writes them. The bytes after the key ID are ``u64 milliseconds ||
u8 hash algorithm (4, SHA-256) || u8 signature algorithm (3, ECDSA) || u16 length || DER signature``. The signed message
is RFC 6962's TreeHeadSignature: ``u8 version 0 || u8 type 1 || u64 milliseconds || u64 size || root``.

>>> tree_head_message(b"log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", 1)[:3]
b'\x00\x01\x00'
"""

from __future__ import annotations

import struct

from assay.errors import VerificationError
from assay.tlog.checkpoint import parse_checkpoint

_HEADER = struct.Struct(">QBBH")
_SHA256, _ECDSA = 4, 3


def tree_head_message(text: bytes, milliseconds: int) -> bytes:
    """Return the TreeHeadSignature input for a checkpoint's text.

    Raises:
        VerificationError: when the text is not a checkpoint, or has extension lines, which a tree head cannot cover.
    """
    checkpoint = parse_checkpoint(text)
    if checkpoint.extensions:
        raise VerificationError("checkpoint: extension lines are not covered by an RFC 6962 tree head")
    return struct.pack(">BBQQ", 0, 1, milliseconds, checkpoint.size) + checkpoint.root


def split_tree_head(body: bytes) -> tuple[int, bytes]:
    """Split what follows the key ID into milliseconds and DER signature.

    Raises:
        VerificationError: for other algorithms or another length.
    """
    if len(body) < _HEADER.size:
        raise VerificationError(f"tree head: expected more than {_HEADER.size} bytes, found {len(body)}")
    milliseconds, hash_algorithm, signature_algorithm, length = _HEADER.unpack_from(body)
    if (hash_algorithm, signature_algorithm) != (_SHA256, _ECDSA):
        raise VerificationError(
            f"tree head: expected SHA-256 with ECDSA (4, 3), found ({hash_algorithm}, {signature_algorithm})"
        )
    if len(body) != _HEADER.size + length:
        raise VerificationError(f"tree head: expected {length} bytes of signature, found {len(body) - _HEADER.size}")
    return milliseconds, body[_HEADER.size :]
