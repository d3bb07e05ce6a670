"""What ends and what follows: freezing a log, opening the shard that goes on, replacing a log's key.

Each writes its event into the log, signed with the log's own key. Each can be run again after an interruption, and
finishes then.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from assay.adapters.durable_files import (
    create_file,
    locked,
    read_file,
    remove_files,
    replace_file,
    settle_file,
    storage_errors,
)
from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_reader import keys_path, published_keys, second_vkey_path, vkey_path
from assay.adapters.folder_shards import event_of, link_problem, point_to
from assay.adapters.log_origin import check_origin
from assay.adapters.log_places import Places
from assay.adapters.log_private import LogPrivate, private_folder
from assay.attest import dsse
from assay.attest.keys import PrivateKey, Signer
from assay.errors import InputError, VerificationError
from assay.lifecycle.log_shards import next_shard
from assay.tlog.entry_bundle import MAX_ENTRY_BYTES
from assay.tlog.log_keys import KeyRange, LogKeys
from assay.tlog.vkey import ED25519, ML_DSA_44_COSIGNATURE
from assay.trail.events import event_statement, make_event

if TYPE_CHECKING:
    from pathlib import Path

    from assay.tlog.signed_checkpoint import SignedCheckpoint
    from assay.tlog.signer import SignerKey

_MAX_BYTES = 4_096
_HERE = Places()


@dataclass(frozen=True, slots=True)
class Rotated:
    """How a log's keys were replaced.

    Attributes:
        old: the verifier key that was.
        new: the verifier key that is.
        from_size: smallest checkpoint that the new ones sign.
        second: the new ML-DSA-44 verifier key, of a log that has two; else None.
    """

    old: str
    new: str
    from_size: int
    second: str | None = None


def own_event(kind: str, fields: dict[str, Any], at: str, keys: list[SignerKey]) -> bytes:
    """Return an event as a log's entry, signed with keys of a log."""
    event = make_event(kind, fields, claimed_at=at)
    signers = [Signer(key.name, PrivateKey(key.seed)) for key in keys]
    return dsse.sign(event_statement(event), signers).content()


def once(path: Path, entry: bytes) -> bytes:
    """Return the entry that was made first, kept at a path until it is in: appended again, it is the same."""
    kept = read_file(path, MAX_ENTRY_BYTES)
    if kept is None:
        create_file(path, entry, mode=0o600)
        return entry
    settle_file(path)
    return kept


def freeze(folder: Path, successor: str, at: str) -> SignedCheckpoint:
    """End a log: its last entry says so and names the log that goes on; return the final checkpoint.

    Args:
        folder: the log.
        successor: origin of the log that goes on.
        at: now, RFC 3339.

    Raises:
        InputError: when the successor cannot be a log's name, or is its own.
        VerificationError: when the log does not hold, or is frozen for another successor.
    """
    check_origin(successor)
    log = FolderLog.open(folder)
    if successor == log.origin:
        raise InputError(f"{successor}: expected another log's name: it is this one's own")
    entry = own_event("log.frozen", {"origin": log.origin, "successor": successor}, at, [_key(folder)])
    final = log.freeze(entry)
    (last,) = log.reader.entries(final.checkpoint.size - 1, final.checkpoint.size)
    said = event_of(last, "log.frozen") or {}
    if said.get("successor") != successor:
        raise VerificationError(f"{folder}: is frozen already, and {said.get('successor')} goes on")
    log.archive()
    return final


def successor_of(before: Path) -> str:
    """Return the origin of the log that goes on after a frozen one.

    Raises:
        InputError: when it is not frozen.
    """
    reader = FolderLog.open(before).reader
    size = reader.checkpoint().checkpoint.size
    last = next(iter(reader.entries(size - 1, size)), b"") if size else b""
    said = event_of(last, "log.frozen")
    if said is None:
        raise InputError(
            f"{before}: expected a frozen log, found one that takes entries. Run: assay log freeze {before}"
        )
    return str(said["successor"])


def open_next(before: Path, folder: Path, at: str, *, ml_dsa: bool = False, places: Places = _HERE) -> FolderLog:
    """Make the log that goes on after a frozen one; its first entry holds the final checkpoint's size, root and digest.

    Args:
        before: the frozen log.
        folder: where the new one will be.
        at: now, RFC 3339.
        ml_dsa: as `FolderLog.init`.
        places: as `FolderLog.init`.

    Raises:
        InputError: when the one before is not frozen, or another goes on already.
        VerificationError: when its last entry does not say that it is frozen.
    """
    ended = FolderLog.open(before)
    final = ended.reader.checkpoint()
    now, successor = final.checkpoint, successor_of(before)
    following = next_shard(before)
    if following is not None and following.resolve() != folder.resolve():
        raise InputError(f"{before}: {following} goes on after it already")
    private = LogPrivate(private_folder(folder))
    opened = FolderLog.open(folder) if private.has_guard() else None
    opened = opened or FolderLog.init(folder, successor, ml_dsa=ml_dsa, places=places)
    fields = {
        "origin": opened.origin,
        "predecessor": now.origin,
        "predecessor_size": now.size,
        "predecessor_root": now.root.hex(),
        "predecessor_checkpoint_sha256": sha256(final.note).hexdigest(),
    }
    if opened.reader.checkpoint().checkpoint.size == 0:
        opened.extend([own_event("log.opened", fields, at, [private.key()])], event_id=b"log.opened")
    problem = link_problem(ended.reader, opened.reader)
    if problem is not None:
        raise VerificationError(problem)
    with storage_errors(before, "The new log stands; run this again"):
        point_to(before, folder)
    return opened


