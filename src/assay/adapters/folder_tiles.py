"""Tiles and checkpoint in a folder that is served as it is (C2SP tlog-tiles 0.1.0): the writing side."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from assay.adapters.durable_files import NewFiles, read_file, replace_file, sync_folder, temporary_name
from assay.errors import VerificationError
from assay.tlog.entry_bundle import MAX_ENTRY_BYTES
from assay.tlog.note import MAX_NOTE_BYTES
from assay.tlog.tile import TILE_WIDTH, Tile, parse_tile_path, tile_path, tiles_between

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CHECKPOINT = "checkpoint"
TILE_CAP = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)


class FolderTiles:
    """A log's folder as a store of tiles (`assay.lifecycle.publishing.TileStore`)."""

    def __init__(self, folder: Path, marker: Path) -> None:
        """Take the folder, and where a file stands while its tiles are being written."""
        self._folder = folder
        self._marker = marker

    def fetch(self, path: str) -> bytes | None:
        """Return the bytes of a path below the log, or None."""
        return read_file(self._folder / path, TILE_CAP)

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write new files durably; one that is there already must hold the same bytes.

        Raises:
            VerificationError: when it holds others, or what was written reads back differently.
            OSError: when the disk refuses.
        """
        self._marker.touch(mode=0o600)  # not synchronised: a journal keeps it before what comes after
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
        if not self._marker.exists():
            return
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
        self._marker.unlink(missing_ok=True)

    def collect(self, size: int) -> int:
        """Remove every partial tile whose full one a tree of ``size`` entries has; return how many files went."""
        removed = 0
        for partial in sorted(self._folder.glob("tile/**/*.p")):
            whole = partial.with_name(partial.name.removesuffix(".p"))
            with contextlib.suppress(VerificationError):  # no tile's name: the check tells of it
                tile = parse_tile_path(whole.relative_to(self._folder).as_posix())
                if tile.end <= size and whole.is_file():
                    removed += sum(1 for _ in partial.iterdir())
                    shutil.rmtree(partial)
        return removed
