"""What 16 clients append to one PostgreSQL log: one process each, and 16 threads of one process.

``python -m bench.postgres [CLIENTS] [SECONDS]``. Each append is one durable entry of 1 KiB with an event id; beside it
stand, in the same run, a bare INSERT of the same bytes by as many processes, each its own commit, into a table without
index or order, and a raw append and fsync by one writer. The server is one of its own, with its
default settings.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from assay.adapters.postgres_sequencer import PostgresSequencer  # noqa: E402 - after the path
from assay.lifecycle.publishing import Submission  # noqa: E402 - after the path
from assay.tlog.compact_range import CompactRange  # noqa: E402 - after the path
from integration.postgres_server import running  # noqa: E402 - after the path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.synchronize import Barrier

CLIENTS = 16
SECONDS = 10.0
ENTRY_BYTES = 1_024


def _entry(name: int, i: int) -> Submission:
    event = b"%d-%d" % (name, i)
    return Submission(event.ljust(ENTRY_BYTES), event)


def _append(sequencer: PostgresSequencer, name: int, seconds: float) -> None:
    i, ends = 0, time.monotonic() + seconds
    while time.monotonic() < ends:
        sequencer.append([_entry(name, i)])
        i += 1


def _client(conninfo: str, log: str, name: int, seconds: float, begin: Barrier) -> None:
    with PostgresSequencer(conninfo, log) as sequencer:
        begin.wait()
        _append(sequencer, name, seconds)


def _processes(conninfo: str, clients: int, seconds: float) -> None:
    _together(_client, [(conninfo, "processes", n, seconds) for n in range(clients)])


def _together(work: Callable[..., None], arguments: Sequence[tuple[object, ...]]) -> None:
    context = multiprocessing.get_context("spawn")
    begin = context.Barrier(len(arguments))
    children = [context.Process(target=work, args=(*each, begin)) for each in arguments]
    for child in children:
        child.start()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise RuntimeError("expected every client to end well")


def _threads(conninfo: str, clients: int, seconds: float) -> None:
    with PostgresSequencer(conninfo, "threads") as sequencer:
        threads = [threading.Thread(target=_append, args=(sequencer, name, seconds)) for name in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _insert(conninfo: str, seconds: float, begin: Barrier) -> None:
    import psycopg  # noqa: PLC0415 - an extra

    with psycopg.connect(conninfo, autocommit=True) as connection:
        begin.wait()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            connection.execute("INSERT INTO raw VALUES (%b)", (bytes(ENTRY_BYTES),))


def _raw(seconds: float) -> float:
    with tempfile.NamedTemporaryFile(dir="/tmp", buffering=0) as stream:
        begun, count = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            stream.write(bytes(ENTRY_BYTES))
            os.fsync(stream.fileno())
            count += 1
        return count / (time.monotonic() - begun)


def main() -> None:
    """Measure and print a Markdown table."""
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else CLIENTS
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    print("| what | durable entries of 1 KiB a second |\n|---|---:|")
    with running() as server:
        for log, run in (("processes", _processes), ("threads", _threads)):
            PostgresSequencer.create(server.conninfo(), log)
            run(server.conninfo(), clients, seconds)
            with PostgresSequencer(server.conninfo(), log) as sequencer:
                if found := sequencer.problems(CompactRange()):
                    raise RuntimeError(found[0])
                print(f"| {clients} {log} | {sequencer.head().size / seconds:,.0f} |", flush=True)
        server.execute("CREATE TABLE raw (content bytea)")
        _together(_insert, [(server.conninfo(), seconds)] * clients)
        ((inserted,),) = server.execute("SELECT count(*) FROM raw")
        print(f"| {clients} processes, a bare INSERT of the same bytes | {inserted / seconds:,.0f} |", flush=True)
    print(f"| raw append and fsync, one writer | {_raw(seconds / 4):,.0f} |")


if __name__ == "__main__":
    main()
