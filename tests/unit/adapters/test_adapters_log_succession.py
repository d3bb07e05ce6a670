"""What ends and what follows: frozen logs, the shard that goes on, keys that are replaced."""

from __future__ import annotations

import base64
import threading
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assay.adapters import log_private, log_succession
from assay.adapters.durable_files import replace_file
from assay.adapters.folder_log import FolderLog, open_log
from assay.adapters.folder_reader import FolderReader, keys_path, published_keys, read_vkey, second_vkey_path, vkey_path
from assay.adapters.folder_shards import event_of, link_problem
from assay.adapters.log_succession import freeze, open_next, rotate_key
from assay.attest import dsse
from assay.attest.keys import PrivateKey
from assay.errors import InputError, StorageError, VerificationError
from assay.lifecycle.log_shards import last_shard, next_path, shards
from assay.lifecycle.log_trust import trust_beside
from assay.lifecycle.publishing import Submission
from assay.tlog.signed_checkpoint import open_checkpoint
from assay.tlog.vkey import parse_vkey

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2026-12-31T23:59:00Z"
FIRST, SECOND = "example.com/credit/2026", "example.com/credit/2027"


@pytest.fixture
def log(tmp_path: Path) -> FolderLog:
    made = FolderLog.init(tmp_path / "log", FIRST)
    made.append([b"one", b"two"])
    return made


def test_a_frozen_log_takes_nothing_more_and_says_who_goes_on(log: FolderLog, tmp_path: Path) -> None:
    with log.sequencing() as open_before:
        open_before.append([Submission(b"three", b"id 3")])
        final = freeze(tmp_path / "log", SECOND, NOW)
        assert final.checkpoint.size == 4
        with pytest.raises(InputError, match="the log is frozen"):
            open_before.append([Submission(b"late")])
        assert open_before.append([Submission(b"three", b"id 3")]) == [2]  # told again: it is in
    with pytest.raises(InputError, match="the log is frozen: nothing was appended"):
        log.append([b"late"])
    assert [event_of(entry, "log.frozen") for entry in log.reader.entries(2, 4)] == [
        None,
        {"origin": FIRST, "successor": SECOND},
    ]
    assert freeze(tmp_path / "log", SECOND, NOW).note == final.note
    with pytest.raises(VerificationError, match=r"is frozen already, and example\.com/credit/2027 goes on"):
        freeze(tmp_path / "log", "example.com/other", NOW)
    assert log.check().problems == ()


def test_a_frozen_log_stays_frozen_when_its_database_is_lost(log: FolderLog, tmp_path: Path) -> None:
    freeze(tmp_path / "log", SECOND, NOW)
    for path in (tmp_path / "log.private").glob("entries.db*"):
        path.unlink()
    with pytest.raises(InputError, match="the log is frozen"):
        log.append([b"late"])
    assert log.publish().checkpoint.size == 3


