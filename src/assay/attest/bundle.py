r"""A release's two records: ``bundle.json`` (what was signed) and ``receipt.json`` (where it was logged).

``bundle.json`` is compact JSON with line feeds at fixed places, so that every attestation stands on a line of its own::

    {"mediaType":"application/vnd.assay.bundle.v1+json","attestations":[
    {"payload":"eyJf...","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"...","keyid":"..."}]},
    {"payload":"eyJf...","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"...","keyid":"..."}]}
    ],"publicKeys":["MCowBQYDK2VwAyEA..."]}

The log entry of an attestation is that line without its line feed and without the comma that may end it. With standard
tools: ``sed -n 2p bundle.json | sed 's/,$//' | tr -d '\n'``. The leaf hash is the SHA-256 of a zero byte and the
entry. The public keys are hints that help to find the right trusted key; nobody becomes trusted by standing there.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from assay.attest.dsse import MAX_ENVELOPE_BYTES, Envelope, parse
from assay.errors import DocumentError, Problem
from assay.records.canonical import parse_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.attest.keys import PublicKey

BUNDLE_TYPE = "application/vnd.assay.bundle.v1+json"
RECEIPT_TYPE = "application/vnd.assay.receipt.v1+json"

MAX_ATTESTATIONS = 100
"""Cap on attestations in a bundle."""


class Bundle(msgspec.Struct, frozen=True):
    """Attestations that belong together.

    Attributes:
        attestations: envelopes as compact JSON, each byte for byte as it was logged.
        public_keys: public keys that signed, as base64 of their SubjectPublicKeyInfo; hints only.
    """

    attestations: tuple[bytes, ...]
    public_keys: tuple[str, ...] = ()

    def content(self) -> bytes:
        """Return ``bundle.json``."""
        head = b'{"mediaType":%b,"attestations":[\n' % msgspec.json.encode(BUNDLE_TYPE)
        keys = msgspec.json.encode(self.public_keys)
        return head + b",\n".join(self.attestations) + b'\n],"publicKeys":%b}\n' % keys

    def envelopes(self) -> tuple[Envelope, ...]:
        """Return the attestations, parsed."""
        return tuple(parse(one, name="bundle.json attestation") for one in self.attestations)


class Inclusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"leaf_sha256": "leafSha256"}):
    """Where an entry stands in a log, and the proof of it.

    Attributes:
        origin: the log's name.
        index: the entry's index.
        leaf_sha256: leaf hash of the entry, hexadecimal.
        proof: text of the C2SP ``.tlog-proof`` file, the signed checkpoint in it.
    """

    origin: str
    index: int
    leaf_sha256: str
    proof: str


class _BundleDocument(msgspec.Struct, forbid_unknown_fields=True):
    mediaType: str  # noqa: N815 - the document's own spelling
    attestations: list[msgspec.Raw]
    publicKeys: list[str]  # noqa: N815 - the document's own spelling


class _ReceiptDocument(msgspec.Struct, forbid_unknown_fields=True):
    mediaType: str  # noqa: N815 - the document's own spelling
    inclusions: tuple[Inclusion, ...]


def leaf_sha256(entry: bytes) -> str:
    """Return the leaf hash of a log entry, hexadecimal (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).hexdigest()


def make_bundle(envelopes: Iterable[Envelope], keys: Iterable[PublicKey]) -> Bundle:
    """Return the bundle of some envelopes; its ``attestations`` are the log's entries."""
    hints = tuple(base64.b64encode(key.der).decode("ascii") for key in keys)
    return Bundle(tuple(envelope.content() for envelope in envelopes), hints)


def parse_bundle(content: bytes, *, name: str = "bundle.json") -> Bundle:
    """Parse ``bundle.json``; only the one form that `Bundle.content` gives is accepted.

    Raises:
        DocumentError: when it is not one.
    """
    if len(content) > MAX_ENVELOPE_BYTES * 2:
        raise DocumentError([Problem(name, 0, 0, "", f"expected at most {MAX_ENVELOPE_BYTES * 2} bytes")])
    document = parse_record(content, _BundleDocument, name=name)
    _check_type(document.mediaType, BUNDLE_TYPE, name)
    if not 1 <= len(document.attestations) <= MAX_ATTESTATIONS:
        raise DocumentError([Problem(name, 0, 0, "$.attestations", f"expected 1 to {MAX_ATTESTATIONS} attestations")])
    found = Bundle(tuple(bytes(one) for one in document.attestations), tuple(document.publicKeys))
    _check_form(found.content(), content, name)
    if any(envelope.content() != raw for envelope, raw in zip(found.envelopes(), found.attestations, strict=True)):
        raise DocumentError([Problem(name, 0, 0, "$.attestations", "expected each attestation as Assay writes it")])
    return found


def receipt_content(inclusions: Iterable[Inclusion]) -> bytes:
    """Return ``receipt.json``: one inclusion an attestation, in the bundle's order."""
    return msgspec.json.encode(_ReceiptDocument(RECEIPT_TYPE, tuple(inclusions))) + b"\n"


def parse_receipt(content: bytes, *, name: str = "receipt.json") -> tuple[Inclusion, ...]:
    """Parse ``receipt.json``; only the one form that `receipt_content` gives is accepted.

    Raises:
        DocumentError: when it is not one.
    """
    document = parse_record(content, _ReceiptDocument, name=name)
    _check_type(document.mediaType, RECEIPT_TYPE, name)
    _check_form(receipt_content(document.inclusions), content, name)
    return document.inclusions


def _check_type(found: str, expected: str, name: str) -> None:
    if found != expected:
        raise DocumentError([Problem(name, 0, 0, "$.mediaType", f"expected {expected!r}, found {found!r}")])


def _check_form(expected: bytes, found: bytes, name: str) -> None:
    if expected != found:
        pairs = zip(expected, found, strict=False)
        place = next((i for i, (left, right) in enumerate(pairs) if left != right), min(len(expected), len(found)))
        message = f"expected the form that Assay writes, found another from byte {place} on: the file was edited"
        raise DocumentError([Problem(name, 0, 0, "", message)])
