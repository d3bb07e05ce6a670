from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import assay
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return small_project(tmp_path, capsys)


def test_the_front_door_takes_paths_as_text(project: SmallProject) -> None:
    root = str(project.root)
    release = f"{root}/.assay/releases/small/1"
    assert assay.assess(root).folder == project.root / ".assay/releases/small/1"
    assert assay.gate(f"{release}/evidence.json", policy=f"{root}/policy.yaml").verdict.decision == "allow"
    assert assay.run(f"{root}/assay.yaml").verdict.decision == "allow"
    assert assay.run(assay.load_project(root)).verdict.decision == "allow"
    verified = assay.verify_release(release, model=f"{root}/model", data={"test": f"{root}/test.csv"})
    assert f"The model at {root}/model is the one that was measured" in "\n".join(verified.proven)


def test_a_project_that_is_not_there_is_refused(project: SmallProject) -> None:
    with pytest.raises(assay.InputError, match="found nothing there"):
        assay.run(f"{project.root}/nowhere")
