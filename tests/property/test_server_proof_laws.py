"""The browser's verifier in Node, held against our own: over random trees, and every bit of a proof flipped."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.tlog.merkle import hash_leaf, verify_consistency, verify_inclusion
from assay.tlog.tile import Tile, tile_path
from assay.tlog.tree import MemoryTree, consistency_proof, inclusion_proof
from proof_cases import REFUTED, WITNESS, ALog, flips, in_node, proofs, small_log, wrong

BATCH = 40


@pytest.fixture(scope="module")
def tree() -> MemoryTree:
    return MemoryTree(hash_leaf(b"%d" % i) for i in range(3000))


@given(st.lists(st.tuples(st.integers(1, 3000), st.data()), min_size=BATCH, max_size=BATCH))
@settings(max_examples=6)
def test_inclusion_is_what_our_own_tree_says(tree: MemoryTree, drawn: list[tuple[int, st.DataObject]]) -> None:
    calls, expected = [], []
    for size, data in drawn:
        index, claimed = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
        hashes = inclusion_proof(index, size, tree.node)
        leaf, root = tree.node(0, index), tree.root(size)
        calls.append(
            {
                "call": "inclusion", "index": claimed, "size": size, "leaf": leaf.hex(),
                "hashes": [one.hex() for one in hashes],
            }
        )  # fmt: skip
        expected.append((root.hex(), verify_inclusion(claimed, size, leaf, hashes, root)))
    found = in_node(calls)
    assert [one.get("value") == root for one, (root, _) in zip(found, expected, strict=True)] == [
        holds for _, holds in expected
    ]


@given(st.lists(st.tuples(st.integers(1, 3000), st.data()), min_size=BATCH, max_size=BATCH))
@settings(max_examples=6)
def test_consistency_is_what_our_own_tree_says(tree: MemoryTree, drawn: list[tuple[int, st.DataObject]]) -> None:
    calls, expected = [], []
    for size, data in drawn:
        old, claimed = data.draw(st.integers(1, size)), data.draw(st.integers(0, size + 1))
        hashes = consistency_proof(old, size, tree.node)
        calls.append(
            {
                "call": "consistent", "size1": claimed, "size2": size, "root1": tree.root(old).hex(),
                "root2": tree.root(size).hex(), "hashes": [one.hex() for one in hashes],
            }
        )  # fmt: skip
        expected.append(verify_consistency(claimed, size, tree.root(old), tree.root(size), hashes))
    assert [one["value"] for one in in_node(calls)] == expected


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 513, 700])
def test_a_consistency_proof_from_tiles_is_our_own(size: int) -> None:
    log = ALog([b"%d" % i for i in range(size)])
    tiles = log.tiles(size)
    olds = sorted({1, 2, size // 3 + 1, size // 2 + 1, 255, 256, 257, size - 1} & set(range(1, size)))
    calls = [{"call": "consistencyProof", "old": old, "size": size, "tiles": tiles} for old in olds]
    expected = [[one.hex() for one in consistency_proof(old, size, log.tree.node)] for old in olds]
    assert [one["value"] for one in in_node(calls)] == expected


def test_a_partial_tile_that_is_gone_is_read_from_the_full_one() -> None:
    log = ALog([b"%d" % i for i in range(256)])
    full = log.tiles(256)
    (found,) = in_node([{"call": "consistencyProof", "old": 100, "size": 200, "tiles": full}])
    assert found["value"] == [one.hex() for one in consistency_proof(100, 200, log.tree.node)]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 10**12), st.integers(1, 256)), min_size=1, max_size=200))
@settings(max_examples=3)
def test_tile_paths_are_our_own(drawn: list[tuple[int, int, int]]) -> None:
    calls = [{"call": "tilePath", "level": level, "tile": tile, "width": width} for level, tile, width in drawn]
    assert [one["value"] for one in in_node(calls)] == [tile_path(Tile(*one)) for one in drawn]


def test_every_flipped_bit_is_refuted() -> None:
    cases = list(flips())
    found = in_node([{"call": "prove", "given": given} for _, given in cases])
    assert len(cases) > 5000
    assert [name for (name, _), one in zip(cases, found, strict=True) if one["value"]["state"] != REFUTED] == []


def test_the_proof_whose_bits_are_flipped_is_proven() -> None:
    (found,) = in_node([{"call": "prove", "given": small_log().given(4, 11, witnesses=[WITNESS])}])
    assert found["value"]["state"] == "proven"
    assert [one["state"] for one in found["value"]["steps"]] == ["proven"] * 6 + ["note"]


def test_whole_proofs_reach_their_state() -> None:
    cases = proofs()
    assert wrong(cases, in_node([one.call for one in cases])) == []


def test_what_was_seen_is_remembered_only_when_it_is_proven_and_larger() -> None:
    log, pin = small_log(), small_log().pin
    calls: list[dict[str, Any]] = [
        {"call": "prove", "given": log.given(0, 11)},
        {"call": "prove", "given": log.given(0, 11), "pin": pin(5), "tiles": log.tiles(11)},
        {"call": "prove", "given": log.given(0, 5), "pin": pin(11), "tiles": log.tiles(11), "live": False},
        {"call": "prove", "given": log.given(0, 5), "pin": pin(11), "tiles": log.tiles(11)},
        {"call": "prove", "given": log.given(0, 11), "pin": pin(5)},
        {"call": "prove", "given": log.given(0, 11) | {"index": 1}},
    ]
    kept = [one["value"]["pin"] for one in in_node(calls)]
    assert kept == [pin(11), pin(11), pin(11), pin(11), pin(5), None]
