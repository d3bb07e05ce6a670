"""Timestamps over checkpoints by RFC 3161 authorities, verified offline: bytes in, a time out.

The authority signs SHA-256 of a whole note and the time at which it saw it, so the note, and everything that the
checkpoint covers, existed before. Note, response and the roots that are trusted are enough, years later.

Needs the extra ``anchors`` (rfc3161-client). OpenSSL checks the same files:
``openssl ts -verify -data CHECKPOINT -in CHECKPOINT.tsr -CAfile root.pem``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import InputError, MissingExtraError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

MAX_TIMESTAMP_BYTES = 64 * 1024
"""Cap on a response; one with its certificates takes 1 to 7 kB."""

_EPOCH, _SECOND = dt.datetime.fromtimestamp(0, dt.UTC), dt.timedelta(seconds=1)
_SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True)
class Timestamp:
    """What an authority has signed.

    Attributes:
        time: when it saw the digest; UTC.
        serial: the number it gave the token.
        policy: object identifier of the policy it followed.
        authority: subject of the certificate that signed.
        accuracy_us: how far from the true time it may be, as it states itself; microseconds.
    """

    time: dt.datetime
    serial: int
    policy: str
    authority: str
    accuracy_us: int = 0

    def before(self) -> str:
        """Return the time by which the note existed, RFC 3339 in UTC: the latest that is meant, in whole seconds."""
        since = self.time.astimezone(dt.UTC) - _EPOCH + dt.timedelta(microseconds=self.accuracy_us)
        latest = _EPOCH + -(-since // _SECOND) * _SECOND
        return latest.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_roots(content: bytes, *, name: str = "roots") -> tuple[Certificate, ...]:
    """Parse the certificates of authorities that are trusted, one or more in PEM.

    Raises:
        InputError: when there is none.
    """
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 - heavy

    try:
        return tuple(load_pem_x509_certificates(content))
    except ValueError:
        raise InputError(f"{name}: expected certificates in PEM, found something else") from None


def verify_timestamp(
    note: bytes, response: bytes, roots: Sequence[Certificate], *, nonce: int | None = None
) -> Timestamp:
    """Verify a timestamp over a note, offline.

    The certificates must have been valid at the time that was signed, not today.

    Args:
        note: the signed checkpoint, byte for byte.
        response: what is in the ``.tsr``.
        roots: certificates that must stand behind it.
        nonce: the one that was sent; None for an answer that was stored.

    Raises:
        MissingExtraError: without rfc3161-client.
        InputError: without roots.
        VerificationError: when it is not a timestamp over this note by an authority behind these roots.
    """
    rfc3161 = load_rfc3161()
    if not roots:
        raise InputError("timestamp: expected the root certificates of the authority, found none")
    if len(response) > MAX_TIMESTAMP_BYTES:
        raise VerificationError(f"timestamp: expected at most {MAX_TIMESTAMP_BYTES} bytes, found {len(response)}")
    with _unreadable():
        found = rfc3161.decode_timestamp_response(response)
        if found.status != rfc3161.PKIStatus.GRANTED:
            raise VerificationError(f"timestamp: expected a granted one, found status {found.status}")
        algorithm = found.tst_info.message_imprint.hash_algorithm.dotted_string
    if algorithm != _SHA256:
        raise VerificationError(f"timestamp: expected one over SHA-256 ({_SHA256}), found {algorithm}")
    builder = rfc3161.VerifierBuilder(roots=list(roots), nonce=nonce)
    try:
        with _unreadable():
            builder.build().verify_message(found, note)
    except rfc3161.VerificationError as error:
        raise VerificationError(f"timestamp: does not hold over this checkpoint: {error}") from None
    with _unreadable():
        return _described(found)


@contextlib.contextmanager
def _unreadable() -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, AttributeError) as error:
        raise VerificationError(f"timestamp: expected a granted RFC 3161 response in DER: {error}") from None


def _described(found: TimeStampResponse) -> Timestamp:
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 - heavy

    (signer,) = found.signed_data.signer_infos
    certificates = [load_der_x509_certificate(der) for der in found.signed_data.certificates]
    (authority,) = {
        each.subject.rfc4514_string()
        for each in certificates
        if (each.issuer, each.serial_number) == (signer.issuer, signer.serial_number)
    }
    token = found.tst_info
    accuracy = token.accuracy
    microseconds = 0
    if accuracy is not None:
        microseconds = (accuracy.seconds or 0) * 1_000_000 + (accuracy.millis or 0) * 1000 + (accuracy.micros or 0)
    return Timestamp(token.gen_time, token.serial_number, token.policy.dotted_string, authority, microseconds)


def load_rfc3161() -> ModuleType:
    """Return rfc3161-client.

    Raises:
        MissingExtraError: when it is not installed.
    """
    try:
        import rfc3161_client  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("rfc3161-client", "anchors") from None
    return rfc3161_client
