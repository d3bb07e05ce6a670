"""Signed claims: DSSE envelopes (https://github.com/secure-systems-lab/dsse) over in-toto statements v1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .strict import Refused, decode_base64, field, objects, parse_json, quoted, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .trust import Person

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed (DSSE protocol.md, pre-authentication encoding)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True)
class Claim:
    """A statement whose signatures hold.

    Attributes:
        payload: the signed bytes, from which everything else here was parsed.
        signers: who signed; at least one, each once.
        kind: what is said, by URI.
        subjects: what it is said about: name to hexadecimal SHA-256.
        predicate: what is said.
    """

    payload: bytes
    signers: tuple[Person, ...]
    kind: str
    subjects: dict[str, str]
    predicate: dict[str, Any]


def open_envelope(content: bytes, people: Mapping[str, Person], what: str) -> tuple[bytes, tuple[Person, ...]]:
    """Verify an envelope and return its payload and who signed; every signature must be by another trusted key."""
    envelope = parse_json(content, what)
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise Refused(f"{what}: expected the payload type {PAYLOAD_TYPE}, found another")
    payload = decode_base64(field(envelope, "payload", str, what), f"{what}: payload", url_safe=True)
    signers: list[Person] = []
    for one in objects(envelope, "signatures", what):
        signature = decode_base64(field(one, "sig", str, what), f"{what}: sig", url_safe=True)
        key_id = field(one, "keyid", str, what)
        if key_id not in people:
            raise Refused(f"{what}: the signature by the key {quoted(key_id)} is by nobody who is trusted here")
        if not people[key_id].key.holds(signature, pae(PAYLOAD_TYPE, payload)):
            raise Refused(f"{what}: the signature by {people[key_id]} does not match what it signs")
        signers.append(people[key_id])
    if not signers or len(set(signers)) != len(signers):
        raise Refused(f"{what}: expected at least one signature, each by another key")
    return payload, tuple(signers)


def open_claim(content: bytes, people: Mapping[str, Person], what: str) -> Claim:
    """Verify an envelope and parse the statement in it."""
    payload, signers = open_envelope(content, people, what)
    statement = parse_json(payload, what)
    if statement.get("_type") != STATEMENT:
        raise Refused(f"{what}: expected an in-toto statement v1, found something else")
    subjects: dict[str, str] = {}
    for one in objects(statement, "subject", what):
        name, digest = field(one, "name", str, what), texts(one, "digest", what).get("sha256")
        if digest is None or name in subjects:
            raise Refused(f"{what}: expected each subject once and with a SHA-256, found {name!r} otherwise")
        subjects[name] = digest
    kind, predicate = field(statement, "predicateType", str, what), field(statement, "predicate", dict, what)
    return Claim(payload, signers, kind, subjects, predicate)
