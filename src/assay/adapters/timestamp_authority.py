"""Timestamps over checkpoints by an RFC 3161 authority, stored as ``.tsr`` beside them and verified offline.

The authority signs SHA-256 of the whole note and the time at which it saw it, so the note, and everything that the
checkpoint covers, existed before. It learns nothing but the digest. What it answers is verified against the roots
given, and against the request's nonce, before it is stored; later the note, the ``.tsr`` and the roots are enough.

Needs the extra ``anchors`` (rfc3161-client). OpenSSL checks the same files:
``openssl ts -verify -data CHECKPOINT -in CHECKPOINT.tsr -CAfile root.pem``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.durable_files import create_file, read_file, storage_errors
from assay.adapters.http_post import NoAnswerError, post
from assay.errors import InputError, VerificationError
from assay.tlog.note import MAX_NOTE_BYTES
from assay.tlog.timestamp import MAX_TIMESTAMP_BYTES, Timestamp, load_rfc3161, verify_timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.x509 import Certificate

TIMEOUT_SECONDS = 10.0

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_OK = 200


def timestamp_path(checkpoint: Path, authority: str = "") -> Path:
    """Return where the timestamp of a checkpoint's file is: ``<file>.tsr``, or ``<file>.<authority>.tsr``."""
    return checkpoint.with_name(f"{checkpoint.name}.{authority}.tsr" if authority else f"{checkpoint.name}.tsr")


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
    rfc3161 = load_rfc3161()
    request = rfc3161.TimestampRequestBuilder().data(note).hash_algorithm(rfc3161.HashAlgorithm.SHA256).build()
    answer = post(address, request.as_bytes(), _QUERY, timeout_s=timeout_s, cap=MAX_TIMESTAMP_BYTES)
    if answer.status != _OK or answer.content_type != _REPLY:
        raise NoAnswerError(f"timestamp authority {address}: expected a timestamp, found {answer.words()}")
    try:
        verify_timestamp(note, answer.body, roots, nonce=request.nonce)
    except VerificationError as error:
        raise VerificationError(f"timestamp authority {address}: {error}") from None
    return answer.body


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
