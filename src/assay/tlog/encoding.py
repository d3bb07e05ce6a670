r"""The atoms of the C2SP text formats: strict base64 and strict decimal numbers.

Source: C2SP signed-note, tlog-checkpoint and tlog-tiles (https://c2sp.org): base64 is RFC 4648 section 4 with padding;
numbers are ASCII decimal without leading zeros. A second spelling of the same value is refused, so that equal values
have equal bytes.

>>> decode_base64("AAEC", "bytes")
b'\x00\x01\x02'
>>> decode_number("70000", "size")
70000
"""

from __future__ import annotations

import base64
import binascii

from assay.errors import VerificationError

HASH_SIZE = 32
"""Bytes of a SHA-256 hash."""

MAX_NUMBER = 2**63 - 1
"""Largest tree size, index or time: what a signed 64-bit integer holds."""

_SHOWN = 60
"""Characters of a foreign text that a message quotes."""


def quoted(text: str) -> str:
    """Return a foreign text as a message may show it: escaped, and cut when long."""
    shown = ascii(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def encode_base64(content: bytes) -> str:
    """Return standard, padded base64."""
    return base64.b64encode(content).decode("ascii")


def decode_base64(text: str, what: str) -> bytes:
    """Decode standard, padded base64; the one spelling that `encode_base64` gives.

    Raises:
        VerificationError: for any other spelling.
    """
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise VerificationError(f"{what}: expected standard base64, found {quoted(text)}") from None
    if encode_base64(content) != text:
        raise VerificationError(f"{what}: expected canonical padded base64, found {quoted(text)}")
    return content


def decode_hash(text: str, what: str) -> bytes:
    """Decode the base64 of a 32-byte hash.

    Raises:
        VerificationError: for other base64 or another length.
    """
    content = decode_base64(text, what)
    if len(content) != HASH_SIZE:
        raise VerificationError(f"{what}: expected a hash of {HASH_SIZE} bytes, found {len(content)}")
    return content


def decode_number(text: str, what: str) -> int:
    """Decode a decimal number from 0 to `MAX_NUMBER`, without sign, space or leading zero.

    Raises:
        VerificationError: for anything else.
    """
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_NUMBER))
    if not plain or (text[0] == "0" and text != "0") or int(text) > MAX_NUMBER:
        raise VerificationError(f"{what}: expected a decimal number without leading zeros, found {quoted(text)}")
    return int(text)
