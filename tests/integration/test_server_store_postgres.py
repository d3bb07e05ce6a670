"""The server's store on a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

import store_scenarios as scenarios
from assay.errors import StorageError
from assay.server.store import accounts, open_store, postgres
from assay.server.store import pool as pooling
from assay.server.store.postgres import SCHEMA, PostgresStore
from assay.server.store.schema import VERSION
from integration.postgres_server import Server, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from assay.server.store import Store

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture
def empty(server: Server) -> Server:
    server.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    return server


def address(server: Server) -> str:
    return f"postgresql://gov@/postgres?host={server.folder}"


@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=lambda one: str(one.__name__))
def test_a_store(scenario: Callable[[Store], None], empty: Server, tmp_path: Path) -> None:
    store = open_store(address(empty), tmp_path)
    try:
        scenario(store)
    finally:
        store.close()
    assert list(tmp_path.iterdir()) == []


def test_a_migration_from_each_version_keeps_all(empty: Server) -> None:
    scenarios.a_migration_keeps_all(lambda to: PostgresStore(address(empty), to=to), VERSION)


def test_keys_shown_become_one_table(empty: Server) -> None:
    scenarios.keys_shown_become_one_table(lambda to: PostgresStore(address(empty), to=to))


def test_a_newer_database_is_refused(empty: Server) -> None:
    scenarios.a_newer_database_is_refused(lambda to: PostgresStore(address(empty), to=to), VERSION)


def test_an_absent_database_is_told_in_seconds_without_its_password(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(StorageError, match="PostgreSQL schema assay_server") as refusal:
        open_store(f"postgresql://gov:hunter2@/postgres?host={tmp_path}", tmp_path)
    assert time.monotonic() - began < 5
    assert "hunter2" not in str(refusal.value)


def test_a_database_that_restarts_is_found_again(empty: Server) -> None:
    store = PostgresStore(address(empty))
    scenarios.with_vera(store)
    empty.stop()
    with pytest.raises(StorageError), store.reading():
        pass
    empty.start()
    with store.reading() as rows:
        assert accounts.every(rows) == [scenarios.VERA]
    store.close()


def test_a_database_that_stands_still_is_given_up(empty: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (postgres, pooling):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.5)
    store = PostgresStore(address(empty))
    scenarios.with_vera(store)
    ((backend,),) = empty.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'assay server'")
    os.kill(backend, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(StorageError, match="no answer for"), store.reading():
            pass
        assert time.monotonic() - began < 5
        with store.reading() as rows:  # by another connection: the one that stood still was let go
            assert accounts.every(rows) == [scenarios.VERA]
    finally:
        os.kill(backend, signal.SIGCONT)
    store.close()


def test_a_lock_that_another_holds_is_told(empty: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PATIENCE_SECONDS", 1.0)
    one, other = PostgresStore(address(empty)), PostgresStore(address(empty))
    with one.writing(), pytest.raises(StorageError, match="timeout"), other.writing():
        pass
    scenarios.with_vera(other)
    for store in (one, other):
        store.close()
