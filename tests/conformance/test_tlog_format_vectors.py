"""Tiles, checkpoints, proof files and policies: tessera, golang/mod, transparency-dev/formats, C2SP."""

from __future__ import annotations

from base64 import b64decode

import pytest

from assay.errors import DocumentError, VerificationError
from assay.tlog.audit import audit
from assay.tlog.checkpoint import Checkpoint, parse_checkpoint
from assay.tlog.growth import Edge, grow
from assay.tlog.proof import Proof, parse_proof
from assay.tlog.signed_checkpoint import open_checkpoint
from assay.tlog.signer import parse_skey, sign_note
from assay.tlog.tile import ENTRIES, Tile, parse_tile_path, tile_at, tile_path, tiles_between
from assay.tlog.vkey import parse_vkey
from assay.tlog.witness_policy import parse_witness_policy
from conformance.trail_vectors import group


def reference_log() -> dict[str, bytes]:
    """Return the reference log's files, raw."""
    files = group("tessera_testdata_log")["files"]
    return {path: text.encode() if path.startswith("checkpoint") else b64decode(text) for path, text in files.items()}


def test_the_reference_log_is_rebuilt_byte_for_byte() -> None:
    vectors = group("tessera_testdata_log")
    signer = parse_skey(vectors["skey"])
    assert str(signer.verifier) == vectors["vkey"]
    edge, files = Edge(), dict[str, bytes]()

    def publish() -> None:
        text = Checkpoint(signer.name, edge.size, edge.root()).text()
        files[f"checkpoint.{edge.size}"] = sign_note(text, [signer])

    publish()
    for entry in vectors["entries"]:
        growth = grow(edge, [entry.encode()])
        edge = growth.edge
        files |= {tile_path(tile): content for tile, content in growth.files}
        publish()
    assert len(files) == 46
    assert files == reference_log()


def test_the_reference_log_is_read_and_checked_at_every_size() -> None:
    files, key = reference_log(), parse_vkey(group("tessera_testdata_log")["vkey"])
    for size in range(16):
        signed = open_checkpoint(files[f"checkpoint.{size}"], key)
        kept = [path for path in files if path.startswith("tile/") and parse_tile_path(path).end <= size]
        assert audit(files.get, signed.checkpoint, kept) == []


