"""Tiles and their paths (C2SP tlog-tiles 0.1.0, https://c2sp.org/tlog-tiles, commit 5ba5ee8).

A full tile is 256 hashes of 32 bytes. Hash ``i`` of tile ``n`` at level ``l`` covers the ``256**l`` entries from
``(n*256 + i) * 256**l`` on. A partial tile holds the ``width`` (1 to 255) hashes that exist so far.

>>> tile_path(Tile(0, 1234067, 8))
'tile/0/x001/x234/067.p/8'
>>> tile_path(Tile(ENTRIES, 5))
'tile/entries/005'
>>> parse_tile_path("tile/1/000.p/17")
Tile(level=1, index=0, width=17)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.tlog.encoding import HASH_SIZE, MAX_NUMBER, decode_number, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

TILE_WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""

ENTRIES = -1
"""The level that stands for entry bundles."""

MAX_LEVEL = 63
"""Highest level that a path may name."""

_GROUP = 1000
_MAX_PATH = 128


def span(level: int) -> int:
    """Return how many entries one hash of a level covers, 256**level; one for an entry bundle."""
    return 1 << (8 * max(level, 0))


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile or an entry bundle by its place.

    Attributes:
        level: from 0; `ENTRIES` for an entry bundle.
        index: number of the tile within its level.
        width: hashes or entries in it; 256 when full.
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def end(self) -> int:
        """The tree size at which this tile, at this width, is first complete."""
        return (self.index * TILE_WIDTH + self.width) * span(self.level)


def tile_path(tile: Tile) -> str:
    """Return the path of a tile or bundle, relative to the log's address."""
    rest, last = divmod(tile.index, _GROUP)
    groups = [f"{last:03d}"]
    while rest:
        rest, group = divmod(rest, _GROUP)
        groups.append(f"x{group:03d}")
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    partial = "" if tile.width == TILE_WIDTH else f".p/{tile.width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def parse_tile_path(path: str) -> Tile:
    """Parse a path; only the one spelling that `tile_path` gives is accepted.

    Raises:
        VerificationError: for anything else.
    """
    wrong = VerificationError(f"tile path: expected tile/<level>/<number>[.p/<width>], found {quoted(path)}")
    head, _, rest = path.partition("/")
    level_text, _, rest = rest.partition("/")
    groups, partial, width_text = rest.partition(".p/")
    if head != "tile" or len(path) > _MAX_PATH:
        raise wrong
    try:
        level = ENTRIES if level_text == "entries" else decode_number(level_text, "level")
        width = decode_number(width_text, "width") if partial else TILE_WIDTH
        digits = "".join(group.removeprefix("x") for group in groups.split("/"))
        index = decode_number(digits.lstrip("0") or "0", "number")
    except VerificationError:
        raise wrong from None
    if level > MAX_LEVEL or not 1 <= width <= TILE_WIDTH - bool(partial):
        raise wrong
    found = Tile(level, index, width)
    if index > MAX_NUMBER // TILE_WIDTH or tile_path(found) != path:
        raise wrong
    return found


def tile_at(level: int, index: int, size: int) -> Tile:
    """Return tile ``index`` of ``level`` as a tree of ``size`` entries has it: full, or as wide as it is then.

    Raises:
        ValueError: when that tree has no such tile.
    """
    hashes = size // span(level)
    width = min(TILE_WIDTH, hashes - index * TILE_WIDTH)
    if width < 1:
        raise ValueError(f"a tree of {size} entries has no tile {index} at level {level}")
    return Tile(level, index, width)


def levels(size: int) -> int:
    """Return how many tile levels a tree of ``size`` entries has."""
    count = 0
    while size:
        count, size = count + 1, size // TILE_WIDTH
    return count


def tiles_between(old: int, size: int) -> Iterator[Tile]:
    """Yield the tiles and bundles of the tree of ``size`` entries that the tree of ``old`` entries does not have.

    With ``old`` 0 that is every tile that a log of this size must serve (partial tiles of earlier sizes apart). The
    order is by level, bundles first, then by number.
    """
    for level in range(ENTRIES, levels(size)):
        before, after = (count // span(level) for count in (old, size))
        if before == after:
            continue
        for index in range(before // TILE_WIDTH, -(-after // TILE_WIDTH)):
            yield tile_at(level, index, size)


def split_hashes(content: bytes, tile: Tile) -> list[bytes]:
    """Return the hashes of a tile.

    Raises:
        VerificationError: when the content is not as long as the tile is wide.
    """
    if len(content) != tile.width * HASH_SIZE:
        raise VerificationError(
            f"{tile_path(tile)}: expected {tile.width * HASH_SIZE} bytes ({tile.width} hashes), found {len(content)}"
        )
    return [content[i : i + HASH_SIZE] for i in range(0, len(content), HASH_SIZE)]
