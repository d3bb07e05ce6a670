"""DSSE and OpenSSF model signing: the specifications' own vectors, and securesystemslib as a second implementation."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]  # re-exported there

from assay.attest import dsse, oms, statement
from assay.attest.keys import PrivateKey, PublicKey, Signer
from assay.errors import VerificationError
from conformance.trail_vectors import group

SIGNER = Signer("test", PrivateKey(bytes(range(32))))


def public_key(key: Any) -> PublicKey:  # noqa: ANN401 - any of cryptography's keys
    return PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_the_encoding_that_is_signed() -> None:
    vector = group("dsse")
    assert dsse.pae(vector["payload_type"], vector["payload"].encode()) == vector["pae"].encode()


@pytest.mark.parametrize("spelling", [b64encode, urlsafe_b64encode])
def test_the_specification_s_signature_holds(spelling: Any) -> None:  # noqa: ANN401 - either encoder
    vector = group("dsse")
    numbers = vector["ecdsa_p256"]
    key = ec.EllipticCurvePublicNumbers(int(numbers["x"]), int(numbers["y"]), ec.SECP256R1()).public_key()
    raw = b64decode(numbers["sig_raw_r_s_b64"])
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    payload = spelling(vector["payload"].encode()).decode()
    envelope = dsse.Envelope(payload, vector["payload_type"], (dsse.Signature(spelling(der).decode()),))
    verified = dsse.verify(envelope, [public_key(key)], payload_type=vector["payload_type"])
    assert verified.payload == vector["payload"].encode()


def test_securesystemslib_verifies_our_envelope() -> None:
    envelope = dsse.sign(b'{"a":1}', [SIGNER])
    theirs = TheirEnvelope.from_dict(json.loads(envelope.content()))
    raw = Ed25519PrivateKey.from_private_bytes(SIGNER.private.seed).public_key()
    key = SSlibKey.from_crypto(raw, keyid=SIGNER.key_id)
    assert list(theirs.verify([key], 1)) == [SIGNER.key_id]
    assert theirs.payload == b'{"a":1}'


def test_we_verify_an_envelope_of_securesystemslib() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    theirs = TheirEnvelope(b'{"b":2}', dsse.IN_TOTO, {})
    theirs.sign(CryptoSigner(private))
    envelope = dsse.parse(json.dumps(theirs.to_dict()).encode(), name="theirs")
    key = public_key(private.public_key())
    verified = dsse.verify(envelope, [SIGNER.public, key])
    assert (verified.payload, verified.keys) == (b'{"b":2}', (key,))
    with pytest.raises(VerificationError):
        dsse.verify(envelope, [SIGNER.public])


def valid_bundles() -> dict[str, Any]:
    bundles: dict[str, Any] = group("oms_model_signing")["valid"]
    return bundles


def test_root_digests_of_signed_models() -> None:
    for bundle in valid_bundles().values():
        signed = statement.parse_statement(b64decode(bundle["dsseEnvelope"]["payload"]))
        resources = signed.predicate["resources"]
        names = [one["name"] for one in resources]
        assert oms.listed(names) == names
        root = oms.root([(one["name"], one["digest"]) for one in resources])
        assert root == signed.subject[0].digest["sha256"]
        assert set(oms.IGNORED) <= set(signed.predicate["serialization"]["ignore_paths"])


def test_the_signature_of_a_signed_model_holds() -> None:
    bundle = valid_bundles()["valid/certificate.bundle.json"]
    chain = bundle["verificationMaterial"]["x509CertificateChain"]["certificates"]
    leaf = load_der_x509_certificate(b64decode(chain[0]["rawBytes"])).public_key()
    envelope = dsse.parse(json.dumps(bundle["dsseEnvelope"]).encode(), name="model.sig")
    assert dsse.verify(envelope, [public_key(leaf)]).keys == (public_key(leaf),)


def test_another_predicate_is_not_a_model_signature() -> None:
    bundle = group("oms_model_signing")["invalid"]["invalid-payload/wrong-predicate.bundle.json"]
    signed = statement.parse_statement(b64decode(bundle["dsseEnvelope"]["payload"]))
    assert signed.predicate_type != "https://model_signing/signature/v1.0"
