"""Checkpoints archived beside a log, ``LOG.checkpoints/<size>``, each with the timestamps over it.

A log's folder holds its current checkpoint alone. What witnesses and timestamp authorities have said of earlier ones is
what proves later by when an entry was there, so it is kept, and never replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.durable_files import create_file, read_file, replace_file, settle_file, storage_errors
from assay.errors import VerificationError
from assay.lifecycle.log_files import ARCHIVE
from assay.lifecycle.log_trust import AUTHORITIES, beside
from assay.tlog.note import MAX_NOTE_BYTES, parse_note
from assay.tlog.timestamp import parse_roots

if TYPE_CHECKING:
    from pathlib import Path

MAX_ROOTS_BYTES = 1024 * 1024
"""Cap on the certificates of authorities that are trusted."""


def archive_checkpoint(log: Path, size: int, note: bytes) -> Path:
    """Keep a signed checkpoint beside its log; what is kept of that size already stays.

    Args:
        log: the log's folder.
        size: of the checkpoint.
        note: the checkpoint with the cosignatures it has.

    Returns:
        Where it is.

    Raises:
        VerificationError: when another checkpoint of that size is kept: the log has two histories.
        StorageError: when the disk refuses.
    """
    folder = beside(log, ARCHIVE)
    path = folder / str(size)
    with storage_errors(path, "No checkpoint was archived"):
        folder.mkdir(exist_ok=True)
        kept = read_file(path, MAX_NOTE_BYTES)
        if kept is None:
            create_file(path, note)
        elif parse_note(kept).text != parse_note(note).text:
            raise VerificationError(
                f"{path}: split view: the log has signed another checkpoint of size {size}, which is kept here. Keep "
                "both: together they convict it"
            )
        elif len(kept) < len(note) and not list(folder.glob(f"{size}*.tsr")):
            replace_file(path, note)  # with cosignatures that came since, while no timestamp covers it
        else:
            settle_file(path)
    return path


def keep_roots(log: Path, content: bytes, name: str) -> Path:
    """Add certificates to those that are trusted for the timestamps over a log, unless they are among them.

    Returns:
        Where they are: ``LOG.tsa.pem``.

    Raises:
        InputError: when they are no certificates in PEM.
        StorageError: when the disk refuses.
    """
    path = beside(log, AUTHORITIES)
    given = parse_roots(content, name=name)
    with storage_errors(path, "No certificate was kept"):
        kept = read_file(path, MAX_ROOTS_BYTES)
        if kept is None:
            create_file(path, content)
        elif not set(given) <= set(parse_roots(kept, name=str(path))):
            replace_file(path, kept.rstrip() + b"\n" + content)
    return path
