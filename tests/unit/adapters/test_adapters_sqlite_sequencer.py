"""The embedded sequencer: order, exactly once, many threads and processes, and what its database refuses."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from assay.adapters.sqlite_sequencer import SqliteSequencer
from assay.errors import InputError, StorageError
from assay.lifecycle.publishing import MAX_STEP, Head, Submission
from assay.tlog.compact_range import CompactRange
from assay.tlog.merkle import EMPTY_ROOT, hash_leaf

CHILD = Path(__file__).with_name("sequencer_process.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    SqliteSequencer.create(tmp_path / "entries.db")
    return tmp_path / "entries.db"


def root(entries: list[bytes]) -> bytes:
    return CompactRange().add(map(hash_leaf, entries)).root()


def test_indices_follow_the_order_and_the_head_its_root(database: Path) -> None:
    with SqliteSequencer(database) as sequencer:
        assert sequencer.head() == Head(0, EMPTY_ROOT)
        assert sequencer.append([Submission(b"a"), Submission(b""), Submission(b"a")]) == [0, 1, 2]
        assert sequencer.append([]) == []
        assert sequencer.append([Submission(b"d")]) == [3]
    with SqliteSequencer(database) as sequencer:
        assert sequencer.head() == Head(4, root([b"a", b"", b"a", b"d"]))
        assert sequencer.root_at(3) == root([b"a", b"", b"a"])
        assert sequencer.root_at(2) is None
        assert list(sequencer.entries(1, 4)) == [b"", b"a", b"d"]
        assert sequencer.problems(CompactRange()) == []
    assert database.stat().st_mode & 0o777 == 0o600


def test_an_event_id_is_taken_once(database: Path) -> None:
    with SqliteSequencer(database) as sequencer:
        first = [Submission(b"one", b"id 1"), Submission(b"two", b"id 2"), Submission(b"one", b"id 1")]
        assert sequencer.append(first) == [0, 1, 0]
        assert sequencer.append([Submission(b"three"), *first, Submission(b"four", b"id 4")]) == [2, 0, 1, 0, 3]
        with pytest.raises(InputError, match=r"entry 1: its event id b'id 2' is that of entry 1, which has another"):
            sequencer.append([Submission(b"five", b"id 5"), Submission(b"six", b"id 2")])
        with pytest.raises(InputError, match=r"entry 1: its event id b'id 6'"):
            sequencer.append([Submission(b"x", b"id 6"), Submission(b"y", b"id 6")])
        with pytest.raises(InputError, match="at most 65535 bytes"):
            sequencer.append([Submission(b"five", b"id 5"), Submission(bytes(65_536))])
        assert sequencer.head().size == 4
        assert sequencer.append([Submission(b"five", b"id 5")]) == [4]


def test_an_event_id_outlives_the_entry(database: Path) -> None:
    entries = [b"%d" % i for i in range(3_000)]
    with SqliteSequencer(database) as sequencer:
        sequencer.append([Submission(one, one) for one in entries])
        sequencer.release(2_900)
        assert sequencer.kept_from() == 2_900
        assert sequencer.append([Submission(b"5", b"5"), Submission(b"2999", b"2999")]) == [5, 2_999]
        with pytest.raises(InputError, match="is that of entry 5, which has another content"):
            sequencer.append([Submission(b"6", b"5")])
        assert sequencer.problems(CompactRange().add(map(hash_leaf, entries))) == []


def test_sizes_to_publish_are_a_step_apart(database: Path) -> None:
    with SqliteSequencer(database) as sequencer:
        count = 2 * MAX_STEP + 10
        sequencer.append([Submission(b"%d" % i) for i in range(count)])
        for i in range(3):
            sequencer.append([Submission(b"more %d" % i)])
        sizes = [0]
        while (step := sequencer.step(sizes[-1])) is not None:
            sizes.append(step.size)
            assert sequencer.root_at(step.size) == step.root
        assert sizes == [0, MAX_STEP, 2 * MAX_STEP, count + 3]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET content = x'00' WHERE idx = 0", "DELETE FROM entry WHERE idx = 1", "DELETE FROM batch",
        "UPDATE batch SET root = x'00'", "UPDATE event SET idx = 7", "DELETE FROM event", "DELETE FROM published",
        "UPDATE published SET size = -1", "INSERT INTO entry VALUES (0, x'00')", "INSERT INTO entry VALUES (9, 'text')",
    ],
)  # fmt: skip
def test_the_database_refuses_what_is_not_adding(database: Path, statement: str) -> None:
    with SqliteSequencer(database) as sequencer:
        sequencer.append([Submission(b"one", b"1"), Submission(b"two", b"2")])
    with contextlib.closing(sqlite3.connect(database)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


def test_threads_share_commits_and_one_s_error_is_its_own(database: Path) -> None:
    told: dict[int, bytes] = {}
    errors: list[str] = []
    with SqliteSequencer(database) as sequencer:
        sequencer.append([Submission(b"taken", b"taken")])

        def work(name: int) -> None:
            for i in range(30):
                one, other = b"%d-%d" % (name, i), b"%d+%d" % (name, i)
                first, second = sequencer.append([Submission(one, one), Submission(other)])
                assert second == first + 1
                told.update({first: one, second: other})
                with contextlib.suppress(InputError):
                    sequencer.append([Submission(b"lost"), Submission(b"other", b"taken")])
                    errors.append("accepted")

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert sorted(told) == list(range(1, 481))
        assert list(sequencer.entries(0, 481)) == [b"taken", *(told[i] for i in range(1, 481))]
        assert sequencer.problems(CompactRange()) == []


def acknowledged(output: str) -> dict[int, bytes]:
    lines = output.splitlines(keepends=True)
    whole = [line.rstrip("\n").split(" ") for line in lines if line.endswith("\n")]
    return {int(index): entry.encode() for index, entry in whole}


@pytest.mark.parametrize(("processes", "count"), [(4, 150), pytest.param(32, 400, marks=pytest.mark.slow)])
def test_processes_that_are_killed_leave_one_order(database: Path, processes: int, count: int) -> None:
    """Each entry is submitted again by those that start again under the same name: it has one index, told to all."""
    chance = random.Random(3)
    told: dict[int, bytes] = {}

    def start(name: int) -> subprocess.Popen[str]:
        command = [sys.executable, str(CHILD), str(database), f"p{name}", str(count)]
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)

    def hear(child: subprocess.Popen[str]) -> None:
        for index, entry in acknowledged(child.communicate()[0]).items():
            assert told.setdefault(index, entry) == entry

    for kill in (True, True, False):
        children = [start(name) for name in range(processes)]
        if kill:
            time.sleep(0.5 + chance.random())
            for child in children:
                child.kill()
        for child in children:
            hear(child)
            assert kill or child.returncode == 0
    with SqliteSequencer(database) as sequencer:
        size = sequencer.head().size
        entries = list(sequencer.entries(0, size))
        assert sequencer.problems(CompactRange()) == []
    assert len(set(entries)) == size == processes * count
    assert told == dict(enumerate(entries))


def test_a_disk_that_is_nearly_full_takes_nothing(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SqliteSequencer(database) as sequencer:
        sequencer.append([Submission(b"one")])
        monkeypatch.setattr("assay.adapters.sqlite_sequencer._MARGIN_BYTES", 1 << 60)
        with pytest.raises(StorageError, match=r"no space left: expected \d+ bytes free"):
            sequencer.append([Submission(b"two")])
        monkeypatch.undo()
        assert sequencer.append([Submission(b"three")]) == [1]


def test_what_is_no_database_of_ours_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="expected the log's database at"):
        SqliteSequencer(tmp_path / "none.db")
    (tmp_path / "text.db").write_bytes(b"not a database, and long enough to be looked at" * 100)
    with pytest.raises(StorageError, match="not a database"):
        SqliteSequencer(tmp_path / "text.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "newer.db")) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(StorageError, match="expected a log's database of version 1, found 2"):
        SqliteSequencer(tmp_path / "newer.db")


def flips(content: bytes, count: int) -> list[int]:
    chance = random.Random(11)
    return [chance.randrange(len(content) * 8) for _ in range(count)]


def test_an_entry_that_the_disk_changed_is_found(database: Path) -> None:
    """Each flipped bit of an entry's bytes in the file is found: by SQLite, or by the root committed with it."""
    with SqliteSequencer(database) as sequencer:
        sequencer.append([Submission(bytes([i]) * 1_000) for i in range(1, 21)])
    whole = database.read_bytes()
    places = [(bytes([i]) * 1_000, i) for i in range(1, 21)]
    for content, seed in places:
        at = whole.index(content) * 8 + random.Random(seed).randrange(8_000)
        changed = bytearray(whole)
        changed[at // 8] ^= 1 << at % 8
        database.write_bytes(changed)
        with SqliteSequencer(database) as sequencer:
            assert sequencer.problems(CompactRange()) == [
                "entries.db: its entries do not hash to the root committed at size 20"
            ]
    for at in flips(whole, 60):
        changed = bytearray(whole)
        changed[at // 8] ^= 1 << at % 8
        database.write_bytes(changed)
        with contextlib.suppress(StorageError):  # told, and nothing is read
            with SqliteSequencer(database) as sequencer:
                found = sequencer.problems(CompactRange())
                held = list(sequencer.entries(0, 20)) if not found else []
            assert found or held == [content for content, _ in places]


MILLION = """
import resource, sys, time
from pathlib import Path
from assay.adapters.sqlite_sequencer import SqliteSequencer
from assay.lifecycle.publishing import Submission
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begun = time.perf_counter()
with SqliteSequencer(Path(sys.argv[1])) as sequencer:
    index = sequencer.append([Submission(b"next")])
print(index[0], time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_a_million_entries_are_opened_at_once(database: Path) -> None:
    with SqliteSequencer(database) as sequencer:
        for start in range(0, 1_000_000, 50_000):
            sequencer.append([Submission(b"%d" % i) for i in range(start, start + 50_000)])
    command = [sys.executable, "-c", MILLION, str(database)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    index, seconds, kilobytes = done.stdout.split()
    assert int(index) == 1_000_000
    assert float(seconds) < 2
    assert int(kilobytes) < 8_192
    with SqliteSequencer(database) as sequencer:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert sequencer.problems(CompactRange()) == []
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 65_536


def test_when_entries_came_is_kept_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "entries.db"
    SqliteSequencer.create(path)
    with SqliteSequencer(path) as sequencer:
        assert sequencer.recorded(0) is None
        for now, contents in ((100.9, [b"a", b"b"]), (100.2, [b"c"]), (160.0, [b"d"]), (150.0, [b"e", b"f"])):
            monkeypatch.setattr("assay.adapters.sqlite_sequencer.time.time", lambda now=now: now)
            sequencer.append([Submission(one) for one in contents])
        assert [sequencer.recorded(index) for index in range(7)] == [100, 100, 100, 160, 150, 150, None]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM recorded").fetchone() == (3,)
