from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import assay
from assay.trail.events import make_event
from assay.trail.questions import production
from small_project import SmallProject, rows, small_project

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


def test_a_step_fails_on_what_is_not_let_out(project: SmallProject) -> None:
    released = assay.run(project.root)
    assert assay.require(released) is released
    project.write("test.csv", rows(2000, gap=0.4))
    with pytest.raises(assay.NotAllowedError, match=r"found 'deny'.*assay explain .*releases/small/1"):
        assay.require(assay.run(project.root))
    project.write("test.csv", rows(20))
    with pytest.raises(assay.NotAllowedError, match="found 'undecided'"):
        assay.require(assay.run(project.root))


def test_a_project_that_is_not_there_is_refused(project: SmallProject) -> None:
    with pytest.raises(assay.InputError, match="found nothing there"):
        assay.run(f"{project.root}/nowhere")


def test_python_records_and_asks_the_trail(project: SmallProject) -> None:
    root = str(project.root)
    with pytest.raises(assay.InputError, match="nothing is recorded yet"), assay.open_trail(root):
        pytest.fail("there is no log yet")
    fields = {
        "deployment": "d-1", "model": "small", "version": "1", "model_sha256": "0" * 64,
        "environment": "production", "outcome": "succeeded",
    }  # fmt: skip
    event = make_event("deployment.finished", fields, claimed_at="2026-10-01T00:00:00Z")
    assert [(one.index, one.new) for one in assay.record([event], root)] == [(0, True)]
    assert [(one.index, one.new) for one in assay.record([event], root)] == [(0, False)]
    with pytest.raises(assay.InputError, match="expected one of the keys"):
        assay.record([event], root, key="nobody")
    with assay.open_trail(root) as trail:
        answer = trail.proven(production(trail.view(), "small", "2026-10-02"))
    assert answer.answered
    assert [proof.index for proof in answer.proofs] == [0]
    (times,) = {one.times for one in answer.cited}
    assert times.claimed == "2026-10-01T00:00:00Z"
    assert times.recorded is not None
    assert times.recorded > times.claimed
    assert times.proven_before is None
