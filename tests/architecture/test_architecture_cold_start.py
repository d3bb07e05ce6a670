"""What the light verbs import, read from `sys.modules` of real processes: nothing heavy, or they are not light."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from architecture.house import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {
    "celpy", "cyclonedx", "duckdb",
    "fairlearn", "http.client", "httpx", "jinja2", "numpy", "pandas", "polars", "pyarrow",
    "pydantic", "requests", "rich", "scipy", "sklearn", "socket", "typer", "urllib.request", "vl_convert",
}  # fmt: skip

# Runs the command line in a fresh interpreter, then prints the modules it loaded on a line of their own.
PROBE = """
import sys
from assay.cli import answer
code = answer(sys.argv[1:])
print("\\nMODULES", code, *sorted(sys.modules))
"""


def loaded(folder: Path, *arguments: str) -> tuple[int, set[str], str]:
    """Return the exit code of `assay ARGUMENTS`, the modules it loaded, and all it said."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    said, _, modules = done.stdout.rpartition("\nMODULES ")
    assert modules, f"no answer from assay {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    code, *names = modules.split()
    return int(code), set(names), said + done.stderr


def assert_light(folder: Path, *arguments: str, exits: set[int]) -> None:
    """Run a verb and check that it ended as expected and loaded nothing heavy."""
    code, names, said = loaded(folder, *arguments)
    assert code in exits, said
    assert not names & HEAVY, f"assay {' '.join(arguments)} loads {sorted(names & HEAVY)}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small project that has been assessed: `init`, then `run`."""
    folder = tmp_path_factory.mktemp("project")
    rows = "\n".join(f"{sex},{i % 3 == 0:d},{i % 2 == 0:d},0.{i % 10}" for sex in "mf" for i in range(300))
    (folder / "rows.csv").write_text(f"sex,approved,predicted,score\n{rows}\n", encoding="utf-8")
    code, _, said = loaded(folder, "init", "rows.csv")
    assert code == 0, said
    code, _, said = loaded(folder, "run")
    assert code in {0, 1, 3}, said
    return folder


def test_version(tmp_path: Path) -> None:
    assert_light(tmp_path, "--version", exits={0})


def test_help(tmp_path: Path) -> None:
    assert_light(tmp_path, "--help", exits={0})


def test_gate(project: Path) -> None:
    evidence = next(project.glob(".assay/releases/*/*/evidence.json"))
    assert_light(project, "gate", str(evidence), exits={0, 1, 3})


def test_verify(project: Path) -> None:
    assert_light(project, "verify", str(next(project.glob(".assay/releases/*/*"))), exits={0})


def test_policy_lint(project: Path) -> None:
    assert_light(project, "policy", "lint", "policy.yaml", exits={0})


def test_log_append(tmp_path: Path) -> None:
    (tmp_path / "entry").write_bytes(b"an entry")
    assert_light(tmp_path, "log", "init", "log", "--origin", "example.org/log", exits={0})
    assert_light(tmp_path, "log", "append", "log", "entry", exits={0})


def test_the_probe_sees_a_heavy_module(project: Path) -> None:
    arguments = ("measure", "rows.csv", "--label", "approved", "--prediction", "predicted", "--protected", "sex")
    _code, names, _said = loaded(project, *arguments, "--format", "json")
    assert "duckdb" in names
