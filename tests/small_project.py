"""A small project on disk and the command line in process, for tests that act as a user does."""

from __future__ import annotations

import os
import random
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.cli import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

POLICY = """\
schema: assay.policy/v1
name: small
version: "1"
controls:
  - id: sex-gap
    title: Both sexes are approved alike
    check: group-gap
    metric: demographic_parity_difference
    attributes: [sex]
    limit: {max: 0.2}
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
  - id: files
    title: The files are those that were measured
    check: files-unchanged
"""

WAIVERS = """\
waivers:
  permitted_by: [risk-owner]
  longest_days: 90
"""

CONFIG = """\
system: small
model: {name: small, version: "1", path: model/, author: mila}
materiality: {exposure: low, purpose: test, justification: It decides about nobody at all.}
datasets:
  test: {path: test.csv}
columns:
  label: approved
  prediction: predicted
  score: score
  protected: [sex]
policy: policy.yaml
"""


def rows(count: int, *, gap: float = 0.0, seed: int = 1) -> str:
    """Return a CSV of people of two sexes; women are approved less often by ``gap``."""
    draw = random.Random(seed)
    lines = ["approved,predicted,score,sex"]
    for number in range(count):
        sex = ("f", "m")[number % 2]
        score = draw.random()
        lines.append(f"{int(draw.random() < 0.6)},{int(score > 0.4 + (gap if sex == 'f' else 0.0))},{score:.4f},{sex}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Said:
    """What a command said and ended with."""

    code: int
    out: str
    err: str


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@dataclass(frozen=True)
class SmallProject:
    """A project in a folder, and the command line in it."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def release(self) -> Path:
        """The release folder of the version in assay.yaml."""
        return self.root / ".assay/releases/small/1"

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def replace(self, name: str, before: str, after: str) -> None:
        """Change a file of the project."""
        text = (self.root / name).read_text()
        assert before in text, f"{before!r} is not in {name}"
        self.write(name, text.replace(before, after))

    def say(self, *arguments: str | Path) -> Said:
        """Run a command in the project's folder."""
        with inside(self.root):
            self.capsys.readouterr()
            code = answer([str(argument) for argument in arguments])
            out, err = self.capsys.readouterr()
        return Said(code, out, err)


def small_project(
    root: Path, capsys: pytest.CaptureFixture[str], *, count: int = 2000, gap: float = 0.0
) -> SmallProject:
    """Write a project whose model treats women worse by ``gap``."""
    project = SmallProject(root, capsys)
    project.write("assay.yaml", CONFIG)
    project.write("policy.yaml", POLICY)
    project.write("test.csv", rows(count, gap=gap))
    project.write("model/weights.json", '{"threshold": 0.4}')
    return project


def files_under(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with what it holds."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
