"""Verifier keys of signed notes (C2SP signed-note 1.0.0, https://c2sp.org/signed-note).

``<name>+<8 hexadecimal digits of the key ID>+<base64 of type || public key>``, for example::

    PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW

The key ID is the first four bytes of ``SHA-256(name || 0x0A || type || public key)``; for ECDSA (0x02) of the public
key alone; for RFC 6962 tree heads (0x05) the log's ID, SHA-256 of the public key, stands in place of the public key.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from assay.errors import InputError, VerificationError
from assay.tlog.cosignature import (
    ED25519_SIGNATURE_SIZE,
    ML_DSA_44_PUBLIC_SIZE,
    ML_DSA_44_SIGNATURE_SIZE,
    ed25519_message,
    ml_dsa_44_message,
    split_body,
)
from assay.tlog.encoding import decode_base64, encode_base64, quoted
from assay.tlog.tree_head import split_tree_head, tree_head_message

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

ED25519 = 0x01
ECDSA = 0x02
ED25519_COSIGNATURE = 0x04
RFC6962_TREE_HEAD = 0x05
ML_DSA_44_COSIGNATURE = 0x06

KEY_ID_SIZE = 4
MAX_VKEY_CHARACTERS = 4096
"""Cap on a verifier key's text; an ML-DSA-44 key takes about 1,800."""

_ED25519_PUBLIC_SIZE = 32
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


def is_key_name(name: str) -> bool:
    """Return whether a name may name a key: not empty, no Unicode space, no control character, no ``+``."""
    return bool(name) and not any(c == "+" or c.isspace() or ord(c) < ord(" ") for c in name)


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Return the four bytes that name a key in a signature line."""
    if kind == ECDSA:
        return sha256(public).digest()[:KEY_ID_SIZE]
    material = sha256(public).digest() if kind == RFC6962_TREE_HEAD else public
    return sha256(name.encode() + b"\n" + bytes([kind]) + material).digest()[:KEY_ID_SIZE]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name, able to verify note signatures of its type.

    Attributes:
        name: the key's name; for a log's key, the log's origin.
        kind: signature type, one of the constants of this file.
        public: public key: raw for Ed25519 and ML-DSA-44, DER SubjectPublicKeyInfo for ECDSA.
    """

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The key ID, four bytes."""
        return key_id(self.name, self.kind, self.public)

    def __str__(self) -> str:
        """Return the verifier key's text."""
        return f"{self.name}+{self.id.hex()}+{encode_base64(bytes([self.kind]) + self.public)}"

    def verify(self, text: bytes, body: bytes) -> None:
        """Verify what a signature line carries after the key ID, over a note's text.

        Raises:
            VerificationError: when the signature does not hold.
        """
        try:
            _VERIFY[self.kind](self, text, body)
        except InvalidSignature:
            raise VerificationError(f"the signature by {self.name}+{self.id.hex()} does not match the text") from None


def _verify_ed25519(key: VerifierKey, text: bytes, body: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(key.public).verify(body, text)


def _verify_ecdsa(key: VerifierKey, text: bytes, body: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - only foreign logs need it
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - only foreign logs need it

    _ecdsa_key(key.public).verify(body, text, ec.ECDSA(SHA256()))


def _verify_ed25519_cosignature(key: VerifierKey, text: bytes, body: bytes) -> None:
    time, signature = split_body(body, ED25519_SIGNATURE_SIZE)
    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, ed25519_message(text, time))


def _verify_tree_head(key: VerifierKey, text: bytes, body: bytes) -> None:
    milliseconds, signature = split_tree_head(body)
    _verify_ecdsa(key, tree_head_message(text, milliseconds), signature)


def _verify_ml_dsa_44_cosignature(key: VerifierKey, text: bytes, body: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey  # noqa: PLC0415 - rarely needed

    time, signature = split_body(body, ML_DSA_44_SIGNATURE_SIZE)
    MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, ml_dsa_44_message(text, key.name, time))


_VERIFY = {
    ED25519: _verify_ed25519,
    ECDSA: _verify_ecdsa,
    ED25519_COSIGNATURE: _verify_ed25519_cosignature,
    RFC6962_TREE_HEAD: _verify_tree_head,
    ML_DSA_44_COSIGNATURE: _verify_ml_dsa_44_cosignature,
}


def _ecdsa_key(public: bytes) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415 - as above

    try:
        found = load_der_public_key(public)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("verifier key: expected an ECDSA public key in DER, found something else") from None
    if not isinstance(found, EllipticCurvePublicKey) or found.curve.name not in _CURVES:
        raise InputError("verifier key: expected an ECDSA key on P-256, P-384 or P-521")
    return found


def _check_public(kind: int, public: bytes) -> None:
    expected = ML_DSA_44_PUBLIC_SIZE if kind == ML_DSA_44_COSIGNATURE else _ED25519_PUBLIC_SIZE
    if kind not in _VERIFY:
        raise InputError(f"verifier key: expected a known signature type (1, 2, 4, 5, 6), found {kind}")
    if kind in {ECDSA, RFC6962_TREE_HEAD}:
        _ecdsa_key(public)
    elif len(public) != expected:
        raise InputError(f"verifier key: expected a public key of {expected} bytes, found {len(public)}")


def parse_vkey(text: str) -> VerifierKey:
    """Parse a verifier key; the printed key ID must be the key's.

    Raises:
        InputError: when it is not a verifier key.
    """
    name, _, rest = text.partition("+")
    printed, plus, encoded = rest.partition("+")
    if not plus or not is_key_name(name) or len(text) > MAX_VKEY_CHARACTERS:
        raise InputError(f"verifier key: expected <name>+<key ID>+<base64 key>, found {quoted(text)}")
    try:
        content = decode_base64(encoded, "verifier key")
    except VerificationError as error:
        raise InputError(str(error)) from None
    kind, public = (content[0], content[1:]) if content else (0, b"")
    _check_public(kind, public)
    found = VerifierKey(name, kind, public)
    if printed != found.id.hex():
        raise InputError(
            f"verifier key: expected the key ID {found.id.hex()} that belongs to name and key, found {quoted(printed)}"
        )
    return found
