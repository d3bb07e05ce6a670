"""A log in a folder: what it holds, what it refuses, and what it notices."""

from __future__ import annotations

import itertools
import random
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from assay.adapters.durable_files import locked
from assay.adapters.folder_log import FolderLog, open_log
from assay.adapters.folder_reader import FolderReader
from assay.adapters.log_origin import check_origin, default_origin
from assay.adapters.sqlite_sequencer import SqliteSequencer
from assay.adapters.witness_client import QuorumMissedError
from assay.adapters.witness_server import WitnessServer
from assay.adapters.witness_state import WitnessState
from assay.errors import AssayError, InputError, StorageError, VerificationError
from assay.lifecycle.log_trust import LogTrust, parse_log_trust, trust_beside
from assay.lifecycle.publishing import PublishingWaitsError, Submission
from assay.tlog.audit import required_paths
from assay.tlog.entry_bundle import join_entries
from assay.tlog.merkle import hash_leaf
from assay.tlog.note import parse_note
from assay.tlog.proof import parse_proof
from assay.tlog.signed_checkpoint import open_checkpoint
from assay.tlog.vkey import parse_vkey
from assay.tlog.witness import watched_logs
from assay.tlog.witness_policy import parse_witness_policy
from unit.adapters.witness_cast import place, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORIGIN = "example.com/log"


@pytest.fixture
def log(tmp_path: Path) -> FolderLog:
    return FolderLog.init(tmp_path / "log", ORIGIN)


def stored(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_folder_holds_checkpoint_and_tiles_alone(log: FolderLog, tmp_path: Path) -> None:
    log.append([b"one", b"", b"three"])
    assert stored(tmp_path / "log").keys() == {"checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"}
    assert (tmp_path / "log.vkey").read_text() == f"{log.vkey}\n"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "log.private").iterdir()}
    assert modes["key"] == 0o600
    assert (tmp_path / "log.private").stat().st_mode & 0o777 == 0o700


def test_an_append_says_where_entries_are_and_proves_it(log: FolderLog) -> None:
    log.append([b"zero"])
    one, two = log.append([b"one", b"two"])
    assert (one.origin, one.index, two.index) == (ORIGIN, 1, 2)
    assert one.leaf_sha256 == hash_leaf(b"one").hex()
    proof = parse_proof(two.proof.encode())
    assert proof.verify(hash_leaf(b"two"), parse_vkey(log.vkey)).checkpoint.size == 3
    assert log.receipt(2) == two
    assert log.prove(2) == proof
    with pytest.raises(InputError, match=r"entry 3: the log example\.com/log holds 0 to 2"):
        log.prove(3)


def test_nothing_to_append_changes_nothing(log: FolderLog, tmp_path: Path) -> None:
    log.append([b"one"])
    before = stored(tmp_path / "log")
    assert log.append([]) == []
    assert stored(tmp_path / "log") == before


