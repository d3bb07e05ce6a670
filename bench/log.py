"""What a durable entry of 1 KiB costs, beside a raw append and fsync of the same bytes in the same run.

``python -m bench.log [ENTRIES]``. The raw floor of a batch is one write and one fsync of its bytes; that of a single
entry is the same for its 1,024 bytes. Raw and log take turns, so that both meet the same disk.
``--start ENTRIES`` measures the start on a long log alone; ``--alarms ENTRIES`` grows a log and checks it after each
million (ten million take about nine minutes).
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from assay.adapters.folder_log import FolderLog  # noqa: E402 - after the path
from assay.lifecycle.publishing import Submission  # noqa: E402 - after the path

ENTRIES = 100_000
BATCH = 1_024
SINGLES = 300
ENTRY_BYTES = 1_024

Rows = list[dict[str, float | str]]


def _batches(count: int) -> list[list[Submission]]:
    made = [Submission(i.to_bytes(8, "big") + bytes(ENTRY_BYTES - 8)) for i in range(count)]
    return [made[start : start + BATCH] for start in range(0, count, BATCH)]


def _raw(path: Path, batches: list[list[Submission]]) -> float:
    begun = time.perf_counter()
    with path.open("ab", buffering=0) as stream:
        for batch in batches:
            stream.write(b"".join(one.content for one in batch))
            os.fsync(stream.fileno())
    return time.perf_counter() - begun


def _sustained(log: FolderLog, batches: list[list[Submission]]) -> float:
    """Submit all, a thread publishing meanwhile, until a checkpoint covers the last one."""
    done = threading.Event()

    def publish() -> None:
        while not done.is_set():
            log.publish()

    begun = time.perf_counter()
    publisher = threading.Thread(target=publish)
    with log.sequencing() as sequencer:
        publisher.start()
        for batch in batches:
            sequencer.append(batch)
        done.set()
        publisher.join()
    size = log.publish().checkpoint.size
    took = time.perf_counter() - begun
    if size != sum(map(len, batches)):
        raise RuntimeError(f"expected every entry under the checkpoint, found {size}")
    return took


def _stored(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _throughput(folder: Path, count: int) -> Rows:
    batches = _batches(count)
    log = FolderLog.init(folder / "log", "example.com/bench")
    raw = _raw(folder / "raw", batches)
    took = _sustained(log, batches)
    begun = time.process_time()
    problems = log.check().problems
    checked = time.process_time() - begun
    if problems:
        raise RuntimeError(problems[0])
    begun = time.process_time()
    proofs = [log.prove(index) for index in range(0, count, max(count // 100, 1))]
    proved = (time.process_time() - begun) / len(proofs)
    payload = count * ENTRY_BYTES
    beyond = (_stored(folder / "log") + _stored(folder / "log.private") - payload) / payload
    return [
        {"name": "raw append+fsync, batches of 1,024, entries/s", "value": count / raw},
        {"name": "durable, published entries/s, batches of 1,024", "value": count / took, "wanted": ">= 10,000"},
        {"name": "storage beyond the entries, %", "value": 100 * beyond, "wanted": "< 10"},
        {"name": "full check, entries/s of CPU", "value": count / checked, "wanted": ">= 150,000"},
        {"name": "proof of one entry, from the files, ms of CPU", "value": 1e3 * proved, "wanted": "< 1"},
    ]


def _quantiles(name: str, times: list[float], wanted: str = "") -> dict[str, float | str]:
    ordered = sorted(times)
    p99 = ordered[int(0.99 * (len(ordered) - 1))]
    return {"name": f"{name}, p99 ms", "value": 1e3 * p99, "p50": 1e3 * statistics.median(ordered), "wanted": wanted}


def _singles(folder: Path) -> Rows:
    log = FolderLog.init(folder / "singles", "example.com/singles")
    raw: list[float] = []
    durable: list[float] = []
    published: list[float] = []
    entry = bytes(ENTRY_BYTES)
    with log.sequencing() as sequencer, (folder / "raw1").open("ab", buffering=0) as stream:
        for _ in range(SINGLES):
            begun = time.perf_counter()
            stream.write(entry)
            os.fsync(stream.fileno())
            raw.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            sequencer.append([Submission(entry)])
            durable.append(time.perf_counter() - begun)
        log.publish()
        for _ in range(SINGLES // 3):
            begun = time.perf_counter()
            sequencer.append([Submission(entry)])
            log.publish()
            published.append(time.perf_counter() - begun)
    return [
        _quantiles("raw append+fsync of one entry", raw),
        _quantiles("durable append of one entry", durable, "< 10"),
        _quantiles("append to published checkpoint", published, "< 100"),
    ]


_MANY = 50_000
_CHECKED = 1_000_000
_READY = """
import resource, sys, time
begun = time.perf_counter()
from pathlib import Path
from assay.adapters.folder_log import FolderLog
with FolderLog.open(Path(sys.argv[1])).sequencing():
    took = time.perf_counter() - begun
print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def _start(folder: Path, name: str = "the log above") -> Rows:
    """Start a process on the log, until it can append; beside it one on an empty log, for the memory."""
    FolderLog.init(folder / "empty", "bench.example.com/empty")
    (took, used), (_, least) = (_ready(folder / one) for one in ("log", "empty"))
    return [
        {"name": f"start of {name}, with imports, s", "value": took, "wanted": "< 2"},
        {"name": f"memory of a process on {name}, MiB", "value": used},
        {"name": "memory of a process on an empty log, MiB", "value": least, "wanted": "the same"},
    ]


def _ready(log: Path) -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-c", _READY, str(log)], capture_output=True, text=True, check=True)
    seconds, mebibytes = done.stdout.split()
    return float(seconds), float(mebibytes)


def start(count: int) -> Rows:
    """Measure the start alone, on a log of so many small entries, published in batches; it is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=".assay-bench-", dir=ROOT))
    try:
        log = FolderLog.init(folder / "log", "bench.example.com/log")
        for first in range(0, count, _MANY):
            log.extend([b"%d" % number for number in range(first, min(first + _MANY, count))])
        return _start(folder, f"a log of {count:,} entries")
    finally:
        shutil.rmtree(folder)


def alarms(count: int) -> Rows:
    """Grow a log to so many entries, check every stored byte after each million, and count what is wrongly named."""
    folder = Path(tempfile.mkdtemp(prefix=".assay-bench-", dir=ROOT))
    try:
        log = FolderLog.init(folder / "log", "bench.example.com/log")
        checked = named = 0
        for first in range(0, count, _MANY):
            log.extend([b"%d" % number for number in range(first, min(first + _MANY, count))])
            if min(first + _MANY, count) % _CHECKED == 0 or first + _MANY >= count:
                named += len(log.check().problems)
                checked += 1
        return [
            {"name": f"false alarms in {checked} checks up to {count:,} entries", "value": named, "wanted": "0"},
        ]
    finally:
        shutil.rmtree(folder)


def main(count: int = ENTRIES) -> Rows:
    """Measure on the disk that holds the checkout; everything is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=".assay-bench-", dir=ROOT))
    try:
        return [*_throughput(folder, count), *_start(folder), *_singles(folder)]
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    wanted = sys.argv[1:]
    alone = {"--start": start, "--alarms": alarms}
    rows = alone[wanted[0]](int(wanted[1].replace("_", ""))) if wanted and wanted[0] in alone else None
    for row in rows or main(int(wanted[0].replace("_", "")) if wanted else ENTRIES):
        median = f"p50 {row['p50']:.2f}" if "p50" in row else ""
        print(f"{row['name']:50} {row['value']:12,.2f} {median:12} {row.get('wanted', '')}")
