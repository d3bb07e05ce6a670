"""A crash or a full disk at every file call of an append: nothing acknowledged is lost, no index is used twice."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.adapters.folder_log import FolderLog, open_log

CHILD = Path(__file__).with_name("folder_log_faults.py")
SOURCE = Path(__file__).parents[3] / "src"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}


def strike(log: Path, action: str, at: int, prefix: str, count: int | str) -> str:
    command = [sys.executable, str(CHILD), str(log), action, str(at), prefix, str(count)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.strip() or f"killed {done.returncode}"


def entries(log: FolderLog) -> list[bytes]:
    return list(log.reader.entries(0, log.reader.checkpoint().checkpoint.size))


def copy_log(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    shutil.copytree(source.with_name("log.private"), target.with_name(f"{target.name}.private"))
    shutil.copy(source.with_name("log.vkey"), target.with_name(f"{target.name}.vkey"))
    return target


def calls_of(origin: Path, tmp_path: Path, count: int) -> int:
    word, _, number = strike(copy_log(origin, tmp_path / "dry"), "kill", 0, "dry", count).split(" ")
    assert word == "done"
    return int(number)


def check_after(folder: Path, before: list[bytes], batch: list[bytes], outcome: str) -> None:
    log = FolderLog.open(folder)
    report = log.check()
    assert report.problems == (), outcome
    log.extend([b"after"])
    report = log.check()
    assert (report.problems, report.notes) == ((), ()), outcome
    found = entries(log)
    if outcome.startswith("done") or "are in the log" in outcome:
        assert found == [*before, *batch, b"after"], outcome
    else:
        assert found in ([*before, *batch, b"after"], [*before, b"after"]), outcome
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["checkpoint", "tile"], outcome
    assert not list(folder.rglob(".*")), outcome


def origin_log(tmp_path: Path, size: int) -> tuple[Path, list[bytes]]:
    log = FolderLog.init(tmp_path / "log", "example.com/faults")
    before = [b"before %d" % i for i in range(size)]
    log.extend(before[: size // 2])
    log.extend(before[size // 2 :])
    return tmp_path / "log", before


def run_all(tmp_path: Path, *, size: int, count: int, action: str, step: int) -> None:
    origin, before = origin_log(tmp_path, size)
    calls = calls_of(origin, tmp_path, count)
    assert calls > 20
    batch = [f"b-{i}".encode() for i in range(count)]
    struck = 0
    for at in range(1, calls + 1, step):
        folder = copy_log(origin, tmp_path / f"{action}{at}")
        outcome = strike(folder, action, at, "b", count)
        struck += not outcome.startswith("done")
        check_after(folder, before, batch, f"{outcome} at call {at} of {calls}")
        shutil.rmtree(folder)
    assert struck > calls // step // 2


@pytest.mark.parametrize("action", ["kill", "full"])
def test_a_fault_at_some_calls_of_an_append(tmp_path: Path, action: str) -> None:
    run_all(tmp_path, size=255, count=2, action=action, step=5)


@pytest.mark.slow
@pytest.mark.parametrize("action", ["kill", "full"])
@pytest.mark.parametrize("size", [0, 255, 256, 65_535])
def test_a_fault_at_every_call_of_an_append(tmp_path: Path, size: int, action: str) -> None:
    run_all(tmp_path, size=size, count=2, action=action, step=1)


@pytest.mark.parametrize(
    ("action", "step"), [("kill", 4), ("full", 4), pytest.param("kill", 1, marks=pytest.mark.slow)]
)
def test_a_fault_while_a_log_is_made(tmp_path: Path, action: str, step: int) -> None:
    origin = "assay.invalid/system"
    calls = int(strike(tmp_path / "dry", "kill", 0, origin, "init").split(" ")[2])
    assert calls > 15
    for at in range(1, calls + 1, step):
        outcome = strike(tmp_path / str(at), action, at, origin, "init")
        log = open_log(tmp_path / str(at), "system")
        assert log.extend([b"one"]).first == 0, (outcome, at)
        assert log.check().problems == (), (outcome, at)


def test_a_file_size_limit_leaves_the_old_state(tmp_path: Path) -> None:
    """A real error of the kernel (EFBIG), not one that a test raises."""
    origin, before = origin_log(tmp_path, 10)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    code = (
        "import sys; from pathlib import Path; from assay.adapters.folder_log import FolderLog\n"
        "from assay.errors import StorageError\n"
        "try: FolderLog.open(Path(sys.argv[1])).extend([bytes(60_000)])\n"
        "except StorageError as error: print('refused', error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(origin)],
        env=ENVIRONMENT, capture_output=True, text=True, check=True, preexec_fn=limit,
    )  # fmt: skip
    assert "disk I/O error" in done.stdout  # SQLite's word for it
    check_after(origin, before, [], done.stdout)


def test_a_full_file_system_leaves_the_old_state(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        origin, before = origin_log(mount, 10)
        code = (
            "import sys; from pathlib import Path; from assay.adapters.folder_log import FolderLog\n"
            "from assay.errors import StorageError\n"
            "try: FolderLog.open(Path(sys.argv[1])).extend([bytes(60_000)] * 20)\n"
            "except StorageError as error: print('refused', error)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(origin)], env=ENVIRONMENT, capture_output=True, text=True, check=True
        )
        assert "no space left" in done.stdout
        check_after(origin, before, [], done.stdout)
    finally:
        subprocess.run(["umount", str(mount)], check=True)


APPENDER = (
    "import sys; from pathlib import Path; from assay.adapters.folder_log import FolderLog\n"
    "log = FolderLog.open(Path(sys.argv[1]))\n"
    "for i in range(int(sys.argv[3])):\n"
    "    done = log.extend([f'{sys.argv[2]}-{i}'.encode()])\n"
    "    print(done.first, f'{sys.argv[2]}-{i}', flush=True)\n"
)


def appender(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPENDER, str(folder), name, str(count)]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)


def acknowledged(output: str) -> dict[int, bytes]:
    lines = [line.split(" ") for line in output.splitlines() if line.count(" ") == 1]
    return {int(index): entry.encode() for index, entry in lines}


def test_processes_take_turns(tmp_path: Path) -> None:
    log = FolderLog.init(tmp_path / "log", "example.com/turns")
    writers = [appender(tmp_path / "log", f"w{i}", 60) for i in range(3)]
    told = [acknowledged(writer.communicate()[0]) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    merged = {index: entry for one in told for index, entry in one.items()}
    assert len(merged) == 180
    assert entries(log) == [merged[index] for index in range(180)]
    assert log.check().problems == ()


@pytest.mark.parametrize("rounds", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_kill_at_random_moments(tmp_path: Path, rounds: int) -> None:
    folder = tmp_path / "log"
    log = FolderLog.init(folder, "example.com/kill")
    log.extend([b"start %d" % i for i in range(250)])
    chance = random.Random(7)
    told: dict[int, bytes] = {}
    for number in range(rounds):
        writer = appender(folder, f"r{number}", 10_000)
        assert writer.stdout is not None
        begun = writer.stdout.readline()  # however busy the machine is, it appends by now
        time.sleep(chance.random() * 0.3)
        writer.kill()
        told |= acknowledged(begun + writer.communicate()[0])
        assert log.check().problems == ()
    log.extend([b"end"])
    found = entries(log)
    assert {index: found[index] for index in told} == told
    assert len(set(found)) == len(found)
    assert len(told) >= rounds
    assert log.check().problems == ()
