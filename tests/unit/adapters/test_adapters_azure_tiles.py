"""Tiles in Azure containers: what a folder would hold, locked for good, and what nobody may lay over it."""

from __future__ import annotations

import datetime as dt
import itertools
import sys
from typing import TYPE_CHECKING

import pytest

from assay.adapters.azure_container import BlobPolicy, RefusedError, connect
from assay.adapters.azure_tiles import AzureTiles, ImmutabilityLock
from assay.adapters.folder_log import FolderLog
from assay.adapters.log_private import LogPrivate
from assay.adapters.sqlite_sequencer import SqliteSequencer
from assay.errors import InputError, MissingExtraError, StorageError, VerificationError
from assay.lifecycle.publishing import Publisher, Submission
from assay.tlog.audit import audit
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.merkle import EMPTY_ROOT
from assay.tlog.signed_checkpoint import SignedCheckpoint, open_checkpoint
from assay.tlog.signer import sign_note
from azure_fake import NOW, AzureFake, Clock
from azure_scenarios import SCENARIOS, AzureStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREFIX, FULL = "credit/2026/", "tile/0/000"
UNTIL = NOW + dt.timedelta(days=3650)


def entries(first: int, end: int) -> list[bytes]:
    return [f"entry {index}".encode() for index in range(first, end)]


class AzureLog:
    """A new log: key, guard and database in a folder, everything else in two containers."""

    def __init__(self, folder: Path, lock: ImmutabilityLock) -> None:
        self.clock = Clock()
        self.locked = AzureFake("log", versions=True, clock=self.clock)
        self.mutable = AzureFake("head", versions=False, clock=self.clock)
        self.tiles = AzureTiles(self.locked, self.mutable, lock=lock, prefix=PREFIX)
        folder.mkdir(mode=0o700)
        self.private = LogPrivate(folder)
        self.signer = self.private.key(make_for="example.com/log")
        empty = Checkpoint("example.com/log", 0, EMPTY_ROOT)
        SqliteSequencer.create(self.private.database)
        self.private.make_guard(empty)
        self.tiles.make_checkpoint(sign_note(empty.text(), [self.signer]))

    def opened(self) -> SignedCheckpoint:
        return open_checkpoint(self.tiles.fetch("checkpoint") or b"", self.signer.verifier)

    def append(self, contents: list[bytes]) -> SignedCheckpoint:
        with SqliteSequencer(self.private.database) as sequencer:
            sequencer.append([Submission(content) for content in contents])
        return self.publish()

    def publish(self) -> SignedCheckpoint:
        with SqliteSequencer(self.private.database) as sequencer:
            sign = lambda checkpoint: sign_note(checkpoint.text(), [self.signer])  # noqa: E731 - as a publisher takes it
            return Publisher(sequencer, self.private, self.tiles, sign=sign, opened=self.opened).publish()

    def problems(self) -> list[str]:
        paths = (path for path in self.tiles.paths() if path != "checkpoint")
        return audit(self.tiles.fetch, self.opened().checkpoint, paths) + self.tiles.problems()


@pytest.fixture
def log(tmp_path: Path) -> AzureLog:
    return AzureLog(tmp_path / "private", ImmutabilityLock("Locked", UNTIL))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_the_fake_keeps_the_rules(scenario: Callable[[AzureStore], None]) -> None:
    clock = Clock()
    locked, mutable = AzureFake("log", versions=True, clock=clock), AzureFake("head", versions=False, clock=clock)
    scenario(AzureStore(locked, mutable, now=lambda: clock.now))


def test_the_fake_lets_go_after_the_date(log: AzureLog) -> None:
    log.tiles.create([(FULL, b"x")])
    name = PREFIX + FULL
    version = log.locked.blobs[name].versions[0].version
    log.locked.delete(name)
    with pytest.raises(RefusedError):
        log.locked.delete(name, version)
    log.clock.now = UNTIL + dt.timedelta(seconds=1)
    log.locked.delete(name, version)
    assert log.tiles.fetch(FULL) is None


