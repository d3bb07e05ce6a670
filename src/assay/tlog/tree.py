"""Making roots and proofs (RFC 6962 sections 2.1, 2.1.1 and 2.1.2).

A proof is first a list of ranges of leaves, then the hash of each range. The hashes come from a *node reader*:
``node(level, index)`` gives the hash over leaves ``[index << level, (index + 1) << level)``. A list of leaf hashes in
memory is one such reader, a folder of tiles another.

>>> inclusion_ranges(2, 7)
[(3, 4), (0, 2), (4, 7)]
>>> consistency_ranges(3, 7)
[(2, 3), (3, 4), (0, 2), (4, 7)]
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from assay.tlog.merkle import EMPTY_ROOT, hash_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    NodeReader: TypeAlias = Callable[[int, int], bytes]

Range: TypeAlias = tuple[int, int]
"""Leaves from the first number up to, not including, the second."""


def _split(low: int, high: int) -> int:
    """Return the border at the largest power of two smaller than the range."""
    return low + (1 << ((high - low - 1).bit_length() - 1))


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove that leaf ``index`` is in the tree of ``size``, leaf side first.

    Raises:
        ValueError: when the index is not in the tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"expected an index below the size {size}, found {index}")
    ranges: list[Range] = []
    low, high = 0, size
    while high - low > 1:
        border = _split(low, high)
        if index < border:
            ranges.append((border, high))
            high = border
        else:
            ranges.append((low, border))
            low = border
    return ranges[::-1]


def consistency_ranges(old: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove that the tree of ``old`` leaves is the start of the tree of ``size``.

    Raises:
        ValueError: unless ``0 < old <= size``.
    """
    if not 0 < old <= size:
        raise ValueError(f"expected an old size from 1 to {size}, found {old}")
    ranges: list[Range] = []
    low, high = 0, size
    while old < high:
        border = _split(low, high)
        if old <= border:
            ranges.append((border, high))
            high = border
        else:
            ranges.append((low, border))
            low = border
    if low:
        ranges.append((low, high))
    return ranges[::-1]


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of sibling hashes."""
    row = list(hashes)
    while len(row) > 1:  # `hash_node` of each pair, without a call for each: most of a proof's time is here
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def fold_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over sibling hashes, the last of which may stand for a smaller, ragged subtree."""
    row = list(hashes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        paired = [hash_node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = [*paired, row[-1]] if len(row) & 1 else paired
    return row[0]


def range_hash(low: int, high: int, node: NodeReader) -> bytes:
    """Return the Merkle tree hash over the leaves ``[low, high)``, read by ``node``.

    The range must be one that a tree has: its start is a multiple of the largest power of two within it.
    """
    parts: list[bytes] = []
    while low < high:
        level = (high - low).bit_length() - 1
        parts.append(node(level, low >> level))
        low += 1 << level
    found = parts.pop() if parts else EMPTY_ROOT
    while parts:
        found = hash_node(parts.pop(), found)
    return found


def root_hash(size: int, node: NodeReader) -> bytes:
    """Return the root of the tree of ``size`` leaves."""
    return range_hash(0, size, node)


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """Return the inclusion proof of leaf ``index`` in the tree of ``size`` leaves."""
    return [range_hash(low, high, node) for low, high in inclusion_ranges(index, size)]


def consistency_proof(old: int, size: int, node: NodeReader) -> list[bytes]:
    """Return the consistency proof from ``old`` leaves to ``size``."""
    if old == size:
        return []
    return [range_hash(low, high, node) for low, high in consistency_ranges(old, size)]


class MemoryTree:
    """A tree over leaf hashes in memory, with every complete node kept."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.add(leaf)

    @property
    def size(self) -> int:
        """Leaves in the tree."""
        return len(self._levels[0])

    def add(self, leaf: bytes) -> None:
        """Add one leaf hash, and each node that it completes."""
        level, value = 0, leaf
        while True:
            if level == len(self._levels):
                self._levels.append([])
            row = self._levels[level]
            row.append(value)
            if len(row) & 1:
                return
            value = hash_node(row[-2], row[-1])
            level += 1

    def node(self, level: int, index: int) -> bytes:
        """Return the hash over leaves ``[index << level, (index + 1) << level)``."""
        return self._levels[level][index]

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first ``size`` leaves, or over all."""
        return root_hash(self.size if size is None else size, self.node)
