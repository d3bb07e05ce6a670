"""Growing a tree of tiles: the writing half of `assay.tlog.tile` (C2SP tlog-tiles 0.1.0).

What a writer must remember of a tree is its right *edge*: the last, partial tile of each level, and the last, partial
entry bundle. From the edge and new entries follow every new tile, and the root. A tree of 70,000 entries has an edge of
112, 17 and 1 hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.tlog.entry_bundle import check_entries, join_entries
from assay.tlog.merkle import hash_leaf
from assay.tlog.tile import ENTRIES, TILE_WIDTH, Tile, levels, span, tile_at, tile_path
from assay.tlog.tree import fold_root, perfect_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.tlog.tiled_tree import TiledTree


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree.

    Attributes:
        size: entries of the tree.
        hashes: for each level from 0, the hashes of its partial tile; may be empty.
        entries: the entries of the partial bundle.
    """

    size: int = 0
    hashes: tuple[tuple[bytes, ...], ...] = ()
    entries: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        """Return the root of the tree."""
        rest: list[bytes] = []
        for row in self.hashes:
            whole = [*row, *rest]
            rest = [fold_root(whole)] if whole else []
        return fold_root(rest)


def read_edge(tree: TiledTree, size: int | None = None) -> Edge:
    """Read the edge of a tree from its tiles: one partial tile a level, and one bundle.

    Args:
        tree: the tree.
        size: as it was when it had so many entries; by default at its own size.

    Raises:
        VerificationError: when the bundle's entries do not hash to the tile beside it.
    """
    at = tree.size if size is None else size
    hashes: list[tuple[bytes, ...]] = []
    for level in range(levels(at)):
        index, width = divmod(at // span(level), TILE_WIDTH)
        hashes.append(tuple(tree.hashes(level, index)[:width]) if width else ())
    bundle, width = divmod(at, TILE_WIDTH)
    entries = tuple(tree.entries(bundle)[:width]) if width else ()
    if entries and tuple(map(hash_leaf, entries)) != hashes[0]:
        raise VerificationError(
            f"{tile_path(tile_at(ENTRIES, bundle, tree.size))}: its entries do not hash to the tile beside it"
        )
    return Edge(at, tuple(hashes), entries)


@dataclass(frozen=True, slots=True)
class Growth:
    """What follows from appending entries.

    Attributes:
        edge: the new edge.
        leaves: leaf hashes of the new entries.
        files: every new tile and bundle with its content, in the order of `assay.tlog.tile.tiles_between`.
    """

    edge: Edge
    leaves: tuple[bytes, ...]
    files: tuple[tuple[Tile, bytes], ...]


def _chunks(first: int, row: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    for start in range(0, len(row), TILE_WIDTH):
        yield first + start // TILE_WIDTH, row[start : start + TILE_WIDTH]


def grow(edge: Edge, entries: Sequence[bytes]) -> Growth:
    """Append entries to a tree.

    Raises:
        InputError: when an entry is longer than the format can carry.
    """
    check_entries(entries)
    files: list[tuple[Tile, bytes]] = []
    bundled = [*edge.entries, *entries]
    for index, part in _chunks(edge.size // TILE_WIDTH, bundled):
        files.append((Tile(ENTRIES, index, len(part)), join_entries(part)))
    leaves = tuple(hash_leaf(entry) for entry in entries)
    new: Sequence[bytes] = leaves
    rows: list[tuple[bytes, ...]] = []
    level = 0
    while new or level < len(edge.hashes):
        before = edge.hashes[level] if level < len(edge.hashes) else ()
        row = [*before, *new]
        done: list[bytes] = []
        for index, part in _chunks(edge.size // span(level + 1), row) if new else ():
            files.append((Tile(level, index, len(part)), b"".join(part)))
            if len(part) == TILE_WIDTH:
                done.append(perfect_root(part))
        rows.append(tuple(row[len(done) * TILE_WIDTH :]))
        new = done
        level += 1
    kept = tuple(bundled[len(bundled) - len(bundled) % TILE_WIDTH :])
    return Growth(Edge(edge.size + len(entries), tuple(rows), kept), leaves, tuple(files))
