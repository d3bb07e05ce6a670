"""The install is pinned, names no index, and stays small."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from architecture.house import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "requirements"
PINNED = sorted(FOLDER.glob("*.txt"))
MOST_PACKAGES = 40
MOST_MEGABYTES = 250


def pins(path: Path) -> list[Requirement]:
    """Return what a requirements file pins."""
    joined = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [
        line.split(" --hash")[0].strip() for line in joined.splitlines() if line and not line.lstrip().startswith("#")
    ]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("path", [*PINNED, *sorted(FOLDER.glob("*.in"))], ids=lambda path: path.name)
def test_no_requirements_file_names_an_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"https?://\S+|file:\S+|--(?:extra-)?index-url|--find-links|--trusted-host", text)


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_every_requirement_is_pinned_by_version_and_hash(path: Path) -> None:
    joined = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in joined.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            assert re.search(r"^\S+==\S+", line), line
            assert "--hash=sha256:" in line, line


APART = frozenset({"airflow.txt", "build.txt", "kubeflow.txt", "prefect.txt"})
"""Sets without the package: what builds it, and orchestrators that run its command from an environment of their own."""


def test_the_base_has_few_packages() -> None:
    assert len({pin.name for pin in pins(FOLDER / "base.txt")}) <= MOST_PACKAGES


def test_every_dependency_of_the_package_is_pinned_in_every_set() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for path in PINNED:
        if path.name in APART:
            continue
        pinned = {pin.name: pin for pin in pins(path)}
        for text in project["dependencies"]:
            wanted = Requirement(text)
            found = pinned.get(wanted.name)
            assert found, f"{path.name} lacks {text}; run requirements/compile.sh"
            version = next(iter(found.specifier)).version
            assert wanted.specifier.contains(version), f"{path.name}: {found} does not meet {text}"


def test_the_larger_sets_hold_the_smaller_ones() -> None:
    # Markers may widen: what the base wants for old Pythons alone, another package may want for all.
    sets = {
        name: {f"{pin.name}{pin.specifier}" for pin in pins(FOLDER / f"{name}.txt")}
        for name in ("base", "demo", "dev", "all", "torch")
    }
    assert sets["base"] <= sets["demo"] <= sets["dev"] <= sets["all"] <= sets["torch"]


@pytest.mark.parametrize("name", ["base", "demo", "dev", "all", "torch"])
def test_each_set_installs_together_with_the_build_tools(name: str) -> None:
    tools = {pin.name: str(pin) for pin in pins(FOLDER / "build.txt")}
    assert not [pin for pin in pins(FOLDER / f"{name}.txt") if tools.get(pin.name, str(pin)) != str(pin)]


def test_pytorch_is_pinned_by_name_alone() -> None:
    """Its build for processors alone has no place in a file of hashes, and the other one brings gigabytes."""
    named = [pin.name for pin in pins(FOLDER / "torch.txt")]
    assert not [name for name in named if name == "torch" or name.startswith(("nvidia-", "cuda-", "triton"))]
    assert "install torch==" in (ROOT / "Makefile").read_text(encoding="utf-8")


def megabytes(folder: Path) -> int:
    """Return what a folder takes on the disk, in MiB, as `du` counts it."""
    said = subprocess.run(["du", "-sm", str(folder)], capture_output=True, text=True, check=True).stdout
    return int(said.split()[0])


@pytest.mark.slow
def test_the_base_install_is_small_and_does_the_main_job(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    empty = megabytes(tmp_path / "venv")  # pip and setuptools, which Python itself puts there
    install = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    sets = ["-r", str(FOLDER / "build.txt"), "-r", str(FOLDER / "base.txt")]
    subprocess.run([*install, "--require-hashes", *sets], check=True)
    subprocess.run([*install, "--no-deps", "--no-build-isolation", str(ROOT)], check=True)
    folder = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    installed = {path.name for path in folder.glob("*.dist-info")} - {"pip", "setuptools"}
    assert len(installed) <= MOST_PACKAGES
    assert megabytes(tmp_path / "venv") - empty < MOST_MEGABYTES

    rows = "\n".join(f"{sex},{i % 3 == 0:d},{i % 2 == 0:d},0.{i % 10}" for sex in "mf" for i in range(400))
    (tmp_path / "rows.csv").write_text(f"sex,approved,predicted,score\n{rows}\n", encoding="utf-8")
    assay = str(python.with_name("assay"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([assay, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    measured = run("measure", "rows.csv", "--label", "approved", "--prediction", "predicted", "--protected", "sex")
    assert measured.returncode == 0, measured.stderr
    started = run("init", "rows.csv")
    assert started.returncode == 0, started.stderr
    decided = run("run")
    # A starting policy with placeholders in its card may deny or be undecided; it may not be wrong.
    assert decided.returncode in {0, 1, 3}, decided.stderr
    release = next((tmp_path / ".assay" / "releases").glob("*/*"))
    verified = run("verify", str(release))
    assert verified.returncode == 0, verified.stderr
    shown = run("demo", "lender")
    assert shown.returncode == 0, shown.stderr
    assert "scikit-learn is not installed here" in shown.stdout
