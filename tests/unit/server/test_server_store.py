"""The server's store in an SQLite file."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from typing import TYPE_CHECKING

import pytest

import store_scenarios as scenarios
from assay.errors import InputError, StorageError
from assay.server.store import FILE, accounts, open_store
from assay.server.store import pool as pooling
from assay.server.store import sqlite as in_file
from assay.server.store.schema import STEPS, VERSION
from assay.server.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assay.server.store import Store


@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=lambda one: str(one.__name__))
def test_a_store(scenario: Callable[[Store], None], tmp_path: Path) -> None:
    store = open_store(None, tmp_path)
    try:
        scenario(store)
    finally:
        store.close()


def test_a_migration_from_each_version_keeps_all(tmp_path: Path) -> None:
    assert VERSION > 1
    scenarios.a_migration_keeps_all(lambda to: SqliteStore(tmp_path / FILE, to=to), VERSION)


def test_keys_shown_become_one_table(tmp_path: Path) -> None:
    scenarios.keys_shown_become_one_table(lambda to: SqliteStore(tmp_path / FILE, to=to))


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    scenarios.a_newer_database_is_refused(lambda to: SqliteStore(tmp_path / FILE, to=to), VERSION)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SqliteStore(tmp_path / FILE, to=1).close()
    monkeypatch.setattr("assay.server.store.schema.STEPS", (STEPS[0], (*STEPS[1], "CREATE NONSENSE")))
    with pytest.raises(StorageError):
        SqliteStore(tmp_path / FILE)
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchone() == (1,)
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'session_account'").fetchall()
    connection.close()


def test_the_file_is_its_owners_and_durable(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = SqliteStore(tmp_path / FILE)
        scenarios.with_vera(store)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(old)
    assert modes == dict.fromkeys((FILE, f"{FILE}-wal", f"{FILE}-shm"), 0o600)
    with store.reading() as rows:
        assert rows.execute("PRAGMA journal_mode") == [("wal",)]
        assert rows.execute("PRAGMA synchronous") == [(2,)]
    store.close()


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    SqliteStore(tmp_path / FILE).close()
    (tmp_path / FILE).chmod(0o644)
    SqliteStore(tmp_path / FILE).close()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="expected the server's database"):
        SqliteStore(tmp_path / FILE)


def test_a_database_that_another_holds_is_told_in_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (in_file, pooling):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    store = SqliteStore(tmp_path / FILE)
    holder = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(StorageError, match="another process held it"), store.writing():
        pass
    assert time.monotonic() - began < 2
    with store.reading() as rows:  # those who read are not held up
        assert accounts.every(rows) == []
    holder.execute("ROLLBACK")
    holder.close()
    scenarios.with_vera(store)
    store.close()


def test_a_database_that_went_is_told(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / FILE)
    for path in list(tmp_path.iterdir()):
        path.unlink()
    store._pool.drop()  # as after any failure: the next use connects anew
    with pytest.raises(StorageError, match="found none"), store.reading():
        pass
    assert list(tmp_path.iterdir()) == [], "an empty one in its place would let the next first administrator in"
    store.close()


def test_what_is_no_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def kept(*path: object, **options: object) -> sqlite3.Connection:
        opened.append(connect(*path, **options))  # type: ignore[call-overload]
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", kept)
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to be taken for one" * 40)
    with pytest.raises(StorageError, match="not a database"):
        SqliteStore(tmp_path / FILE)
    assert len(opened) == 1
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_busy_connections_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(pooling, "MOST", 1)
    store = SqliteStore(tmp_path / FILE)
    with store.reading(), pytest.raises(StorageError, match="connections were busy"), store.reading():
        pass
    store.close()


def test_another_kind_of_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"expected postgresql://\.\.\., or none for SQLite, found .* 'mysql'"
    ) as refusal:
        open_store("mysql://root:hunter2@db", tmp_path)
    assert "hunter2" not in str(refusal.value)
