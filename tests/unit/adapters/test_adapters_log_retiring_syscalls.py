"""An error, or the end of the process, at each single system call of a retirement: run again, it is finished."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_reader import FolderReader
from assay.adapters.log_private import private_folder
from assay.adapters.log_retiring import retire
from assay.adapters.log_succession import freeze, open_next
from assay.lifecycle.retired import is_retired, retirement
from unit.adapters.struck_calls import ACTIONS, needs_strace, points, struck

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2037-01-01T00:00:00Z"
RETIRER = """
import sys
from pathlib import Path
from assay.adapters.log_retiring import retire
from assay.errors import AssayError
try:
    said = retire(Path(sys.argv[1]) / "old", "retention-over", "2037-01-01T00:00:00Z").entry
except AssayError as error:
    Path(sys.argv[2]).write_text(f"refused {error}")
else:
    Path(sys.argv[2]).write_text(f"done {said}")
"""
LEFT = ["new", "new.private", "new.vkey", "old", "old.checkpoints", "old.next", "old.retired", "old.vkey"]

pytestmark = needs_strace


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder with a frozen log of 258 entries, one of them long, and the one that goes on, with 255."""
    place = tmp_path / "logs"
    log = FolderLog.init(place / "old", "example.com/2026")
    log.extend(log.by_digest([*(b"entry %d" % number for number in range(256)), b"x" * 70_000]))
    freeze(place / "old", "example.com/2027", NOW)
    open_next(place / "old", place / "new", NOW).extend([b"entry %d" % number for number in range(254)])
    return place


def told_of(folder: Path) -> list[bytes]:
    return [one for one in FolderReader.open(folder / "new").entries(255, 999) if b"payloadType" in one]


def check_after(folder: Path, told: str, point: str) -> None:
    old = folder / "old"
    if not is_retired(old):
        assert not told.startswith("done"), point
        assert FolderLog.open(old).check().problems == (), point  # nothing goes before the trail says so
    else:
        found = retirement(old)
        assert found is not None, point
        assert len(told_of(folder)) == 1, point
    if told.startswith("done"):
        assert sorted(one.name for one in folder.iterdir()) == LEFT, point
    done = retire(old, "retention-over", "2037-01-02T00:00:00Z")
    assert (done, done.final.checkpoint.size, done.entry) == (retirement(old), 258, 255), point
    assert sorted(one.name for one in folder.iterdir()) == LEFT, point
    assert [one.name for one in old.iterdir()] == ["checkpoint"], point
    assert len(told_of(folder)) == 1, point
    new = FolderLog.open(folder / "new")
    assert new.append([b"after"])[0].index == 256, point
    report = new.check()
    assert (report.problems, report.notes) == ((), ()), point
    assert not [one for one in folder.rglob(".*") if one.is_file()], point
    assert not (private_folder(folder / "new") / "publishing").exists(), point


@pytest.mark.parametrize("step", [41, pytest.param(1, marks=pytest.mark.slow)])
def test_a_fault_at_each_system_call(logs: Path, step: int) -> None:
    dry = logs.with_name("dry")
    shutil.copytree(logs, dry)
    told, trace = struck(RETIRER, dry)
    assert told == "done 255"
    calls = list(points(trace))
    assert len(calls) > 60
    assert {"pwrite64", "fsync", "fdatasync", "linkat", "renameat", "unlinkat"} <= {name for name, _ in calls}
    stopped = 0
    for number, (action, (name, at)) in enumerate((action, call) for action in ACTIONS for call in calls):
        if number % step:
            continue
        folder = logs.with_name(f"at{number}")
        shutil.copytree(logs, folder)
        told, _ = struck(RETIRER, folder, "-e", f"inject={name}:{action}:when={at}")
        stopped += not told.startswith("done")
        check_after(folder, told, f"{action} at {name} {at}: {told}")
        shutil.rmtree(folder)
    assert stopped > len(calls) // step
