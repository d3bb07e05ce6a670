"""What an RFC 3161 timestamp states: which bytes, by their SHA-256, and when. Whose signature it bears is not checked.

That takes certificates, which bare Python does not read; ``openssl ts -verify`` does.
"""

from __future__ import annotations

from .strict import Refused

_SHA256 = bytes.fromhex("608648016503040201")
_LONG, _TIME_DIGITS = 0x80, 14


def _parts(content: bytes) -> list[bytes]:
    """Return what stands in each element of DER (X.690)."""
    found, place = [], 0
    while place < len(content):
        length, place = content[place + 1], place + 2
        if length >= _LONG:
            size = length - _LONG
            if not size:
                raise ValueError  # an indefinite length is not DER
            length, place = int.from_bytes(content[place : place + size], "big"), place + size
        found.append(content[place : place + length])
        place += length
    if place != len(content):
        raise ValueError
    return found


def read_timestamp(token: bytes, what: str) -> tuple[bytes, str]:
    """Return the SHA-256 that a response is about, and the time that it states (RFC 3161, section 2.4)."""
    try:
        (response,) = _parts(token)
        status, info = _parts(response)
        (signed,) = _parts(_parts(info)[1])
        (content,) = _parts(_parts(_parts(signed)[2])[1])
        (stated,) = _parts(content)
        _, _, imprint, _, at, *_ = _parts(stated)
        algorithm, digest = _parts(_parts(imprint)[0])[0], _parts(imprint)[1]
        time = at.decode("ascii")
    except (ValueError, IndexError):
        raise Refused(f"{what}: expected a granted RFC 3161 timestamp, found something else") from None
    digits = time[:_TIME_DIGITS]
    if any(_parts(status)[0]) or algorithm != _SHA256 or not digits.isdigit() or not time.endswith("Z"):
        raise Refused(f"{what}: expected a granted timestamp over SHA-256, in UTC")
    return digest, "{}-{}-{}T{}:{}:{}Z".format(digits[:4], *(digits[n : n + 2] for n in range(4, _TIME_DIGITS, 2)))
