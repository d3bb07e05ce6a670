"""Strict readers of the atoms: base64, decimal numbers, JSON. A second spelling of the same value is refused.

Everything in this package that reads or checks raises `Refused` when something does not hold.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any, TypeVar

HASH_SIZE = 32
MAX_NUMBER = 2**63 - 1

_SHOWN = 60
T = TypeVar("T")


class Refused(Exception):  # noqa: N818 - it says what happened; nothing here went wrong in the program
    """Something does not hold, or is not in the one form that is accepted."""


def quoted(text: object) -> str:
    """Return a foreign text as a message may show it: escaped, and cut when long."""
    shown = ascii(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def sha256_hex(content: bytes) -> str:
    """Return the hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def decode_text(content: bytes, what: str) -> str:
    """Decode UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Refused(f"{what}: expected UTF-8, found other bytes") from None


def decode_base64(text: str, what: str, *, url_safe: bool = False) -> bytes:
    """Decode padded base64 (RFC 4648 section 4, or 5 where that is permitted); one spelling for each value."""
    other = b"-_" if url_safe and ("-" in text or "_" in text) else b"+/"
    try:
        content = base64.b64decode(text.encode("ascii"), altchars=other)
    except (UnicodeEncodeError, binascii.Error):
        content = None
    if content is None or base64.b64encode(content, altchars=other).decode("ascii") != text:
        raise Refused(f"{what}: expected canonical padded base64, found {quoted(text)}")
    return content


def decode_hash(text: str, what: str) -> bytes:
    """Decode the base64 of 32 bytes."""
    content = decode_base64(text, what)
    if len(content) != HASH_SIZE:
        raise Refused(f"{what}: expected a hash of {HASH_SIZE} bytes, found {len(content)}")
    return content


def decode_number(text: str, what: str) -> int:
    """Decode a decimal number from 0 to 2**63-1, without sign, space or leading zero."""
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_NUMBER))
    if not plain or str(int(text)) != text or int(text) > MAX_NUMBER:
        raise Refused(f"{what}: expected a decimal number without leading zeros, found {quoted(text)}")
    return int(text)


def parse_json(content: bytes, what: str) -> dict[str, Any]:
    """Parse a JSON object; a name that stands twice is refused, and so are NaN and infinities."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Refused(f"{what}: expected each name once in an object, found one twice")
        return found

    def never(name: str) -> None:
        raise Refused(f"{what}: expected JSON, found {name}")

    try:
        found = json.loads(decode_text(content, what), object_pairs_hook=once, parse_constant=never)
    except (ValueError, RecursionError):
        raise Refused(f"{what}: expected JSON, found something else") from None
    return of_type(found, dict, what)


def of_type(found: object, kind: type[T], what: str) -> T:
    """Return a value if it has the type expected."""
    if type(found) is not kind:
        raise Refused(f"{what}: expected {kind.__name__}, found {quoted(found)}")
    return found


def field(document: dict[str, Any], name: str, kind: type[T], what: str) -> T:
    """Return a field of a JSON object if it has the type expected."""
    return of_type(document.get(name), kind, f"{what}: {name}")


def objects(document: dict[str, Any], name: str, what: str) -> list[dict[str, Any]]:
    """Return a field that is a list of objects."""
    return [of_type(one, dict, f"{what}: {name}") for one in field(document, name, list, what)]


def texts(document: dict[str, Any], name: str, what: str) -> dict[str, str]:
    """Return a field that is an object of texts."""
    found = field(document, name, dict, what)
    return {key: of_type(value, str, f"{what}: {name}.{key}") for key, value in found.items()}
