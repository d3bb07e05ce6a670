"""Envelopes and statements: who signed, and what; a bent one says nothing."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from assay.verifier import keys
from assay.verifier.claim import open_claim, open_envelope, pae
from assay.verifier.keys import PublicKey
from assay.verifier.strict import Refused
from assay.verifier.trust import Person, parse_trust
from unit.verifier.made_bundle import dumps, key_of, person, subjects, trust_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.verifier.claim import Claim

TRUST = parse_trust(dumps(trust_document()), "t")
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": subjects({"a": "11" * 32, "b": "22" * 32}),
    "predicateType": "https://example.com/said",
    "predicate": {"x": 1},
}


def envelope(
    payload: bytes = dumps(STATEMENT), *names: str, kind: str = "application/vnd.in-toto+json"
) -> dict[str, Any]:
    marks = [
        {
            "sig": base64.b64encode(person(name).sign(pae(kind, payload))).decode(),
            "keyid": person(name).key_id,
        }
        for name in names or ("mila",)
    ]
    return {"payload": base64.b64encode(payload).decode(), "payloadType": kind, "signatures": marks}


def opened(document: dict[str, Any]) -> Claim:
    return open_claim(dumps(document), TRUST.people, "x")


def test_the_bytes_that_are_signed():
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"") == "DSSEv1 2 é 0 ".encode()


def test_a_claim_says_who_and_what():
    claim = opened(envelope())
    assert claim.payload == dumps(STATEMENT)
    assert [one.name for one in claim.signers] == ["mila"]
    assert (claim.kind, claim.predicate) == ("https://example.com/said", {"x": 1})
    assert claim.subjects == {"a": "11" * 32, "b": "22" * 32}
    assert [one.name for one in opened(envelope(dumps(STATEMENT), "vera", "mila")).signers] == ["vera", "mila"]


def test_a_signature_names_its_key():
    document = envelope()
    for hint, why in ((None, "keyid"), ("", "nobody"), ("unknown", "by the key 'unknown' is by nobody"), (5, "keyid"),
                      (person("vera").key_id, "by vera .* does not match what it signs")):  # fmt: skip
        document["signatures"][0]["keyid"] = hint
        with pytest.raises(Refused, match=why):
            opened(document)


def test_url_safe_base64_is_read_too():
    document = envelope(dumps({**STATEMENT, "predicate": {"x": "???>>>~~~"}}))
    for place, name in ((document, "payload"), (document["signatures"][0], "sig")):
        place[name] = base64.urlsafe_b64encode(base64.b64decode(place[name])).decode()
    assert opened(document).predicate == {"x": "???>>>~~~"}


def test_wrong_envelopes_are_refused():
    good = envelope()
    twice = {**good, "signatures": good["signatures"] * 2}
    eve = envelope(dumps(STATEMENT), "mila", "eve")
    bent = {**good, "payload": base64.b64encode(dumps({**STATEMENT, "predicate": {"x": 2}})).decode()}
    wrong = [
        ({**good, "payloadType": "text/plain"}, "payload type"), (envelope(kind="text/plain"), "payload type"),
        ({**good, "signatures": []}, "at least one"), (twice, "another key"), (eve, "nobody who is trusted"),
        (envelope(dumps(STATEMENT), "eve"), "nobody who is trusted"), (bent, "does not match"),
        ({**good, "payload": good["payload"] + "="}, "base64"), ({**good, "signatures": [{"keyid": "a"}]}, "sig"),
        ({**good, "signatures": [{"sig": "!", "keyid": ""}]}, "base64"), ({**good, "signatures": "x"}, "signatures"),
        ({**good, "payload": None}, "payload"),
    ]  # fmt: skip
    for document, why in wrong:
        with pytest.raises(Refused, match=why):
            opened(document)
    with pytest.raises(Refused):
        open_envelope(b"{}", TRUST.people, "x")


def test_wrong_statements_are_refused():
    wrong = [
        ({**STATEMENT, "_type": "https://in-toto.io/Statement/v0.1"}, "in-toto statement v1"),
        ({**STATEMENT, "subject": subjects({"a": "1"}) * 2}, "each subject once"),
        ({**STATEMENT, "subject": [{"name": "a", "digest": {"sha512": "x"}}]}, "with a SHA-256"),
        ({**STATEMENT, "subject": [{"digest": {"sha256": "x"}}]}, "name"),
        ({**STATEMENT, "subject": {}}, "subject"), ({**STATEMENT, "predicate": []}, "predicate"),
        ({**STATEMENT, "predicateType": 5}, "predicateType"),
    ]  # fmt: skip
    for document, why in wrong:
        with pytest.raises(Refused, match=why):
            opened(envelope(dumps(document)))
    with pytest.raises(Refused):
        opened(envelope(b'{"a":1,"a":2}'))


@pytest.mark.parametrize(
    ("curve", "digest"),
    [(ec.SECP256R1(), hashes.SHA256()), (ec.SECP384R1(), hashes.SHA384()), (ec.SECP521R1(), hashes.SHA512())],
    ids=lambda one: one.name,
)
def test_ecdsa_is_checked_where_the_library_is(curve: ec.EllipticCurve, digest: hashes.HashAlgorithm):
    private = ec.derive_private_key(12345, curve)
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    key = PublicKey(private.public_key().public_bytes(*form))
    mark = private.sign(b"text", ec.ECDSA(digest))
    assert key.holds(mark, b"text") is True
    assert key.holds(mark, b"other") is False
    assert key.holds(b"", b"text") is False
    assert not key.holds(private.sign(b"text", ec.ECDSA(hashes.SHA3_256())), b"text")


def test_keys_of_other_kinds_prove_nothing():
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    other = ec.derive_private_key(5, ec.SECP256K1()).public_key().public_bytes(*form)
    for der in (b"", b"\x30", other, bytes.fromhex("302a300506032b6570032100") + bytes(31)):
        with pytest.raises(Refused, match="key"):
            PublicKey(der).holds(bytes(64), b"")


def test_without_the_library_ecdsa_is_not_taken_for_checked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(Refused, match="bare Python checks Ed25519 alone"):
        keys.PublicKey(b"\x30\x59").holds(b"", b"")


def trust(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = trust_document()
    change(document)
    return dumps(document)


def test_the_trust_file_says_who_people_are():
    found = parse_trust(dumps(trust_document()), "t")
    mila = found.people[person("mila").key_id]
    assert (mila.name, mila.roles, mila.key.key_id) == ("mila", ("data-scientist",), person("mila").key_id)
    assert str(mila) == f"mila (data-scientist; key {mila.key.key_id[:16]})"
    assert str(Person("ci", (), mila.key)) == f"ci (key {mila.key.key_id[:16]})"
    assert [one.name for one in found.people.values()] == ["mila", "vera", "rosa"]
    assert [key.name for key in found.logs] == ["logs.example.com/lending"]


def test_wrong_trust_files_are_refused():
    wrong = [
        lambda one: one.update(schema="assay.auditor-trust/v2"), lambda one: one.pop("schema"),
        lambda one: one["people"].append({"name": "mila", "roles": [], "key": key_of("eve")}),
        lambda one: one["people"].append({"name": "eve", "roles": [], "key": key_of("mila")}),
        lambda one: one["people"][0].update(key="!"), lambda one: one["people"][0].pop("name"),
        lambda one: one["people"][0].update(roles=[1]), lambda one: one.update(people={}),
        lambda one: one.update(logs=["x"]), lambda one: one.update(logs=[1]), lambda one: one.pop("logs"),
    ]  # fmt: skip
    for change in wrong:
        with pytest.raises(Refused):
            pytest.fail(f"accepted {parse_trust(trust(change), 't')}")
    with pytest.raises(Refused, match="found those of 'eve' again"):
        parse_trust(trust(lambda one: one["people"].append({"name": "eve", "roles": [], "key": key_of("mila")})), "t")
