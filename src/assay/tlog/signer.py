"""Signing notes and checkpoints: the writing half of `assay.tlog.note` and `assay.tlog.cosignature`.

The private form is Go's: ``PRIVATE+KEY+<name>+<key ID>+<base64 of type || 32-byte seed>``, for example the published
(hence worthless) ``PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.errors import InputError, VerificationError
from assay.tlog.cosignature import ed25519_message, join_body, ml_dsa_44_message
from assay.tlog.encoding import decode_base64, encode_base64
from assay.tlog.note import Note, NoteSignature
from assay.tlog.vkey import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, VerifierKey, is_key_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_PREFIX = "PRIVATE+KEY+"
SEED_SIZE = 32


def _public(kind: int, seed: bytes) -> bytes:
    if kind in {ED25519, ED25519_COSIGNATURE}:
        return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    if kind == ML_DSA_44_COSIGNATURE:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey  # noqa: PLC0415 - rarely needed

        return MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
    raise InputError(f"signing key: expected type 1, 4 or 6, found {kind}")


@dataclass(frozen=True, slots=True, repr=False)
class SignerKey:
    """A private key under a name.

    Attributes:
        name: the key's name.
        kind: signature type.
        seed: 32 secret bytes.
        verifier: the public half.
    """

    name: str
    kind: int
    seed: bytes
    verifier: VerifierKey

    def private_form(self) -> str:
        """Return the text that keeps this key; it is secret."""
        body = encode_base64(bytes([self.kind]) + self.seed)
        return f"{_PREFIX}{self.name}+{self.verifier.id.hex()}+{body}"

    def sign(self, text: bytes) -> NoteSignature:
        """Sign a note's text with an Ed25519 key (type 0x01).

        Raises:
            ValueError: for a cosigner's key, which signs with a time.
        """
        if self.kind != ED25519:
            raise ValueError("a cosigner's key signs with a time: use cosign")
        return self._signature(Ed25519PrivateKey.from_private_bytes(self.seed).sign(text))

    def cosign(self, text: bytes, time: int) -> NoteSignature:
        """Cosign a checkpoint's text (types 0x04 and 0x06).

        Args:
            text: text of a checkpoint.
            time: POSIX seconds, at least 1.

        Raises:
            ValueError: for a plain note key, or a time below 1.
        """
        if time < 1:
            raise ValueError(f"expected a time of at least 1, found {time}")
        if self.kind == ED25519_COSIGNATURE:
            message = ed25519_message(text, time)
            signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        elif self.kind == ML_DSA_44_COSIGNATURE:
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey  # noqa: PLC0415 - as above

            signature = MLDSA44PrivateKey.from_seed_bytes(self.seed).sign(ml_dsa_44_message(text, self.name, time))
        else:
            raise ValueError("a note's key signs without a time: use sign")
        return self._signature(join_body(time, signature))

    def _signature(self, body: bytes) -> NoteSignature:
        return NoteSignature(self.name, self.verifier.id, body)


def signer_key(name: str, seed: bytes, kind: int = ED25519) -> SignerKey:
    """Return the signing key of a seed under a name.

    Raises:
        InputError: for a name that keys cannot have, or a seed that is not 32 bytes.
    """
    if not is_key_name(name):
        raise InputError(f"key name: expected no space, no control character and no '+', found {name!r}")
    if len(seed) != SEED_SIZE:
        raise InputError(f"signing key: expected a seed of {SEED_SIZE} bytes, found {len(seed)}")
    return SignerKey(name, kind, seed, VerifierKey(name, kind, _public(kind, seed)))


def parse_skey(text: str) -> SignerKey:
    """Parse a private key's text; the printed key ID must be the key's. The text is never quoted in a message.

    Raises:
        InputError: when it is not one.
    """
    name, _, rest = text.removeprefix(_PREFIX).partition("+")
    printed, plus, encoded = rest.partition("+")
    if not text.startswith(_PREFIX) or not plus:
        raise InputError("signing key: expected PRIVATE+KEY+<name>+<key ID>+<base64 key>")
    try:
        content = decode_base64(encoded, "signing key")
    except VerificationError:
        raise InputError("signing key: expected standard base64 after the key ID") from None
    if not content:
        raise InputError("signing key: expected type and seed, found nothing")
    found = signer_key(name, content[1:], content[0])
    if printed != found.verifier.id.hex():
        raise InputError(f"signing key: expected the key ID {found.verifier.id.hex()}, found another")
    return found


def sign_note(text: bytes, signers: Iterable[SignerKey]) -> bytes:
    """Return the note over ``text`` signed by every plain note key given."""
    return Note(text, tuple(signer.sign(text) for signer in signers)).content()
