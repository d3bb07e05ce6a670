"""The page on three public data sets says what is so: its commands are run, and what is named first is what it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from architecture.house import ROOT
from assay.records.explanation import CAUSE_KINDS

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs" / "explanation" / "three-data-sets.md"
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
SECTIONS = dict(SECTION.findall(PAGE.read_text(encoding="utf-8")))
PREPARATION = re.compile(r"```python\n(.*?)```", re.DOTALL)
ASKED = re.compile(r"```sh\n(.*?)```\s*Named first: `([a-z_.]+)`", re.DOTALL)
COMMAND = re.compile(r"```sh\n")
COMPAS = ROOT.parent / "shared" / "data" / "compas-two-years.csv"
LOANS = ROOT / "src" / "assay" / "demo" / "loans.parquet"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which the page's tables stand where its commands look for them; none is copied."""
    (tmp_path / "mortgages" / "data").mkdir(parents=True)
    (tmp_path / "mortgages" / "data" / "train.parquet").symlink_to(LOANS)
    (tmp_path / "compas-two-years.csv").symlink_to(COMPAS)
    return tmp_path


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("title", SECTIONS)
def test_the_page_says_what_is_named_first(title: str, folder: Path) -> None:
    text = SECTIONS[title]
    if "compas-two-years.csv" in text and not COMPAS.exists():
        pytest.skip("../shared/data/compas-two-years.csv is not here")
    for code in PREPARATION.findall(text):
        made = python(folder, "-c", code)
        assert made.returncode == 0, made.stderr
    asked = ASKED.findall(text)
    assert asked
    assert len(asked) == len(COMMAND.findall(text)), "a command without what is named first"
    for command, kind in asked:
        verb, *words = shlex.split(command)
        assert verb == "assay"
        done = python(folder, "-m", "assay", *words, "--format", "json")
        assert done.returncode in {0, 1, 3}, done.stderr
        [finding] = json.loads(done.stdout)["findings"]
        assert finding["causes"][0]["kind"] == kind, f"{command}\n{finding['causes']}"


def test_the_page_names_kinds_of_the_vocabulary() -> None:
    named = re.findall(r"Named first: `([a-z_.]+)`", PAGE.read_text(encoding="utf-8"))
    assert named
    assert set(named) <= set(CAUSE_KINDS)
