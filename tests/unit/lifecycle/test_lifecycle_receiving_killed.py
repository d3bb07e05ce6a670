"""A server that is killed while it takes deliveries: nothing acknowledged is lost, nothing stands twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_reader import FolderReader
from assay.adapters.here import project_at
from assay.lifecycle.received import Place
from assay.lifecycle.verification import verify_release
from delivery_home import BareLog, DeliveryHome, pipeline_of
from small_project import small_project

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = 40

TAKING = """
import sys
from pathlib import Path
from delivery_home import BareLog, DeliveryHome, pipeline_of
home, log = DeliveryHome(Path(sys.argv[1])), BareLog(Path(sys.argv[2]))
while True:
    reached = home.receiver.reached(log.origin).size
    if reached == int(sys.argv[3]):
        break
    taken = home.receiver.take(log.delivery(reached, min(reached + 1 + reached % 3, int(sys.argv[3]))), pipeline_of())
    print(taken.reached.size, flush=True)
"""

PUSHING = """
import sys
from pathlib import Path
from delivery_home import DeliveryHome
home = DeliveryHome(Path(sys.argv[1]))
home.adopt(Path(sys.argv[2]) / "policy.yaml")
print("begins", flush=True)
home.push(Path(sys.argv[2]))
print("acknowledged", flush=True)
"""


def started(script: str, *arguments: Path | int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=os.environ.copy()
    )


def killed(process: subprocess.Popen[str], after: float) -> list[str]:
    """Let a process say its first line, kill it a little later, and return what it said until then."""
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    said = [first, *process.stdout]
    process.stdout.close()
    process.wait()
    return [line.strip() for line in said if line.endswith("\n")]


@pytest.fixture
def log(tmp_path: Path) -> BareLog:
    made = BareLog(tmp_path / "project" / "log")
    made.append(*(f"entry {number}".encode() for number in range(ENTRIES)))
    return made


def test_no_acknowledged_entry_is_lost_and_none_stands_twice(tmp_path: Path, log: BareLog) -> None:
    draw, home = random.Random(7), DeliveryHome(tmp_path / "home")
    kills = 0
    while home.receiver.reached(log.origin).size < ENTRIES and kills < 4:
        said = killed(started(TAKING, home.root, log.folder, ENTRIES), draw.uniform(0.0, 0.25))
        kills += 1
        if said:
            assert home.receiver.reached(log.origin).size >= int(said[-1])
    assert kills > 1
    home.receiver.take(log.delivery(home.receiver.reached(log.origin).size), pipeline_of())
    theirs = [f"entry {number}".encode() for number in range(ENTRIES)]
    assert [entry for entry in home.entries() if entry.startswith(b"entry")] == theirs


def test_a_release_is_decided_on_however_often_the_server_dies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = small_project(tmp_path / "project", capsys)
    assert project.say("run").code == 0
    draw, home = random.Random(11), DeliveryHome(tmp_path / "home")
    home.adopt(project.root / "policy.yaml")
    for wait in sorted(draw.uniform(0.0, 0.4) for _ in range(3)):
        killed(started(PUSHING, home.root, project.root), wait)
    home.receiver.finish_all()
    home.push(project.root)
    delivered = home.receiver.kept.release(Place(model="small", version="1"))
    assert delivered is not None
    assert delivered.outcome.decision == "allow"
    assert verify_release(home.state / "releases/small/1").decision == "allow"
    reader = FolderReader.open(project_at(project.root).log)
    theirs = list(reader.entries(0, reader.checkpoint().checkpoint.size))
    assert [entry for entry in home.entries() if entry in theirs] == theirs


def test_nothing_is_left_in_the_folder_where_releases_are_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = small_project(tmp_path / "project", capsys)
    assert project.say("run").code == 0
    home = DeliveryHome(tmp_path / "home")
    home.push(project.root)
    assert list((home.root / ".incoming").iterdir()) == []
    shutil.rmtree(home.root / ".incoming")
    home.push(project.root)
