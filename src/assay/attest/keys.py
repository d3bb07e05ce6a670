"""Keys that sign statements: Ed25519 to sign, Ed25519 and ECDSA (P-256, P-384, P-521) to verify.

A key's id is the lower-case hexadecimal SHA-256 of its SubjectPublicKeyInfo in DER, as Sigstore and cosign count it.
Keys travel as PEM, or as the base64 between PEM's two lines.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from assay.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

MAX_KEY_BYTES = 16_384
"""Cap on a key file."""

_HASH_OF_CURVE = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
_RAW_ED25519_SIZE = 32
_ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"

PUBLISHED_TEST_KEYS = frozenset(
    sha256(_ED25519_PREFIX + bytes.fromhex(raw)).hexdigest()
    for raw in (
        "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",  # the seed of 32 zero bytes
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",  # RFC 8032 section 7.1, test 1
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",  # RFC 8032 section 7.1, test 2
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",  # RFC 8032 section 7.1, test 3
    )
)
"""Ids of keys whose private half everybody knows; they sign nothing that may be trusted."""


@dataclass(frozen=True)
class PublicKey:
    """A public key, equal to another when it is the same key.

    Attributes:
        der: SubjectPublicKeyInfo in DER.
    """

    der: bytes

    @cached_property
    def key_id(self) -> str:
        """Hexadecimal SHA-256 of the SubjectPublicKeyInfo."""
        return sha256(self.der).hexdigest()

    def pem(self) -> str:
        """Return the key as PEM text."""
        encoded = base64.b64encode(self.der).decode("ascii")
        lines = [encoded[i : i + 64] for i in range(0, len(encoded), 64)]
        return "\n".join([_BEGIN, *lines, _END, ""])

    def holds(self, signature: bytes, message: bytes) -> bool:
        """Return whether a signature over a message is by this key (ECDSA: DER, with the hash of the curve's size)."""
        key = _loaded(self.der)
        try:
            if isinstance(key, Ed25519PublicKey):
                key.verify(signature, message)
                return True
            return _ecdsa_holds(self.der, signature, message)
        except InvalidSignature:
            return False


@lru_cache(maxsize=256)
def _loaded(der: bytes) -> PublicKeyTypes:
    return load_der_public_key(der)


def _ecdsa_holds(der: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - only foreign keys need it
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - only foreign keys need it

    key = _loaded(der)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    key.verify(signature, message, ec.ECDSA(getattr(hashes, _HASH_OF_CURVE[key.curve.name])()))
    return True


@dataclass(frozen=True, repr=False)
class PrivateKey:
    """An Ed25519 private key.

    Attributes:
        seed: 32 secret bytes.
    """

    seed: bytes

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        raw = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return PublicKey(raw.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def sign(self, message: bytes) -> bytes:
        """Return the signature over a message, 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def pem(self) -> bytes:
        """Return the key as unencrypted PKCS #8 PEM; it is secret."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, repr=False)
class Signer:
    """A private key under the name that people know it by.

    Attributes:
        name: the key's name.
        private: the key.
    """

    name: str
    private: PrivateKey

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return self.private.public

    @property
    def key_id(self) -> str:
        """Hexadecimal SHA-256 of the public half's SubjectPublicKeyInfo."""
        return self.private.public.key_id

    def sign(self, message: bytes) -> bytes:
        """Return the signature over a message."""
        return self.private.sign(message)


def generate_key() -> PrivateKey:
    """Return a new Ed25519 key from the operating system's randomness."""
    return PrivateKey(Ed25519PrivateKey.generate().private_bytes_raw())


def parse_private_key(content: bytes, *, name: str) -> PrivateKey:
    """Parse an Ed25519 private key in unencrypted PKCS #8 PEM. The content is never quoted in a message.

    Raises:
        InputError: when it is not one.
    """
    try:
        key = load_pem_private_key(content[:MAX_KEY_BYTES], password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError(
            f"{name}: expected an unencrypted private key in PEM (PKCS #8), found something else"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{name}: expected an Ed25519 private key, found another kind")
    return PrivateKey(key.private_bytes_raw())


def parse_public_key(text: str, *, name: str) -> PublicKey:
    """Parse a public key: PEM, the base64 of its SubjectPublicKeyInfo, or the base64 of 32 raw Ed25519 bytes.

    Raises:
        InputError: when it is not a key that Assay can verify with.
    """
    wrong = InputError(f"{name}: expected a public key, Ed25519 or ECDSA on P-256, P-384 or P-521, as PEM or base64")
    body = text.strip().removeprefix(_BEGIN).removesuffix(_END)
    if len(text) > MAX_KEY_BYTES or "PRIVATE" in text:
        raise wrong
    try:
        der = base64.b64decode("".join(body.split()).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise wrong from None
    if len(der) == _RAW_ED25519_SIZE:
        der = _ED25519_PREFIX + der
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise wrong from None
    curve = getattr(getattr(key, "curve", None), "name", None)
    if not isinstance(key, Ed25519PublicKey) and curve not in _HASH_OF_CURVE:
        raise wrong
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise wrong
    return PublicKey(der)
