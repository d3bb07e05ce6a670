"""Pure Python and the library say the same of every signature, and both what RFC 8032 says."""

from __future__ import annotations

import random
from hashlib import sha512
from typing import TYPE_CHECKING, TypeAlias

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.verifier import ed25519
from assay.verifier.strict import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    Holds: TypeAlias = Callable[[bytes, bytes, bytes], bool]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493

# RFC 8032 section 7.1, tests 1 to 3: public key, message, signature.
RFC = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]

# All points whose order divides 8, each in every spelling that fits 32 bytes.
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
]

BOTH = pytest.mark.parametrize("holds", [ed25519.holds, ed25519.holds_purely], ids=["library", "pure"])


@BOTH
@pytest.mark.parametrize(("public", "message", "signature"), RFC)
def test_the_signatures_of_the_rfc_hold(holds: Holds, public: str, message: str, signature: str):
    key, text, mark = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert holds(key, mark, text)
    assert not holds(key, mark, text + b"\0")


def signed(seed: int, message: bytes) -> tuple[bytes, bytes]:
    key = Ed25519PrivateKey.from_private_bytes(random.Random(seed).randbytes(32))
    return key.public_key().public_bytes_raw(), key.sign(message)


@BOTH
def test_a_flipped_bit_of_a_signature_is_seen(holds: Holds):
    public, signature = signed(7, b"text")
    assert holds(public, signature, b"text")
    for bit in range(0, 512, 5):
        flipped = (int.from_bytes(signature, "little") ^ 1 << bit).to_bytes(64, "little")
        assert not holds(public, flipped, b"text")


@BOTH
def test_a_signature_has_one_length_and_one_spelling(holds: Holds):
    public, signature = signed(8, b"text")
    s = int.from_bytes(signature[32:], "little")
    second = signature[:32] + (s + ORDER).to_bytes(32, "little")
    for wrong in (second, signature[:-1], signature + b"\0", b"", signature[:32]):
        assert not holds(public, wrong, b"text")


@pytest.mark.parametrize("seed", range(20))
def test_both_ways_agree_on_right_and_bent_signatures(seed: int):
    draw = random.Random(seed)
    message = draw.randbytes(seed)
    public, signature = signed(seed, message)
    assert ed25519.holds_purely(public, signature, message)
    bent = bytearray(signature)
    bent[draw.randrange(64)] ^= 1 << draw.randrange(8)
    for mark in (signature, bytes(bent), draw.randbytes(64)):
        assert ed25519.holds(public, mark, message) is ed25519.holds_purely(public, mark, message)


def encode(point: tuple[int, int]) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def affine_add(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    """The curve's addition as RFC 8032 section 5.1 defines it, in affine coordinates."""
    d = -121665 * pow(121666, -1, P) % P
    product = d * one[0] * two[0] * one[1] * two[1]
    x = (one[0] * two[1] + two[0] * one[1]) * pow(1 + product, -1, P) % P
    y = (one[1] * two[1] + one[0] * two[0]) * pow(1 - product, -1, P) % P
    return x, y


def affine(encoded: bytes) -> tuple[int, int]:
    x, y, *_ = ed25519.check_key(encoded)
    return x, y


# Both points of order 8 with this y; the other coordinate follows from the curve's equation.
EIGHTH_Y = int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little")


def eighth() -> tuple[int, int]:
    d = -121665 * pow(121666, -1, P) % P
    square = (EIGHTH_Y * EIGHTH_Y - 1) * pow(d * EIGHTH_Y * EIGHTH_Y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square
    return x, EIGHTH_Y


def test_both_ways_agree_on_keys_mixed_with_a_point_of_small_order():
    """Here implementations differ that multiply by the cofactor, or do not reduce the hash as OpenSSL does."""
    secret = int.from_bytes(sha512(b"secret").digest(), "little") % ORDER
    base = affine(bytes.fromhex("58" + "66" * 31))
    honest = multiply(secret, base)
    mixed = encode(affine_add(honest, eighth()))
    answers = set()
    for number in range(40):
        nonce = number + 1
        r = encode(multiply(nonce, base))
        k = int.from_bytes(sha512(r + mixed + b"text").digest(), "little") % ORDER
        mark = r + ((nonce + k * secret) % ORDER).to_bytes(32, "little")
        answer = ed25519.holds(mixed, mark, b"text")
        assert ed25519.holds_purely(mixed, mark, b"text") is answer
        assert answer is (k % 8 == 0)
        answers.add(answer)
    assert answers == {True, False}


def multiply(scalar: int, point: tuple[int, int]) -> tuple[int, int]:
    found = (0, 1)
    while scalar:
        if scalar & 1:
            found = affine_add(found, point)
        point = affine_add(point, point)
        scalar >>= 1
    return found


@BOTH
@pytest.mark.parametrize("public", SMALL)
def test_keys_for_which_everybody_can_sign_are_refused(holds: Holds, public: str):
    with pytest.raises(Refused, match="Ed25519 key"):
        holds(bytes.fromhex(public), bytes(64), b"text")


@pytest.mark.parametrize(
    ("public", "why"),
    [
        (SMALL[0], "large order"),
        (SMALL[1], "one encoding"),
        (SMALL[2], "large order"),
        (SMALL[3], "one encoding"),
        (SMALL[4], "large order"),
        (SMALL[6], "one encoding"),
        (SMALL[7], "one encoding"),
        (SMALL[8], "large order"),
        (SMALL[11], "large order"),
        ("02" + "00" * 31, "a point of the curve"),
        ("f0" + "ff" * 30 + "7f", "one encoding"),  # y = 3 spelt as p + 3
        ("03" + "00" * 30, "32 bytes, found 31"),
        ("03" + "00" * 32, "32 bytes, found 33"),
    ],
)
def test_a_wrong_key_is_told_by_what_is_wrong(public: str, why: str):
    with pytest.raises(Refused, match=why):
        ed25519.check_key(bytes.fromhex(public))


def test_what_checks_signatures_is_told(monkeypatch: pytest.MonkeyPatch):
    assert ed25519.checked_by() == "the package 'cryptography'"
    monkeypatch.setattr(ed25519, "_library", lambda: None)
    assert ed25519.checked_by() == "pure Python"
    public, message, signature = (bytes.fromhex(one) for one in RFC[1])
    assert ed25519.holds(public, signature, message)
    assert not ed25519.holds(public, signature, b"other")


def test_what_the_library_breaks_on_is_not_taken_for_an_answer(monkeypatch: pytest.MonkeyPatch):
    class Broken:
        @staticmethod
        def from_public_bytes(_public: bytes) -> None:
            raise RuntimeError("no engine")

    monkeypatch.setattr(ed25519, "_library", lambda: Broken)
    with pytest.raises(RuntimeError, match="no engine"):
        ed25519.holds(bytes.fromhex(RFC[0][0]), bytes(64), b"")
