"""Run a small program under strace, and let one of its system calls fail, or be its last: the tests of single calls."""

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

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[3] / "src"
CALLS = "pwrite64,write,fsync,fdatasync,ftruncate,linkat,renameat,renameat2,unlinkat,unlink,mkdirat,mkdir,rmdir"
ACTIONS = ("error=EIO", "error=ENOSPC", "signal=KILL")

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def struck(program: str, folder: Path, *options: str) -> tuple[str, str]:
    """Run a program on a folder; return what it told (empty when it was killed), and the trace.

    The program gets the folder, and a file to tell in what came of it: ``done ...`` or ``refused ...``.
    """
    told, trace = folder.with_name(f"{folder.name}.told"), folder.with_name(f"{folder.name}.trace")
    command = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={CALLS}", *options]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, sys.executable, "-c", program, str(folder), str(told)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "not permitted" in done.stderr or "not implemented" in done.stderr:
        pytest.skip("strace may not trace here")
    assert "Traceback" not in done.stderr, done.stderr
    return (told.read_text() if told.exists() else ""), trace.read_text()


def points(trace: str) -> Iterator[tuple[str, int]]:
    """Yield each system call, and how often that call was made up to there."""
    seen: Counter[str] = Counter()
    for line in trace.splitlines():
        found = re.match(r"(?:\d+ +)?(\w+)\(", line)
        if found and '"done' not in line:  # what the program tells its parent
            seen[found[1]] += 1
            yield found[1], seen[found[1]]
