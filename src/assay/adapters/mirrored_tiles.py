"""Tiles in a log's folder and, before anything is signed, in write-once storage as well: S3 or Azure.

Readers use the folder; the store holds what nobody can take back. Each step of publishing writes its tiles to both, and
reads them back, before the guard moves: with the store unreachable entries stay durable and publishing waits. The
store's own ``checkpoint`` follows the folder's: `MirroredTiles.settle` moves it, also after an interruption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.folder_tiles import CHECKPOINT
from assay.errors import AssayError, VerificationError
from assay.tlog.audit import audit
from assay.tlog.compact_range import read_compact_range
from assay.tlog.tile import parse_tile_path
from assay.tlog.tiled_tree import TiledTree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.adapters.azure_tiles import AzureTiles
    from assay.adapters.folder_tiles import FolderTiles
    from assay.adapters.s3_tiles import S3Tiles
    from assay.tlog.checkpoint import Checkpoint
    from assay.tlog.signed_checkpoint import SignedCheckpoint

    Opened = Callable[[bytes], SignedCheckpoint]

ARCHIVED = "checkpoints/"


class MirroredTiles:
    """A folder and two buckets as one store of tiles (`assay.lifecycle.publishing.TileStore`)."""

    def __init__(self, folder: FolderTiles, store: S3Tiles | AzureTiles) -> None:
        """Take both."""
        self._folder, self._store = folder, store
        self.fetch = folder.fetch
        self.replace_checkpoint = folder.replace_checkpoint
        self.sweep = folder.sweep
        self.remove_partials = folder.remove_partials

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write new files durably to both; one that is there already must hold the same bytes.

        Raises:
            VerificationError: when one holds others, or what was written reads back differently.
            StorageError: when the store refuses.
            OSError: when the disk refuses.
        """
        self._folder.create(files)
        self._store.create(files)

    def check_behind(self, guard: Checkpoint, opened: Opened) -> None:
        """Check that the store has no checkpoint that the guard knows nothing of.

        Raises:
            VerificationError: when it has: this machine was restored from a backup, or another one publishes, too.
        """
        found = self._head(opened)
        if found is not None and found.checkpoint.size > guard.size:
            raise VerificationError(
                f"store: its checkpoint has {found.checkpoint.size} entries, the guard here knows {guard.size}: this "
                "machine was restored from a backup, or another one publishes this log, too. Nothing was signed"
            )

    def settle(self, signed: SignedCheckpoint, opened: Opened) -> None:
        """Make the store's checkpoint the one that was published, and remove the partial tiles that it needs no more.

        Raises:
            VerificationError: when the store's is not an earlier one of the same log.
            StorageError: when the store refuses.
        """
        found, now = self._head(opened), signed.checkpoint
        if found is None:
            self._store.make_checkpoint(signed.note)
            return
        if found.note == signed.note:
            return
        before = found.checkpoint
        tree = TiledTree(self._folder.fetch, now.size)
        if before.size > now.size or read_compact_range(before.size, tree.node).root() != before.root:
            raise VerificationError(
                f"store: its checkpoint of {before.size} entries is not an earlier one of this log. Keep it: signed by "
                "the log's key, it tells of another history"
            )
        self._store.replace_checkpoint(found.note, signed.note)
        self._store.remove_partials(before.size, now.size)

    def problems(self, opened: Opened, waiting: int) -> tuple[int, list[str]]:
        """Read everything that the store holds, re-hash it, and look at every lock.

        Args:
            opened: opens a checkpoint of the log.
            waiting: the size that an interrupted publisher may have been on its way to.

        Returns:
            How many objects there are, and what is wrong.
        """
        paths = list(self._store.paths())
        try:
            found = self._head(opened)
        except AssayError as error:
            return len(paths), [f"store: {CHECKPOINT}: {error}"]
        if found is None:
            return len(paths), [f"store: {CHECKPOINT}: expected the log's signed checkpoint, found none"]
        now = found.checkpoint
        tiles = [path for path in paths if path.startswith("tile/") and not _is_beyond(path, now.size, waiting)]
        strange = [path for path in paths if path != CHECKPOINT and not path.startswith(("tile/", ARCHIVED))]
        problems = audit(self._store.fetch, now, tiles)
        problems += [f"{path}: does not belong to a log" for path in strange]
        if not problems:
            tree = TiledTree(self._store.fetch, now.size)
            problems += [
                said for path in paths if path.startswith(ARCHIVED) for said in self._archived(path, tree, opened)
            ]
        return len(paths), [f"store: {problem}" for problem in (*problems, *self._store.problems())]

    def archive(self, signed: SignedCheckpoint) -> None:
        """Keep a checkpoint for good, under Object Lock; the first one of its size stays."""
        path = f"{ARCHIVED}{signed.checkpoint.size}"
        if self._store.fetch(path) is None:
            self._store.create([(path, signed.note)])

    def collect(self, size: int) -> int:
        """Remove every partial tile that a full one has replaced, from both; return how many went."""
        return self._folder.collect(size) + self._store.collect(size)

    def set_legal_hold(self, path: str, *, on: bool) -> None:
        """Put a legal hold on what the store has locked at a path, or lift it."""
        self._store.set_legal_hold(path, on=on)

    def _archived(self, path: str, tree: TiledTree, opened: Opened) -> list[str]:
        try:
            kept = opened(self._store.fetch(path) or b"").checkpoint
            if kept.size <= tree.size and read_compact_range(kept.size, tree.node).root() == kept.root:
                return []
        except AssayError as error:
            return [f"{path}: {error}"]
        return [f"{path}: is a checkpoint of another history than the log's {tree.size} entries"]

    def _head(self, opened: Opened) -> SignedCheckpoint | None:
        note = self._store.fetch(CHECKPOINT)
        return None if note is None else opened(note)


def _is_beyond(path: str, size: int, waiting: int) -> bool:
    """Return whether a path is of a tile that the store's checkpoint does not need yet."""
    try:
        return size < parse_tile_path(path).end <= waiting
    except VerificationError:
        return False
