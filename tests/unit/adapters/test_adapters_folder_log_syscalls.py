"""An error, or the end of the process, at each single system call of an append, SQLite's included (by strace)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_log import FolderLog
from assay.errors import AssayError

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[3] / "src"
CALLS = "pwrite64,write,fsync,fdatasync,ftruncate,linkat,renameat,renameat2,unlinkat,unlink,mkdirat,mkdir"
ACTIONS = ("error=EIO", "error=ENOSPC", "signal=KILL")

WRITER = """
import sys
from pathlib import Path
from assay.adapters.folder_log import FolderLog
from assay.errors import AssayError
log = FolderLog.open(Path(sys.argv[1]))
try:
    first = log.extend([b"new 1", b"new 2"]).first
except AssayError as error:
    Path(sys.argv[2]).write_text(f"refused {error}")
else:
    Path(sys.argv[2]).write_text(f"done {first}")
"""

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def append(folder: Path, *options: str) -> tuple[str, str]:
    """Append under strace; return what the writer told (empty when it was killed), and the trace."""
    told, trace = folder.with_name(f"{folder.name}.told"), folder.with_name(f"{folder.name}.trace")
    command = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={CALLS}", *options]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, sys.executable, "-c", WRITER, str(folder), str(told)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "not permitted" in done.stderr or "not implemented" in done.stderr:
        pytest.skip("strace may not trace here")
    assert "Traceback" not in done.stderr, done.stderr
    return (told.read_text() if told.exists() else ""), trace.read_text()


def copy_log(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    shutil.copytree(source.with_name(f"{source.name}.private"), target.with_name(f"{target.name}.private"))
    shutil.copy(source.with_name(f"{source.name}.vkey"), target.with_name(f"{target.name}.vkey"))
    return target


def points(trace: str) -> Iterator[tuple[str, int]]:
    """Yield each system call of an append, and how often that call was made up to there."""
    seen: Counter[str] = Counter()
    for line in trace.splitlines():
        found = re.match(r"(?:\d+ +)?(\w+)\(", line)
        if found and '"done' not in line:  # what the writer tells its parent
            seen[found[1]] += 1
            yield found[1], seen[found[1]]


def check_after(folder: Path, before: list[bytes], told: str, point: str) -> None:
    log = FolderLog.open(folder)
    assert log.check().problems == (), point
    log.extend([b"after"])
    report = log.check()
    assert (report.problems, report.notes) == ((), ()), point
    found = list(log.reader.entries(0, 1_000))
    whole, without = [*before, b"new 1", b"new 2", b"after"], [*before, b"after"]
    if told.startswith("done") or "are in the log" in told:
        assert found == whole, point
    else:
        assert found in (whole, without), point
    assert not list(folder.rglob(".*")), point
    assert not (folder.with_name(f"{folder.name}.private") / "publishing").exists(), point


@pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.slow)])
def test_a_fault_at_each_system_call(tmp_path: Path, step: int) -> None:
    origin = tmp_path / "log"
    log = FolderLog.init(origin, "example.com/syscalls")
    before = [b"before %d" % i for i in range(255)]
    log.extend(before)
    told, trace = append(copy_log(origin, tmp_path / "dry"))
    assert told == "done 255"
    calls = list(points(trace))
    assert len(calls) > 40
    assert {"pwrite64", "fsync", "fdatasync", "linkat", "unlink"} <= {name for name, _ in calls}
    struck = 0
    for number, (action, (name, at)) in enumerate((action, call) for action in ACTIONS for call in calls):
        if number % step:
            continue
        folder = copy_log(origin, tmp_path / f"at{number}")
        point = f"{action} at {name} {at}"
        told, _ = append(folder, "-e", f"inject={name}:{action}:when={at}")
        struck += not told.startswith("done")
        check_after(folder, before, told, f"{point}: {told}")
    assert struck > len(calls) // step


def test_an_error_of_each_kind_is_told_in_words(tmp_path: Path) -> None:
    log = FolderLog.init(tmp_path / "log", "example.com/syscalls")
    for call in ("fdatasync", "fsync", "linkat", "renameat"):
        told, _ = append(tmp_path / "log", "-e", f"inject={call}:error=ENOSPC:when=1")
        assert told.startswith(("refused", "done")), (call, told)
        assert "Errno" not in told
    try:
        log.extend([b"after"])
    except AssayError as error:
        pytest.fail(str(error))
    assert log.check().problems == ()
