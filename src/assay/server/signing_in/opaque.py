"""Random secrets of 256 bits: made, kept as a digest, compared; and the secret that is the server's own."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

from assay.errors import StorageError
from assay.lifecycle.storing import write_new

if TYPE_CHECKING:
    from pathlib import Path

SECRET_FILE = "server.secret"  # noqa: S105 - the name of a file
"""The server's own secret, in its folder: 32 random bytes, mode 0600."""

_BYTES = 32


def make() -> str:
    """Return a new secret: 256 random bits, 43 characters of base64url."""
    return secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> str:
    """Return what is kept of a secret: its SHA-256, hexadecimal: nobody guesses 256 random bits."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Say whether two secrets are the same, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def derived(server_secret: bytes, *parts: str) -> str:
    """Return what the server's secret makes of some words, 43 characters of base64url: a secret that is kept nowhere.

    HMAC-SHA256 over the parts, each behind its length (RFC 2104).
    """
    words = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    return urlsafe_b64encode(hmac.digest(server_secret, words, "sha256")).rstrip(b"=").decode("ascii")


def server_secret(home: Path) -> bytes:
    """Return the server's own secret, made when there is none.

    Raises:
        StorageError: when it cannot be read or written, or is not 32 bytes.
    """
    path = home / SECRET_FILE
    try:
        if not path.exists():
            write_new(path, secrets.token_bytes(_BYTES), 0o600)
        found = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path}: expected the server's secret, found: {error.strerror or error}") from error
    if len(found) != _BYTES:
        raise StorageError(f"{path}: expected {_BYTES} bytes, found {len(found)}. Restore it from the backup")
    return found