@pytest.mark.parametrize("sizes", [(255, 1, 1), (256, 1), (257,), (1, 255, 256, 1), (300, 300)])
def test_partial_tiles_go_when_the_full_one_is_there(log: FolderLog, tmp_path: Path, sizes: tuple[int, ...]) -> None:
    for size in sizes:
        log.extend([b"entry %d" % i for i in range(size)])
    total = sum(sizes)
    found = stored(tmp_path / "log").keys() - {"checkpoint"}
    assert found >= required_paths(total)
    earlier = itertools.accumulate(sizes)
    kept = {f"{kind}/{total // 256:03d}.p/{s % 256}" for s in earlier for kind in ("tile/0", "tile/entries")
            if s // 256 == total // 256 and s % 256}  # fmt: skip
    assert {path for path in found if path.startswith(("tile/0/", "tile/entries/"))} == kept | {
        f"{kind}/{i:03d}" for i in range(total // 256) for kind in ("tile/0", "tile/entries")
    }
    assert log.check().problems == ()
    assert all(log.prove(i).index == i for i in {0, total // 2, total - 1, max(total - 257, 0)})


def test_an_entry_that_is_too_long_is_refused_and_nothing_is_written(log: FolderLog, tmp_path: Path) -> None:
    log.append([bytes(65_535)])
    before = stored(tmp_path / "log"), stored(tmp_path / "log.private")
    with pytest.raises(InputError, match="entry 1: expected at most 65535 bytes"):
        log.append([b"fits", bytes(65_536)])
    assert (stored(tmp_path / "log"), stored(tmp_path / "log.private")) == before


def test_a_second_log_in_the_same_place_is_refused(log: FolderLog, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected nothing at"):
        FolderLog.init(tmp_path / "log", ORIGIN)
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("x")
    with pytest.raises(InputError, match="other files"):
        FolderLog.init(other, ORIGIN)
    assert FolderLog.open(tmp_path / "log").vkey == log.vkey


def test_an_init_that_was_interrupted_is_finished(log: FolderLog, tmp_path: Path) -> None:
    (tmp_path / "log.private" / "guard").unlink()
    with pytest.raises(VerificationError, match="guard"):
        log.append([b"x"])
    again = FolderLog.init(tmp_path / "log", ORIGIN)
    assert again.vkey == log.vkey
    assert again.append([b"x"])[0].index == 0


def test_a_project_s_log_whose_making_was_interrupted_is_finished(tmp_path: Path) -> None:
    first = open_log(tmp_path / "log", "system")
    (tmp_path / "log.private" / "guard").unlink()
    assert open_log(tmp_path / "log", "system").vkey == first.vkey
    first.append([b"one"])
    (tmp_path / "log.private" / "guard").unlink()
    with pytest.raises(VerificationError, match="guard"):
        open_log(tmp_path / "log", "system").append([b"two"])


@pytest.mark.parametrize("origin", ["", "https://example.com/x", "a b", "a+b", "example.com/x/", "a\nb", "x" * 256])
def test_names_that_are_no_origin(origin: str) -> None:
    with pytest.raises(InputError, match="without scheme"):
        check_origin(origin)


@pytest.mark.parametrize("system", ["mortgage-approval", "Crédit + Co", "x" * 300, "///", "信用"])
def test_every_system_has_an_origin(system: str) -> None:
    check_origin(default_origin(system))


def test_a_project_s_log_is_made_once(tmp_path: Path) -> None:
    first = open_log(tmp_path / "log", "mortgage approval")
    assert first.origin == "assay.invalid/mortgage-approval"
    assert open_log(tmp_path / "log", "mortgage approval").vkey == first.vkey
    shutil.rmtree(tmp_path / "log.private")
    with pytest.raises(InputError, match=r"log\.private"):
        open_log(tmp_path / "log", "mortgage approval")
    with pytest.raises(InputError, match="assay log init"):
        FolderLog.open(tmp_path / "nothing")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    FolderLog.init(tmp_path / "log", ORIGIN)
    (tmp_path / "log.private" / "key").chmod(0o640)
    with pytest.raises(InputError, match="chmod 600"):
        FolderLog.open(tmp_path / "log")


def test_a_writer_waits_for_another_and_says_so(
    log: FolderLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.adapters.durable_files.LOCK_SECONDS", 0.05)
    with locked(tmp_path / "log.private" / "lock"), pytest.raises(StorageError, match="one writer at a time"):
        log.append([b"x"])
    assert log.append([b"x"])[0].index == 0


def test_an_auditor_needs_the_folder_and_the_key_alone(log: FolderLog, tmp_path: Path) -> None:
    log.extend([b"entry %d" % i for i in range(300)])
    copy = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "log", copy)
    with pytest.raises(InputError, match="--vkey"):
        FolderReader.open(copy)
    reader = FolderReader.open(copy, log.vkey)
    assert reader.check().problems == ()
    assert list(reader.entries(299, 400)) == [b"entry 299"]
    assert reader.prove(7).verify(hash_leaf(b"entry 7"), reader.key).checkpoint.size == 300


def test_the_check_names_what_was_changed(log: FolderLog, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    log.extend([b"entry %d" % i for i in range(600)])
    log.extend([b"last"])
    whole = stored(folder)
    for path, content in whole.items():
        for at in {0, len(content) // 2, len(content) - 1}:
            (folder / path).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            problems = log.check().problems
            assert any(path in problem for problem in problems), (path, at, problems)
        (folder / path).write_bytes(content + b"\0")
        assert any(path in problem for problem in log.check().problems), path
        (folder / path).unlink()
        earlier = path in {
            "tile/0/002.p/88",
            "tile/entries/002.p/88",
        }  # of a size that was published: readers may fetch
        assert any(path in problem for problem in log.check().problems) or earlier, path
        (folder / path).write_bytes(content)
    assert log.check().problems == ()


@pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.slow)])
def test_every_flipped_bit_is_seen(log: FolderLog, tmp_path: Path, count: int) -> None:
    for size in (255, 300, 40):
        log.extend([b"entry %d" % i for i in range(size)])
    paths = [path for path in (tmp_path / "log").rglob("*") if path.is_file()]
    paths += [tmp_path / "log.private" / "guard", tmp_path / "log.vkey"]
    chance = random.Random(5)
    for number in range(count):
        path = paths[number % len(paths)]
        whole = path.read_bytes()
        bit = chance.randrange(len(whole) * 8)
        path.write_bytes(whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :])
        try:
            reader = FolderReader.open(tmp_path / "log")
            seen = log.check().problems or reader.check().problems
        except AssayError as error:
            seen = (str(error),)
        assert seen, (path, bit)
        path.write_bytes(whole)
    assert log.check().problems == ()


def test_what_does_not_belong_is_named(log: FolderLog, tmp_path: Path) -> None:
    log.extend([b"one"])
    folder = tmp_path / "log"
    (folder / "notes.txt").write_text("x")
    (folder / "tile" / "0" / "000.p" / "2").write_bytes(bytes(64))
    (folder / "tile" / "entries" / ".000.new").write_bytes(b"")
    problems = log.check().problems
    assert problems == (
        "notes.txt: no file of a log bears this name",
        "tile/0/000.p/2: belongs to a larger tree than the checkpoint's 1 entries",
        "tile/entries/.000.new: no file of a log bears this name",
    )


def test_an_edited_entry_is_not_carried_on(log: FolderLog, tmp_path: Path) -> None:
    log.extend([b"one", b"two"])
    (tmp_path / "log" / "tile" / "entries" / "000.p" / "2").write_bytes(join_entries([b"one", b"six"]))
    with pytest.raises(VerificationError, match="do not hash to the tile"):
        log.extend([b"three"])
    with pytest.raises(VerificationError, match="do not hash to the root"):
        log.prove(1)


def test_a_longer_history_of_a_restored_guard_is_noticed(log: FolderLog, tmp_path: Path) -> None:
    log.extend([b"one"])
    shutil.copytree(tmp_path / "log.private", tmp_path / "backup")
    log.extend([b"two"])
    shutil.rmtree(tmp_path / "log.private")
    shutil.copytree(tmp_path / "backup", tmp_path / "log.private")
    with pytest.raises(VerificationError, match=r"guard: was restored: it knows 1 entries, the checkpoint has 2"):
        log.extend([b"fork"])
    assert any("guard: was restored" in problem for problem in log.check().problems)


PARTS = {
    "database": ("log.private/entries.db",),
    "guard": ("log.private/guard",),
    "checkpoint": ("log/checkpoint",),
    "tiles": ("log/tile",),
}


def copy_over(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


@pytest.mark.parametrize(
    "which",
    [frozenset(c) for n in range(5) for c in itertools.combinations(PARTS, n)],
    ids=lambda w: "+".join(sorted(w)),
)
def test_no_mixture_of_a_backup_and_today_is_signed_into_a_fork(
    log: FolderLog, tmp_path: Path, which: frozenset[str]
) -> None:
    log.extend([b"one", b"two"])
    for folder in ("log", "log.private"):
        shutil.copytree(tmp_path / folder, tmp_path / "saved" / folder)
    log.extend([b"three"])
    later = log.reader.checkpoint().note
    for path in (path for part in which for path in PARTS[part]):
        copy_over(tmp_path / "saved" / path, tmp_path / path)
    if which == PARTS.keys():
        # Everything that this machine knows was restored: only a checkpoint that somebody else kept shows it.
        assert log.check().problems == ()
        assert log.check(later).problems == ("log: cut: it had 3 entries at the old checkpoint, it has 2 now",)
        return
    refused = (
        ("guard" in which and "checkpoint" not in which)  # the guard knows less than was published
        or ("tiles" in which and "checkpoint" not in which)  # the checkpoint's tiles are gone
        or which == {"tiles", "checkpoint", "database"}  # what the guard let pass is nowhere
    )
    if which == {"guard", "checkpoint", "database"}:
        # The tiles still hold what was signed, and will not be written over.
        with pytest.raises(VerificationError, match=r"p/3: exists with other bytes"):
            log.extend([b"four"])
    elif refused:
        with pytest.raises(VerificationError, match=r"Nothing was signed|missing"):
            log.extend([b"four"])
        assert log.check().problems
    else:
        assert log.extend([b"four"]).first == 3
        assert list(log.reader.entries(0, 9)) == [b"one", b"two", b"three", b"four"]
        assert log.check(later).problems == ()


def fork_database(tmp_path: Path) -> None:
    """Bring the saved database back, and write to it as if nobody had gone on meanwhile."""
    shutil.copy(tmp_path / "saved", tmp_path / "log.private" / "entries.db")
    with SqliteSequencer(tmp_path / "log.private" / "entries.db") as sequencer:
        assert sequencer.append([Submission(b"fork")]) == [2]


@pytest.mark.parametrize(
    ("later", "words"),
    [((b"three",), "holds 3 entries of another history than the 3"), ((b"three", b"four"), "not the first of the 4")],
)
def test_a_database_that_was_restored_and_written_to_is_refused(
    log: FolderLog, tmp_path: Path, later: tuple[bytes, ...], words: str
) -> None:
    log.extend([b"one", b"two"])
    shutil.copy(tmp_path / "log.private" / "entries.db", tmp_path / "saved")
    log.extend(later)
    fork_database(tmp_path)
    for act in (log.publish, lambda: log.extend([b"more"]), lambda: log.sequencing().__enter__()):
        with pytest.raises(VerificationError, match=words):
            act()
    assert any("entries.db" in problem for problem in log.check().problems)


def test_a_database_that_is_lost_is_made_anew_from_the_tiles(log: FolderLog, tmp_path: Path) -> None:
    log.extend([b"entry %d" % i for i in range(600)])
    (tmp_path / "log.private" / "entries.db").unlink()
    assert log.extend([b"next"]).first == 600
    assert log.check().problems == ()
    assert list(log.reader.entries(599, 601)) == [b"entry 599", b"next"]


def test_a_rewritten_history_shows_against_an_old_checkpoint(log: FolderLog, tmp_path: Path) -> None:
    for folder in ("log", "log.private"):
        shutil.copytree(tmp_path / folder, tmp_path / f"empty.{folder}")
    log.extend([b"one", b"two"])
    old = log.reader.checkpoint().note
    for folder in ("log", "log.private"):
        shutil.rmtree(tmp_path / folder)
        shutil.copytree(tmp_path / f"empty.{folder}", tmp_path / folder)
    forked = FolderLog.open(tmp_path / "log")
    forked.extend([b"one", b"six", b"seven"])
    assert forked.check().problems == ()
    assert forked.check(old).problems == ("log: rewritten: its first 2 entries are not those of the old checkpoint",)
    (problem,) = forked.check(b"not a note").problems
    assert problem.startswith("old checkpoint: ")


def as_before_the_database(tmp_path: Path) -> None:
    (tmp_path / "log.private" / "entries.db").unlink()


def test_a_log_of_the_version_without_a_database_goes_on(log: FolderLog, tmp_path: Path) -> None:
    log.extend([b"entry %d" % i for i in range(300)])
    as_before_the_database(tmp_path)
    assert log.check().problems == ()
    assert log.extend([b"next"]).first == 300
    assert log.check().problems == ()
    assert list(log.reader.entries(299, 301)) == [b"entry 299", b"next"]


def test_an_append_that_the_version_without_a_database_left_is_undone_or_finished(
    log: FolderLog, tmp_path: Path
) -> None:
    log.extend([b"one"])
    for folder in ("log", "log.private"):
        shutil.copytree(tmp_path / folder, tmp_path / "saved" / folder)
    log.extend([b"two"])
    later = {path: (tmp_path / path).read_bytes() for path in ("log/checkpoint", "log.private/guard")}
    for guard_moved in (False, True):
        for path in ("log/checkpoint", "log.private/guard"):
            moved = guard_moved and path.endswith("guard")
            (tmp_path / path).write_bytes(later[path] if moved else (tmp_path / "saved" / path).read_bytes())
        as_before_the_database(tmp_path)
        (tmp_path / "log.private" / "pending").write_text("1\n2\n")
        (tmp_path / "log" / "tile" / "0" / "000.p" / ".2.new").write_bytes(b"part")
        report = log.check()
        assert report.problems == ()
        assert log.extend([b"three"]).first == (2 if guard_moved else 1)
        assert log.check().problems == ()
        found = list(log.reader.entries(0, 9))
        assert found == ([b"one", b"two", b"three"] if guard_moved else [b"one", b"three"])
        if not guard_moved:  # once more from the start
            for folder in ("log", "log.private"):
                shutil.rmtree(tmp_path / folder)
                shutil.copytree(tmp_path / "saved" / folder, tmp_path / folder)
            log.extend([b"two"])


def test_partials_that_were_left_are_collected(log: FolderLog, tmp_path: Path) -> None:
    log.extend([b"entry %d" % i for i in range(255)])
    partial = tmp_path / "log" / "tile" / "0" / "000.p"
    shutil.copytree(partial, tmp_path / "left")
    log.extend([b"last", b"and one"])
    shutil.copytree(tmp_path / "left", partial)
    assert log.check().problems == ()
    assert log.collect() == 1
    assert not partial.exists()
    assert log.collect() == 0
    assert log.check().problems == ()


def test_a_log_may_sign_with_ml_dsa_too(tmp_path: Path) -> None:
    log = FolderLog.init(tmp_path / "log", ORIGIN, ml_dsa=True)
    log.append([b"one"])
    note = log.reader.checkpoint().note
    assert [len(signature.body) for signature in parse_note(note).signatures] == [64, 8 + 2420]
    assert log.check(note).problems == ()
    second = parse_vkey((tmp_path / "log.ml-dsa.vkey").read_text().strip())
    assert FolderReader.open(tmp_path / "log").keys.at(1) == (parse_vkey(log.vkey), second)
    policy = f"log {log.vkey}\nwitness second {second}\nquorum second\n"
    asked = trust_beside(tmp_path / "log").filled(parse_log_trust(policy.encode(), name="policy") or LogTrust())
    assert asked.is_witnessed(asked.open(note))  # a quorum may name it, whoever knows both keys as the log's
    assert open_checkpoint(note, parse_vkey(log.vkey)).checkpoint.size == 1  # whoever knows the one key alone
    assert (tmp_path / "log.private" / "key-ml-dsa").stat().st_mode & 0o777 == 0o600
    text, _, rest = note.partition(b"\n\n")
    first, other, _ = rest.split(b"\n")
    (tmp_path / "log" / "checkpoint").write_bytes(text + b"\n\n" + first + b"\n")
    assert log.check().problems == (
        f"checkpoint: checkpoint: of size 1: expected a signature by the ML-DSA-44 key of {ORIGIN}, too, found none",
    )
    flipped = other[:-10] + (b"A" if other[-10:-9] != b"A" else b"B") + other[-9:]
    (tmp_path / "log" / "checkpoint").write_bytes(text + b"\n\n" + first + b"\n" + flipped + b"\n")
    assert "does not match the text" in log.check().problems[0]
    with pytest.raises(VerificationError, match="does not match"):
        log.extend([b"two"])
    (tmp_path / "log" / "checkpoint").write_bytes(note)
    assert FolderLog.open(tmp_path / "log").append([b"two"])[0].index == 1


@pytest.fixture
def state(tmp_path: Path) -> Iterator[WitnessState]:
    with closing(WitnessState.open(tmp_path / "witness", "example.com/witness")) as opened:
        yield opened


def test_publishing_waits_for_the_quorum_of_the_policy(log: FolderLog, state: WitnessState, tmp_path: Path) -> None:
    server = WitnessServer(("127.0.0.1", 0), state, watched_logs([parse_vkey(log.vkey)]))
    host, port = place(server)
    policy = f"log {log.vkey}\nwitness w {state.signers[0].verifier} http://{host}:{port}\nquorum w\n"
    (tmp_path / "log.policy").write_text(policy)
    with running(server):
        log.extend([b"one"])
        assert log.extend([b"two"]).first == 1
    witnessed = parse_witness_policy(policy.encode())
    assert witnessed.open((tmp_path / "log" / "checkpoint").read_bytes()).checkpoint.size == 2
    for index in (2, 3):
        with pytest.raises(PublishingWaitsError, match=f"entries {index} to {index} are in the log") as waits:
            log.extend([b"%d" % index])
        assert waits.value.indices == (index,)
        assert isinstance(waits.value.__cause__, QuorumMissedError)
    assert log.reader.checkpoint().checkpoint.size == 2
    report = log.check()
    assert (report.problems, "2 entries wait" in report.notes[0]) == ((), True)
    again = WitnessServer((host, port), state, watched_logs([parse_vkey(log.vkey)]))
    with running(again):
        assert log.publish().checkpoint.size == 4
    assert witnessed.open((tmp_path / "log" / "checkpoint").read_bytes()).checkpoint.size == 4
    assert list(log.reader.entries(0, 9)) == [b"one", b"two", b"2", b"3"]


def test_a_checkpoint_by_another_key_is_named(log: FolderLog, tmp_path: Path) -> None:
    other = FolderLog.init(tmp_path / "other", ORIGIN)
    shutil.copy(tmp_path / "other" / "checkpoint", tmp_path / "log" / "checkpoint")
    (problem,) = log.check().problems
    assert problem.startswith("checkpoint: ")
    assert "expected a signature by a trusted key" in problem
    assert other.check().problems == ()
