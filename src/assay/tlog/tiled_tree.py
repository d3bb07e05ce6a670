"""Reading a tree from its tiles (C2SP tlog-tiles 0.1.0, https://c2sp.org/tlog-tiles).

A *fetcher* gives the bytes of a tile, or of the full tile where a partial one was deleted, or None. It may read a
folder, a bucket or an archive; this file only asks. A tree of 1,000 entries has level 0 in four tiles and level 1 in
one, ``tile/1/000.p/3``; its proofs need at most one tile a level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from assay.errors import VerificationError
from assay.tlog.encoding import HASH_SIZE
from assay.tlog.entry_bundle import entry_of, split_entries
from assay.tlog.tile import ENTRIES, TILE_WIDTH, Tile, split_hashes, tile_at, tile_path
from assay.tlog.tree import perfect_root

if TYPE_CHECKING:
    from collections.abc import Callable

    Fetch: TypeAlias = Callable[[str], bytes | None]

_LEVELS_A_TILE = 8


def fetch_tile(fetch: Fetch, tile: Tile) -> bytes:
    """Return the content of a tile or bundle; a deleted partial one is cut from the full one.

    Raises:
        VerificationError: when neither is there, or the full bundle cannot be cut.
    """
    path = tile_path(tile)
    content = fetch(path)
    if content is not None:
        return content
    if tile.width < TILE_WIDTH:
        full_path = tile_path(Tile(tile.level, tile.index))
        full = fetch(full_path)
        if full is not None:
            return cut(full, tile, TILE_WIDTH, full_path)
    raise VerificationError(f"{path}: missing")


def cut(content: bytes, tile: Tile, width: int, name: str) -> bytes:
    """Return the first ``tile.width`` hashes or entries of a tile or bundle that holds ``width``."""
    if tile.level != ENTRIES:
        return content[: tile.width * HASH_SIZE]
    entries = split_entries(content, width, name)
    return content[: sum(2 + len(entry) for entry in entries[: tile.width])]


class TiledTree:
    """The tree of one checkpoint, read from tiles on demand; tiles once read are kept.

    Nothing that it returns is verified: the caller compares with the checkpoint's root.
    """

    def __init__(self, fetch: Fetch, size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._tiles: dict[Tile, list[bytes]] = {}
        self._nodes: dict[tuple[int, int], bytes] = {}

    @property
    def size(self) -> int:
        """Entries of the tree."""
        return self._size

    def hashes(self, level: int, index: int) -> list[bytes]:
        """Return the hashes of tile ``index`` at ``level``."""
        tile = tile_at(level, index, self._size)
        if tile not in self._tiles:
            self._tiles[tile] = split_hashes(fetch_tile(self._fetch, tile), tile)
        return self._tiles[tile]

    def node(self, level: int, index: int) -> bytes:
        """Return the hash over leaves ``[index << level, (index + 1) << level)``; a node reader."""
        if (level, index) not in self._nodes:
            tile_level, height = divmod(level, _LEVELS_A_TILE)
            tile, start = divmod(index << height, TILE_WIDTH)
            row = self.hashes(tile_level, tile)[start : start + (1 << height)]
            self._nodes[level, index] = perfect_root(row)
        return self._nodes[level, index]

    def entries(self, index: int) -> list[bytes]:
        """Return the entries of bundle ``index``."""
        tile = tile_at(ENTRIES, index, self._size)
        return split_entries(fetch_tile(self._fetch, tile), tile.width, tile_path(tile))

    def entry(self, index: int) -> bytes:
        """Return entry ``index``."""
        bundle, place = divmod(index, TILE_WIDTH)
        tile = tile_at(ENTRIES, bundle, self._size)
        return entry_of(fetch_tile(self._fetch, tile), tile.width, place, tile_path(tile))
