"""The least that must be kept of a tree to go on hashing it: the roots of its perfect subtrees, largest first.

A tree of 7 entries has three, over 4, 2 and 1 of them; one of n entries has as many as n has bits that are set. From
them follow the root, and those of every longer tree whose further leaves are given. (The name is that of
transparency-dev/merkle.)

>>> grown = CompactRange().add([bytes(32)] * 7)
>>> grown.size, len(grown.peaks)
(7, 3)
>>> grown.root() == CompactRange().add([bytes(32)] * 4).add([bytes(32)] * 3).root()
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.tlog.encoding import HASH_SIZE
from assay.tlog.merkle import EMPTY_ROOT, hash_node

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.tlog.tree import NodeReader


@dataclass(frozen=True, slots=True)
class CompactRange:
    """The perfect subtrees of a tree.

    Attributes:
        size: leaves of the tree.
        peaks: roots of its perfect subtrees, the largest, which is the leftmost, first.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        """Return the root of the tree."""
        peaks = list(self.peaks)
        found = peaks.pop() if peaks else EMPTY_ROOT
        while peaks:
            found = hash_node(peaks.pop(), found)
        return found

    def add(self, leaves: Iterable[bytes]) -> CompactRange:
        """Return the tree with further leaf hashes."""
        peaks, size = list(self.peaks), self.size
        for leaf in leaves:
            value, rest = leaf, size
            while rest & 1:
                value, rest = hash_node(peaks.pop(), value), rest >> 1
            peaks.append(value)
            size += 1
        return CompactRange(size, tuple(peaks))

    def content(self) -> bytes:
        """Return the peaks as bytes, 32 each."""
        return b"".join(self.peaks)


def parse_compact_range(size: int, content: bytes, where: str) -> CompactRange:
    """Return what `CompactRange.content` gave.

    Raises:
        VerificationError: when there are not as many peaks as a tree of this size has.
    """
    if len(content) != size.bit_count() * HASH_SIZE:
        raise VerificationError(
            f"{where}: expected {size.bit_count()} hashes for a tree of {size} entries, found {len(content)} bytes"
        )
    return CompactRange(size, tuple(content[i : i + HASH_SIZE] for i in range(0, len(content), HASH_SIZE)))


def read_compact_range(size: int, node: NodeReader) -> CompactRange:
    """Read the perfect subtrees of the tree of ``size`` leaves."""
    peaks: list[bytes] = []
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            peaks.append(node(level, start >> level))
            start += 1 << level
    return CompactRange(size, tuple(peaks))
