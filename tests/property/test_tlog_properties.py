"""What holds for every tree, note, tile, bundle and proof."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.errors import AssayError, VerificationError
from assay.tlog.audit import audit
from assay.tlog.checkpoint import Checkpoint, parse_checkpoint
from assay.tlog.entry_bundle import join_entries, split_entries
from assay.tlog.growth import Edge, grow, read_edge
from assay.tlog.merkle import hash_leaf, verify_consistency, verify_inclusion
from assay.tlog.note import open_note, parse_note
from assay.tlog.proof import Proof, parse_proof
from assay.tlog.signed_checkpoint import open_checkpoint
from assay.tlog.signer import parse_skey, sign_note, signer_key
from assay.tlog.tile import MAX_LEVEL, Tile, parse_tile_path, tile_path
from assay.tlog.tiled_tree import TiledTree
from assay.tlog.tree import MemoryTree, consistency_proof, inclusion_proof
from assay.tlog.vkey import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, parse_vkey
from assay.tlog.witness_policy import parse_witness_policy

KEY = signer_key("example.com/log", bytes(range(32)))
COSIGNERS = (
    signer_key("witness.example/a", bytes(range(1, 33)), ED25519_COSIGNATURE),
    signer_key("witness.example/b", bytes(range(2, 34)), ML_DSA_44_COSIGNATURE),
)
HASHES = st.binary(min_size=32, max_size=32)
NAMES = st.text(min_size=1, max_size=20).filter(lambda t: not any(c.isspace() or c == "+" or ord(c) < 32 for c in t))
SIZES = st.integers(1, 2**63 - 1)


def check_proofs(tree: MemoryTree, size: int) -> None:
    """Check each inclusion proof and each consistency proof up to a size, and that no other place accepts them."""
    root = tree.root(size)
    for index in range(size):
        proof = inclusion_proof(index, size, tree.node)
        assert verify_inclusion(index, size, tree.node(0, index), proof, root)
        assert not verify_inclusion(index, size, tree.node(0, index), [*proof, root], root)
        assert not verify_inclusion(index + 1, size, tree.node(0, index), proof, root)
        if proof:
            assert not verify_inclusion(index, size, tree.node(0, index), proof[:-1], root)
    for old in range(1, size + 1):
        proof = consistency_proof(old, size, tree.node)
        assert verify_consistency(old, size, tree.root(old), root, proof)
        assert not verify_consistency(old, size, tree.root(old), root, [*proof, root])
        if old < size:
            assert not verify_consistency(old, size, root, root, proof)
            assert not verify_consistency(old + 1, size, tree.root(old), root, proof) or old + 1 > size


def test_all_proofs_of_small_trees() -> None:
    tree = MemoryTree(hash_leaf(b"%d" % i) for i in range(64))
    for size in range(1, 65):
        check_proofs(tree, size)


@pytest.mark.slow
def test_all_proofs_of_trees_of_two_tiles() -> None:
    tree = MemoryTree(hash_leaf(b"%d" % i) for i in range(257))
    for size in range(65, 258):
        check_proofs(tree, size)


@given(st.integers(1, 2000), st.data())
@settings(max_examples=50)
def test_one_flipped_bit_breaks_a_proof(size: int, data: st.DataObject) -> None:
    tree = MemoryTree(hash_leaf(b"%d" % i) for i in range(size))
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, tree.node), tree.root()
    parts = [tree.node(0, index), root, *proof]
    at, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    changed = bytearray(parts[at])
    changed[bit // 8] ^= 1 << (bit % 8)
    broken = [*parts[:at], bytes(changed), *parts[at + 1 :]]
    assert verify_inclusion(index, size, parts[0], proof, root)
    assert not verify_inclusion(index, size, broken[0], broken[2:], broken[1])


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
@settings(max_examples=25)
def test_growing_in_any_steps_gives_the_same_log(steps: list[int]) -> None:
    total = sum(steps)
    entries = [b"entry %d" % i for i in range(total)]
    stored: dict[str, bytes] = {}
    edge = Edge()
    for step in steps:
        growth = grow(edge, entries[edge.size : edge.size + step])
        edge = growth.edge
        for tile, content in growth.files:
            assert tile_path(tile) not in stored
            stored[tile_path(tile)] = content
    whole = MemoryTree(map(hash_leaf, entries))
    assert edge.root() == whole.root()
    tree = TiledTree(stored.get, total)
    assert read_edge(tree) == edge
    assert all(tree.entry(i) == entries[i] for i in (0, total // 2, total - 1))
    assert inclusion_proof(total // 2, total, tree.node) == inclusion_proof(total // 2, total, whole.node)
    assert consistency_proof(steps[0], total, tree.node) == consistency_proof(steps[0], total, whole.node)
    assert audit(stored.get, Checkpoint("log", total, edge.root()), stored) == []


@given(st.integers(1, 600), st.data())
@settings(max_examples=60)
def test_one_flipped_bit_in_any_stored_file_is_found(size: int, data: st.DataObject) -> None:
    first = grow(Edge(), [b"entry %d" % i for i in range(size // 2)])
    growth = grow(first.edge, [b"entry %d" % i for i in range(size // 2, size)])
    stored = {tile_path(tile): content for tile, content in (*first.files, *growth.files)}
    path = data.draw(st.sampled_from(sorted(stored)))
    at, bit = data.draw(st.integers(0, len(stored[path]) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(stored[path])
    changed[at] ^= 1 << bit
    stored[path] = bytes(changed)
    assert any(path in problem for problem in audit(stored.get, Checkpoint("log", size, growth.edge.root()), stored))


@given(st.integers(1, 600), st.data())
@settings(max_examples=30)
def test_a_missing_file_is_found(size: int, data: st.DataObject) -> None:
    growth = grow(Edge(), [b"entry %d" % i for i in range(size)])
    stored = {tile_path(tile): content for tile, content in growth.files}
    path = data.draw(st.sampled_from(sorted(stored)))
    del stored[path]
    assert f"{path}: missing" in audit(stored.get, Checkpoint("log", size, growth.edge.root()), stored)


@given(st.integers(-1, MAX_LEVEL), st.integers(0, 2**55 - 1), st.integers(1, 256))
def test_a_tile_path_is_read_as_it_was_written(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_tile_path(tile_path(tile)) == tile


@given(st.text("tile/0123456789x.pentris-", max_size=40))
def test_a_path_that_is_accepted_is_the_one_spelling(path: str) -> None:
    try:
        tile = parse_tile_path(path)
    except VerificationError:
        return
    assert tile_path(tile) == path


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_is_read_as_it_was_written(entries: list[bytes]) -> None:
    content = join_entries(entries)
    assert split_entries(content, len(entries), "bundle") == entries
    for wrong in (content + b"\0", content[:-1]):
        with pytest.raises(VerificationError):
            split_entries(wrong, len(entries) if entries else 1, "bundle")


@given(NAMES, SIZES, HASHES)
def test_a_checkpoint_is_read_as_it_was_written(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)
    assert parse_checkpoint(checkpoint.text()) == checkpoint


@given(st.binary(max_size=200))
def test_a_checkpoint_that_is_accepted_is_the_one_spelling(content: bytes) -> None:
    text = b"log\n" + content
    try:
        found = parse_checkpoint(text)
    except VerificationError:
        return
    assert found.text() == text


@given(NAMES, st.binary(min_size=32, max_size=32), st.sampled_from([ED25519, ED25519_COSIGNATURE]))
def test_keys_are_read_as_they_were_written(name: str, seed: bytes, kind: int) -> None:
    signer = signer_key(name, seed, kind)
    assert parse_skey(signer.private_form()) == signer
    assert parse_vkey(str(signer.verifier)) == signer.verifier


@given(st.integers(0, 2**63 - 1), st.lists(HASHES, max_size=63), st.none() | st.binary(max_size=50))
def test_a_proof_is_read_as_it_was_written(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    proof = Proof(index, tuple(hashes), b"checkpoint\n", extra)
    assert parse_proof(proof.content()) == proof


def signed_checkpoint() -> bytes:
    tree = MemoryTree([hash_leaf(b"one"), hash_leaf(b"two")])
    text = Checkpoint(KEY.name, 2, tree.root()).text()
    lines = [KEY.sign(text).line(), *(one.cosign(text, 1_700_000_000).line() for one in COSIGNERS)]
    return text + b"\n" + b"".join(lines)


def test_a_checkpoint_with_cosignatures_of_both_kinds_opens() -> None:
    signed = open_checkpoint(signed_checkpoint(), KEY.verifier, [one.verifier for one in COSIGNERS])
    assert signed.cosigned_by == tuple(one.verifier for one in COSIGNERS)
    assert signed.ignored == ()


@given(st.data())
@settings(max_examples=200)
def test_one_flipped_bit_in_a_checkpoint_is_refused(data: st.DataObject) -> None:
    note = signed_checkpoint()
    at, bit = data.draw(st.integers(0, len(note) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(note)
    changed[at] ^= 1 << bit
    keys = [one.verifier for one in COSIGNERS]
    try:
        signed = open_checkpoint(bytes(changed), KEY.verifier, keys)
    except VerificationError:
        return
    assert signed.ignored, f"byte {at}, bit {bit}"  # a witness's name or key ID: no longer a known key, so not counted
    assert len(signed.cosigned_by) == len(COSIGNERS) - 1


@given(st.binary(max_size=300))
def test_no_bytes_crash_a_parser(content: bytes) -> None:
    text = content.decode("latin-1")
    for parse in (
        lambda: parse_note(content),
        lambda: open_note(content, [KEY.verifier]),
        lambda: parse_proof(b"c2sp.org/tlog-proof@v1\n" + content),
        lambda: parse_vkey(text),
        lambda: parse_skey(text),
        lambda: parse_tile_path(text),
        lambda: parse_witness_policy(content),
        lambda: split_entries(content, 3, "bundle"),
    ):
        with contextlib.suppress(AssayError):
            parse()


@given(st.text(min_size=1, max_size=80).filter(lambda t: not any(ord(c) < 32 for c in t)))
def test_a_note_is_read_as_it_was_written(line: str) -> None:
    text = f"{line}\n".encode()
    note = sign_note(text, [KEY])
    assert open_note(note, [KEY.verifier]).text == text
    assert parse_note(note).content() == note


@given(st.lists(st.sampled_from(["w1", "w2", "g1", "all", "2", "any"]), min_size=1, max_size=5))
def test_a_policy_with_a_loop_or_an_unknown_member_is_refused(members: list[str]) -> None:
    assume("g1" in members or "all" in members or "any" in members or "2" in members)
    with pytest.raises(AssayError):
        parse_witness_policy(f"group g1 all {' '.join(members)}\nquorum g1\n".encode())
