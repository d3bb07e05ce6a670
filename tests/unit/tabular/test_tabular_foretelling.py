"""Models that foretell: a stand-in and flipped labels are found out of sample; without scikit-learn that is told."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from assay.records.dataset_counts import DatasetQuestions
from assay.tabular.dataset import count_datasets

if TYPE_CHECKING:
    from pathlib import Path

ASKED = DatasetQuestions(measured_on="train", label="y", protected=("race",), now="2026-11-23T00:00:00Z")
WITHOUT = """
import sys
sys.modules["sklearn"] = None  # as where it is not installed
from assay.records.dataset_counts import DatasetQuestions
from assay.tabular.dataset import count_datasets
asked = DatasetQuestions(measured_on="train", label="y", protected=("race",), now="2026-11-23T00:00:00Z")
found = count_datasets({"train": sys.argv[1]}, asked)[0]
print(found.noise.reason)
print(found.joint.reason)
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two columns that only together tell the race, two that tell nothing; of one race two labels in five are wrong."""
    draw = random.Random(4)
    lines = ["race,a,b,income,empty,same,y"]
    for _ in range(1500):
        a, b, income = draw.randrange(2), draw.randrange(2), draw.uniform(0, 100)
        race = "u" if a == b else "v"
        label = int(income > 50)
        if race == "u" and draw.random() < 0.4:
            label = 1 - label
        lines.append(f"{race},{a},{b},{income:.2f},,7,{label}")
    path = tmp_path_factory.mktemp("foretelling") / "train.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_features_that_only_together_tell_a_group_are_found_and_so_are_flipped_labels(table: Path) -> None:
    found = count_datasets({"train": str(table)}, ASKED)[0]
    (joint,) = found.joint.groups
    assert joint.area > 0.99
    assert joint.inside + joint.outside == 1500
    assert "5-fold cross-fitted" in found.joint.made_by
    wrong = {
        group: sum(
            cell.confident_negative if cell.given else cell.confident_positive
            for cell in found.noise.cells
            if cell.group == (group,)
        )
        for group in "uv"
    }
    assert wrong["u"] > 10 * max(1, wrong["v"])


def test_the_same_rows_give_the_same_numbers(table: Path, tmp_path: Path) -> None:
    head, *lines = table.read_text().splitlines()
    random.Random(9).shuffle(lines)
    again = tmp_path / "train.csv"
    again.write_text("\n".join([head, *lines]) + "\n")
    first, second = (count_datasets({"train": str(path)}, ASKED)[0] for path in (table, again))
    assert first.noise.cells == second.noise.cells
    assert first.joint.groups[0].area == pytest.approx(second.joint.groups[0].area, abs=1e-9)


def test_without_scikit_learn_the_line_that_installs_it_is_told(table: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(table)], capture_output=True, text=True, check=True, timeout=120
    )
    noise, joint = done.stdout.splitlines()
    assert noise.startswith("scikit-learn is not installed: pip install 'assay[explanation]', or name a column")
    assert joint == "scikit-learn is not installed: pip install 'assay[explanation]'"
