"""DSSE envelopes, version 1.0.2 (https://github.com/secure-systems-lab/dsse/blob/eebf7b5/envelope.md, protocol.md).

A signature is over the pre-authentication encoding of type and payload, never over JSON::

    DSSEv1 29 http://example.com/HelloWorld 11 hello world

>>> pae("http://example.com/HelloWorld", b"hello world")
b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.errors import DocumentError, Problem, VerificationError
from assay.records.canonical import parse_record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from assay.attest.keys import PublicKey, Signer

IN_TOTO = "application/vnd.in-toto+json"
"""Payload type of in-toto statements."""

MAX_ENVELOPE_BYTES = 16 * 1024 * 1024
"""Cap on an envelope."""

MAX_SIGNATURES = 100
"""Cap on signatures in one envelope."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed (protocol.md, pre-authentication encoding)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


class Signature(msgspec.Struct, frozen=True):
    """One signature; ``keyid`` is a hint and nothing more."""

    sig: str
    keyid: str | None = None


class Envelope(msgspec.Struct, frozen=True, rename={"payload_type": "payloadType"}):
    """An envelope as it stands in JSON; nothing is verified yet. Unknown fields are ignored, as the specification asks.

    Attributes:
        payload: base64.
        payload_type: what the payload is.
        signatures: at least one.
    """

    payload: str
    payload_type: str
    signatures: tuple[Signature, ...]

    def content(self) -> bytes:
        """Return the envelope as compact JSON: what is stored, and what is appended to a log."""
        return msgspec.json.encode(self)


@dataclass(frozen=True, slots=True)
class Verified:
    """A payload whose signatures hold; parse these bytes, and no others.

    Attributes:
        payload: the signed bytes.
        payload_type: what they are.
        keys: the trusted keys that signed, each once, in the order of the signatures.
    """

    payload: bytes
    payload_type: str
    keys: tuple[PublicKey, ...]


def decode_base64(text: str, what: str) -> bytes:
    """Decode standard or URL-safe base64, padded; as the specification asks of a verifier.

    Raises:
        VerificationError: for anything else, and for a second spelling of the same bytes.
    """
    url_safe = "-" in text or "_" in text
    try:
        raw = text.encode("ascii")
        content = base64.b64decode(raw, altchars=b"-_" if url_safe else None, validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise VerificationError(f"{what}: expected base64, found something else") from None
    again = base64.urlsafe_b64encode(content) if url_safe else base64.b64encode(content)
    if again != raw:
        raise VerificationError(f"{what}: expected canonical padded base64, found another spelling")
    return content


def sign(payload: bytes, signers: Iterable[Signer], *, payload_type: str = IN_TOTO) -> Envelope:
    """Return an envelope over a payload, signed by each signer."""
    message = pae(payload_type, payload)
    signatures = tuple(
        Signature(sig=base64.b64encode(signer.sign(message)).decode("ascii"), keyid=signer.key_id) for signer in signers
    )
    return Envelope(base64.b64encode(payload).decode("ascii"), payload_type, signatures)


def parse(content: bytes, *, name: str) -> Envelope:
    """Parse an envelope; duplicate keys are refused.

    Raises:
        DocumentError: when it is not one.
    """
    if len(content) > MAX_ENVELOPE_BYTES:
        raise DocumentError([Problem(name, 0, 0, "", f"expected at most {MAX_ENVELOPE_BYTES} bytes")])
    envelope = parse_record(content, Envelope, name=name)
    if not 1 <= len(envelope.signatures) <= MAX_SIGNATURES:
        found = len(envelope.signatures)
        message = f"expected 1 to {MAX_SIGNATURES} signatures, found {found}"
        raise DocumentError([Problem(name, 0, 0, "$.signatures", message)])
    return envelope


def verify(
    envelope: Envelope,
    keys: Collection[PublicKey],
    *,
    payload_type: str = IN_TOTO,
    threshold: int = 1,
) -> Verified:
    """Verify an envelope.

    Args:
        envelope: what was parsed.
        keys: the keys that are trusted.
        payload_type: the type that the payload must have.
        threshold: how many different trusted keys must have signed.

    Returns:
        The payload, to be parsed by the caller.

    Raises:
        VerificationError: when the type is another, or too few trusted keys have signed.
        ValueError: for a threshold below 1.
    """
    if threshold < 1:
        raise ValueError(f"expected a threshold of at least 1, found {threshold}")
    if envelope.payload_type != payload_type:
        raise VerificationError(
            f"envelope: expected the payload type {payload_type!r}, found {envelope.payload_type!r}"
        )
    payload = decode_base64(envelope.payload, "envelope payload")
    message = pae(envelope.payload_type, payload)
    signed_by: dict[PublicKey, None] = {}
    for signature in envelope.signatures:
        content = decode_base64(signature.sig, "envelope signature")
        found = next((key for key in _hinted(keys, signature.keyid) if key.holds(content, message)), None)
        if found is not None:
            signed_by[found] = None
    if len(signed_by) < threshold:
        raise VerificationError(_too_few(envelope, keys, len(signed_by), threshold))
    return Verified(payload, envelope.payload_type, tuple(signed_by))


def _hinted(keys: Collection[PublicKey], keyid: str | None) -> Iterator[PublicKey]:
    """Yield the keys: first those that the signature names, then the others, each in the order of their ids."""
    yield from sorted((key for key in keys if key.key_id == keyid), key=lambda key: key.der)
    yield from sorted((key for key in keys if key.key_id != keyid), key=lambda key: key.key_id)


def _too_few(envelope: Envelope, keys: Collection[PublicKey], found: int, threshold: int) -> str:
    known = {key.key_id for key in keys}
    claimed = [signature.keyid or "no key id" for signature in envelope.signatures]
    if known & set(claimed):
        why = "a signature that names a trusted key does not match the payload: something was changed after signing"
    elif not known:
        why = "no key is trusted here"
    else:
        why = f"signed by unknown keys: {', '.join(f'{key:.16}' for key in claimed)}"
    return f"envelope: expected signatures by {threshold} trusted key{'s'[: threshold > 1]}, found {found} ({why})"
