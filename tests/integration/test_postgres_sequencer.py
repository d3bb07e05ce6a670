"""The sequencer on a real PostgreSQL, and what it shares with the embedded one, on both."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assay.adapters import postgres_session
from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_tiles import FolderTiles
from assay.adapters.log_private import LogPrivate, private_folder
from assay.adapters.postgres_sequencer import PostgresSequencer
from assay.adapters.sqlite_sequencer import SqliteSequencer
from assay.errors import InputError, StorageError, VerificationError
from assay.lifecycle.publishing import MAX_STEP, Head, Publisher, Submission
from assay.tlog.compact_range import CompactRange
from assay.tlog.merkle import EMPTY_ROOT, hash_leaf
from assay.tlog.signer import sign_note
from integration.postgres_server import Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.tlog.signed_checkpoint import SignedCheckpoint

pytestmark = pytest.mark.service

CHILD = Path(__file__).with_name("postgres_client.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2] / "src"), *sys.path])}
NUMBERS = itertools.count()

Opened = Callable[[], SqliteSequencer | PostgresSequencer]


@dataclass(frozen=True)
class Log:
    """A log on the server."""

    server: Server
    name: str

    def open(self, user: str = "publisher") -> PostgresSequencer:
        return PostgresSequencer(self.server.conninfo(user), self.name)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        for role in ("ingest", "publisher", "stranger"):
            started.execute(f"CREATE ROLE {role} LOGIN")
        yield started


@pytest.fixture
def log(server: Server) -> Log:
    name = f"log {next(NUMBERS)}"  # a name that must be quoted
    PostgresSequencer.create(server.conninfo(), name, writer="ingest", publisher="publisher")
    return Log(server, name)


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """What opens the sequencer of one log, each time it is called."""
    if request.param == "sqlite":
        SqliteSequencer.create(tmp_path / "entries.db")
        return lambda: SqliteSequencer(tmp_path / "entries.db")
    log: Log = request.getfixturevalue("log")
    return lambda: log.open("publisher")


def root(entries: list[bytes]) -> bytes:
    return CompactRange().add(map(hash_leaf, entries)).root()


# What both sequencers do.


def test_indices_follow_the_order_and_the_head_its_root(opened: Opened) -> None:
    with opened() as sequencer:
        assert sequencer.head() == Head(0, EMPTY_ROOT)
        assert sequencer.step(0) is None
        assert sequencer.append([Submission(b"a"), Submission(b""), Submission(b"a")]) == [0, 1, 2]
        assert sequencer.append([]) == []
        assert sequencer.append([Submission(b"d")]) == [3]
    with opened() as sequencer:
        assert sequencer.head() == Head(4, root([b"a", b"", b"a", b"d"]))
        assert sequencer.root_at(3) == root([b"a", b"", b"a"])
        assert sequencer.root_at(2) is None
        assert list(sequencer.entries(1, 4)) == [b"", b"a", b"d"]
        assert sequencer.problems(CompactRange()) == []
        with pytest.raises(VerificationError, match="expected the entries 2 to 4, found 2 of them"):
            list(sequencer.entries(2, 5))


def test_an_event_id_is_taken_once(opened: Opened) -> None:
    with opened() as sequencer:
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
        assert sequencer.append([Submission(bytes(65_535))]) == [5]


def test_an_event_id_outlives_the_entry(opened: Opened) -> None:
    entries = [b"%d" % i for i in range(3_000)]
    with opened() as sequencer:
        sequencer.append([Submission(one, one) for one in entries])
        sequencer.release(2_900)
        assert sequencer.kept_from() == 2_900
        assert sequencer.append([Submission(b"5", b"5"), Submission(b"2999", b"2999")]) == [5, 2_999]
        with pytest.raises(InputError, match="is that of entry 5, which has another content"):
            sequencer.append([Submission(b"6", b"5")])
        assert sequencer.problems(CompactRange().add(map(hash_leaf, entries))) == []


def test_sizes_to_publish_are_a_step_apart(opened: Opened) -> None:
    with opened() as sequencer:
        count = 2 * MAX_STEP + 10
        sequencer.append([Submission(b"%d" % i) for i in range(count)])
        for i in range(3):
            sequencer.append([Submission(b"more %d" % i)])
        sizes = [0]
        while (step := sequencer.step(sizes[-1])) is not None:
            sizes.append(step.size)
            assert sequencer.root_at(step.size) == step.root
        assert sizes == [0, MAX_STEP, 2 * MAX_STEP, count + 3]


def test_a_new_sequencer_goes_on_after_what_was_published(opened: Opened) -> None:
    tree = CompactRange().add(hash_leaf(b"%d" % i) for i in range(300))
    with opened() as sequencer:
        sequencer.append([Submission(b"%d" % i) for i in range(20)])
        sequencer.catch_up(tree)
        assert (sequencer.head(), sequencer.kept_from()) == (Head(300, tree.root()), 300)
        assert sequencer.append([Submission(b"300")]) == [300]
        assert sequencer.head().root == root([b"%d" % i for i in range(301)])


def test_threads_share_commits_and_one_s_error_is_its_own(opened: Opened) -> None:
    told: dict[int, bytes] = {}
    errors: list[str] = []
    with opened() as sequencer:
        sequencer.append([Submission(b"taken", b"taken")])

        def work(name: int) -> None:
            for i in range(20):
                one, other = b"%d-%d" % (name, i), b"%d+%d" % (name, i)
                first, second = sequencer.append([Submission(one, one), Submission(other)])
                if second != first + 1:
                    errors.append("not in order")
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
        assert sorted(told) == list(range(1, 321))
        assert list(sequencer.entries(0, 321)) == [b"taken", *(told[i] for i in range(1, 321))]
        assert sequencer.problems(CompactRange()) == []


# Many processes, crashes, lost sessions.


def acknowledged(output: str) -> dict[int, bytes]:
    lines = output.splitlines(keepends=True)
    whole = [line.rstrip("\n").split(" ") for line in lines if line.endswith("\n")]
    return {int(index): entry.encode() for index, entry in whole}


def start(log: Log, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILD), log.server.conninfo("ingest"), log.name, name, str(count)]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def hear(child: subprocess.Popen[str], told: dict[int, bytes]) -> str:
    output, errors = child.communicate()
    for index, entry in acknowledged(output).items():
        assert told.setdefault(index, entry) == entry
    return errors


def is_one_chain(log: Log, told: dict[int, bytes], size: int) -> None:
    with log.open() as sequencer:
        assert sequencer.head().size == size
        entries = list(sequencer.entries(0, size))
        assert sequencer.problems(CompactRange()) == []
        assert sequencer.head().root == root(entries)
    assert len(set(entries)) == size
    assert told == dict(enumerate(entries))


@pytest.mark.parametrize(("processes", "count"), [(16, 25), pytest.param(32, 1_500, marks=pytest.mark.slow)])
def test_processes_that_are_killed_leave_one_order(log: Log, processes: int, count: int) -> None:
    """Each entry is submitted again by those that start again under the same name: it has one index, told to all."""
    chance = random.Random(3)
    told: dict[int, bytes] = {}
    for kill in (True, True, False):
        children = [start(log, f"p{name}", count) for name in range(processes)]
        if kill:
            wait_for(log, 1 + len(told))
            time.sleep(chance.random())
            for child in children[::2]:
                child.kill()
        for place, child in enumerate(children):
            errors = hear(child, told)
            assert (kill and place % 2 == 0) or child.returncode == 0, errors
    is_one_chain(log, told, processes * count)


def wait_for(log: Log, size: int) -> None:
    ends = time.monotonic() + 60
    with log.open() as sequencer:
        while sequencer.head().size < size:
            assert time.monotonic() < ends
            time.sleep(0.02)


def test_a_crash_of_the_server_takes_nothing_back_that_was_told(log: Log) -> None:
    told: dict[int, bytes] = {}
    children = [start(log, f"p{name}", 100_000) for name in range(4)]
    with log.open() as sequencer:
        wait_for(log, 50)
        head = sequencer.head()
        log.server.stop(signal.SIGQUIT)
        for child in children:
            assert "StorageError" in hear(child, told)
        with pytest.raises(StorageError, match="Entries whose index was told are safe"):
            sequencer.head()
        log.server.start()
        size = sequencer.head().size  # over a new session
        assert size > max(told)
        assert sequencer.root_at(head.size) == head.root
        entries = list(sequencer.entries(0, size))
        assert {index: entries[index] for index in told} == told
        assert sequencer.problems(CompactRange()) == []
        index, entry = next(iter(told.items()))
        assert sequencer.append([Submission(entry, entry), Submission(b"next")]) == [index, size]


def test_a_session_that_was_ended_is_replaced_but_its_lease_is_not(log: Log) -> None:
    end = (
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE application_name = 'assay' AND usename = 'publisher'"
    )
    with log.open("publisher") as sequencer:
        assert sequencer.append([Submission(b"one", b"1")]) == [0]
        log.server.execute(end)
        with pytest.raises(StorageError, match="whether they were appended is not known"):
            sequencer.append([Submission(b"one", b"1")])
        assert sequencer.append([Submission(b"one", b"1"), Submission(b"two")]) == [0, 1]
        with sequencer.lease():
            log.server.execute(end)
            with pytest.raises(StorageError, match="terminating connection"):
                sequencer.head()
            with pytest.raises(StorageError, match="the session was lost, and with it the lease"):
                sequencer.head()
        assert sequencer.head().size == 2


def test_a_session_that_keeps_the_turn_is_told_of(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres_session._SETTINGS, "lock_timeout", "200ms")
    with log.open() as one, log.open() as other:
        with one._live().transaction():
            turn = "((1634955642 + which::bigint) << 32) | %s::regnamespace::bigint"
            one._read(f"SELECT pg_advisory_xact_lock({turn}) FROM generate_series(0, 1) which", f'"{log.name}"')
            with pytest.raises(StorageError, match="another process held the log for 60 s"):
                other.append([Submission(b"x")])
        assert other.append([Submission(b"y")]) == [1]  # x was offered: the next turn served it, too


# Publishing.


def publisher(folder: Path, sequencer: PostgresSequencer) -> Publisher:
    private = LogPrivate(private_folder(folder))
    return Publisher(
        sequencer,
        private,
        FolderTiles(folder, private.marker),
        sign=lambda checkpoint: sign_note(checkpoint.text(), [private.key()]),
        opened=FolderLog.open(folder).reader.checkpoint,
    )


def published(folder: Path, sequencer: PostgresSequencer) -> SignedCheckpoint:
    with sequencer.lease():
        return publisher(folder, sequencer).publish()


def test_what_is_appended_is_published_and_then_forgotten(log: Log, tmp_path: Path) -> None:
    front = FolderLog.init(tmp_path / "log", "example.com/postgres")
    entries: list[bytes] = []
    with log.open() as ingest, log.open("publisher") as sequencer:
        for count in (1, 254, 1, 1, 1_500):
            new = [b"entry %d" % i for i in range(len(entries), len(entries) + count)]
            ingest.append([Submission(one, one) for one in new])
            entries += new
            signed = published(tmp_path / "log", sequencer)
            assert (signed.checkpoint.size, signed.checkpoint.root) == (len(entries), root(entries))
        assert sequencer.kept_from() == len(entries)
        assert ingest.append([Submission(b"entry 7", b"entry 7")]) == [7]
    assert list(front.reader.entries(0, len(entries))) == entries
    assert front.reader.check().problems == ()


def test_a_database_of_another_history_is_not_signed_for(log: Log, tmp_path: Path) -> None:
    FolderLog.init(tmp_path / "log", "example.com/postgres")
    with log.open("publisher") as sequencer:
        sequencer.append([Submission(b"one"), Submission(b"two")])
        signed = published(tmp_path / "log", sequencer)
    other = Log(log.server, f"{log.name} again")
    PostgresSequencer.create(log.server.conninfo(), other.name, writer="ingest", publisher="publisher")
    with other.open("publisher") as sequencer:  # restored to before, then written to
        sequencer.append([Submission(b"one"), Submission(b"other"), Submission(b"three")])
        with pytest.raises(VerificationError, match="another history than the 2 that the log signed"):
            published(tmp_path / "log", sequencer)
    assert (tmp_path / "log" / "checkpoint").read_bytes() == signed.note


def test_an_entry_that_somebody_changed_is_not_signed_for(log: Log, tmp_path: Path) -> None:
    FolderLog.init(tmp_path / "log", "example.com/postgres")
    with log.open("publisher") as sequencer:
        sequencer.append([Submission(b"one"), Submission(b"two")])
        log.server.execute("ALTER TABLE entry DISABLE TRIGGER ALL", log=f'"{log.name}"')
        log.server.execute("UPDATE entry SET content = 'won' WHERE idx = 0", log=f'"{log.name}"')
        assert sequencer.problems(CompactRange()) == [
            f"PostgreSQL schema {log.name}: its entries do not hash to the root committed at size 2"
        ]
        with pytest.raises(VerificationError, match="do not hash to the root that was committed with them"):
            published(tmp_path / "log", sequencer)


def test_a_second_publisher_is_told(log: Log) -> None:
    with log.open("publisher") as one, log.open("publisher") as other:
        with one.lease():
            for second in (one, other):
                with (
                    pytest.raises(StorageError, match=r"another publisher holds the log \(process \d+ of the server\)"),
                    second.lease(),
                ):
                    pass
            assert other.append([Submission(b"x")]) == [0]
        with other.lease():
            pass


# What the database refuses.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET content = ''", "DELETE FROM entry", "TRUNCATE entry", "UPDATE batch SET root = root",
        "DELETE FROM batch", "TRUNCATE batch", "UPDATE event SET idx = 7", "DELETE FROM event", "TRUNCATE event",
        "DELETE FROM published", "TRUNCATE published", "UPDATE published SET size = -1", "SELECT forget(3)",
    ],
)  # fmt: skip
def test_the_database_refuses_what_is_not_adding(log: Log, statement: str) -> None:
    import psycopg  # noqa: PLC0415 - of requirements/all.txt

    with log.open() as sequencer:
        sequencer.append([Submission(b"one", b"1"), Submission(b"two", b"2")])
        with pytest.raises(psycopg.errors.RestrictViolation, match="refused"):
            log.server.execute(statement, log=f'"{log.name}"')
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            log.server.execute(statement, "ingest", f'"{log.name}"')
        assert list(sequencer.entries(0, 2)) == [b"one", b"two"]


@pytest.mark.parametrize("statement", ["DROP TRIGGER entry_stays ON entry", "ALTER TABLE entry DISABLE TRIGGER ALL"])
def test_a_writer_cannot_take_the_fence_away(log: Log, statement: str) -> None:
    import psycopg  # noqa: PLC0415 - of requirements/all.txt

    for role in ("ingest", "publisher"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            log.server.execute(statement, role, f'"{log.name}"')


def test_only_those_who_were_let_in_come_in(log: Log) -> None:
    with pytest.raises(StorageError, match=r"expected a log's tables, found none\. Is it the right database and role"):
        log.open("stranger")
    with log.open("ingest") as sequencer:
        assert sequencer.append([Submission(b"%d" % i) for i in range(2_000)]) == list(range(2_000))
        with pytest.raises(StorageError, match="permission denied for function forget"):
            sequencer._read("SELECT forget(2000)")
        with pytest.raises(StorageError, match="permission denied for table entry"):
            list(sequencer.entries(0, 1))


def test_making_a_log_again_leaves_it_as_it_is(log: Log) -> None:
    with log.open() as sequencer:
        sequencer.append([Submission(b"one")])
        PostgresSequencer.create(log.server.conninfo(), log.name, writer="stranger")
        assert sequencer.head().size == 1
    with log.open("stranger") as sequencer:
        assert sequencer.append([Submission(b"two")]) == [1]


def test_what_is_no_log_of_ours_is_told(log: Log) -> None:
    with pytest.raises(StorageError, match="schema none: expected a log's tables, found none"):
        PostgresSequencer(log.server.conninfo(), "none")
    with pytest.raises(StorageError, match='role "nobody here" does not exist'):
        PostgresSequencer.create(log.server.conninfo(), f"{log.name} 2", writer="nobody here")
    assert log.server.execute(f"SELECT to_regnamespace('\"{log.name} 2\"')") == [(None,)]  # nothing half made
    with pytest.raises(StorageError, match="connection"):
        PostgresSequencer(f"host={log.server.folder} port=1 dbname=postgres", log.name)
    log.server.execute("UPDATE published SET version = 3", log=f'"{log.name}"')
    with pytest.raises(StorageError, match="expected a log of version 2, found 3"):
        log.open()


def test_a_server_that_keeps_nothing_is_refused(log: Log) -> None:
    log.server.execute("ALTER SYSTEM SET fsync = off")
    try:
        log.server.execute("SELECT pg_reload_conf(), pg_sleep(0.5)")
        with pytest.raises(StorageError, match="the server runs with fsync off"):
            log.open()
    finally:
        log.server.execute("ALTER SYSTEM RESET fsync")
        log.server.execute("SELECT pg_reload_conf(), pg_sleep(0.5)")


@pytest.mark.parametrize(("found", "used"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")])
def test_commits_are_waited_for_whatever_the_role_s_setting(log: Log, found: str, used: str) -> None:
    log.server.execute(f"ALTER ROLE ingest SET synchronous_commit = {found}")
    try:
        with log.open("ingest") as sequencer:
            assert sequencer.append([Submission(b"one")]) == [0]
            assert sequencer._read("SELECT current_setting('synchronous_commit')") == [(used,)]
    finally:
        log.server.execute("ALTER ROLE ingest RESET synchronous_commit")


def test_a_frozen_log_takes_nothing_more_from_anybody(log: Log) -> None:
    import psycopg  # noqa: PLC0415 - of requirements/all.txt

    with log.open("ingest") as ingest, log.open() as sequencer:
        assert ingest.append([Submission(b"one", b"1"), Submission(b"two")]) == [0, 1]
        sequencer.freeze(b"the end")
        sequencer.freeze(b"once")
        for late in ([Submission(b"late")], [Submission(b"late", b"9")], [Submission(b"one", b"1"), Submission(b"x")]):
            with pytest.raises(InputError, match=r"the log is frozen: nothing was appended\. Its last entry, 2"):
                ingest.append(late)
        assert ingest.append([Submission(b"one", b"1")]) == [0]  # told again: it is in
        assert list(sequencer.entries(0, 3)) == [b"one", b"two", b"the end"]
        assert sequencer.head().size == 3
        assert sequencer.problems(CompactRange()) == []
        with pytest.raises(psycopg.errors.RestrictViolation, match="refused"):
            log.server.execute("UPDATE published SET frozen = false", log=f'"{log.name}"')
        with pytest.raises(StorageError, match="permission denied for function freeze"):
            ingest.freeze(b"x")