def rotate_key(folder: Path, reason: str, at: str) -> Rotated:
    """Give a log new keys, one for each that it has; the old ones sign nothing from then on, and are gone.

    Old and new sign each checkpoint from the one before the event to the one that covers it, so that whoever trusts the
    ones can come to trust the others; both Ed25519 keys sign the event. ``LOG.keys`` says which sizes each may sign.

    Args:
        folder: the log.
        reason: ``planned``, ``lost``, ``stolen`` or ``algorithm``.
        at: now, RFC 3339.

    Raises:
        InputError: when the log is frozen.
        VerificationError: when it does not hold.
    """
    log = FolderLog.open(folder)
    if log.is_frozen:
        raise InputError(f"{folder}: expected a log that takes entries, found a frozen one: its key signs nothing more")
    private = LogPrivate(private_folder(folder))
    with storage_errors(private.path, "Run this again: it goes on where it was"), locked(private.path / "rotating"):
        pairs = _replacements(private, log.origin)
        first = pairs[0]
        from_size = _boundary(_noted(private, first.new, "size"), log)
        _publish_keys(folder, private, pairs, from_size)
        fields = {
            "whose": log.origin,
            **_named(pairs),
            "from_size": from_size,
            "reason": reason,
        }
        entry = own_event("key.rotated", fields, at, [first.old, first.new])
        name = f"key.rotated {_public_id(first.new)}".encode()
        FolderLog.open(folder).extend([once(_noted(private, first.new, "entry"), entry)], event_id=name)
        for path, one in zip((vkey_path(folder), second_vkey_path(folder)), pairs, strict=False):
            replace_file(path, f"{one.new.verifier}\n".encode())
        private.finish_rotation()
        remove_files(_noted(private, first.new, what) for what in ("size", "entry"))
    second = private.second_key()
    return Rotated(
        str(first.old.verifier), str(first.new.verifier), from_size, None if second is None else str(second.verifier)
    )


@dataclass(frozen=True, slots=True)
class _Replacement:
    """A key, and the one that takes its place."""

    old: SignerKey
    new: SignerKey


def _replacements(private: LogPrivate, origin: str) -> list[_Replacement]:
    """Return which keys are replaced by which, the Ed25519 key first; new ones are made unless a rotation goes on.

    ``key.next`` is made last and goes last: where it stands, a second key without a following one has moved already.
    """
    second = private.second_key()
    if second is not None and private.next_key() is None:
        private.next_second_key(make_for=origin)
    old, new, second_new = private.key(), private.next_key(make_for=origin), private.next_second_key()
    if new is None:
        raise AssertionError("a key was made for the log")
    pairs = [_Replacement(old, new)]
    if second is not None and second_new is not None:
        pairs.append(_Replacement(second, second_new))
    return pairs


def _key(folder: Path) -> SignerKey:
    return LogPrivate(private_folder(folder)).key()


def _public_id(key: SignerKey) -> str:
    """Return the SHA-256 of a key's SubjectPublicKeyInfo."""
    if key.kind == ED25519:
        return PrivateKey(key.seed).public.key_id
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey  # noqa: PLC0415 - few logs have one
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - as above

    public = MLDSA44PublicKey.from_public_bytes(key.verifier.public)
    return sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _named(pairs: list[_Replacement]) -> dict[str, str]:
    """Return the keys as the event names them."""
    kinds = {ED25519: "key_sha256", ML_DSA_44_COSIGNATURE: "ml_dsa_key_sha256"}
    return {
        f"{age}_{kinds[key.kind]}": _public_id(key)
        for one in pairs
        for age, key in (("old", one.old), ("new", one.new))
    }


def _noted(private: LogPrivate, new: SignerKey, what: str) -> Path:
    """Return where a rotation to a key notes something, until it is over."""
    return private.path / f"rotation.{new.verifier.id.hex()}.{what}"


def _boundary(path: Path, log: FolderLog) -> int:
    """Return the smallest size that the new key signs: one more than what is published now, kept until it is done."""
    kept = read_file(path, _MAX_BYTES)
    if kept is not None:
        return int(json.loads(kept))
    size = log.publish().checkpoint.size + 1
    create_file(path, json.dumps(size).encode(), mode=0o600)
    return size


def _publish_keys(folder: Path, private: LogPrivate, pairs: list[_Replacement], from_size: int) -> None:
    """Say which sizes each key may sign, for those who verify; the old ranges stay."""
    known = [one.verifier for one in (private.key(), private.second_key()) if one is not None]
    ranges = list(published_keys(folder, known).ranges)
    for new in [one.new for one in pairs if one.new.verifier not in {each.key for each in ranges}]:
        ranges = [
            KeyRange(one.key, one.first, from_size) if one.end is None and one.key.kind == new.kind else one
            for one in ranges
        ]
        ranges.append(KeyRange(new.verifier, from_size))
    replace_file(keys_path(folder), LogKeys(tuple(ranges)).content())
