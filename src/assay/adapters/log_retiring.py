"""Retiring a log: deleting a frozen one's entries when their retention is over, and saying so in the one that goes on.

The event ``log.retired`` stands in the log that goes on before anything is deleted, and its proof beside the folder
(`assay.lifecycle.retired`). Interrupted, it can be run again, and finishes then.
"""

from __future__ import annotations

import shutil
from hashlib import sha256
from typing import TYPE_CHECKING

from assay.adapters.checkpoint_archive import archive_checkpoint
from assay.adapters.durable_files import locked, remove_files, replace_file, storage_errors, sync_folder
from assay.adapters.evidence_store import evidence_folder
from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_reader import FolderReader
from assay.adapters.folder_shards import link_problem
from assay.adapters.folder_tiles import CHECKPOINT
from assay.adapters.log_places import delete_waiting, read_places
from assay.adapters.log_private import LogPrivate, private_folder
from assay.adapters.log_succession import once, own_event
from assay.errors import InputError, VerificationError
from assay.lifecycle.log_shards import last_shard, next_path, next_shard
from assay.lifecycle.log_trust import beside, trust_beside
from assay.lifecycle.retired import RETIRED, Retirement, is_retired, retirement
from assay.tlog.proof import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.tlog.signed_checkpoint import SignedCheckpoint

_BEGUN = "retiring"
"""The lock beside the log, and with a key's ID the event, until it is over."""


def retire(folder: Path, ground: str, at: str, *, policy: bytes | None = None) -> Retirement:
    """Delete a frozen log's entries, after the log that goes on says so; its final checkpoint stays.

    Entries, tiles, long evidence, key and database go, one in PostgreSQL too. Copies elsewhere do not: see `copies_of`.

    Args:
        folder: the log.
        ground: ``retention-over`` or ``legal-obligation``.
        at: now, RFC 3339.
        policy: the retention policy, whose digest is recorded.

    Raises:
        InputError: when it takes entries, nothing goes on after it, or one before it is not retired.
        VerificationError: when it does not hold, or what goes on does not follow from it.
        StorageError: when disk or database refuses; run again, it goes on.
    """
    following = next_shard(folder)
    if following is None:
        raise InputError(
            f"{folder}: expected a frozen log that another goes on after, in which it is told what was deleted. Run: "
            f"assay log freeze {folder} --successor NAME, then assay log init FOLDER --after {folder}"
        )
    with storage_errors(folder, "Run this again: it goes on where it was"), locked(beside(folder, _BEGUN)):
        if not is_retired(folder):
            final = _checked(folder, following)
            archive_checkpoint(folder, final.checkpoint.size, final.note)
            replace_file(beside(folder, RETIRED), _told(folder, final, ground, at, policy))
        found = retirement(folder, trust_beside(folder))
        if found is None:
            raise AssertionError("the log was just retired")
        _delete(folder)
        begun = beside(folder, _BEGUN)
        remove_files([begun, *(one for one in folder.parent.iterdir() if one.name.startswith(f"{begun.name}."))])
    return found


def copies_of(folder: Path) -> tuple[str, ...]:
    """Return where a log's entries are that retiring it does not reach, as far as its private folder knows."""
    return read_places(private_folder(folder)).copies()


def _before(folder: Path) -> Iterator[Path]:
    """Yield the folders here of logs that say that this one goes on after them."""
    for signpost in sorted(folder.resolve().parent.glob(f"*{next_path(folder).suffix}")):
        earlier = signpost.with_name(signpost.name.removesuffix(signpost.suffix))
        following = next_shard(earlier)
        if following is not None and following.resolve() == folder.resolve():
            yield earlier


def _checked(folder: Path, following: Path) -> SignedCheckpoint:
    """Return the final checkpoint of a log that holds, and that the next one goes on after."""
    for earlier in _before(folder):
        if not is_retired(earlier):
            raise InputError(f"{folder}: {earlier.name} comes before it and has its entries: retire that one first")
    reader = FolderReader.open(folder)
    report = reader.check()
    wrong = [*report.problems, *filter(None, [link_problem(reader, FolderReader.open(following))])]
    if wrong or report.checkpoint is None:
        listed = "\n".join(wrong)
        raise VerificationError(f"{folder}: does not hold, so nothing was deleted; it may be evidence:\n{listed}")
    return report.checkpoint


def _told(folder: Path, final: SignedCheckpoint, ground: str, at: str, policy: bytes | None) -> bytes:
    """Append the event to the log that takes entries now; return its proof, with the event in it."""
    last = last_shard(folder)
    log, now = FolderLog.open(last), final.checkpoint
    fields = {
        "origin": log.origin,
        "retired": now.origin,
        "size": now.size,
        "root": now.root.hex(),
        "checkpoint_sha256": sha256(final.note).hexdigest(),
        "ground": ground,
        **({} if policy is None else {"policy_sha256": sha256(policy).hexdigest()}),
    }
    key = LogPrivate(private_folder(last)).key()
    whose = key.verifier.id.hex()  # what was begun under a key that was replaced since would not count under this one
    entry = once(beside(folder, f"{_BEGUN}.{whose}"), own_event("log.retired", fields, at, [key]))
    proof = log.reader.prove(log.extend([entry], event_id=f"log.retired {now.origin} {whose}".encode()).first)
    return Proof(proof.index, proof.hashes, proof.checkpoint, extra=entry).content()


def _delete(folder: Path) -> None:
    """Delete all that is the log's but its checkpoint and what stands beside its folder for those who verify.

    Its private folder, which knows what else there is, goes last.
    """
    private = private_folder(folder)
    for one in (*(one for one in sorted(folder.iterdir()) if one.name != CHECKPOINT), evidence_folder(folder)):
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink(missing_ok=True)
    delete_waiting(read_places(private))
    if private.is_dir():
        shutil.rmtree(private)
    sync_folder(folder)
    sync_folder(folder.parent)
