"""Public keys that sign statements: SubjectPublicKeyInfo in DER, named by its hexadecimal SHA-256."""

from __future__ import annotations

from dataclasses import dataclass

from . import ed25519
from .strict import Refused, sha256_hex

_ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")


@dataclass(frozen=True)
class PublicKey:
    """A public key, by its SubjectPublicKeyInfo."""

    der: bytes

    @property
    def key_id(self) -> str:
        """Hexadecimal SHA-256 of the SubjectPublicKeyInfo."""
        return sha256_hex(self.der)

    def holds(self, signature: bytes, message: bytes) -> bool:
        """Return whether a signature over a message is by this key."""
        if self.der.startswith(_ED25519_PREFIX):
            return ed25519.holds(self.der[len(_ED25519_PREFIX) :], signature, message)
        return _ecdsa_holds(self.der, signature, message)


def _ecdsa_holds(der: bytes, signature: bytes, message: bytes) -> bool:
    """ECDSA on P-256, P-384 or P-521 with the hash of the curve's size; Assay itself signs with Ed25519 only."""
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - optional
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - optional
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - optional
    except ImportError:
        raise Refused("key: bare Python checks Ed25519 alone; install the package 'cryptography' for ECDSA") from None
    sizes = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}
    try:
        key = serialization.load_der_public_key(der)
    except ValueError:
        raise Refused("key: expected Ed25519 or ECDSA, found something else") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in sizes:
        raise Refused("key: expected Ed25519, or ECDSA on P-256, P-384 or P-521")
    try:
        key.verify(signature, message, ec.ECDSA(sizes[key.curve.name]))
    except InvalidSignature:
        return False
    return True