@pytest.mark.parametrize(("successor", "words"), [(FIRST, "this one's own"), ("https://x", "expected a name like")])
def test_a_successor_is_another_log(log: FolderLog, tmp_path: Path, successor: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        freeze(tmp_path / "log", successor, NOW)
    assert [one.index for one in log.append([b"three"])] == [2]


def test_the_next_shard_holds_how_the_one_before_ended(log: FolderLog, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a frozen log, found one that takes entries"):
        open_next(tmp_path / "log", tmp_path / "next", NOW)
    freeze(tmp_path / "log", SECOND, NOW)
    made = open_next(tmp_path / "log", tmp_path / "next", NOW)
    assert made.origin == SECOND
    assert shards(tmp_path / "log") == [tmp_path / "log", tmp_path / "next"]
    assert last_shard(tmp_path / "log") == tmp_path / "next"
    assert link_problem(log.reader, made.reader) is None
    before = (tmp_path / "log" / "checkpoint").read_bytes()
    cosignature = base64.b64encode(bytes(76)).decode()
    replace_file(tmp_path / "log" / "checkpoint", before + f"\N{EM DASH} witness.example.com {cosignature}\n".encode())
    assert link_problem(log.reader, made.reader) is None  # a cosignature that came later changes no tree
    replace_file(tmp_path / "log" / "checkpoint", before)
    (receipt,) = open_log(tmp_path / "log", "credit").append([b"goes on"])
    assert receipt.origin == SECOND
    trust = trust_beside(tmp_path / "log")  # of a project whose log this is
    assert [one.origin for one in trust.logs] == [FIRST, SECOND]
    assert trust.open(made.reader.checkpoint().note).checkpoint.size == 2
    assert open_next(tmp_path / "log", tmp_path / "next", NOW).vkey == made.vkey
    with pytest.raises(InputError, match="goes on after it already"):
        open_next(tmp_path / "log", tmp_path / "another", NOW)


def test_a_shard_that_does_not_follow_is_told(log: FolderLog, tmp_path: Path) -> None:
    freeze(tmp_path / "log", SECOND, NOW)
    other = FolderLog.init(tmp_path / "other", SECOND)
    other.append([b"not log.opened"])
    with pytest.raises(VerificationError, match=r"expected entry 0 to be log.opened, after 3 entries of"):
        open_next(tmp_path / "log", tmp_path / "other", NOW)
    assert not next_path(tmp_path / "log").exists()
    assert "naming example.com/credit/2026" in str(link_problem(other.reader, log.reader))


def test_signposts_that_lead_back_are_refused(log: FolderLog, tmp_path: Path) -> None:
    assert log.origin == FIRST
    replace_file(next_path(tmp_path / "log"), b"log\n")
    with pytest.raises(VerificationError, match="expected the log that goes on, found one before it"):
        shards(tmp_path / "log")


def test_no_append_fails_while_a_shard_is_rolled_over(log: FolderLog, tmp_path: Path) -> None:
    receipts: list[tuple[str, int]] = []
    done = threading.Event()

    def submit() -> None:
        number = 0
        while not done.is_set() or number < 30:
            number += 1
            try:
                found = open_log(tmp_path / "log", "credit").append([b"%d" % number])
            except InputError:  # frozen, and the next one is being made: asked again
                number -= 1
                continue
            receipts.extend((one.origin, one.index) for one in found)

    worker = threading.Thread(target=submit)
    worker.start()
    freeze(tmp_path / "log", SECOND, NOW)
    made = open_next(tmp_path / "log", tmp_path / "next", NOW)
    done.set()
    worker.join()
    # The worker may have had its say before the roll-over; what comes after it goes to the next shard for certain.
    receipts.extend((one.origin, one.index) for one in open_log(tmp_path / "log", "credit").append([b"0"]))
    entries = [(reader.key.name, *at) for reader in (log.reader, made.reader) for at in enumerate(_entries(reader))]
    said = [(origin, index) for origin, index, entry in entries if entry.isdigit()]
    assert said == receipts
    assert receipts[-1][0] == SECOND


def _entries(reader: FolderReader) -> list[bytes]:
    return list(reader.entries(0, reader.checkpoint().checkpoint.size))


def test_a_new_key_signs_from_a_size_on_and_both_sign_the_step(log: FolderLog, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    before = log.reader.checkpoint()
    done = rotate_key(folder, "planned", NOW)
    assert (done.old, done.from_size) == (log.vkey, 3)
    boundary = (folder / "checkpoint").read_bytes()
    for vkey in (done.old, done.new):
        assert open_checkpoint(boundary, parse_vkey(vkey)).checkpoint.size == 3
    opened = FolderLog.open(folder)
    assert opened.vkey == done.new == vkey_path(folder).read_text().strip()
    (entry,) = opened.reader.entries(2, 3)
    said = event_of(entry, "key.rotated")
    assert said is not None
    assert (said["whose"], said["from_size"], said["reason"]) == (FIRST, 3, "planned")
    assert {one.keyid for one in dsse.parse(entry, name="entry").signatures} == {
        said["old_key_sha256"],
        said["new_key_sha256"],
    }
    assert [one.index for one in opened.append([b"three"])] == [3]
    with pytest.raises(VerificationError):
        open_checkpoint((folder / "checkpoint").read_bytes(), parse_vkey(done.old))
    assert opened.check(before.note).problems == ()
    assert opened.check(boundary).problems == ()
    assert FolderReader.open(folder).prove(0).index == 0


def test_the_old_key_signs_nothing_that_is_accepted_any_more(log: FolderLog, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    stolen = (tmp_path / "log.private" / "key").read_bytes()
    rotate_key(folder, "stolen", NOW)
    FolderLog.open(folder).append([b"three"])
    keys = keys_path(folder).read_bytes()
    (tmp_path / "log.private" / "key").write_bytes(stolen)
    with pytest.raises(VerificationError, match="outside of its range"):
        FolderLog.open(folder).append([b"by the thief"])
    assert keys_path(folder).read_bytes() == keys
    with pytest.raises(VerificationError, match="outside of its range"):
        FolderReader.open(folder).checkpoint()
    assert log.origin == FIRST


def test_keys_are_replaced_again_and_every_range_stays(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    FolderLog.init(folder, FIRST, ml_dsa=True)
    made = [rotate_key(folder, "planned", NOW) for _ in range(3)]
    found = published_keys(folder)
    assert [(one.key.kind, one.first, one.end) for one in found.ranges] == [
        (1, 0, 1), (6, 0, 1), (1, 1, 2), (6, 1, 2), (1, 2, 3), (6, 2, 3), (1, 3, None), (6, 3, None),
    ]  # fmt: skip
    assert [one.new for one in made][:-1] == [one.old for one in made][1:]
    assert FolderLog.open(folder).check().problems == ()


def test_a_log_with_two_keys_gets_two_new_ones_and_all_four_sign_the_step(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    FolderLog.init(folder, FIRST, ml_dsa=True).append([b"one", b"two"])
    old = read_vkey(second_vkey_path(folder))
    done = rotate_key(folder, "algorithm", NOW)
    new = read_vkey(second_vkey_path(folder))
    assert (done.second, done.from_size) == (str(new), 3)
    assert new != old
    assert not list((tmp_path / "log.private").glob("*.next"))
    boundary = (folder / "checkpoint").read_bytes()
    for second in (old, new):
        assert open_checkpoint(boundary, parse_vkey(done.new), [second]).cosigned_by == (second,)
    opened = FolderLog.open(folder)
    said = event_of(_entries(opened.reader)[2], "key.rotated")
    assert said is not None
    public = [MLDSA44PublicKey.from_public_bytes(one.public) for one in (old, new)]
    assert [said["old_ml_dsa_key_sha256"], said["new_ml_dsa_key_sha256"]] == [
        sha256(one.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest() for one in public
    ]
    opened.append([b"three"])
    assert opened.check(boundary).problems == ()
    signed = open_checkpoint((folder / "checkpoint").read_bytes(), parse_vkey(done.new), [old, new])
    assert signed.cosigned_by == (new,)


def test_the_old_ml_dsa_key_signs_nothing_that_is_accepted_any_more(tmp_path: Path) -> None:
    folder, stolen = tmp_path / "log", tmp_path / "stolen"
    FolderLog.init(folder, FIRST, ml_dsa=True).append([b"one", b"two"])
    key = tmp_path / "log.private" / "key-ml-dsa"
    stolen.write_bytes(key.read_bytes())
    rotate_key(folder, "stolen", NOW)
    key.write_bytes(stolen.read_bytes())
    with pytest.raises(VerificationError, match="expected a signature by the ML-DSA-44 key of"):
        FolderLog.open(folder).append([b"by the thief"])


@pytest.mark.parametrize("ml_dsa", [False, True], ids=["one key", "two keys"])
@pytest.mark.parametrize(
    "step",
    [
        "_replacements",
        "_boundary",
        "_publish_keys",
        "own_event",
        "once",
        "replace_file",
        "remove_files",
        "the second key",
    ],
)
def test_a_rotation_that_was_interrupted_is_finished(
    tmp_path: Path, step: str, ml_dsa: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "log"
    log = FolderLog.init(folder, FIRST, ml_dsa=ml_dsa)
    log.append([b"one", b"two"])

    def unplugged(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "the second key":  # has moved, the first has not; nothing moves in a log that has one key
            patch.setattr(log_private, "sync_folder", unplugged)
        else:
            patch.setattr(log_succession, step, unplugged)
        with pytest.raises(KeyboardInterrupt):
            rotate_key(folder, "planned", NOW)
    FolderLog.open(folder).append([b"meanwhile"])
    assert FolderLog.open(folder).check().problems == ()
    rotate_key(folder, "planned", NOW)
    opened = FolderLog.open(folder)
    opened.append([b"after"])
    assert opened.check().problems == ()
    said = [event_of(entry, "key.rotated") for entry in _entries(opened.reader)]
    new = [one["new_key_sha256"] for one in said if one is not None]
    assert len(new) == len(set(new))  # each rotation once
    current = PrivateKey(log_succession._key(folder).seed).public.key_id
    assert new[-1] == current
    assert not list((tmp_path / "log.private").glob("*.next"))
    assert log.origin == opened.origin


def test_a_process_that_has_the_log_open_goes_on_with_the_new_key(log: FolderLog, tmp_path: Path) -> None:
    done = rotate_key(tmp_path / "log", "planned", NOW)
    assert [one.index for one in log.append([b"three"])] == [3]
    assert log.vkey == done.new


def test_a_frozen_log_keeps_its_key(log: FolderLog, tmp_path: Path) -> None:
    freeze(tmp_path / "log", SECOND, NOW)
    with pytest.raises(InputError, match="its key signs nothing more"):
        rotate_key(tmp_path / "log", "planned", NOW)
    assert log.vkey == FolderLog.open(tmp_path / "log").vkey


def test_a_rotation_beside_another_waits(log: FolderLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.adapters import durable_files  # noqa: PLC0415 - to shorten its patience

    monkeypatch.setattr(durable_files, "LOCK_SECONDS", 0.1)
    with (
        durable_files.locked(tmp_path / "log.private" / "rotating"),
        pytest.raises(StorageError, match="another process has held"),
    ):
        rotate_key(tmp_path / "log", "planned", NOW)
    assert log.vkey == FolderLog.open(tmp_path / "log").vkey
