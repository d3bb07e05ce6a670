"""Whole sessions at the command line, as text: what a person types, what they read, and the exit code.

A session file holds commands and what they print, standard output and standard error together::

    $ assay measure nothing.csv --prediction p
    assay: nothing.csv: no such file[...]
    ? 2

``$`` begins a command and ``>`` goes on with it, as in a shell; ``[...]`` stands for anything within a line, a line of
``...`` for any lines; ``? N`` is the exit code, 0 when it is not written. ``#`` at the start of a session, or after an
empty line, is a remark. All commands of a session run in one folder, empty at first.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SESSIONS = sorted(HERE.glob("*.session"))


@dataclass(frozen=True)
class Exchange:
    line: int
    command: str
    expected: tuple[str, ...]
    exits: int


def read_session(text: str) -> list[Exchange]:
    found: list[Exchange] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        if not lines[number].startswith("$ "):
            assert not lines[number] or lines[number].startswith("#"), f"line {number + 1}: outside of any command"
            number += 1
            continue
        start, command, expected, exits = number, [lines[number][2:]], list[str](), 0
        number += 1
        while number < len(lines) and lines[number].startswith(">"):
            command.append(lines[number][1:].removeprefix(" "))
            number += 1
        while number < len(lines) and not lines[number].startswith("$ "):
            if lines[number].startswith("? "):
                exits = int(lines[number][2:])
                number += 1
                break
            if lines[number].startswith("#") and not lines[number - 1]:
                break
            expected.append(lines[number])
            number += 1
        while expected and not expected[-1]:
            expected.pop()
        found.append(Exchange(start + 1, "\n".join(command), tuple(expected), exits))
    return found


def pattern(expected: tuple[str, ...]) -> re.Pattern[str]:
    parts = []
    for line in expected:
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*".join(map(re.escape, line.split("[...]"))) + "\n")
    return re.compile("".join(parts) + r"\Z")


@pytest.fixture
def shell(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """Return an empty folder, and an environment in which ``assay`` is the code under test."""
    folder, work = tmp_path / "bin", tmp_path / "work"
    folder.mkdir()
    work.mkdir()
    assay = folder / "assay"
    assay.write_text(f"#!{sys.executable}\nfrom assay.cli import main\nmain()\n", encoding="utf-8")
    assay.chmod(0o755)
    paths = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    return work, {
        **os.environ,
        **paths,
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "PYTHONUNBUFFERED": "1",
        "LC_ALL": "C.UTF-8",
    }


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_session(session: Path, shell: tuple[Path, dict[str, str]]) -> None:
    work, environment = shell
    for exchange in read_session(session.read_text(encoding="utf-8")):
        done = subprocess.run(
            ["bash", "-c", exchange.command],
            cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            text=True, check=False,
        )  # fmt: skip
        told = f"{session.name}:{exchange.line}: $ {exchange.command}\n{done.stdout}? {done.returncode}"
        assert "Traceback" not in done.stdout, told
        assert done.returncode == exchange.exits, told
        printed = done.stdout if done.stdout.endswith("\n") or not done.stdout else done.stdout + "\n"
        assert pattern(exchange.expected).match(printed), told


def test_there_are_sessions() -> None:
    assert len(SESSIONS) >= 4


@pytest.mark.parametrize(
    ("expected", "printed", "holds"),
    [
        (("a",), "a\n", True),
        (("a",), "a\nb\n", False),
        (("a", "..."), "a\nb\nc\n", True),
        (("...", "c"), "a\nb\nc\n", True),
        (("...", "d"), "a\nb\nc\n", False),
        (("x [...] z",), "x y z\n", True),
        (("x [...] z",), "x y\n", False),
        (("1.5",), "1x5\n", False),
        ((), "", True),
        ((), "a\n", False),
    ],
)
def test_what_is_expected_is_matched_and_nothing_else(expected: tuple[str, ...], printed: str, holds: bool) -> None:
    assert (pattern(expected).match(printed) is not None) == holds


def test_a_session_is_read_as_it_is_written() -> None:
    text = "# a remark\n$ cat <<END\n> one\n> END\none\n\n# another\n$ false\n? 1\n"

    assert read_session(text) == [Exchange(2, "cat <<END\none\nEND", ("one",), 0), Exchange(8, "false", (), 1)]
