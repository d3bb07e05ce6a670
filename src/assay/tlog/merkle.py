"""Merkle tree hashes and the verification of proofs (RFC 6962 section 2.1; RFC 9162 sections 2.1.3.2 and 2.1.4.2).

A leaf is ``SHA-256(0x00 || entry)``, a node ``SHA-256(0x01 || left || right)``, the empty tree ``SHA-256("")``. This
file only verifies; `assay.tlog.tree` makes what is verified here.

>>> hash_leaf(b"").hex()
'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
>>> verify_inclusion(0, 1, hash_leaf(b""), [], hash_leaf(b""))
True
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from assay.tlog.encoding import HASH_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without entries."""


def hash_leaf(entry: bytes) -> bytes:
    """Return the leaf hash of an entry, 32 bytes."""
    return sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children, 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


def _all_hashes(*hashes: bytes) -> bool:
    return all(len(value) == HASH_SIZE for value in hashes)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether ``proof`` shows that ``leaf`` stands at ``index`` in the tree of ``size`` leaves with ``root``.

    Args:
        index: position of the leaf, from 0.
        size: leaves of the tree.
        leaf: leaf hash, 32 bytes.
        proof: sibling hashes from the leaf to the root.
        root: root hash of the tree, 32 bytes.

    Returns:
        False for every wrong input; never an exception (RFC 9162 section 2.1.3.2).
    """
    if not 0 <= index < size or not _all_hashes(leaf, root, *proof):
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = hash_node(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = hash_node(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether ``proof`` shows that the tree (``size1``, ``root1``) is the start of (``size2``, ``root2``).

    Args:
        size1: leaves of the older tree; 0 is refused at this layer, since nothing can be proven about it.
        size2: leaves of the newer tree.
        root1: root of the older tree, 32 bytes.
        root2: root of the newer tree, 32 bytes.
        proof: hashes in the order of RFC 9162 section 2.1.4.1.

    Returns:
        False for every wrong input; never an exception (RFC 9162 section 2.1.4.2).
    """
    if size1 == size2:
        return size1 > 0 and not proof and root1 == root2
    if not 0 < size1 < size2 or not proof or not _all_hashes(root1, root2, *proof):
        return False
    steps = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    node, last = size1 - 1, size2 - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            older, newer = hash_node(step, older), hash_node(step, newer)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            newer = hash_node(newer, step)
        node, last = node >> 1, last >> 1
    return last == 0 and older == root1 and newer == root2
