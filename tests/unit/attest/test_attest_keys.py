"""Keys, people, and a model's root digest."""

from __future__ import annotations

import base64
import json
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from assay.attest import oms
from assay.attest.keys import PrivateKey, PublicKey, generate_key, parse_private_key, parse_public_key
from assay.attest.trust import Trust, parse_trust
from assay.errors import DocumentError, InputError

KEY = PrivateKey(bytes(range(32)))


def spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def trust_yaml(*people: tuple[str, str, list[str]]) -> bytes:
    return json.dumps({"people": [{"name": n, "key": k, "roles": r} for n, k, r in people]}).encode()


def test_a_key_id_is_the_sha256_of_the_spki() -> None:
    assert KEY.public.key_id == sha256(KEY.public.der).hexdigest()
    assert len(KEY.public.der) == 44


def test_keys_are_read_as_they_were_written() -> None:
    assert parse_private_key(KEY.pem(), name="key") == KEY
    raw = base64.b64encode(KEY.public.der[-32:]).decode()
    for text in (KEY.public.pem(), base64.b64encode(KEY.public.der).decode(), raw, f"  {KEY.public.pem()}\n"):
        assert parse_public_key(text, name="key") == KEY.public
    assert generate_key() != generate_key()


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_ecdsa_keys_verify(curve: ec.EllipticCurve) -> None:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - beside its only use

    private = ec.generate_private_key(curve)
    key = parse_public_key(base64.b64encode(spki(private.public_key())).decode(), name="key")
    size = {256: hashes.SHA256(), 384: SHA384(), 521: hashes.SHA512()}[curve.key_size]
    signature = private.sign(b"message", ec.ECDSA(size))
    assert key.holds(signature, b"message")
    assert not key.holds(signature, b"other")
    assert not key.holds(bytes(64), b"message")


def test_what_is_no_public_key() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    wrong = ["", "é", "AAAA", base64.b64encode(spki(weak)).decode(), KEY.pem().decode(), "x" * 20_000,
             base64.b64encode(spki(ec.generate_private_key(ec.SECP256K1()).public_key())).decode(),
             base64.b64encode(KEY.public.der + b"\0").decode()]  # fmt: skip
    for text in wrong:
        with pytest.raises(InputError, match="expected a public key"):
            parse_public_key(text, name="key")


def test_other_private_keys_are_refused() -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(InputError, match="expected an Ed25519 private key"):
        parse_private_key(pem, name="key")


def test_secrets_do_not_show() -> None:
    assert str(list(KEY.seed)[5:9])[1:-1] not in repr(KEY)
    assert KEY.seed.hex() not in repr(KEY)


def test_people_are_known_by_their_keys() -> None:
    other = generate_key().public
    trust = parse_trust(
        trust_yaml(("vera", KEY.public.pem(), ["validator", "owner"]), ("rosa", other.pem(), ["owner"]))
    )
    assert trust.identity_of(KEY.public.key_id) == ("vera", ("validator", "owner"))
    assert trust.identity_of("nobody") is None
    assert trust.keys() == {KEY.public, other}
    assert Trust().keys() == frozenset()


def test_every_mistake_of_a_trust_file_is_told() -> None:
    zero = PublicKey(PrivateKey(bytes(32)).public.der).pem()
    content = trust_yaml(
        ("vera", KEY.public.pem(), ["validator"]), ("vera", KEY.public.pem(), []),
        ("rosa", "nonsense", ["owner"]), ("", zero, ["owner"]),
    )  # fmt: skip
    with pytest.raises(DocumentError) as caught:
        parse_trust(content, name="trust.yaml")
    words = caught.value.diagnostics()
    for part in ("$.people[1].roles", "$.people[1].name", "two people cannot share a key", "$.people[2].key",
                 "$.people[3].name", "published test key"):  # fmt: skip
        assert part in words


@pytest.mark.parametrize(
    "content", [b"", b"people: 1\n", b"people: []\nmore: 1\n", b"people:\n  - {name: a, key: b}\n"]
)
def test_what_is_no_trust_file(content: bytes) -> None:
    with pytest.raises(DocumentError, match=r"trust\.yaml"):
        parse_trust(content)


def test_git_s_files_and_the_signature_are_no_part_of_a_model() -> None:
    names = [
        ".git/HEAD",
        ".gitignore",
        ".gitattributes",
        ".github/ci.yml",
        "model.sig",
        "sub/.gitignore",
        "b",
        "a/z",
        "a.b",
    ]
    assert oms.listed(names) == ["a.b", "a/z", "b", "sub/.gitignore"]
    assert oms.listed(["model.sig", "x.sig"], signature="x.sig") == ["model.sig"]


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "", "\udcff"])
def test_names_that_no_model_file_has(name: str) -> None:
    with pytest.raises(InputError):
        oms.listed([name])


def test_a_root_digest_by_hand() -> None:
    a, b = sha256(b"a").hexdigest(), sha256(b"b").hexdigest()
    expected = sha256(sha256(b"a").digest() + sha256(b"b").digest()).hexdigest()
    assert oms.root([("x", a), ("y", b)]) == oms.root([("y", b), ("x", a)]) == expected
    for wrong in ([("x", a), ("x", b)], [("x", a.upper())], [("x", a[:-1])], [("../x", a)]):
        with pytest.raises(InputError):
            oms.root(wrong)


@given(st.dictionaries(st.text("abz/\U0001f600\uffff", min_size=1, max_size=4), st.binary(max_size=3), max_size=6))
def test_the_root_does_not_depend_on_the_order(files: dict[str, bytes]) -> None:
    pairs = [(name.replace("/", "s"), sha256(content).hexdigest()) for name, content in files.items()]
    unique = list(dict(pairs).items())
    assert oms.root(unique) == oms.root(unique[::-1])
