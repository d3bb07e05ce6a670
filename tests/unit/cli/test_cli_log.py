"""`assay log` as its users run it: arguments, exit codes, standard streams."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from assay.cli import answer
from assay.tlog.merkle import hash_leaf
from assay.tlog.proof import parse_proof
from assay.tlog.vkey import parse_vkey

if TYPE_CHECKING:
    from pathlib import Path


def assay(folder: Path, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    """Run a verb in a folder, in this process; a process each would import the same for seconds."""
    read, out, err = io.TextIOWrapper(io.BytesIO(given)), io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    before, sys.stdin = sys.stdin, read
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = answer(["log", *arguments])
    finally:
        sys.stdin = before
    told = [stream.detach() for stream in (out, err)]
    assert b"a defect of Assay" not in told[1].getvalue()
    return code, told[0].getvalue().decode(), told[1].getvalue().decode()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    assert assay(tmp_path, "init", "L", "--origin", "example.com/log")[0] == 0
    return tmp_path


def test_files_and_lines_become_entries(log: Path) -> None:
    (log / "a").write_bytes(b"first\n")
    (log / "b").write_bytes(b"\xff\x00")
    code, out, _ = assay(log, "append", "L", "a", "b", "-", given=b"third")
    assert code == 0
    assert out.splitlines() == [
        f"{i} {hash_leaf(e).hex()} {n}"
        for i, (e, n) in enumerate([(b"first\n", "a"), (b"\xff\x00", "b"), (b"third", "-")])
    ]
    code, out, _ = assay(log, "append", "L", "--lines", "-", "--format", "json", given=b"four\n\nsix\r\nseven")
    assert code == 0
    told = json.loads(out)
    assert (told["origin"], told["first"], told["size"]) == ("example.com/log", 3, 7)
    assert told["leaves"] == [hash_leaf(one).hex() for one in (b"four", b"", b"six\r", b"seven")]
    code, out, _ = assay(log, "tail", "L", "-n", "6")
    assert out.splitlines() == ["1 /wA=", "2 third", "3 four", "4 ", "5 six\\r", "6 seven"]
    code, out, _ = assay(log, "tail", "L", "--format", "json", "-n", "1")
    assert json.loads(out) == {"index": 6, "encoding": "utf-8", "entry": "seven"}


def test_an_event_id_makes_an_append_safe_to_repeat(log: Path) -> None:
    (log / "a").write_bytes(b"one")
    (log / "b").write_bytes(b"two")
    told = [
        assay(log, "append", "L", name, "--event-id", event) for name, event in (("a", "1"), ("b", "2"), ("a", "1"))
    ]
    assert [out.split(" ")[0] for _, out, _ in told] == ["0", "1", "0"]
    code, out, words = assay(log, "append", "L", "b", "--event-id", "1")
    assert (code, out) == (2, "")
    assert "its event id b'1' is that of entry 0, which has another content" in words


def test_what_is_too_long_goes_by_its_digest(log: Path) -> None:
    (log / "big").write_bytes(bytes(65_536))
    (log / "fits").write_bytes(bytes(65_535))
    code, out, words = assay(log, "append", "L", "big", "fits")
    record = b'{"_type":"https://assay/evidence/v1","sha256":"%s","size":65536}' % (
        sha256(bytes(65_536)).hexdigest().encode()
    )
    assert code == 0
    assert out.splitlines() == [f"0 {hash_leaf(record).hex()} big", f"1 {hash_leaf(bytes(65_535)).hex()} fits"]
    assert words == "note: entry 0 is the digest of 65536 bytes, kept in its store\n"
    assert assay(log, "get", "L", "0", "-o", "again") == (0, "", "")
    assert (log / "again").read_bytes() == bytes(65_536)
    assert assay(log, "get", "L", "1")[1].encode() == bytes(65_535)
    assert json.loads(assay(log, "tail", "L", "-n", "2")[1].splitlines()[0].partition(" ")[2])["size"] == 65_536
    assert assay(log, "check", "L")[0] == 0
    (kept,) = (path for path in (log / "L.evidence").rglob("*") if path.is_file())
    kept.write_bytes(bytes(65_535) + b"x")
    code, out, _ = assay(log, "check", "L")
    assert (code, "its bytes do not hash to its name" in out) == (1, True)
    code, _, words = assay(log, "get", "L", "0")
    assert (code, "are not those that the log has the digest of" in words) == (1, True)
    kept.unlink()
    code, _, words = assay(log, "get", "L", "0")
    assert (code, "they were erased" in words) == (2, True)
    assert assay(log, "check", "L")[0] == 0
    assert assay(log, "append", "L", "big")[0] == 0
    assert assay(log, "get", "L", "0")[0] == 0


def test_a_proof_verifies_elsewhere(log: Path) -> None:
    assay(log, "append", "L", "--lines", "-", given=b"one\ntwo\nthree\n")
    _, vkey, _ = assay(log, "vkey", "L")
    assert assay(log, "prove", "L", "1", "-o", "one.tlog-proof") == (0, "", "")
    proof = (log / "one.tlog-proof").read_bytes()
    assert parse_proof(proof).verify(hash_leaf(b"two"), parse_vkey(vkey.strip())).checkpoint.size == 3
    assert assay(log, "prove", "L", "1")[1].encode() == proof
    code, _, words = assay(log, "prove", "L", "3")
    assert (code, words) == (2, "assay: entry 3: the log example.com/log holds 0 to 2\n")


def test_the_check_says_what_is_wrong_and_where(log: Path) -> None:
    assay(log, "append", "L", "--lines", "-", given=b"one\ntwo\nthree\n")
    _, note, _ = assay(log, "checkpoint", "L")
    (log / "old").write_text(note)
    assay(log, "append", "L", "--lines", "-", given=b"four\n")
    code, out, _ = assay(log, "check", "L", "--old", "old")
    assert code == 0
    assert (
        out
        == "example.com/log: 4 entries in 5 files agree with the signed checkpoint, and continues the old checkpoint\n"
    )
    bundle = log / "L" / "tile" / "entries" / "000.p" / "4"
    bundle.write_bytes(bundle.read_bytes().replace(b"two", b"six"))
    code, out, words = assay(log, "check", "L")
    assert code == 1
    assert "tile/0/000.p/4: hash 1 does not follow from entry 1, which is in tile/entries/000.p/4" in out
    assert "the log is not what it was" in words
    code, out, _ = assay(log, "check", "L", "--format", "json")
    told = json.loads(out)
    assert (code, told["ok"], told["size"]) == (1, False, 4)
    code, _, words = assay(log, "append", "L", "--lines", "-", given=b"five\n")
    assert (code, "do not hash to the tile" in words) == (1, True)


def test_a_log_that_was_cut_shows_against_an_old_checkpoint(log: Path) -> None:
    assay(log, "append", "L", "--lines", "-", given=b"one\n")
    for name in ("L", "L.private"):
        shutil.copytree(log / name, log / f"saved.{name}")
    assay(log, "append", "L", "--lines", "-", given=b"two\n")
    shutil.copy(log / "L" / "checkpoint", log / "kept")
    for name in ("L", "L.private"):
        shutil.rmtree(log / name)
        shutil.move(log / f"saved.{name}", log / name)
    assert assay(log, "check", "L")[0] == 0
    code, out, _ = assay(log, "check", "L", "--old", "kept")
    assert (code, out) == (1, "log: cut: it had 2 entries at the old checkpoint, it has 1 now\n")


def test_an_auditor_checks_a_copy_with_the_key(log: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assay(log, "append", "L", "--lines", "-", given=b"one\n")
    vkey = assay(log, "vkey", "L")[1].strip()
    elsewhere = tmp_path_factory.mktemp("auditor")
    shutil.copytree(log / "L", elsewhere / "copy")
    code, out, words = assay(elsewhere, "check", "copy", "--vkey", vkey)
    assert (code, "1 entries in 3 files agree" in out) == (0, True)
    assert "note: not compared with the guard" in words
    code, _, words = assay(elsewhere, "check", "copy")
    assert (code, "--vkey" in words) == (2, True)
    code, _, words = assay(elsewhere, "append", "copy", "--lines", "-", given=b"two\n")
    assert (code, "without it a log is only read" in words) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("append", "nowhere", "a"), "assay log init nowhere"),
        (("append", "L", "a", "a", "--event-id", "x"), "an event id names one entry: expected one, found 2"),
        (("append", "L", "missing"), "expected a file at missing"),
        (("append", "L"), "expected files to append, or --lines FILE"),
        (("append", "L", "a", "--lines", "-"), "and not both"),
        (("init", "L", "--origin", "example.com/log"), "expected nothing at L yet"),
        (("init", "M", "--origin", "https://example.com"), "without scheme"),
        (("check", "L", "--vkey", "nonsense"), "expected <name>+<key ID>+<base64 key>"),
        (("prove", "L", "0"), "holds none yet"),
        (("vkey", "nowhere"), "expected a log's folder at nowhere"),
    ],
)
def test_a_wrong_command_is_told_in_words(log: Path, arguments: tuple[str, ...], words: str) -> None:
    (log / "a").write_bytes(b"a")
    code, out, told = assay(log, *arguments)
    assert (code, out) == (2, "")
    assert words in told
    assert not (log / "M").exists()
    assert [path.name for path in (log / "L").iterdir()] == ["checkpoint"]
