"""Ed25519 verification (RFC 8032 section 5.1) in pure Python, and by `cryptography` where that is at hand, for speed.

Both give the same answers: the equation is checked without the cofactor and the encoding of R byte for byte, as OpenSSL
does; and what implementations disagree about never reaches either of them: public keys in a second spelling, and those
of small order, for which a signature proves nothing. Nothing here is secret, so nothing needs to take constant time.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha512
from typing import Any, TypeAlias

from .strict import Refused

KEY_SIZE = 32
SIGNATURE_SIZE = 64

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_ONE = pow(2, _P // 4, _P)
_COFACTOR = 8

_Point: TypeAlias = tuple[int, int, int, int]
_NEUTRAL: _Point = (0, 1, 1, 0)


def _add(one: _Point, two: _Point) -> _Point:
    """Add in extended homogeneous coordinates (RFC 8032 section 5.1.4)."""
    a = (one[1] - one[0]) * (two[1] - two[0])
    b = (one[1] + one[0]) * (two[1] + two[0])
    c = 2 * one[3] * two[3] * _D
    d = 2 * one[2] * two[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: _Point) -> _Point:
    found = _NEUTRAL
    for bit in f"{scalar:b}":
        found = _add(found, found)
        if bit == "1":
            found = _add(found, point)
    return found


def _encode(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(KEY_SIZE, "little")


def _decode(encoded: bytes) -> _Point:
    """Decode a point (RFC 8032 section 5.1.3)."""
    if len(encoded) != KEY_SIZE:
        raise Refused(f"Ed25519 key: expected {KEY_SIZE} bytes, found {len(encoded)}")
    sign, y = divmod(int.from_bytes(encoded, "little"), 2**255)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, _P // 8 + 1, _P)
    if x * x % _P != square:
        x = x * _SQRT_MINUS_ONE % _P
    if x * x % _P != square:
        raise Refused("Ed25519 key: expected a point of the curve, found none")
    if x % 2 != sign:
        x = _P - x
    found = (x, y, 1, x * y % _P)
    if _encode(found) != encoded:
        raise Refused("Ed25519 key: expected the one encoding of its point, found another")
    return found


_BASE = _decode(b"\x58" + b"\x66" * 31)


@cache
def check_key(public: bytes) -> _Point:
    """Return the point of a public key."""
    point = _decode(public)
    if _encode(_multiply(_COFACTOR, point)) == _encode(_NEUTRAL):
        raise Refused("Ed25519 key: expected a point of large order, found one for which everybody can sign")
    return point


def holds_purely(public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a signature holds, by arithmetic alone.

    Args:
        public: public key, 32 bytes.
        signature: 64 bytes.
        message: what was signed.
    """
    x, y, z, t = check_key(public)
    encoded_r, s = signature[:KEY_SIZE], int.from_bytes(signature[KEY_SIZE:], "little")
    if len(signature) != SIGNATURE_SIZE or s % _ORDER != s:
        return False
    k = int.from_bytes(sha512(encoded_r + public + message).digest(), "little") % _ORDER
    found = _add(_multiply(s, _BASE), _multiply(k, (_P - x, y, z, _P - t)))
    return _encode(found) == encoded_r


@cache
def _library() -> Any:  # noqa: ANN401 - a class of a package that may be missing
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - optional, and only for speed
            Ed25519PublicKey,
        )
    except ImportError:
        return None
    return Ed25519PublicKey


def holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a signature holds; by the library where it is at hand."""
    check_key(public)
    fast = _library()
    if fast is None:
        return holds_purely(public, signature, message)
    try:
        fast.from_public_bytes(public).verify(signature, message)
    except Exception as error:
        if type(error).__name__ != "InvalidSignature":
            raise
        return False
    return True


def checked_by() -> str:
    """Return what checks signatures here, in words."""
    return "pure Python" if _library() is None else "the package 'cryptography'"
