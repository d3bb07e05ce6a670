"""RFC 6962 roots and proofs: transparency-dev/merkle, the sizes derived from the formulas, and one log of Rekor's."""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256

import pytest

from assay.tlog.checkpoint import parse_checkpoint
from assay.tlog.growth import Edge, grow
from assay.tlog.merkle import EMPTY_ROOT, hash_leaf, verify_consistency, verify_inclusion
from assay.tlog.note import parse_note
from assay.tlog.tile import ENTRIES, tile_path, tiles_between
from assay.tlog.tree import MemoryTree
from conformance.trail_vectors import group


def decode(hashes: list[str] | None) -> list[bytes]:
    return [b64decode(one or "") for one in hashes or []]


def test_roots_of_the_first_eight_leaves() -> None:
    vectors = group("rfc6962_roots")
    leaves = [hash_leaf(bytes.fromhex(leaf)) for leaf in vectors["leaf_inputs_hex"]]
    for size, root in enumerate(vectors["root_hex_by_size"]):
        assert MemoryTree(leaves[:size]).root().hex() == root


def test_inclusion_proofs_hold_exactly_where_they_should() -> None:
    vectors = group("merkle_inclusion")["vectors"]
    held = {
        one["id"]: verify_inclusion(
            one["leafIdx"],
            one["treeSize"],
            b64decode(one["leafHash"] or ""),
            decode(one["proof"]),
            b64decode(one["root"] or ""),
        )
        for one in vectors
    }
    assert held == {one["id"]: not one["want_error"] for one in vectors}


def test_consistency_proofs_hold_exactly_where_they_should() -> None:
    vectors = group("merkle_consistency")["vectors"]
    held = {
        one["id"]: verify_consistency(
            one["size1"],
            one["size2"],
            b64decode(one["root1"] or ""),
            b64decode(one["root2"] or ""),
            decode(one["proof"]),
        )
        for one in vectors
    }
    assert held == {one["id"]: not one["want_error"] for one in vectors}


def grown(size: int) -> tuple[Edge, dict[str, bytes]]:
    """Return the edge and all tiles but the bundles of the log of ``record <i>``, grown in uneven steps."""
    edge, files = Edge(), dict[str, bytes]()
    while edge.size < size:
        step = min(size - edge.size, 1 + edge.size * 3)
        growth = grow(edge, [b"record %d" % i for i in range(edge.size, edge.size + step)])
        edge = growth.edge
        files |= {tile_path(tile): content for tile, content in growth.files if tile.level != ENTRIES}
    wanted = {tile_path(tile) for tile in tiles_between(0, size) if tile.level != ENTRIES}
    return edge, {path: content for path, content in files.items() if path in wanted}


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 65_535, 65_536, 65_537, 70_000])
def test_tiles_and_roots_of_derived_sizes(size: int) -> None:
    vector = group("derived_sizes")["by_size"][str(size)]
    edge, files = grown(size)
    manifest = "".join(f"{path}\n{sha256(files[path]).hexdigest()}\n" for path in sorted(files))
    assert b64decode(vector["root_b64"]) == edge.root()
    assert len(files) == vector["n_tiles"]
    assert sha256(manifest.encode()).hexdigest() == vector["tile_manifest_sha256"]


def test_one_entry_of_a_rekor_log() -> None:
    vector = group("sigstore_rekor2")["inclusion"]
    checkpoint = parse_checkpoint(parse_note(vector["checkpoint"].encode()).text)
    leaf = hash_leaf(b64decode(vector["canonicalized_body_b64"]))
    index, hashes = int(vector["log_index"]), decode(vector["hashes"])
    assert verify_inclusion(index, checkpoint.size, leaf, hashes, checkpoint.root)
    assert not verify_inclusion(index - 1, checkpoint.size, leaf, hashes, checkpoint.root)


def test_our_own_roots_hold_without_the_vectors() -> None:
    """Fixed by the formulas; kept here so that a clone without the vectors still compares with something."""
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    tree = MemoryTree(hash_leaf(b"record %d" % i) for i in range(257))
    assert tree.root(1).hex() == sha256(b"\x00record 0").hexdigest()
    left = sha256(b"\x01" + hash_leaf(b"record 0") + hash_leaf(b"record 1")).digest()
    assert tree.root(3) == sha256(b"\x01" + left + hash_leaf(b"record 2")).digest()
    assert tree.root().hex() == "7bc95338d9eb756fddd6fcde386a6cd7692116c13bf5abef15dfb7e5358e68ae"
