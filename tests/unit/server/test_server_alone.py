"""One process a folder, one folder a database; and a database that is locked, or silent, meanwhile."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest

from assay.errors import InputError, StorageError
from assay.server.ailing import READ_ONLY, Health
from assay.server.alone import LOCK, alone
from assay.server.home import open_home
from assay.server.starting import start
from assay.server.store import FILE
from assay.server.store import pool as pooling
from assay.server.store import sqlite as in_file
from assay.server.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_process_on_a_folder_is_refused_in_words(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with start(home), pytest.raises(InputError, match="One process serves a folder"), start(home):
        pass
    with start(home):  # once the first has ended
        assert (home.root / LOCK).stat().st_mode & 0o777 == 0o600


def test_the_refusal_names_the_process(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with alone(home):
        number = (home.root / LOCK).read_text().strip()
        with pytest.raises(InputError, match=f"the process {number} does"), alone(home):
            pass


def test_another_folders_database_is_refused_and_nothing_of_it_is_taken(tmp_path: Path) -> None:
    one, other = open_home(tmp_path / "one", name="one"), open_home(tmp_path / "other", name="other")
    with start(one):
        pass
    shutil.copy(one.root / FILE, other.root / FILE)
    with pytest.raises(InputError, match="that of another one, the server one"), start(other):
        pass
    assert not other.trust.exists(), "the people of the other server are not these"


def test_a_folder_that_was_moved_keeps_its_database(tmp_path: Path) -> None:
    with start(open_home(tmp_path / "here")):
        pass
    (tmp_path / "here").rename(tmp_path / "there")
    with start(open_home(tmp_path / "there")) as server:
        assert server.health is not None
        assert server.health.words() == ""


def test_a_database_that_others_lock_is_waited_for_once_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (in_file, pooling):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(pooling, "SILENT_SECONDS", 0.2)
    store = SqliteStore(tmp_path / FILE)
    holder = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="another process held it"), store.writing():
        pass
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(StorageError, match="a moment ago"), store.writing():
            pass
    assert time.monotonic() - began < 0.2, "nobody waits again"
    with store.reading() as rows:
        assert rows.execute("SELECT 1") == [(1,)]
    assert Health(store).words() == READ_ONLY
    holder.execute("ROLLBACK")
    holder.close()
    time.sleep(0.25)
    with store.writing() as rows:
        assert rows.execute("SELECT 1") == [(1,)]
    assert Health(store).words() == ""
    store.close()


def test_of_many_that_meet_a_silent_database_one_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "SILENT_SECONDS", 0.1)
    asked: list[float] = []

    class Silent:
        def close(self) -> None:
            """Be closed."""

    def connect() -> Silent:
        asked.append(time.monotonic())
        time.sleep(0.15)
        raise StorageError("no answer")

    pool = pooling.Pool("here", connect)
    told: list[str] = []

    def use() -> None:
        with pytest.raises(StorageError) as error, pool.connection():
            pass
        told.append(str(error.value))

    use()
    time.sleep(0.12)
    threads = [threading.Thread(target=use) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 2
    assert sum("a moment ago" in words for words in told) == 29
