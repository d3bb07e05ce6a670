"""Reading a log that is a plain folder of tiles: proofs, entries, and the check of every stored byte.

Needs the folder and the log's verifier key, and nothing private; so an auditor with a copy can do all of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.adapters.durable_files import read_file
from assay.adapters.folder_tiles import CHECKPOINT, TILE_CAP
from assay.errors import AssayError, InputError, VerificationError
from assay.lifecycle.log_shards import missing_log
from assay.lifecycle.retired import deleted, is_retired
from assay.tlog.audit import audit
from assay.tlog.log_keys import MAX_LOG_KEYS, LogKeys, always, parse_log_keys
from assay.tlog.merkle import hash_leaf, verify_consistency, verify_inclusion
from assay.tlog.note import MAX_NOTE_BYTES
from assay.tlog.proof import Proof
from assay.tlog.tile import TILE_WIDTH
from assay.tlog.tiled_tree import TiledTree
from assay.tlog.tree import consistency_proof, inclusion_proof
from assay.tlog.vkey import MAX_VKEY_CHARACTERS, VerifierKey, parse_vkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assay.tlog.signed_checkpoint import SignedCheckpoint


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check of a whole log found.

    Attributes:
        checkpoint: the checkpoint that was checked against; None when it does not hold itself.
        files: stored files that were read.
        problems: what is wrong and where; empty when everything agrees.
        notes: what is worth knowing and not wrong.
    """

    checkpoint: SignedCheckpoint | None
    files: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def vkey_path(folder: Path) -> Path:
    """Return where a log's verifier key is published: beside its folder, never in it."""
    return folder.with_name(f"{folder.name}.vkey")


def read_vkey(path: Path) -> VerifierKey:
    """Read a verifier key from a file.

    Raises:
        InputError: when there is none, or it is not one.
    """
    content = read_file(path, MAX_VKEY_CHARACTERS)
    if content is None:
        raise InputError(f"expected the log's verifier key at {path}, found none. Give it with --vkey")
    return parse_vkey(content.decode("utf-8", "replace").removesuffix("\n"))


def second_vkey_path(folder: Path) -> Path:
    """Return where the ML-DSA-44 verifier key of a log that has two keys is published."""
    return folder.with_name(f"{folder.name}.ml-dsa.vkey")


def keys_path(folder: Path) -> Path:
    """Return where the keys of a log that has had several are published, by the sizes they may sign."""
    return folder.with_name(f"{folder.name}.keys")


def published_keys(folder: Path, known: Sequence[VerifierKey] = ()) -> LogKeys:
    """Return the keys published beside a log's folder: by sizes, where it has had several (`assay.tlog.log_keys`).

    Args:
        folder: the log.
        known: the keys that it has now, for who need not read them.

    Raises:
        InputError: when there are none.
        DocumentError: when the file of keys by sizes is wrong.
    """
    content = read_file(keys_path(folder), MAX_VKEY_CHARACTERS * MAX_LOG_KEYS)
    if content is not None:
        return parse_log_keys(content, name=keys_path(folder).name)
    second = second_vkey_path(folder)
    return always(*(known or [read_vkey(vkey_path(folder)), *([read_vkey(second)] if second.exists() else [])]))


def one_log(given: str) -> LogKeys:
    """Return the keys of one log that a user gives: as `assay.lifecycle.log_trust.trust_given`.

    Raises:
        InputError: when they are of several, or none.
    """
    from assay.lifecycle.log_trust import trust_given  # noqa: PLC0415 - who writes the log does without it

    logs = trust_given(given).logs
    if len(logs) != 1:
        raise InputError(f"{given:.60}: expected the keys of one log, found those of {len(logs)}")
    return logs[0]


