"""Timestamps over checkpoints by an RFC 3161 authority, stored as ``.tsr`` beside them and verified offline.

The authority signs SHA-256 of the whole note and the time at which it saw it, so the note, and everything that the
checkpoint covers, existed before. It learns nothing but the digest. What it answers is verified against the roots
given, and against the request's nonce, before it is stored; later the note, the ``.tsr`` and the roots are enough.

Needs the extra ``anchors`` (rfc3161-client). OpenSSL checks the same files:
``openssl ts -verify -data CHECKPOINT -in CHECKPOINT.tsr -CAfile root.pem``.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.durable_files import create_file, read_file, storage_errors
from assay.adapters.http_post import NoAnswerError, post
from assay.errors import InputError, MissingExtraError, VerificationError
from assay.tlog.note import MAX_NOTE_BYTES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import ModuleType

    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

TIMEOUT_SECONDS = 10.0

MAX_TIMESTAMP_BYTES = 64 * 1024
"""Cap on a response; one with its certificates takes 1 to 7 kB."""

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_OK = 200
_SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True)
class Timestamp:
    """What an authority has signed.

    Attributes:
        time: when it saw the digest; UTC.
        serial: the number it gave the token.
        policy: object identifier of the policy it followed.
        authority: subject of the certificate that signed.
    """

    time: dt.datetime
    serial: int
    policy: str
    authority: str


def timestamp_path(checkpoint: Path, authority: str = "") -> Path:
    """Return where the timestamp of a checkpoint's file is: ``<file>.tsr``, or ``<file>.<authority>.tsr``."""
    return checkpoint.with_name(f"{checkpoint.name}.{authority}.tsr" if authority else f"{checkpoint.name}.tsr")


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


def request_timestamp(
    note: bytes, address: str, roots: Sequence[Certificate], *, timeout_s: float = TIMEOUT_SECONDS
) -> bytes:
    """Ask an authority for a timestamp over a note, and verify it.

    Args:
        note: the signed checkpoint, with the cosignatures it has.
        address: the authority's, such as ``https://freetsa.org/tsr``.
        roots: certificates that must stand behind the answer.
        timeout_s: seconds for everything together.

    Returns:
        The response in DER, to be stored as ``.tsr``.

    Raises:
        MissingExtraError: without rfc3161-client.
        InputError: for an address that cannot be asked, or without roots.
        NoAnswerError: when the authority is down, slow, or refuses.
        VerificationError: when its answer does not hold.
    """
    rfc3161 = _rfc3161()
    request = rfc3161.TimestampRequestBuilder().data(note).hash_algorithm(rfc3161.HashAlgorithm.SHA256).build()
    answer = post(address, request.as_bytes(), _QUERY, timeout_s=timeout_s, cap=MAX_TIMESTAMP_BYTES)
    if answer.status != _OK or answer.content_type != _REPLY:
        raise NoAnswerError(f"timestamp authority {address}: expected a timestamp, found {answer.words()}")
    try:
        _verify(note, answer.body, roots, nonce=request.nonce)
    except VerificationError as error:
        raise VerificationError(f"timestamp authority {address}: {error}") from None
    return answer.body


def verify_timestamp(note: bytes, response: bytes, roots: Sequence[Certificate]) -> Timestamp:
    """Verify a timestamp over a note, offline.

    The certificates must have been valid at the time that was signed, not today.

    Args:
        note: the signed checkpoint, byte for byte.
        response: what is in the ``.tsr``.
        roots: certificates that must stand behind it.

    Raises:
        MissingExtraError: without rfc3161-client.
        InputError: without roots.
        VerificationError: when it is not a timestamp over this note by an authority behind these roots.
    """
    return _verify(note, response, roots, nonce=None)


def anchor_checkpoint(
    checkpoint: Path,
    address: str,
    roots: Sequence[Certificate],
    *,
    authority: str = "",
    timeout_s: float = TIMEOUT_SECONDS,
) -> Path:
    """Store a timestamp beside a checkpoint's file, unless a valid one is there.

    The file must be one that is never replaced, such as an archived ``checkpoints/<size>``; nothing may be stored in a
    log's own folder, which holds checkpoint and tiles alone.

    Args:
        checkpoint: the checkpoint's file.
        address: the authority's.
        roots: certificates that must stand behind it.
        authority: tells the timestamps of several authorities apart.
        timeout_s: seconds for everything together.

    Returns:
        Where the timestamp is.

    Raises:
        InputError: when there is no such file, and as `request_timestamp` does.
        VerificationError: when what is stored already does not hold, and as `request_timestamp` does.
        StorageError: when the disk refuses.
    """
    path = timestamp_path(checkpoint, authority)
    with storage_errors(path, "No timestamp was stored"):
        note, stored = read_file(checkpoint, MAX_NOTE_BYTES), read_file(path, MAX_TIMESTAMP_BYTES)
        if note is None:
            raise InputError(f"expected a signed checkpoint at {checkpoint}, found none")
        if stored is None:
            create_file(path, request_timestamp(note, address, roots, timeout_s=timeout_s))
            return path
    try:
        verify_timestamp(note, stored, roots)
    except VerificationError as error:
        raise VerificationError(f"{path}: {error}. It was stored before; nothing was changed") from None
    return path


def read_timestamp(checkpoint: Path, roots: Sequence[Certificate], *, authority: str = "") -> Timestamp:
    """Verify the timestamp that is stored beside a checkpoint's file.

    Raises:
        InputError: when there is no checkpoint, or no timestamp.
        VerificationError: when it does not hold.
        StorageError: when the disk refuses.
    """
    path = timestamp_path(checkpoint, authority)
    with storage_errors(path, "Nothing was verified"):
        note, stored = read_file(checkpoint, MAX_NOTE_BYTES), read_file(path, MAX_TIMESTAMP_BYTES)
    missing = checkpoint if note is None else path
    if note is None or stored is None:
        raise InputError(f"expected a checkpoint and its timestamp, found no {missing}")
    try:
        return verify_timestamp(note, stored, roots)
    except VerificationError as error:
        raise VerificationError(f"{path}: {error}") from None


def _rfc3161() -> ModuleType:
    try:
        import rfc3161_client  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("rfc3161-client", "anchors") from None
    return rfc3161_client


@contextlib.contextmanager
def _unreadable() -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, AttributeError) as error:
        raise VerificationError(f"timestamp: expected a granted RFC 3161 response in DER: {error}") from None


def _verify(note: bytes, response: bytes, roots: Sequence[Certificate], *, nonce: int | None) -> Timestamp:
    rfc3161 = _rfc3161()
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
    return Timestamp(token.gen_time, token.serial_number, token.policy.dotted_string, authority)
