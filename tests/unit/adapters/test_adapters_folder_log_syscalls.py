"""An error, or the end of the process, at each single system call of an append, SQLite's included (by strace)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_log import FolderLog
from assay.errors import AssayError
from unit.adapters.struck_calls import ACTIONS, needs_strace, points, struck

if TYPE_CHECKING:
    from pathlib import Path

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

pytestmark = needs_strace


def copy_log(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    shutil.copytree(source.with_name(f"{source.name}.private"), target.with_name(f"{target.name}.private"))
    shutil.copy(source.with_name(f"{source.name}.vkey"), target.with_name(f"{target.name}.vkey"))
    return target


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
    told, trace = struck(WRITER, copy_log(origin, tmp_path / "dry"))
    assert told == "done 255"
    calls = list(points(trace))
    assert len(calls) > 40
    assert {"pwrite64", "fsync", "fdatasync", "linkat", "unlink"} <= {name for name, _ in calls}
    stopped = 0
    for number, (action, (name, at)) in enumerate((action, call) for action in ACTIONS for call in calls):
        if number % step:
            continue
        folder = copy_log(origin, tmp_path / f"at{number}")
        point = f"{action} at {name} {at}"
        told, _ = struck(WRITER, folder, "-e", f"inject={name}:{action}:when={at}")
        stopped += not told.startswith("done")
        check_after(folder, before, told, f"{point}: {told}")
    assert stopped > len(calls) // step


def test_an_error_of_each_kind_is_told_in_words(tmp_path: Path) -> None:
    log = FolderLog.init(tmp_path / "log", "example.com/syscalls")
    for call in ("fdatasync", "fsync", "linkat", "renameat"):
        told, _ = struck(WRITER, tmp_path / "log", "-e", f"inject={call}:error=ENOSPC:when=1")
        assert told.startswith(("refused", "done")), (call, told)
        assert "Errno" not in told
    try:
        log.extend([b"after"])
    except AssayError as error:
        pytest.fail(str(error))
    assert log.check().problems == ()
