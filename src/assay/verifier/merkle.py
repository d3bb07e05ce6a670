"""Inclusion in a Merkle tree (RFC 6962 section 2.1, the same tree as RFC 9162's).

A leaf is ``SHA-256(0x00 || entry)``, a node ``SHA-256(0x01 || left || right)``. The path of leaf ``index`` in a tree of
``size`` leaves goes through whole subtrees up to the height where it parts from the path of the last leaf (``inner``);
above that only left siblings remain, one for each bit of what is left of the index.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from .strict import HASH_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence


def hash_leaf(entry: bytes) -> bytes:
    """Return the leaf hash of an entry, 32 bytes."""
    return sha256(b"\x00" + entry).digest()


def _hash_node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def included(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether ``proof`` shows that ``leaf`` stands at ``index`` in the tree of ``size`` leaves with ``root``.

    Args:
        index: position of the leaf, from 0.
        size: leaves of the tree.
        leaf: leaf hash, 32 bytes.
        proof: sibling hashes, leaf side first.
        root: root hash, 32 bytes.
    """
    if not 0 <= index < size or any(len(one) != HASH_SIZE for one in (leaf, root, *proof)):
        return False
    inner = (index ^ (size - 1)).bit_length()
    if len(proof) != inner + (index >> inner).bit_count():
        return False
    found = leaf
    for level, sibling in enumerate(proof):
        on_the_left = level < inner and not index >> level & 1
        found = _hash_node(found, sibling) if on_the_left else _hash_node(sibling, found)
    return found == root