def test_tile_paths_are_built_and_parsed() -> None:
    vectors = group("tile_paths")
    for one in vectors["tile_path"]:
        tile = Tile(one["level"], one["tile"], one["width"] or 256)
        assert tile_path(tile) == one["path"]
        assert parse_tile_path(one["path"]) == tile
    for one in vectors["entries_path_for_log_index"]:
        tile = tile_at(ENTRIES, one["index"] // 256, one["log_size"])
        assert tile_path(tile) == one["path"]
        assert parse_tile_path(one["path"]) == tile
    assert tile_path(Tile(0, 1234067)) == f"tile/0/{vectors['index_1234067']}"


def test_the_layout_of_a_log() -> None:
    vectors = group("tile_paths")
    widths = [(tile.level, tile.width) for tile in tiles_between(0, 70_000) if tile.level >= 0]
    layout = vectors["layout_70000"]
    assert widths.count((0, 256)) == layout["level0_full"]
    assert (0, layout["level0_partial"]) in widths
    assert widths.count((1, 256)) == layout["level1_full"]
    assert (1, layout["level1_partial"]) in widths
    assert (2, layout["level2_partial"]) in widths
    assert [(tile.level, tile.width) for tile in tiles_between(0, 256) if tile.level >= 0] == [(0, 256), (1, 1)]


def test_wrong_tile_paths_are_refused() -> None:
    ours = ["tile/0/0", "tile/0/0000", "tile/0/x000/005", "tile/00/005", "tile/0/005.p/0", "tile/0/005.p/256",
            "tile/0/005.p/01", "tile/64/005", "tile/entries/005.p", "/tile/0/005", "tile/0/005/", "tile/0/x005",
            "tile/0/001/234", "tile/0/5.p/1/2", "tile/-1/000", "tile/0/00\u0665",
            "tile/0/" + "x999/" * 20 + "999"]  # fmt: skip
    for path in group("tile_paths")["must_reject"] + ours:
        with pytest.raises(VerificationError):
            pytest.fail(f"accepted: {path}: {parse_tile_path(path)}")


def test_wrong_checkpoints_are_refused() -> None:
    vectors = group("checkpoint_parse")
    root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    ours = [f"Log\n01\n{root}\n", f"Log\n+1\n{root}\n", f"Log\n1\n{root[:-1]}\n", f"Log\n1\n{root}\n\n",
            f"Log\n0\n{root}\n", f"Log\n1\n{root}\n\nextension\n",
            f"Log\n{2**63}\n{root}\n", f"Log\r\n1\r\n{root}\r\n"]  # fmt: skip
    for text in vectors["reject"] + vectors["accept"] + ours:  # the accepted ones have roots that are not 32 bytes
        with pytest.raises(VerificationError):
            pytest.fail(f"accepted: {text!r}: {parse_checkpoint(text.encode())}")
    for text in vectors["accept"]:
        lines = text.split("\n")
        whole = "\n".join([*lines[:2], root, *lines[3:]]).encode()
        assert parse_checkpoint(whole).text() == whole


def test_proof_files_are_written_and_read() -> None:
    for vector in group("tlog_proof")["marshal"]:
        extra = vector["extra"].encode() if "extra" in vector else None
        hashes = tuple(map(b64decode, vector["hashes_b64"]))
        proof = Proof(vector["index"], hashes, vector["checkpoint"].encode(), extra)
        assert proof.content() == vector["want"].encode()
        assert parse_proof(vector["want"].encode()) == proof


def test_wrong_proof_files_are_refused() -> None:
    for text in group("tlog_proof")["reject"]:
        with pytest.raises(VerificationError):
            pytest.fail(f"accepted: {text!r}: {parse_proof(text.encode())}")


def test_a_policy_asks_for_both_witnesses() -> None:
    (text,) = group("tlog_policy")["accept"]
    policy = parse_witness_policy(text.encode())
    first, second = policy.witnesses.values()
    assert policy.quorum == "g1"
    assert policy.satisfied_by([first, second])
    assert not policy.satisfied_by([first])
    assert not policy.satisfied_by([])


def test_wrong_policies_are_refused() -> None:
    (text,) = group("tlog_policy")["accept"]
    first, second, joined, quorum = text.splitlines()
    key = first.split()[2]
    cases = {
        "no quorum": [first],
        "unknown quorum": [first, "quorum unknown"],
        "a witness name twice": [first, second.replace("w2", "w1"), "quorum w1"],
        "threshold -1": [first, "group g1 -1 w1", "quorum g1"],
        "threshold 0": [first, "group g1 0 w1", "quorum g1"],
        "threshold above the members": [first, "group g1 2 w1", "quorum g1"],
        "a witness named all": [first.replace(" w1 ", " all "), "quorum none"],
        "a group named none": [first, "group none 1 w1", "quorum none"],
        "the same key under another name": [first, f"witness other {key}", "quorum w1"],
        "a member of two groups": [first, second, joined, "group g2 any w1", quorum],
        "a member defined later": [first, joined, second, quorum],
        "two quorums": [first, "quorum w1", "quorum none"],
        "an unknown word": [first, "trust w1", "quorum w1"],
    }
    for case, lines in cases.items():
        with pytest.raises(DocumentError):
            pytest.fail(f"accepted: {case}: {parse_witness_policy(chr(10).join(lines).encode())}")


def test_all_mistakes_of_a_policy_are_told_with_their_lines() -> None:
    with pytest.raises(DocumentError) as caught:
        parse_witness_policy(b"# comment\n\nwitness all x\nfrom here\nquorum nobody\n", name="p")
    assert [problem.line for problem in caught.value.problems] == [3, 4, 5]
