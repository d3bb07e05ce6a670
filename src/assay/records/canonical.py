"""Canonical bytes and digests: what is signed, hashed and kept.

Canonical JSON is RFC 8785 (JSON Canonicalization Scheme): sorted keys, no white space, numbers as ECMAScript
prints them. It is used once, when a record is created; after that the bytes are kept and never rebuilt.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import rfc8785

from assay.errors import DocumentError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def canonical_json(record: object) -> bytes:
    """Return the RFC 8785 bytes of a record, a dict, a list or a scalar.

    Raises:
        ValueError: for NaN, infinities, and integers beyond 2**53, which JSON cannot carry faithfully.
    """
    return rfc8785.dumps(msgspec.to_builtins(record, str_keys=True))


def sha256_hex(content: bytes) -> str:
    """Return the SHA-256 of bytes, in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest(record: object) -> str:
    """Return the SHA-256 of a record's canonical JSON, in lower-case hexadecimal."""
    return sha256_hex(canonical_json(record))


def _no_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"duplicate key {key!r}")
        found[key] = value
    return found


def _says_each_once(content: bytes) -> bool:
    """Say whether a document is certain to have no duplicate key: read and printed again, it is the same bytes.

    What is compact, as all that Assay writes, is told so at a third of the cost; of what is not, nothing is told.
    """
    try:
        return msgspec.json.encode(msgspec.json.decode(content)) == content
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return False


def parse_record(content: bytes, kind: type[T], *, name: str) -> T:
    """Parse JSON bytes as a record, strictly: unknown, missing and duplicate keys are errors.

    Args:
        content: the JSON document.
        kind: the record's class.
        name: what the user calls the document; it opens the message.

    Raises:
        DocumentError: with the place and the reason.
    """
    import json  # noqa: PLC0415 - msgspec keeps the last of two equal keys; the standard parser can refuse

    try:
        if not _says_each_once(content):
            json.loads(content, object_pairs_hook=_no_duplicates)
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise DocumentError([Problem(name, 0, 0, path.rstrip("`"), message)]) from None
    except (ValueError, RecursionError) as error:
        raise DocumentError([Problem(name, 0, 0, "", f"expected a JSON document, found: {error}")]) from None