class FolderReader:
    """A log's folder, read only."""

    def __init__(self, folder: Path, keys: LogKeys) -> None:
        """Take the folder, and the log's keys by the sizes they may sign."""
        self._folder = folder
        self._keys = keys

    @classmethod
    def open(cls, folder: Path, vkey: str | None = None) -> FolderReader:
        """Open a log with the keys given, or with those published beside the folder.

        Args:
            folder: the log.
            vkey: its verifier key, or a file of its keys (`one_log`).

        Raises:
            InputError: when folder or key is missing.
            VerificationError: when the log was here, and its folder is gone.
        """
        if not folder.is_dir():
            raise missing_log(folder, "a log's folder", f". Make one with: assay log init {folder}")
        if vkey is None:
            return cls(folder, published_keys(folder))
        return cls(folder, one_log(vkey))

    @property
    def keys(self) -> LogKeys:
        """The log's keys by the sizes they may sign."""
        return self._keys

    @property
    def key(self) -> VerifierKey:
        """The log's verifier key: the last that it has had, of Ed25519 unless it has had none."""
        return self._keys.newest

    def fetch(self, path: str) -> bytes | None:
        """Return the bytes of a path below the log, or None.

        Raises:
            InputError: when it was deleted with all entries of the log, because it was retired.
        """
        content = read_file(self._folder / path, TILE_CAP)
        if content is None and is_retired(self._folder):
            raise deleted(self._folder)
        return content

    def checkpoint(self) -> SignedCheckpoint:
        """Return the current checkpoint.

        Raises:
            VerificationError: when it is missing, or not signed by the log, with both keys if it has two.
        """
        note = read_file(self._folder / CHECKPOINT, MAX_NOTE_BYTES)
        if note is None:
            raise VerificationError(f"{self._folder / CHECKPOINT}: expected the log's signed checkpoint, found none")
        return self.opened(note)

    def opened(self, note: bytes) -> SignedCheckpoint:
        """Open a checkpoint of this log.

        Raises:
            VerificationError: when it is not signed by the log, with both keys if it has two.
        """
        return self._keys.open(note)

    def tree(self, size: int) -> TiledTree:
        """Return the tree of a size, read from the tiles."""
        return TiledTree(self.fetch, size)

    def entries(self, first: int, end: int) -> Iterator[bytes]:
        """Yield the entries from ``first`` up to, not including, ``end``; they are not verified."""
        size = self.checkpoint().checkpoint.size
        tree = self.tree(size)
        for bundle in range(first // TILE_WIDTH, -(-min(end, size) // TILE_WIDTH)):
            start = bundle * TILE_WIDTH
            yield from tree.entries(bundle)[max(first - start, 0) : max(end - start, 0)]

    def prove(self, index: int) -> Proof:
        """Return the inclusion proof of an entry under the current checkpoint; it is verified before it is returned.

        Raises:
            InputError: when there is no such entry.
            VerificationError: when entry, tiles and checkpoint do not agree.
        """
        signed = self.checkpoint()
        tree = self.tree(signed.checkpoint.size)
        if not 0 <= index < tree.size:
            held = f"0 to {tree.size - 1}" if tree.size else "none yet"
            raise InputError(f"entry {index}: the log {self._keys.origin} holds {held}")
        return prove_in(tree, signed, index, hash_leaf(tree.entry(index)))

    def check(self, old: bytes | None = None, *, excused: Callable[[str], bool] | None = None) -> CheckReport:
        """Re-hash every stored byte and compare it with what follows from the entries.

        Args:
            old: a signed checkpoint seen earlier; the log must be a continuation of it.
            excused: says which paths an interrupted publisher left; they are not looked at.
        """
        paths = sorted(path for path in self._stored() if excused is None or not excused(path))
        try:
            signed = self.checkpoint()
        except AssayError as error:
            return CheckReport(None, len(paths), (f"{CHECKPOINT}: {error}",))
        problems = audit(self.fetch, signed.checkpoint, (path for path in paths if path != CHECKPOINT))
        rewritten = None if old is None else self._compare_old(old, signed)
        problems += [rewritten] if rewritten else []
        return CheckReport(signed, len(paths), tuple(problems))

    def _stored(self) -> Iterator[str]:
        for folder, _, names in os.walk(self._folder):
            for name in names:
                yield (Path(folder) / name).relative_to(self._folder).as_posix()

    def _compare_old(self, old: bytes, signed: SignedCheckpoint) -> str | None:
        try:
            before, now = self.opened(old).checkpoint, signed.checkpoint
            if before.size > now.size:
                return f"log: cut: it had {before.size} entries at the old checkpoint, it has {now.size} now"
            if before.size == 0:
                return None  # every log continues the empty one
            proof = consistency_proof(before.size, now.size, self.tree(now.size).node)
        except VerificationError as error:
            return f"old checkpoint: {error}"
        if verify_consistency(before.size, now.size, before.root, now.root, proof):
            return None
        return f"log: rewritten: its first {before.size} entries are not those of the old checkpoint"


def prove_in(tree: TiledTree, signed: SignedCheckpoint, index: int, leaf: bytes) -> Proof:
    """Return the proof that a leaf hash stands in a tree at an index, verified against the tree's checkpoint.

    Raises:
        VerificationError: when leaf, tiles and checkpoint do not agree.
    """
    now = signed.checkpoint
    hashes = tuple(inclusion_proof(index, now.size, tree.node))
    if not verify_inclusion(index, now.size, leaf, hashes, now.root):
        raise VerificationError(
            f"entry {index}: entry and tiles do not hash to the root of the checkpoint of size {now.size}. See what "
            "differs with: assay log check"
        )
    return Proof(index, hashes, signed.note)