@pytest.mark.parametrize("until", [NOW, NOW + dt.timedelta(days=146_001)])
def test_the_fake_wants_a_date_to_come_that_is_not_too_far(log: AzureLog, until: dt.datetime) -> None:
    with pytest.raises(RefusedError):
        log.locked.put("x", b"", policy=BlobPolicy("Locked", until))


@pytest.mark.parametrize("sizes", [(1, 2), (255, 256, 257), (300, 600), (511, 513, 1025)])
def test_the_containers_hold_what_a_folder_holds(log: AzureLog, tmp_path: Path, sizes: tuple[int, ...]) -> None:
    folder = FolderLog.init(tmp_path / "log", "example.com/log")
    for old, size in itertools.pairwise((0, *sizes)):
        log.append(entries(old, size))
        folder.extend(entries(old, size))
    plain = {p.relative_to(tmp_path / "log").as_posix(): p.read_bytes() for p in (tmp_path / "log").rglob("*")
             if p.is_file() and p.name != "checkpoint"}  # fmt: skip
    assert {path: log.tiles.fetch(path) for path in log.tiles.paths() if path != "checkpoint"} == plain
    assert log.opened().checkpoint == folder.reader.checkpoint().checkpoint
    assert {name.removeprefix(PREFIX) for name in log.locked.blobs} == {path for path in plain if ".p/" not in path}
    assert log.problems() == []


def test_what_is_locked_has_mode_date_and_one_version(log: AzureLog) -> None:
    log.append(entries(0, 300))
    kept = {name: [(one.policy, one.held) for one in blob.versions] for name, blob in log.locked.blobs.items()}
    policy = BlobPolicy("Locked", UNTIL)
    assert kept == {PREFIX + FULL: [(policy, False)], f"{PREFIX}tile/entries/000": [(policy, False)]}
    assert all(one.policy is None for blob in log.mutable.blobs.values() for one in blob.versions)


def test_a_file_is_written_once(log: AzureLog) -> None:
    files = [(FULL, b"x" * 8192), ("tile/0/001.p/1", b"y" * 32), ("checkpoints/257", b"note")]
    log.tiles.create(files)
    log.tiles.create(files)
    for path, content in files:
        assert log.tiles.fetch(path) == content
        with pytest.raises(VerificationError, match="exists with other bytes"):
            log.tiles.create([(path, content[:-1] + b"z")])
    assert all(len(blob.versions) == 1 for blob in log.locked.blobs.values())
    with pytest.raises(InputError, match="never created"):
        log.tiles.create([("checkpoint", b"")])


def test_a_removal_and_a_later_version_hide_nothing(log: AzureLog) -> None:
    log.append(entries(0, 257))
    content = log.tiles.fetch(FULL)
    log.locked.delete(PREFIX + FULL)
    assert log.tiles.fetch(FULL) == content
    assert FULL in set(log.tiles.paths())
    assert ["no version of it is current" in one for one in log.tiles.problems()] == [True]
    log.locked.put(PREFIX + FULL, b"forged")
    assert log.tiles.fetch(FULL) == content
    assert ["later version" in one for one in log.tiles.problems()] == [True]
    log.tiles.create([(FULL, content or b"")])
    assert log.append(entries(257, 258)).checkpoint.size == 258


def test_bytes_that_somebody_planted_are_not_signed(log: AzureLog) -> None:
    log.locked.put(f"{PREFIX}tile/entries/000", b"planted")
    log.locked.delete(f"{PREFIX}tile/entries/000")
    with pytest.raises(VerificationError, match="Nothing was signed"):
        log.append(entries(0, 256))
    assert log.opened().checkpoint.size == 0


@pytest.mark.parametrize(
    "policy", [None, BlobPolicy("Unlocked", UNTIL), BlobPolicy("Locked", NOW + dt.timedelta(days=1))]
)
def test_what_was_there_with_a_weaker_policy_comes_to_be_locked(log: AzureLog, policy: BlobPolicy | None) -> None:
    log.locked.put(PREFIX + FULL, b"same", policy=policy)
    assert len(log.tiles.problems()) == 1
    log.tiles.create([(FULL, b"same")])
    assert log.tiles.problems() == []


