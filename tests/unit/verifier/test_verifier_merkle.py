"""Every inclusion proof of small trees holds, and holds for nothing else; the writer's own tree is the oracle."""

from __future__ import annotations

import pytest

from assay.tlog.merkle import verify_inclusion
from assay.tlog.tree import MemoryTree, inclusion_proof
from assay.verifier.merkle import hash_leaf, included

LEAVES = [hash_leaf(b"entry %d" % number) for number in range(40)]


def test_leaf_hashes_are_those_of_the_rfc():
    assert hash_leaf(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize("size", range(1, 41))
def test_each_entry_is_where_it_is_and_nowhere_else(size: int):
    tree = MemoryTree(LEAVES[:size])
    root = tree.root()
    for index in range(size):
        proof = inclusion_proof(index, size, tree.node)
        assert included(index, size, LEAVES[index], proof, root)
        for other, total in ((index + 1, size), (index - 1, size), (index, size + 1), (index, size - 1), (size, size)):
            expected = verify_inclusion(other, total, LEAVES[index], proof, root)
            assert included(other, total, LEAVES[index], proof, root) is expected
        assert not included(index, size, LEAVES[index], [*proof, root], root)
        assert not included(index, size, LEAVES[index], proof[1:], root) or not proof
        assert not included(index, size, LEAVES[(index + 1) % 40], proof, root)
        for place in range(len(proof)):
            bent = [*proof]
            bent[place] = bytes([bent[place][0] ^ 1]) + bent[place][1:]
            assert not included(index, size, LEAVES[index], bent, root)


def test_nothing_but_hashes_is_hashed():
    tree = MemoryTree(LEAVES[:2])
    proof = inclusion_proof(0, 2, tree.node)
    assert included(0, 2, LEAVES[0], proof, tree.root())
    assert not included(0, 2, LEAVES[0][:-1], proof, tree.root())
    assert not included(0, 2, LEAVES[0], [proof[0] + b"\0"], tree.root())
    assert not included(0, 2, LEAVES[0], proof, tree.root()[:-1])
    assert not included(0, 1, b"short", [], b"short")
    assert not included(0, 0, LEAVES[0], [], LEAVES[0])
    assert not included(-1, 2, LEAVES[0], proof, tree.root())
    four = MemoryTree(LEAVES[:4])
    assert not included(-1, 1, LEAVES[3], inclusion_proof(3, 4, four.node), four.root())
