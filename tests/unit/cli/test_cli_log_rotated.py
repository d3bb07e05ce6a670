"""`assay log` after its keys were replaced: whom an auditor believes who has a copy of the folder, and the keys."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from assay.cli import main
from assay.lifecycle.log_handover import ed25519_keys
from assay.tlog.log_keys import parse_log_keys

if TYPE_CHECKING:
    from pathlib import Path


class Auditor:
    """Runs `assay log` here, and tells exit code, answer and message."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["log", *arguments])
        told = self._capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err


@pytest.fixture
def assay(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Auditor:
    """A log of two keys that were replaced after two entries, a proof from before and one from after, and a copy."""
    monkeypatch.chdir(tmp_path)
    run = Auditor(capsys)
    assert run("init", "L", "--origin", "example.com/log", "--ml-dsa")[0] == 0
    for name in ("one", "two", "three"):
        (tmp_path / name).write_text(name)
    run("append", "L", "one", "two")
    shutil.copy("L/checkpoint", "old")
    run("prove", "L", "0", "-o", "one.tlog-proof")
    code, out, words = run("rotate-key", "L")
    assert (code, out) == (0, (tmp_path / "L.vkey").read_text())
    assert "its ML-DSA-44 key was replaced, too: L.ml-dsa.vkey" in words
    run("append", "L", "three")
    run("prove", "L", "3", "-o", "three.tlog-proof")
    shutil.copytree("L", "elsewhere/copy")
    return run


def test_the_keys_by_size_check_a_copy_also_against_a_checkpoint_of_the_old_keys(assay: Auditor) -> None:
    code, out, _ = assay("check", "elsewhere/copy", "--vkey", "L.keys", "--old", "old")
    assert (code, "4 entries in 7 files agree" in out, "continues the old checkpoint" in out) == (0, True, True)
    assert assay("check", "elsewhere/copy", "--vkey", "L.vkey")[0] == 0  # a file of the new key alone
    code, out, _ = assay("check", "elsewhere/copy", "--vkey", "L.vkey", "--old", "old")
    assert (code, "expected a signature by a trusted key" in out) == (1, True)


def test_a_proof_is_verified_by_the_keys_of_its_size(assay: Auditor, tmp_path: Path) -> None:
    for name, index in (("one", 0), ("three", 3)):
        code, out, _ = assay("verify", f"{name}.tlog-proof", name, "--vkey", "L.keys")
        assert (code, f"is entry {index} of the log example.com/log" in out) == (0, True)
        assert "and by example.com/log+" in out  # the key of the other kind
    assert "expected a signature by a trusted key" in assay("verify", "one.tlog-proof", "one", "--vkey", "L.vkey")[2]
    ed25519 = ed25519_keys(parse_log_keys((tmp_path / "L.keys").read_bytes()))
    (tmp_path / "one.keys").write_bytes(ed25519.content())
    code, out, _ = assay("verify", "one.tlog-proof", "one", "--vkey", "one.keys")
    assert (code, "and by" in out) == (0, False)  # who knows the Ed25519 keys alone asks for no other


def test_what_is_no_key_is_told(assay: Auditor, tmp_path: Path) -> None:
    (tmp_path / "two.keys").write_text("example.com/a\n")
    assert assay("check", "L", "--vkey", "two.keys")[2].startswith("assay: two.keys: expected verifier keys, or")
    keys = (tmp_path / "L.vkey").read_text()
    assay("init", "M", "--origin", "example.com/other")
    (tmp_path / "both").write_text(keys + (tmp_path / "M.vkey").read_text())
    code, _, words = assay("check", "L", "--vkey", "both")
    assert (code, "expected the keys of one log, found those of 2" in words) == (2, True)
