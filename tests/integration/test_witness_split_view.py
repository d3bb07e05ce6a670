"""A log that shows two histories: found with a quorum of witnesses, and, as documented, not found without one."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_log import FolderLog
from assay.adapters.witness_client import QuorumMissedError, gather
from assay.adapters.witness_server import WitnessServer
from assay.adapters.witness_state import FORKS, WitnessState
from assay.tlog.note import open_note
from assay.tlog.tree import consistency_proof
from assay.tlog.vkey import parse_vkey
from assay.tlog.witness import watched_logs
from assay.tlog.witness_policy import WitnessPolicy, parse_witness_policy
from unit.adapters.witness_cast import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ORIGIN = "example.com/log"
WITNESSES = ("one", "two", "three")


def branches(folder: Path) -> tuple[FolderLog, FolderLog]:
    """Return two logs under one key that agree on three entries and then tell different stories."""
    log = FolderLog.init(folder / "mine", ORIGIN)
    log.extend([b"one", b"two", b"three"])
    for name in ("", ".private", ".vkey"):
        source, target = folder / f"mine{name}", folder / f"theirs{name}"
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    other = FolderLog.open(folder / "theirs")
    log.extend([b"denied", b"later"])
    other.extend([b"allowed", b"later"])
    return log, other


@contextlib.contextmanager
def witnesses(folder: Path, log: FolderLog) -> Iterator[WitnessPolicy]:
    """Run three witnesses, and yield the policy that asks for two of them."""
    lines = [f"log {log.vkey}"]
    with contextlib.ExitStack() as stack:
        for name in WITNESSES:
            state = stack.enter_context(contextlib.closing(WitnessState.open(folder / name, f"example.com/{name}")))
            server = WitnessServer(("127.0.0.1", 0), state, watched_logs([parse_vkey(log.vkey)]))
            stack.enter_context(running(server))
            lines.append(f"witness {name} {state.signers[0].verifier} {server.address}")
        yield parse_witness_policy(
            "\n".join([*lines, f"group two-of-three 2 {' '.join(WITNESSES)}", "quorum two-of-three"]).encode()
        )


def publish(log: FolderLog, policy: WitnessPolicy) -> bytes:
    def prove(old: int, size: int) -> Sequence[bytes]:
        return consistency_proof(old, size, log.reader.tree(size).node)

    return gather(log.reader.checkpoint().note, policy, prove).note


def test_without_witnesses_two_histories_pass_every_check(tmp_path: Path) -> None:
    """Documented in docs/reference/witness.md: nobody who sees one of them alone can tell."""
    mine, theirs = branches(tmp_path)
    for log in (mine, theirs):
        assert log.check().problems == ()
        assert log.reader.checkpoint().checkpoint.size == 5
    assert mine.reader.checkpoint().checkpoint.root != theirs.reader.checkpoint().checkpoint.root


def test_with_a_quorum_only_one_history_can_be_published(tmp_path: Path) -> None:
    mine, theirs = branches(tmp_path)
    with witnesses(tmp_path, mine) as policy:
        note = publish(mine, policy)
        assert policy.open(note).checkpoint.size == 5
        with pytest.raises(QuorumMissedError, match="two histories") as missed:
            publish(theirs, policy)
        assert missed.value.gathered.cosigned_by == ()
        assert {each.witness for each in missed.value.gathered.failures if each.contradicts} == set(WITNESSES)
        assert theirs.check().problems == ()  # entries stay; publishing waits
        theirs.extend([b"to outgrow the other"])
        with pytest.raises(QuorumMissedError, match="consistency proof from size 5 to 6 does not hold"):
            publish(theirs, policy)
        mine.extend([b"six"])
        assert policy.open(publish(mine, policy)).checkpoint.size == 6
    for name in WITNESSES:  # the proof that convicts the log, signed by the log
        (kept,) = (tmp_path / name / FORKS).iterdir()
        assert b"\n5\n" in open_note(kept.read_bytes(), [parse_vkey(mine.vkey)]).text


def test_a_log_that_was_cut_or_restored_is_noticed(tmp_path: Path) -> None:
    mine, _ = branches(tmp_path)
    for name in ("", ".private"):
        shutil.copytree(tmp_path / f"mine{name}", tmp_path / f"kept{name}")
    with witnesses(tmp_path, mine) as policy:
        mine.extend([b"six"])
        publish(mine, policy)
        for name in ("", ".private"):  # tiles, key and guard together, so that nothing here can tell
            shutil.rmtree(tmp_path / f"mine{name}")
            shutil.copytree(tmp_path / f"kept{name}", tmp_path / f"mine{name}")
        restored = FolderLog.open(tmp_path / "mine")
        assert restored.check().problems == ()
        with pytest.raises(QuorumMissedError, match="cosigned 6 entries of this log, this checkpoint has 5"):
            publish(restored, policy)


def test_with_too_few_witnesses_publishing_waits_and_entries_stay(tmp_path: Path) -> None:
    mine, _ = branches(tmp_path)
    with witnesses(tmp_path, mine) as policy:
        pass
    before = [*mine.reader.entries(0, 5)]
    with pytest.raises(
        QuorumMissedError, match="expected cosignatures that make the quorum 'two-of-three', found none"
    ):
        publish(mine, policy)
    mine.extend([b"still appended"])
    assert [*mine.reader.entries(0, 6)] == [*before, b"still appended"]
    with witnesses(tmp_path, mine) as policy:
        assert policy.open(publish(mine, policy)).checkpoint.size == 6
