"""Publishing fails at each of its steps, before or after the step took effect, around full tiles; then it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_tiles import FolderTiles
from assay.adapters.log_private import LogPrivate
from assay.adapters.sqlite_sequencer import SqliteSequencer
from assay.errors import AssayError, StorageError, VerificationError
from assay.lifecycle.publishing import Publisher, Submission
from assay.tlog.checkpoint import parse_checkpoint
from assay.tlog.note import parse_note
from assay.tlog.signer import sign_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from assay.tlog.checkpoint import Checkpoint

STEPS = ("entries", "create", "swap", "sign", "cosign", "replace_checkpoint", "remove_partials", "release")


@dataclass
class Fault:
    """Strikes once, at the n-th call of a step, before or after the call took effect."""

    step: str
    at: int
    after: bool
    calls: dict[str, int] = field(default_factory=dict)

    def through(self, name: str, call: Callable[..., Any], *arguments: object) -> object:
        self.calls[name] = self.calls.get(name, 0) + 1
        strikes = name == self.step and self.calls[name] == self.at
        if strikes and not self.after:
            raise StorageError(f"fault before {name}")
        found = call(*arguments)
        if strikes:
            raise StorageError(f"fault after {name}")
        return found


class Faulty:
    """A part of the log whose calls go through a fault."""

    def __init__(self, part: object, fault: Fault) -> None:
        self._part, self._fault = part, fault

    def __getattr__(self, name: str) -> Callable[..., object]:
        call = getattr(self._part, name)
        return lambda *arguments: self._fault.through(name, call, *arguments)


class Log:
    """A log in a folder, its parts at hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.private = LogPrivate(folder.with_name("log.private"))
        self.front = FolderLog.init(folder, "example.com/publishing")
        self.signed: dict[int, bytes] = {}
        self.entries: list[bytes] = []

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Sign, and check that no second root of a size is ever signed."""
        assert self.signed.setdefault(checkpoint.size, checkpoint.root) == checkpoint.root
        return sign_note(checkpoint.text(), [self.private.key()])

    def publish(self, count: int, fault: Fault) -> None:
        new = [b"entry %d" % i for i in range(len(self.entries), len(self.entries) + count)]
        with SqliteSequencer(self.private.database) as sequencer:
            sequencer.append([Submission(one) for one in new])
            self.entries += new

            def cosign(note: bytes, prove: Callable[[int, int], Sequence[bytes]]) -> bytes:
                size = parse_checkpoint(parse_note(note).text).size
                assert prove(1, size) or size == 1
                return note

            parts: list[Any] = [
                Faulty(part, fault) for part in (sequencer, self.private, FolderTiles(self.folder, self.private.marker))
            ]
            Publisher(
                *parts,
                sign=lambda checkpoint: fault.through("sign", self.sign, checkpoint),  # type: ignore[arg-type,return-value]
                opened=self.front.reader.checkpoint,
                cosign=lambda note, prove: fault.through("cosign", cosign, note, prove),  # type: ignore[arg-type]
            ).publish()

    def check(self) -> None:
        assert self.front.check().problems == ()
        size = self.front.reader.checkpoint().checkpoint.size
        assert list(self.front.reader.entries(0, size)) == self.entries[:size]


def faults() -> Iterator[tuple[str, bool]]:
    for step in STEPS:
        yield step, False
        yield step, True


@pytest.mark.parametrize(("step", "after"), list(faults()))
@pytest.mark.parametrize("size", [254, 255, 256, pytest.param(65_534, marks=pytest.mark.slow),
                                  pytest.param(65_535, marks=pytest.mark.slow)])  # fmt: skip
def test_a_step_that_fails_is_made_good(tmp_path: Path, size: int, step: str, after: bool) -> None:
    log = Log(tmp_path / "log")
    log.publish(size, Fault("none", 0, after=False))
    for count in (1, 1, 2):
        fault = Fault(step, 1, after)
        with pytest.raises(StorageError, match=f"fault (before|after) {step}"):
            log.publish(count, fault)
        log.check()
        assert log.front.check().checkpoint is not None
    if step == "remove_partials":
        assert log.front.publish().checkpoint.size == size + 4
    log.publish(1, Fault("none", 0, after=False))
    log.check()
    assert log.front.reader.checkpoint().checkpoint.size == size + 5
    assert log.front.check().notes == ()
    assert log.front.append([b"after"])[0].index == size + 5
    assert not list(log.folder.rglob(".*"))


def test_writes_of_a_step_are_counted(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    log.publish(256, Fault("none", 0, after=False))
    fault = Fault("none", 0, after=False)
    log.publish(1, fault)
    writing = {name: fault.calls.get(name, 0) for name in STEPS[1:]}
    assert writing == dict.fromkeys(STEPS[1:], 1)


def test_a_missing_quorum_keeps_entries_and_waits(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    log.publish(3, Fault("none", 0, after=False))
    for _ in range(2):
        with pytest.raises(AssayError, match="fault before cosign"):
            log.publish(2, Fault("cosign", 1, after=False))
        assert log.front.reader.checkpoint().checkpoint.size == 3
        assert "wait" in log.front.check().notes[0]
    assert log.front.publish().checkpoint.size == 7
    log.check()


def test_rows_that_the_disk_changed_are_not_signed(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    with SqliteSequencer(log.private.database) as sequencer:
        sequencer.append([Submission(b"x" * 1_000), Submission(b"y")])
    whole = log.private.database.read_bytes()
    log.private.database.write_bytes(whole.replace(b"x" * 1_000, b"x" * 999 + b"z"))
    assert log.front.check().problems == ("entries.db: its entries do not hash to the root committed at size 2",)
    with pytest.raises(VerificationError, match="do not hash to the root that was committed with them"):
        log.front.publish()
    assert log.front.reader.checkpoint().checkpoint.size == 0
    assert not (log.folder / "tile").exists()
    log.private.database.write_bytes(whole)
    assert log.front.publish().checkpoint.size == 2


def test_two_publishers_at_once_never_sign_two_roots(tmp_path: Path) -> None:
    """The lock is the caller's; without it, the guard's swap stops the second one."""
    log = Log(tmp_path / "log")
    with SqliteSequencer(log.private.database) as sequencer:
        sequencer.append([Submission(b"one")])

        class Late(LogPrivate):
            def swap(self, old: Checkpoint, new: Checkpoint) -> None:
                log.front.publish()  # another one was faster
                super().swap(old, new)

        late = Publisher(
            sequencer,
            Late(tmp_path / "log.private"),
            FolderTiles(log.folder, log.private.marker),
            sign=log.sign,
            opened=log.front.reader.checkpoint,
        )
        with pytest.raises(VerificationError, match="changed under the writer"):
            late.publish()
    assert log.signed == {}
    log.front.extend([b"two"])
    assert log.front.check().problems == ()
