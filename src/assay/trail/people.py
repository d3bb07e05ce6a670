"""Salted commitments to what is personal, in the form of SD-JWT (RFC 9901, section 4.2).

A *disclosure* is the base64url of a JSON array of salt, name and value; its *digest* is the base64url of the SHA-256 of
that text. The digest stands in the log; the disclosure is kept where it can be erased. Without its salt, of at least
128 bits, a digest says nothing; a plain hash of a name or an address could be guessed.
"""

from __future__ import annotations

import base64
import binascii
import json
from hashlib import sha256

from assay.errors import VerificationError
from assay.records.tally import Frozen

MIN_SALT_BYTES = 16
"""128 bits, as RFC 9901 section 9.3 recommends."""

_PARTS = 3


class Disclosure(Frozen, kw_only=True):
    """What opens a commitment.

    Attributes:
        text: the disclosure as it is kept.
        salt: its salt, as text.
        name: name of what is disclosed, such as ``by``.
        value: what is disclosed.
    """

    text: str
    salt: str
    name: str
    value: str

    @property
    def commitment(self) -> str:
        """The digest that stands in the log: 43 characters."""
        return commitment_of(self.text)


def commitment_of(text: str) -> str:
    """Return the digest of a disclosure (RFC 9901 section 4.2.3), without padding."""
    return _base64url(sha256(text.encode("ascii")).digest())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def commit(name: str, value: str, salt: bytes) -> Disclosure:
    """Return a disclosure of a value under a salt; its ``commitment`` goes into the log.

    Raises:
        ValueError: for a salt below 128 bits.
    """
    if len(salt) < MIN_SALT_BYTES:
        raise ValueError(f"expected a salt of at least {MIN_SALT_BYTES} bytes, found {len(salt)}")
    salted = _base64url(salt)
    return Disclosure(text=disclosure_text(salted, name, value), salt=salted, name=name, value=value)


def disclosure_text(salt: str, name: str, value: str) -> str:
    """Return the text of a disclosure, from its three parts."""
    return _base64url(json.dumps([salt, name, value], ensure_ascii=False).encode())


def open_commitment(commitment: str, text: str) -> Disclosure:
    """Open a commitment with its disclosure.

    Raises:
        VerificationError: when the disclosure is not one, or another's.
    """
    try:
        raw = text.encode("ascii")
        content = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
        found = json.loads(content)
    except (UnicodeError, binascii.Error, ValueError):
        raise VerificationError("disclosure: expected the base64url of a JSON array, found something else") from None
    if not isinstance(found, list) or len(found) != _PARTS or not all(isinstance(part, str) for part in found):
        raise VerificationError("disclosure: expected [salt, name, value], three texts, found something else")
    if commitment_of(text) != commitment:
        raise VerificationError(f"disclosure: expected what opens the commitment {commitment}, found another's")
    return Disclosure(text=text, salt=found[0], name=found[1], value=found[2])
