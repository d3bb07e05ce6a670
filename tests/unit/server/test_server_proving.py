"""What the server gives a browser to prove an entry with: of every entry, of two logs, after a key was replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from assay.adapters.trail_here import open_trail
from assay.errors import NotThereError
from assay.lifecycle.log_shards import shards
from assay.server.proving import log_address, log_folder, prove_entry
from assay.tlog.tree import root_hash
from proof_cases import b64, in_node
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

NEXT = "example.com/small/2027"
ACK = ("trail", "append", "monitor.ack", "--as", "mila", "-f", "alert=a", "-f", "by=mila")


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """A log whose key was replaced, and one that goes on after it, signed with two kinds of keys."""
    made = small_project(tmp_path, capsys)
    for line in (
        ("keys", "new", "mila"),
        ("run", "--key", "mila"),
        ("log", "rotate-key", ".assay/log"),
        ("log", "freeze", ".assay/log", "--successor", NEXT),
        ("log", "init", ".assay/log-2027", "--after", ".assay/log", "--ml-dsa"),
        ACK,
    ):
        said = made.say(*line)
        assert said.code == 0, said.err
    return made


def proven(project: SmallProject) -> list[dict[str, Any]]:
    log = project.root / ".assay/log"
    with open_trail(project.root) as trail:
        return [msgspec.to_builtins(prove_entry(trail, log, index)) for index in range(trail.size)]


def test_every_entry_of_every_log_is_proven(project: SmallProject) -> None:
    given = proven(project)
    found = [one["value"] for one in in_node([{"call": "prove", "given": one} for one in given])]
    assert [one["state"] for one in found] == ["proven"] * len(given), found
    assert {one["log"] for one in given} == {"/log/", "/log/shards/1/"}
    assert [one["trail_index"] for one in given] == list(range(len(given)))
    assert given[-1]["origin"] == NEXT
    told = [step["words"] for step in found[-1]["steps"]]
    assert any("signs with ML-DSA-44, which is not checked by this page" in one for one in told)
    assert any("holds for mila" in one for one in told)
    assert any("holds for the log example.com/small/2027" in step["words"] for one in found for step in one["steps"])


def test_the_tiles_join_each_size_to_the_present_one(project: SmallProject) -> None:
    log = project.root / ".assay/log"
    tiles = {path.relative_to(log).as_posix(): path.read_bytes().hex() for path in log.glob("tile/0/**/*")
             if path.is_file()}  # fmt: skip
    with open_trail(project.root) as trail:
        first = trail.shards[0]
        given = msgspec.to_builtins(prove_entry(trail, log, 0))
        size = first.signed.checkpoint.size
        assert size > 5
        roots = {n: first.reader.tree(size) for n in range(1, size)}
        calls = []
        for n, tree in roots.items():
            pin = {"vkey": given["vkey"], "size": str(n), "root": b64(root_hash(n, tree.node))}
            calls.append({"call": "prove", "given": given, "pin": pin, "tiles": tiles})
    assert {one["value"]["state"] for one in in_node(calls)} == {"proven"}


def test_the_proof_file_is_the_one_that_anybody_checks(project: SmallProject) -> None:
    with open_trail(project.root) as trail:
        one = prove_entry(trail, project.root / ".assay/log", 0)
    said = project.say("log", "prove", ".assay/log", "0")
    assert said.out == one.tlog_proof().decode()


def test_an_entry_that_is_not_there_is_told(project: SmallProject) -> None:
    with open_trail(project.root) as trail:
        for index in (-1, trail.size):
            with pytest.raises(NotThereError, match=f"from 0 to {trail.size - 1}, found {index}"):
                prove_entry(trail, project.root / ".assay/log", index)


def test_each_log_has_an_address_and_a_folder(project: SmallProject) -> None:
    log = project.root / ".assay/log"
    assert [log_folder(log, n) for n in range(2)] == shards(log)
    assert log_folder(log, 2) is None
    assert [log_address(n) for n in (0, 1)] == ["/log/", "/log/shards/1/"]
