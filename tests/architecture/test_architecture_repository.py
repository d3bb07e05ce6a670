"""What git carries: nothing large, nothing of one machine."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from architecture.house import ROOT

LARGEST = 1_000_000
MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:home|root|Users)/[A-Za-z0-9_.-]+/")

PACKAGE_INDEX = re.compile(rb"(?:pypi|pythonhosted)[.]org|registry[.]npmjs|(?:deb|security)[.]debian[.]org")


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_is_large(tracked: list[str]) -> None:
    large = {name: size for name in tracked if (size := (ROOT / name).stat().st_size) > LARGEST}
    assert not large


def test_no_file_names_a_place_on_one_machine(tracked: list[str]) -> None:
    found = {name: match for name in tracked if (match := MACHINE_PATH.search((ROOT / name).read_bytes()))}
    assert not found


def test_no_file_names_the_address_of_a_package_index(tracked: list[str]) -> None:
    found = {name: match for name in tracked if (match := PACKAGE_INDEX.search((ROOT / name).read_bytes()))}
    assert not found


def test_nothing_generated_is_kept(tracked: list[str]) -> None:
    generated = re.compile(r"(^|/)(__pycache__|\.venv|dist|build|\.assay|node_modules)/|\.pyc$")
    assert not [name for name in tracked if generated.search(name)]