def test_a_stronger_policy_is_not_weakened(tmp_path: Path) -> None:
    trial = AzureLog(tmp_path / "trial", ImmutabilityLock("Unlocked", UNTIL))
    trial.locked.put(PREFIX + FULL, b"same", policy=BlobPolicy("Locked", UNTIL - dt.timedelta(days=1)))
    trial.tiles.create([(FULL, b"same")])
    assert next(trial.locked.versions("")).policy == BlobPolicy("Locked", UNTIL)


def test_a_service_that_forgets_policies_is_refused(log: AzureLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(name: str, version: str, policy: BlobPolicy) -> None:
        """Answer that it was done."""

    log.locked.put(PREFIX + FULL, b"same")
    monkeypatch.setattr(log.locked, "set_policy", forgets)
    with pytest.raises(VerificationError, match="expected Locked until"):
        log.tiles.create([(FULL, b"same")])


def test_a_checkpoint_is_replaced_where_it_is_the_old_one(log: AzureLog, monkeypatch: pytest.MonkeyPatch) -> None:
    old = log.tiles.fetch("checkpoint") or b""
    with pytest.raises(InputError, match="expected no log"):
        log.tiles.make_checkpoint(b"another")
    with pytest.raises(VerificationError, match="changed under the writer"):
        log.tiles.replace_checkpoint(b"not the old one", b"new")
    before = log.mutable.get

    def meanwhile(name: str, version: str | None = None) -> tuple[bytes, str]:
        found = before(name, version)
        log.mutable.put(name, b"by another writer")
        return found

    monkeypatch.setattr(log.mutable, "get", meanwhile)
    with pytest.raises(VerificationError, match="changed under the writer"):
        log.tiles.replace_checkpoint(old, b"new")


def test_a_legal_hold_holds_and_is_lifted(tmp_path: Path) -> None:
    held = AzureLog(tmp_path / "held", ImmutabilityLock("Unlocked", UNTIL, legal_hold=True))
    held.append(entries(0, 256))
    assert all(one.held for one in held.locked.versions(""))
    held.tiles.set_legal_hold(FULL, on=False)
    assert [one.held for one in held.locked.versions(PREFIX + FULL)] == [False]
    with pytest.raises(InputError, match="expected a blob to hold"):
        held.tiles.set_legal_hold("tile/9/000", on=True)


def test_containers_that_are_not_fit_are_refused_and_everything_missing_is_named() -> None:
    lock = ImmutabilityLock("Locked", UNTIL)
    with pytest.raises(InputError) as refusal:
        AzureTiles(AzureFake("one", versions=False), AzureFake("one", versions=False, immutable=True), lock=lock)
    assert len(str(refusal.value).split("\n")) == 4


@pytest.mark.parametrize(("mode", "zone"), [("Mutable", dt.UTC), ("Locked", None)])
def test_a_lock_that_is_none(mode: str, zone: dt.tzinfo | None) -> None:
    with pytest.raises(InputError, match="immutability: expected"):
        ImmutabilityLock(mode, dt.datetime(2037, 1, 1, tzinfo=zone))


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.storage.blob", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'assay\[azure\]'"):
        connect("log", connection="UseDevelopmentStorage=true")


def test_a_publisher_that_was_interrupted_at_any_call_is_finished(tmp_path: Path) -> None:
    for step in itertools.count():
        one = AzureLog(tmp_path / str(step), ImmutabilityLock("Locked", UNTIL))
        one.append(entries(0, 255))
        left = [step]

        def fails(call: Callable[..., object], left: list[int] = left) -> Callable[..., object]:
            def once(*arguments: object, **options: object) -> object:
                left[0] -= 1
                if left[0] < 0:
                    raise StorageError("the network is gone")
                return call(*arguments, **options)

            return once

        with pytest.MonkeyPatch.context() as patch:
            for container in (one.locked, one.mutable):
                for name in ("put", "get", "delete", "versions", "names"):
                    patch.setattr(container, name, fails(getattr(container, name)))
            try:
                one.append(entries(255, 257))
                interrupted = False
            except StorageError:
                interrupted = True
        assert one.publish().checkpoint.size == 257
        assert one.problems() == []
        if not interrupted:
            break
    assert step > 10
