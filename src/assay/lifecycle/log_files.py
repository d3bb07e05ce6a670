"""A log read from its folder: checkpoints, proofs, and whether other checkpoints are of its history.

Beside the folder lie archived checkpoints, ``LOG.checkpoints/<size>``: each with the cosignatures it got, and with the
timestamps over it, ``<size>.tsr`` or ``<size>.<authority>.tsr``. They tell by when the log had which entries.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.lifecycle.log_shards import shards
from assay.lifecycle.log_trust import LogTrust, beside, trust_beside
from assay.lifecycle.project import read_file
from assay.lifecycle.retired import is_retired
from assay.tlog.merkle import hash_leaf, verify_consistency
from assay.tlog.proof import Proof
from assay.tlog.tiled_tree import TiledTree
from assay.tlog.tree import consistency_proof, inclusion_proof

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.tlog.checkpoint import Checkpoint
    from assay.tlog.signed_checkpoint import SignedCheckpoint

CHECKPOINT, ARCHIVE = "checkpoint", "checkpoints"
_TILE = 256


@dataclass(frozen=True, slots=True)
class Archived:
    """A checkpoint that was kept, with what others have said of it.

    Attributes:
        name: how to call it, for the reader.
        note: the signed checkpoint with its cosignatures.
        timestamps: file name to content.
    """

    name: str
    note: bytes
    timestamps: dict[str, bytes] = field(default_factory=dict)


def read_archived(path: Path, name: str) -> Archived:
    """Read a checkpoint and the timestamps beside it: ``<file>.tsr``, ``<file>.<authority>.tsr``.

    Raises:
        InputError: when there is none, or it cannot be read.
    """
    tokens = sorted(path.parent.glob(f"{path.name}.tsr")) + sorted(path.parent.glob(f"{path.name}.*.tsr"))
    return Archived(
        name, read_file(path, "a signed checkpoint"), {one.name: read_file(one, "a timestamp") for one in tokens}
    )


@dataclass(frozen=True)
class LogFiles:
    """A log, read from its tiles.

    Attributes:
        folder: the tiles.
        trust: whom to believe about it.
    """

    folder: Path
    trust: LogTrust

    @cached_property
    def signed(self) -> SignedCheckpoint:
        """The current checkpoint."""
        return self.trust.open(read_file(self.folder / CHECKPOINT, "the log's checkpoint"))

    @cached_property
    def tree(self) -> TiledTree:
        """The tree that the current checkpoint covers."""
        return TiledTree(self._fetch, self.signed.checkpoint.size)

    def _fetch(self, path: str) -> bytes | None:
        place = self.folder / path
        return place.read_bytes() if place.is_file() else None

    @cached_property
    def _places(self) -> dict[bytes, int]:
        """Return where each leaf hash stands first; 32 bytes an entry are read."""
        leaves = (leaf for tile in range(-(-self.tree.size // _TILE)) for leaf in self.tree.hashes(0, tile))
        found: dict[bytes, int] = {}
        for index, leaf in enumerate(leaves):
            found.setdefault(leaf, index)
        return found

    def prove(self, entry: bytes, index: int | None = None) -> bytes | None:
        """Return the ``.tlog-proof`` of an entry under the current checkpoint; None when it is not in the log.

        Args:
            entry: the entry.
            index: where it stands, if that is known.

        Raises:
            VerificationError: when it does not stand there, or the tiles do not hash to the checkpoint.
        """
        place = self.place_of(entry) if index is None else index
        if place is None:
            return None
        if place >= self.tree.size:
            raise VerificationError(
                f"log: expected entry {place}, which a receipt names, found only {self.tree.size} entries: the log at "
                f"{self.folder} was cut, or is another one. See: assay log check {self.folder}"
            )
        return self.prove_under(self.signed, entry, place)

    def place_of(self, entry: bytes) -> int | None:
        """Return the index of an entry where it stands first; None when it is not in the log."""
        return self._places.get(hash_leaf(entry))

    def prove_under(self, signed: SignedCheckpoint, entry: bytes, index: int) -> bytes:
        """Return the ``.tlog-proof`` of an entry under a checkpoint that this log continues, and that covers it.

        Raises:
            VerificationError: when the tiles do not hash to the checkpoint.
        """
        proof = Proof(index, tuple(inclusion_proof(index, signed.checkpoint.size, self.tree.node)), signed.note)
        proof.verify_under(signed, hash_leaf(entry))
        return proof.content()

    def contradiction(self, other: Checkpoint, name: str) -> str | None:
        """Return how a signed checkpoint and this log belong to two histories; None when the log continues it."""
        now = self.signed.checkpoint
        if other.origin != now.origin or other.size == 0:
            return None
        if other.size > now.size:
            return (
                f"{name}: the log has signed {other.size} entries, and holds {now.size} now at {self.folder}: it was "
                "cut, or restored from a backup"
            )
        proof = consistency_proof(other.size, now.size, self.tree.node)
        if verify_consistency(other.size, now.size, other.root, now.root, proof):
            return None
        return (
            f"{name}: split view: the log {now.origin} has signed two histories. The log at {self.folder}, of size "
            f"{now.size}, does not continue this checkpoint of size {other.size}. Keep both: together they convict it"
        )

    def archived(self) -> Iterator[Archived]:
        """Yield the checkpoints archived beside the log, smallest first."""
        archive = beside(self.folder, ARCHIVE)
        paths = [path for path in archive.glob("*") if path.name.isascii() and path.name.isdecimal()]
        for path in sorted(paths, key=lambda one: (len(one.name), one.name)):
            yield read_archived(path, f"{archive.name}/{path.name}")


def archived_checkpoints(folder: Path) -> dict[int, SignedCheckpoint]:
    """Return the checkpoints archived beside a log, by size; what the log's published keys did not sign is left out."""
    log = log_files(folder, trust_beside(folder))
    found: dict[int, SignedCheckpoint] = {}
    if log is None:
        return found
    for one in log.archived():
        with contextlib.suppress(VerificationError):  # it proves nothing; `assay verify` and `assay log check` name it
            signed = log.trust.open(one.note)
            found[signed.checkpoint.size] = signed
    return found


def all_log_files(folder: Path, trust: LogTrust) -> tuple[LogFiles, ...]:
    """Return the log in a folder and those that go on after it; none where nothing is, or no key of it is known."""
    found = (log_files(one, trust) for one in shards(folder))
    return tuple(one for one in found if one is not None)


def log_files(folder: Path, trust: LogTrust) -> LogFiles | None:
    """Return the log in a folder; None when there is none, its entries were deleted, or none of its keys is known."""
    here = (folder / CHECKPOINT).is_file() and not is_retired(folder)
    return LogFiles(folder, trust) if trust.logs and here else None
