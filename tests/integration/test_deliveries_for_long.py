"""64 clients at once, for ten minutes: nothing is lost, and each log's entries stand in their order."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_reader import FolderReader
from delivery_home import BareLog
from delivery_server import running

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS, SECONDS = 64, 600.0


@pytest.mark.slow
@pytest.mark.service
def test_many_clients_for_ten_minutes(tmp_path: Path) -> None:
    logs = [BareLog(tmp_path / f"log-{number}" / "log", f"example.com/{number}") for number in range(CLIENTS)]
    sent: dict[str, int] = dict.fromkeys((log.origin for log in logs), 0)
    failed: list[BaseException] = []
    with running(tmp_path) as found:
        ends = time.monotonic() + SECONDS

        def deliver(log: BareLog) -> None:
            try:
                client = found.client()
                while time.monotonic() < ends:
                    number = sent[log.origin]
                    log.append(f"{log.origin} {number}".encode())
                    assert client.deliver(log.delivery(number)).reached.size == number + 1
                    sent[log.origin] = number + 1
            except BaseException as error:  # noqa: BLE001 - told by the test's own thread
                failed.append(error)

        threads = [threading.Thread(target=deliver, args=(log,)) for log in logs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        reader = FolderReader.open(found.server.home.log_folder)
        taken = list(reader.entries(0, reader.checkpoint().checkpoint.size))
        for log in logs:
            begins = f"{log.origin} ".encode()
            theirs = [f"{log.origin} {number}".encode() for number in range(sent[log.origin])]
            assert [entry for entry in taken if entry.startswith(begins)] == theirs
        assert all(sent.values())
        assert reader.check().problems == ()
