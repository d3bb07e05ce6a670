"""A second client that none of us wrote, `tlog-scales` from PyPI, reads our logs, ML-DSA-44 included.

It agrees to the byte: the proof file that it makes from our tiles is the one that `assay log prove` writes.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_reader import second_vkey_path
from assay.adapters.witness_state import WitnessState
from assay.tlog.checkpoint import parse_checkpoint
from assay.tlog.note import parse_note
from assay.tlog.proof import parse_proof

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "logs.example.com/credit"
WANTED = "needs a client of others: pip install tlog-scales==0.0.3"

pytestmark = pytest.mark.service

reader = pytest.importorskip("tlog_scales.reader", reason=WANTED)
backend = pytest.importorskip("tlog_scales.backend", reason=WANTED)
signing = pytest.importorskip("tlog_scales.signing", reason=WANTED)
tiles = pytest.importorskip("tlog_scales.tiles", reason=WANTED)
tlog = pytest.importorskip("tlog_scales.tlog", reason=WANTED)


def entries(size: int) -> list[bytes]:
    return [b"entry %d " % number + b"x" * (number * 7 % 200) for number in range(size)]


def make(folder: Path, size: int) -> FolderLog:
    """Write a log with two keys, in two steps."""
    log = FolderLog.init(folder / "L", ORIGIN, ml_dsa=True)
    log.extend(entries(size)[: size // 3])
    log.extend(entries(size)[size // 3 :])
    return log


def opened(log: Path) -> tuple[Any, Any]:
    """Return their reader of a log's folder, and the checkpoint that it has read."""
    found = reader.TilesReader(backend.LocalBackend(log))
    return found, found.get_checkpoint()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 70_000])
def test_it_reads_what_we_write(tmp_path: Path, size: int) -> None:
    log = make(tmp_path, size)
    theirs, checkpoint = opened(tmp_path / "L")
    for text in (log.vkey, second_vkey_path(tmp_path / "L").read_text().strip()):
        checkpoint.verify(signing.Vkey.from_string(text))
        assert signing.Vkey.from_string(text).serialize() == text
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, size)
    assert checkpoint.serialize().encode() == (tmp_path / "L" / "checkpoint").read_bytes()
    assert theirs.calculate_root_hash() == checkpoint.root_hash
    for index in sorted({0, size // 2, size - 1}):
        assert theirs.get_entry(index) == entries(size)[index]
        theirs.get_inclusion_proof(index, size).check(tiles.leaf_hash(entries(size)[index]), checkpoint.root_hash)
        ours = parse_proof(log.prove(index).content())
        tlog.InclusionProof(index, size, list(ours.hashes)).check(
            tiles.leaf_hash(entries(size)[index]), checkpoint.root_hash
        )
        code = "from tlog_scales.cli import main; main()"
        made = subprocess.run(
            [sys.executable, "-c", code, "gen-proof", str(tmp_path / "L"), str(index)], capture_output=True, check=True
        )
        assert made.stdout == log.prove(index).content()
    for old in {1, size // 2, size - 1} - {0}:
        theirs.set_size(old)
        root = theirs.calculate_root_hash()
        theirs.set_size(size)
        theirs.get_consistency_proof(old, size).check(root, checkpoint.root_hash)


def test_it_accepts_the_cosignatures_of_our_witness(tmp_path: Path) -> None:
    log = make(tmp_path, 5)
    text = parse_note(log.reader.checkpoint().note).text
    witness = WitnessState.open(tmp_path / "witness", "example.com/witness")
    _, checkpoint = opened(tmp_path / "L")
    for signer in witness.signers:
        key = signing.Vkey.from_string(str(signer.verifier))
        line = signer.cosign(text, 1_700_000_000).line().decode().rstrip("\n")
        key.get_verifier().verify_note(signing.NoteSignature.from_line(line), checkpoint)
    witness.close()
    assert parse_checkpoint(text).size == 5


def test_it_refuses_wrong_bytes(tmp_path: Path) -> None:
    log = make(tmp_path, 300)
    checkpoint_path, tile, bundle = (
        tmp_path / "L" / name for name in ("checkpoint", "tile/0/001.p/44", "tile/entries/001.p/44")
    )
    for path, place in ((checkpoint_path, 30), (tile, 5), (bundle, 12)):
        content = path.read_bytes()
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(Exception) as caught:  # noqa: PT011 - theirs are of many kinds
            _accept(tmp_path / "L", log.vkey)
        assert "InvalidSignature" in repr(caught.value) or "Invalid" in type(caught.value).__name__
        path.write_bytes(content)
    _accept(tmp_path / "L", log.vkey)


def _accept(folder: Path, vkey: str) -> None:
    theirs, checkpoint = opened(folder)
    checkpoint.verify(signing.Vkey.from_string(vkey))
    for index in (256, 299):
        proof = theirs.get_inclusion_proof(index, checkpoint.size)
        proof.check(tiles.leaf_hash(theirs.get_entry(index)), checkpoint.root_hash)
