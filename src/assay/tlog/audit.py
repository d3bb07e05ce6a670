"""Checking a whole log: every stored byte is read and re-hashed (C2SP tlog-tiles 0.1.0).

The entries are the truth: leaf hashes follow from them, tiles from leaf hashes, and the root from tiles. Each stored
tile is compared with what follows from the entries, partial tiles of earlier sizes with the tile that replaced them,
and the root with the checkpoint. For example ``tile/0/000: hash 17 does not follow from entry 17, which is
in tile/entries/000`` says that one of the two was edited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.tlog.encoding import HASH_SIZE, encode_base64
from assay.tlog.entry_bundle import split_entries
from assay.tlog.growth import Edge
from assay.tlog.merkle import hash_leaf
from assay.tlog.tile import ENTRIES, TILE_WIDTH, Tile, parse_tile_path, tile_at, tile_path, tiles_between
from assay.tlog.tiled_tree import cut
from assay.tlog.tree import perfect_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.tlog.checkpoint import Checkpoint
    from assay.tlog.tiled_tree import Fetch


def _first_difference(stored: bytes, expected: bytes) -> int:
    pairs = zip(stored, expected, strict=False)
    return next((i for i, (left, right) in enumerate(pairs) if left != right), min(len(stored), len(expected)))


class _Audit:
    def __init__(self, fetch: Fetch, checkpoint: Checkpoint) -> None:
        self._fetch = fetch
        self._size = checkpoint.size
        self._checkpoint = checkpoint
        self._rows: list[list[bytes]] = []
        self._counts: list[int] = []
        self.problems: list[str] = []

    def run(self) -> None:
        for bundle in range(-(-self._size // TILE_WIDTH)):
            leaves = self._leaves(tile_at(ENTRIES, bundle, self._size))
            if leaves is None:
                self.problems.append("root: cannot be computed, since entries cannot be read")
                return
            self._add(0, leaves)
        for level, row in enumerate(self._rows):
            if row:
                self._compare(Tile(level, self._counts[level], len(row)), row)
        root = Edge(self._size, tuple(map(tuple, self._rows))).root()
        if root != self._checkpoint.root:
            self.problems.append(
                f"root: the entries hash to {encode_base64(root)}, the checkpoint of size {self._size} says "
                f"{encode_base64(self._checkpoint.root)}"
            )

    def _leaves(self, tile: Tile) -> list[bytes] | None:
        path = tile_path(tile)
        content = self._fetch(path)
        if content is None:
            self.problems.append(f"{path}: missing")
            return None
        try:
            return [hash_leaf(entry) for entry in split_entries(content, tile.width, path)]
        except VerificationError as error:
            self.problems.append(str(error))
            return None

    def _add(self, level: int, hashes: list[bytes]) -> None:
        if level == len(self._rows):
            self._rows.append([])
            self._counts.append(0)
        row = self._rows[level]
        row += hashes
        if len(row) == TILE_WIDTH:
            self._compare(Tile(level, self._counts[level]), row)
            self._add(level + 1, [perfect_root(row)])
            self._counts[level] += 1
            row.clear()

    def _compare(self, tile: Tile, row: list[bytes]) -> None:
        path, expected = tile_path(tile), b"".join(row)
        stored = self._fetch(path)
        if stored is None:
            self.problems.append(f"{path}: missing")
        elif stored != expected:
            number = _first_difference(stored, expected) // HASH_SIZE
            place = tile.index * TILE_WIDTH + number
            if tile.level == 0:
                source = f"entry {place}, which is in {tile_path(tile_at(ENTRIES, tile.index, self._size))}"
            else:
                source = tile_path(Tile(tile.level - 1, place))
            self.problems.append(
                f"{path}: hash {number} does not follow from {source}; {len(stored)} bytes stored, "
                f"{len(expected)} expected"
            )


def _strays(fetch: Fetch, size: int, paths: Iterable[str]) -> Iterator[str]:
    """Yield a problem for each stored path that the tree does not require, and that no earlier size explains."""
    for path in paths:
        try:
            tile = parse_tile_path(path)
        except VerificationError:
            yield f"{path}: no file of a log bears this name"
            continue
        try:
            required = tile_at(tile.level, tile.index, size)
        except ValueError:
            required = None
        if required is None or tile.width > required.width:
            yield f"{path}: belongs to a larger tree than the checkpoint's {size} entries"
        elif tile != required:
            whole = fetch(tile_path(required))
            try:
                agrees = whole is None or fetch(path) == cut(whole, tile, required.width, path)
            except VerificationError:
                continue  # the bundle itself is broken, and named for it
            if not agrees:
                yield f"{path}: differs from the start of {tile_path(required)}, which replaced it"


def audit(fetch: Fetch, checkpoint: Checkpoint, paths: Iterable[str]) -> list[str]:
    """Re-hash a whole log and compare everything stored with what follows from the entries.

    Args:
        fetch: gives the bytes of a path below the log's address, or None.
        checkpoint: the checkpoint to check against; its signature is the caller's matter.
        paths: every path stored, ``checkpoint`` left out.

    Returns:
        What is wrong and where, in words; empty when everything agrees.
    """
    found = _Audit(fetch, checkpoint)
    found.run()
    return [*found.problems, *_strays(fetch, checkpoint.size, paths)]


def required_paths(size: int) -> set[str]:
    """Return the path of every tile and bundle that a log of this size must serve."""
    return {tile_path(tile) for tile in tiles_between(0, size)}
