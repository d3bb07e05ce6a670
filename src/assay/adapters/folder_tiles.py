"""Tiles and checkpoint in a folder that is served as it is (C2SP tlog-tiles 0.1.0): the writing side."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from assay.adapters.durable_files import NewFiles, read_file, replace_file, sync_folder, temporary_name
from assay.errors import VerificationError
from assay.tlog.entry_bundle import MAX_ENTRY_BYTES
from assay.tlog.note import MAX_NOTE_BYTES
from assay.tlog.tile import TILE_WIDTH, Tile, tile_path, tiles_between

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CHECKPOINT = "checkpoint"
TILE_CAP = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)


class FolderTiles:
    """A log's folder as a store of tiles (`assay.lifecycle.publishing.TileStore`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, path: str) -> bytes | None:
        """Return the bytes of a path below the log, or None."""
        return read_file(self._folder / path, TILE_CAP)

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write new files durably; one that is there already must hold the same bytes.

        Raises:
            VerificationError: when it holds others, or what was written reads back differently.
            OSError: when the disk refuses.
        """
        new = NewFiles(self._folder)
        try:
            for path, content in files:
                self._create(new, path, content)
            new.commit()
        finally:
            new.close()
        for path, content in files:
            if self.fetch(path) != content:
                raise VerificationError(f"{path}: reads back other bytes than were written; check the disk")

    def _create(self, new: NewFiles, path: str, content: bytes) -> None:
        found = self.fetch(path)
        if found is None:
            new.create(self._folder / path, content)
        elif found != content:
            raise VerificationError(
                f"{path}: exists with other bytes than follow from the log's entries, though the log ends before it. "
                "Was an older checkpoint restored? Nothing was signed"
            )

    def replace_checkpoint(self, old: bytes, new: bytes) -> None:
        """Replace the signed checkpoint; the caller holds the log's lock, so nobody comes between.

        Raises:
            VerificationError: when it is not the old one.
            OSError: when the disk refuses.
        """
        if read_file(self._folder / CHECKPOINT, MAX_NOTE_BYTES) != old:
            raise VerificationError(f"{self._folder / CHECKPOINT}: changed under the writer")
        replace_file(self._folder / CHECKPOINT, new)

    def sweep(self, old: int, size: int) -> None:
        """Tidy up after an interrupted writer: remove temporary files, and make the folders that it made durable."""
        paths = [self._folder / tile_path(Tile(tile.level, tile.index)) for tile in tiles_between(old, size)]
        folders = {self._folder, *(path.with_name(f"{path.name}.p") for path in paths)}
        for path in paths:
            folders |= {parent for parent in path.parents if parent.is_relative_to(self._folder)}
        for folder in sorted((folder for folder in folders if folder.is_dir()), reverse=True):
            for path in folder.glob(temporary_name("*")):
                path.unlink(missing_ok=True)
            sync_folder(folder)

    def remove_partials(self, old: int, size: int) -> None:
        """Remove the partial tiles that the growth between two published sizes replaced by full ones."""
        for tile in tiles_between(old, size):
            partial = self._folder / f"{tile_path(tile)}.p"
            if tile.width == TILE_WIDTH and partial.is_dir():
                shutil.rmtree(partial)
