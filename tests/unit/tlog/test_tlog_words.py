"""What is refused is refused in words that say what was expected, found and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.errors import AssayError, InputError, VerificationError
from assay.tlog.checkpoint import Checkpoint, parse_checkpoint
from assay.tlog.cosignature import ml_dsa_44_message, split_body
from assay.tlog.encoding import decode_hash, decode_number
from assay.tlog.entry_bundle import MAX_ENTRY_BYTES, check_entries, join_entries
from assay.tlog.growth import Edge, grow, read_edge
from assay.tlog.merkle import EMPTY_ROOT, hash_leaf, hash_node, verify_consistency, verify_inclusion
from assay.tlog.proof import Proof
from assay.tlog.signed_checkpoint import open_checkpoint
from assay.tlog.signer import sign_note, signer_key
from assay.tlog.tile import tile_at, tile_path
from assay.tlog.tiled_tree import TiledTree
from assay.tlog.tree import MemoryTree, consistency_proof, consistency_ranges, inclusion_proof, inclusion_ranges
from assay.tlog.tree_head import split_tree_head
from assay.tlog.vkey import parse_vkey

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = signer_key("example.com/log", bytes(range(32)))


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: decode_number("007", "index"), "index: expected a decimal number without leading zeros"),
        (lambda: decode_hash("AAAA", "root"), "root: expected a hash of 32 bytes, found 3"),
        (lambda: decode_hash("AAB=", "root"), "canonical"),
        (lambda: parse_checkpoint(b"log\n1\n"), "origin, size and root"),
        (lambda: parse_checkpoint(b"x" * 70_000), "at most 65536 bytes"),
        (lambda: parse_checkpoint(b"\xff\n1\n\n"), "found byte 0xff"),
        (lambda: parse_vkey("a+b"), "<name>+<key ID>+<base64 key>"),
        (lambda: parse_vkey("name+00000000+BwAA"), "known signature type"),
        (lambda: parse_vkey("name+00000000+AQAA"), "32 bytes, found 2"),
        (lambda: parse_vkey("name+00000000+AgAA"), "ECDSA public key in DER"),
        (lambda: signer_key("a b", bytes(32)), "no space"),
        (lambda: signer_key("a", bytes(31)), "32 bytes, found 31"),
        (lambda: signer_key("a", bytes(32), 2), "type 1, 4 or 6"),
        (lambda: split_body(bytes(72), 64), "time from 1"),
        (lambda: split_body(bytes(71), 64), "72 bytes, found 71"),
        (lambda: split_tree_head(bytes(5)), "more than 12 bytes"),
        (lambda: split_tree_head(bytes(20)), "SHA-256 with ECDSA"),
        (lambda: check_entries([b"", bytes(MAX_ENTRY_BYTES + 1)]), "entry 1: expected at most 65535 bytes"),
    ],
)
def test_words(attempt: Callable[[], object], words: str) -> None:
    with pytest.raises(AssayError) as caught:
        attempt()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "ranges", [lambda: inclusion_ranges(3, 3), lambda: consistency_ranges(0, 3), lambda: tile_at(0, 1, 256)]
)
def test_a_programmer_s_mistake_is_a_value_error(ranges: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"3|256"):
        ranges()


def test_the_longest_entry_fits() -> None:
    assert len(join_entries([bytes(MAX_ENTRY_BYTES)])) == MAX_ENTRY_BYTES + 2


def test_extension_lines_are_not_covered_by_ml_dsa() -> None:
    text = Checkpoint("log", 1, bytes(32), ("extension",)).text()
    with pytest.raises(VerificationError, match="extension lines"):
        ml_dsa_44_message(text, "witness", 1)


def test_a_checkpoint_of_another_origin() -> None:
    note = sign_note(Checkpoint("example.com/other", 0, EMPTY_ROOT).text(), [KEY])
    with pytest.raises(VerificationError, match=r"expected the origin 'example\.com/log'"):
        open_checkpoint(note, KEY.verifier)


def test_cosignatures_alone_make_no_checkpoint() -> None:
    witness = signer_key("w", bytes(32), 4)
    text = Checkpoint(KEY.name, 0, EMPTY_ROOT).text()
    note = text + b"\n" + witness.cosign(text, 1).line()
    with pytest.raises(VerificationError, match="only cosignatures"):
        open_checkpoint(note, KEY.verifier, [witness.verifier])


def test_a_proof_of_another_entry() -> None:
    tree = MemoryTree([hash_leaf(b"a"), hash_leaf(b"b")])
    note = sign_note(Checkpoint(KEY.name, 2, tree.root()).text(), [KEY])
    proof = Proof(0, tuple(inclusion_proof(0, 2, tree.node)), note)
    assert proof.verify(hash_leaf(b"a"), KEY.verifier).checkpoint.size == 2
    with pytest.raises(VerificationError, match="does not stand at index 0"):
        proof.verify(hash_leaf(b"b"), KEY.verifier)


def test_a_deleted_partial_tile_is_cut_from_the_full_one() -> None:
    first = grow(Edge(), [b"%d" % i for i in range(10)])
    second = grow(first.edge, [b"%d" % i for i in range(10, 300)])
    stored = {tile_path(tile): content for tile, content in second.files}
    tree = TiledTree(stored.get, 10)
    assert read_edge(tree) == first.edge
    assert tree.entry(9) == b"9"


def test_an_edge_whose_entries_are_not_those_of_its_tile_is_refused() -> None:
    growth = grow(Edge(), [b"one", b"two"])
    stored = {tile_path(tile): content for tile, content in growth.files}
    stored["tile/entries/000.p/2"] = join_entries([b"one", b"six"])
    with pytest.raises(VerificationError, match="do not hash to the tile"):
        read_edge(TiledTree(stored.get, 2))


def test_no_secret_is_quoted() -> None:
    from assay.tlog.signer import parse_skey  # noqa: PLC0415 - beside its only use

    text = KEY.private_form()
    secret = text.rpartition("+")[2]
    with pytest.raises(InputError) as caught:
        parse_skey(text.replace("example", "exbmple"))
    assert secret not in str(caught.value)
    assert secret not in repr(KEY)


def test_a_proof_longer_than_the_tree_is_high_proves_nothing() -> None:
    """The root is made to fit the longer proof, so that only the length can give it away."""
    leaf, extra = hash_leaf(b"leaf"), hash_leaf(b"extra")
    assert not verify_inclusion(0, 1, leaf, [extra], hash_node(extra, leaf))
    pair = hash_node(leaf, extra)
    assert verify_inclusion(0, 2, leaf, [extra], pair)
    assert not verify_inclusion(0, 2, leaf, [extra, extra], hash_node(extra, pair))
    assert verify_consistency(1, 2, leaf, pair, [extra])
    assert not verify_consistency(1, 2, leaf, hash_node(extra, pair), [extra, extra])
    assert not verify_consistency(2, 2, pair, pair, [extra])
    assert not verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    tree = MemoryTree(hash_leaf(b"%d" % i) for i in range(4))
    proof, old, new = consistency_proof(3, 4, tree.node), tree.root(3), tree.root()
    assert verify_consistency(3, 4, old, new, proof)
    assert not verify_consistency(3, 4, hash_node(extra, old), hash_node(extra, new), [*proof, extra])
