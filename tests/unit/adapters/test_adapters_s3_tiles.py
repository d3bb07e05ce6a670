"""Tiles in two buckets, against the strict fake: what is locked, what is refused, and what interruptions leave."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import sys
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.folder_log import FolderLog
from assay.adapters.object_lock import ObjectLock
from assay.adapters.s3_client import connect
from assay.adapters.s3_tiles import S3Tiles
from assay.errors import InputError, MissingExtraError, StorageError, VerificationError
from assay.tlog.audit import required_paths
from s3_log import S3Log
from worm_fake import ClientError, WormFake
from worm_scenarios import SCENARIOS, Store, checksum

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREFIX = "credit/2026/"
FULL = "tile/0/000"


@pytest.fixture
def fake() -> WormFake:
    return WormFake()


@pytest.fixture
def store(fake: WormFake) -> Store:
    return Store(fake, lambda: fake.now)


@pytest.fixture
def log(tmp_path: Path, store: Store) -> S3Log:
    return S3Log(tmp_path / "private", store)


def entries(first: int, end: int) -> list[bytes]:
    return [b"entry %d" % index for index in range(first, end)]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_fake_keeps_the_rules(scenario: Callable[[Store], None], store: Store) -> None:
    scenario(store)


def test_the_fake_wants_a_checksum_with_a_lock_and_a_date_to_come(store: Store) -> None:
    place = {"Bucket": store.bucket(lock=True), "Key": "k", "Body": b"c"}
    lock: dict[str, Any] = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": store.until()}
    store.refuses({"InvalidRequest"}, "put_object", **place, **lock)
    past = {**lock, "ObjectLockRetainUntilDate": store.until(-1), "ChecksumSHA256": checksum(b"c")}
    store.refuses({"InvalidArgument"}, "put_object", **place, **past)
    unlocked = {**place, "Bucket": store.bucket(lock=False), "ChecksumSHA256": checksum(b"c")}
    store.refuses({"InvalidRequest"}, "put_object", **unlocked, **lock)


def test_the_fake_lets_go_after_the_date(store: Store, fake: WormFake) -> None:
    made = store.put(store.bucket(lock=True))
    fake.now = store.until(11)
    fake.delete_object(**made.place)
    made.is_gone()


@pytest.mark.parametrize("sizes", [(1, 2), (255, 256, 257), (256,), (300, 600), (511, 513, 1025)])
def test_the_buckets_hold_what_a_folder_holds(
    log: S3Log, fake: WormFake, tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    folder = FolderLog.init(tmp_path / "log", "example.com/log")
    for old, size in itertools.pairwise((0, *sizes)):
        log.append(entries(old, size))
        folder.extend(entries(old, size))
    plain = {p.relative_to(tmp_path / "log").as_posix(): p for p in (tmp_path / "log").rglob("*") if p.is_file()}
    del plain["checkpoint"]  # another key signed it
    stored = log.stored()
    assert log.opened().checkpoint == folder.reader.checkpoint().checkpoint
    tiles = {path: content for path, content in stored.items() if path != "checkpoint"}
    assert tiles == {path: file.read_bytes() for path, file in plain.items()}
    assert stored.keys() >= {"checkpoint", *required_paths(sizes[-1])}
    locked = {key.removeprefix(PREFIX) for key in fake.buckets[log.locked].keys}
    assert locked == {path for path in stored if path.startswith("tile/") and ".p/" not in path}
    assert log.problems() == []


def test_what_is_locked_has_mode_date_and_one_version(log: S3Log, fake: WormFake) -> None:
    log.append(entries(0, 300))
    kept = fake.buckets[log.locked].keys
    assert {key: [(each.mode, each.held) for each in versions] for key, versions in kept.items()} == {
        f"{PREFIX}{FULL}": [("COMPLIANCE", False)],
        f"{PREFIX}tile/entries/000": [("COMPLIANCE", False)],
    }
    assert all(each.mode is None for versions in fake.buckets[log.mutable].keys.values() for each in versions)


def test_a_file_is_written_once(log: S3Log, fake: WormFake) -> None:
    files = [(FULL, b"x" * 8192), ("tile/0/001.p/1", b"y" * 32), ("checkpoints/257", b"note")]
    log.tiles.create(files)
    before = fake.calls.copy()
    log.tiles.create(files)
    assert not [call for call in fake.calls[len(before) :] if call.startswith("put")]
    for path, content in files:
        assert log.tiles.fetch(path) == content
        with pytest.raises(VerificationError, match="exists with other bytes"):
            log.tiles.create([(path, content[:-1] + b"z")])
        assert log.tiles.fetch(path) == content
    with pytest.raises(InputError, match="never created"):
        log.tiles.create([("checkpoint", b"")])


def test_a_delete_marker_and_a_later_version_hide_nothing(log: S3Log, fake: WormFake) -> None:
    log.append(entries(0, 257))
    content = log.tiles.fetch(FULL)
    fake.delete_object(Bucket=log.locked, Key=PREFIX + FULL)
    assert log.tiles.fetch(FULL) == content
    assert FULL in set(log.tiles.paths())
    fake.put_object(Bucket=log.locked, Key=PREFIX + FULL, Body=b"forged")
    assert log.tiles.fetch(FULL) == content
    marked, laid, *rest = sorted(log.problems())
    assert "a delete marker (v" in marked
    assert "later version (v" in laid
    assert not rest
    log.tiles.create([(FULL, content or b"")])
    assert log.append(entries(257, 258)).checkpoint.size == 258


def test_bytes_that_somebody_planted_are_not_signed(log: S3Log, fake: WormFake) -> None:
    fake.put_object(Bucket=log.locked, Key=f"{PREFIX}tile/entries/000", Body=b"planted")
    fake.delete_object(Bucket=log.locked, Key=f"{PREFIX}tile/entries/000")
    with pytest.raises(VerificationError, match=r"tile/entries/000: exists with other bytes"):
        log.append(entries(0, 256))
    assert log.opened().checkpoint.size == 0


@pytest.mark.parametrize("lock", [{}, {"mode": "GOVERNANCE"}, {"until": 1}])
def test_what_was_there_with_a_weaker_lock_comes_to_be_locked(log: S3Log, store: Store, lock: dict[str, Any]) -> None:
    fake = store.client
    until = {"ObjectLockRetainUntilDate": store.until(lock.get("until", 60)), "ChecksumSHA256": checksum(b"a")}
    locked = {"ObjectLockMode": lock.get("mode", "COMPLIANCE"), **until} if lock else {}
    fake.put_object(Bucket=log.locked, Key=f"{PREFIX}keys/a", Body=b"a", **locked)
    assert log.tiles.problems()
    log.tiles.create([("keys/a", b"a")])
    (stored,) = fake.buckets[log.locked].keys[f"{PREFIX}keys/a"]
    assert stored.mode == "COMPLIANCE"
    assert stored.until == store.until(60 if "mode" in lock else 10)
    assert log.tiles.problems() == []


def test_a_store_that_forgets_locks_is_refused(log: S3Log, fake: WormFake, monkeypatch: pytest.MonkeyPatch) -> None:
    real = WormFake.get_object

    def forgetful(self: WormFake, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
        return {key: found for key, found in real(self, **arguments).items() if not key.startswith("ObjectLock")}

    monkeypatch.setattr(WormFake, "get_object", forgetful)
    with pytest.raises(VerificationError, match=r"expected COMPLIANCE until .*, found no lock"):
        log.append(entries(0, 256))
    assert fake.buckets[log.locked].keys


def test_a_checkpoint_is_replaced_where_it_is_the_old_one(log: S3Log, fake: WormFake) -> None:
    old = log.opened().note
    log.tiles.replace_checkpoint(old, b"new")
    with pytest.raises(VerificationError, match="checkpoint: changed under the writer"):
        log.tiles.replace_checkpoint(old, b"newer")
    with pytest.raises(InputError, match="expected no log"):
        log.tiles.make_checkpoint(b"again")
    assert log.tiles.fetch("checkpoint") == b"new"
    fake.delete_object(Bucket=log.mutable, Key=f"{PREFIX}checkpoint")
    with pytest.raises(VerificationError, match="changed under the writer"):
        log.tiles.replace_checkpoint(b"new", b"newer")


def test_two_writers_between_reading_and_replacing(log: S3Log, monkeypatch: pytest.MonkeyPatch) -> None:
    old, real = log.opened().note, WormFake.put_object

    def slow(self: WormFake, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
        monkeypatch.undo()
        real(self, Bucket=log.mutable, Key=f"{PREFIX}checkpoint", Body=b"other writer")
        return real(self, **arguments)

    monkeypatch.setattr(WormFake, "put_object", slow)
    with pytest.raises(VerificationError, match="changed under the writer"):
        log.tiles.replace_checkpoint(old, b"ours")
    assert log.tiles.fetch("checkpoint") == b"other writer"


def test_a_conditional_write_under_way_is_waited_for(log: S3Log, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals, real = iter(["ConditionalRequestConflict"] * 2), WormFake.put_object

    def busy(self: WormFake, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
        if code := next(refusals, None):
            raise ClientError(code)
        return real(self, **arguments)

    monkeypatch.setattr(WormFake, "put_object", busy)
    log.tiles.create([("keys/a", b"a")])
    assert log.tiles.fetch("keys/a") == b"a"
    refusals = iter(["ConditionalRequestConflict"] * 9)
    with pytest.raises(StorageError, match="ConditionalRequestConflict"):
        log.tiles.create([("keys/b", b"b")])


def test_a_partial_that_stays_is_told_though_the_batch_was_answered(
    log: S3Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(entries(0, 255))

    def denied(_self: WormFake, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - S3's names
        assert Bucket == log.mutable
        return {"Errors": [{**each, "Code": "AccessDenied"} for each in Delete["Objects"]]}

    with monkeypatch.context() as patch:
        patch.setattr(WormFake, "delete_objects", denied)
        with pytest.raises(StorageError, match=r"2 of 2 partial tiles could not be removed: .*AccessDenied"):
            log.append(entries(255, 256))
    assert log.opened().checkpoint.size == 256
    assert log.append(entries(256, 257)).checkpoint.size == 257


def test_a_legal_hold_holds_and_is_lifted(log: S3Log, store: Store, fake: WormFake) -> None:
    log.append(entries(0, 256))
    (stored,) = fake.buckets[log.locked].keys[PREFIX + FULL]
    log.tiles.set_legal_hold(FULL, on=True)
    fake.now += dt.timedelta(days=9999)
    place: dict[str, Any] = {"Bucket": log.locked, "Key": PREFIX + FULL, "VersionId": stored.version}
    store.refuses({"AccessDenied"}, "delete_object", **place)
    log.tiles.set_legal_hold(FULL, on=False)
    fake.delete_object(**place)
    with pytest.raises(InputError, match="expected an object to hold"):
        log.tiles.set_legal_hold(FULL, on=True)


def test_new_objects_can_be_held_from_the_start(store: Store, fake: WormFake) -> None:
    locked, mutable = store.bucket(lock=True), store.bucket(lock=False)
    lock = ObjectLock("GOVERNANCE", store.until(), legal_hold=True)
    S3Tiles(fake, locked=locked, mutable=mutable, lock=lock).create([("keys/a", b"a")])
    (stored,) = fake.buckets[locked].keys["keys/a"]
    assert (stored.mode, stored.held) == ("GOVERNANCE", True)


def test_buckets_that_are_not_fit_are_refused_and_everything_missing_is_named(store: Store, fake: WormFake) -> None:
    plain, locked = store.bucket(lock=False), store.bucket(lock=True)
    lock = ObjectLock("COMPLIANCE", store.until())
    with pytest.raises(InputError) as refusal:
        S3Tiles(fake, locked=plain, mutable=plain, lock=lock)
    for missing in ("are one", "versioning is not enabled", "Object Lock is not enabled"):
        assert missing in str(refusal.value)
    rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    fake.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration=rule)
    with pytest.raises(InputError, match=r"^bucket .*: has a default retention, so nothing in it could be replaced\n"):
        S3Tiles(fake, locked=store.bucket(lock=True), mutable=locked, lock=lock)
    with pytest.raises(InputError, match="bucket nowhere: expected it to exist"):
        S3Tiles(fake, locked="nowhere", mutable=plain, lock=lock)


@pytest.mark.parametrize(("mode", "zone", "words"), [("LOCKED", dt.UTC, "expected mode"), ("COMPLIANCE", None, "zone")])
def test_a_lock_that_is_none(mode: str, zone: dt.tzinfo | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        ObjectLock(mode, dt.datetime(2030, 1, 1, tzinfo=zone))


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingExtraError, match=r"boto3 is not installed\..*assay\[s3\]"):
        connect()


def test_an_object_that_is_too_large_is_not_read(log: S3Log, fake: WormFake) -> None:
    fake.put_object(Bucket=log.mutable, Key=f"{PREFIX}checkpoint", Body=b"x" * 1_000_001)
    with pytest.raises(VerificationError, match="expected at most 1000000 bytes, found more"):
        log.tiles.fetch("checkpoint")


class StoppedError(ClientError):
    """A store that stopped answering."""


@pytest.mark.parametrize("before", [True, False], ids=["not persisted", "persisted"])
def test_a_publisher_that_was_interrupted_at_any_call_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    calls = ("put_object", "get_object", "list_object_versions", "delete_objects", "list_objects_v2")
    for at in itertools.count(1):
        fake = WormFake(page=1000)
        log = S3Log(tmp_path / f"{at}", Store(fake, lambda fake=fake: fake.now))  # type: ignore[misc]  # a default
        log.append(entries(0, 255))
        count = itertools.count(1)
        with monkeypatch.context() as patch:
            for name in calls:
                patch.setattr(WormFake, name, _failing(getattr(WormFake, name), count, at, before=before))
            try:
                log.append(entries(255, 257))
            except (StorageError, VerificationError):
                finished = False
            else:
                finished = True
        assert log.publish().checkpoint.size == 257
        assert [problem for problem in log.problems() if ".p/255" not in problem] == []
        if finished:
            break
    assert at > 25


def _failing(real: Callable[..., Any], count: itertools.count[int], at: int, *, before: bool) -> Callable[..., Any]:
    def call(self: WormFake, **arguments: Any) -> Any:  # noqa: ANN401 - handed on
        if next(count) != at:
            return real(self, **arguments)
        if not before:
            with contextlib.suppress(ClientError):  # whatever the answer was, it does not arrive
                real(self, **arguments)
        raise StoppedError("RequestTimeout")

    return call
