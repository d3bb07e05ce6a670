"""`assay run --stage training`: evidence about the iteration that made the model, and none where there is none."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import assay
from assay.errors import InputError, TrainingWarning, VerificationError
from assay.reports.iterations import iteration_charts, run_words
from small_project import SmallProject
from watched_run import POLICY, validation, watched_project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.lifecycle.release import Released

RANKS = """\
  - id: ranks
    title: It ranks
    check: performance-floor
    metric: roc_auc
    limit: {min: 0.4}
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
"""


def train(root: Path, gaps: Sequence[float | None], **options: Any) -> assay.FairnessMonitor:  # noqa: ANN401 - any option
    """Watch a run whose iterations have these gaps; None is one that cannot be measured."""
    people = validation()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        with assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root, **options) as watch:
            for gap in gaps:
                watch.step([0.5] if gap is None else people.scores(gap))
                if watch.should_stop:
                    break
    return watch


def gap_of(released: Released) -> float | None:
    return next(one.measured for one in released.verdict.findings if one.control == "sex-gap")


def statuses(released: Released) -> dict[str, str]:
    return {one.control: one.status for one in released.verdict.findings}


def test_a_stopped_run_is_denied_by_the_iteration_that_breached(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    watch = train(root, [0.0, 0.02, 0.3, 0.0], action="stop")
    released = assay.run(root, stage="training")
    assert watch.stopped_at == 2
    assert released.verdict.decision == "deny"
    assert gap_of(released) == pytest.approx(0.3)
    assert released.folder == root / ".assay/releases/watched/1/training"
    assert statuses(released) == {"sex-gap": "fail", "every-iteration": "pass", "files": "not-applicable"}
    assert assay.verify_release(released.folder).decision == "deny"


def test_the_kept_iteration_is_what_is_decided_on(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    watch = train(root, [0.05, 0.02, 0.3, 0.4], action="keep-best", save=lambda number: b"%d" % number)
    assert watch.kept is not None
    released = assay.run(root, stage="training")
    assert released.verdict.decision == "allow"
    assert gap_of(released) == pytest.approx([0.05, 0.02][watch.kept.iteration])
    told = released.evidence.facts["training"]
    assert told["measured_iteration"] == watch.kept.iteration
    assert told["ended"]["kept"]["sha256"] == watch.kept.sha256


def test_a_run_that_warns_is_decided_by_its_last_iteration(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    train(root, [0.3, 0.02], action="warn")
    assert assay.run(root, stage="training").verdict.decision == "allow"


def test_the_run_that_began_last_counts(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    train(root, [0.3])
    train(root, [0.01])
    assert gap_of(assay.run(root, stage="training")) == pytest.approx(0.01)


def test_an_iteration_that_failed_is_unknown_in_the_evidence(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    train(root, [0.0, None, 0.0])
    released = assay.run(root, stage="training")
    assert released.verdict.decision == "undecided"
    assert statuses(released)["sex-gap"] == "pass"  # the last one was measured
    (failed,) = [one for one in released.verdict.findings if one.control == "every-iteration"]
    assert failed.status == "unknown"
    assert "iteration 1: DataError" in failed.reason


def test_a_last_iteration_that_failed_leaves_all_unknown(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    train(root, [0.0, None])
    released = assay.run(root, stage="training")
    assert statuses(released)["sex-gap"] == "unknown"
    assert "could not be measured" in released.verdict.reason


def test_a_loop_that_raised_made_no_model(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    people = validation()
    watch = assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root)
    watch.step(people.scores())
    watch.close("failed")
    released = assay.run(root, stage="training")
    assert released.verdict.decision == "undecided"
    assert "the run failed after iteration 0" in released.verdict.reason


def test_a_run_of_no_iterations_is_undecided(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    train(root, [])
    assert assay.run(root, stage="training").verdict.decision == "undecided"


def test_no_run_is_told_with_what_to_do(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    with pytest.raises(InputError, match="FairnessMonitor"):
        assay.run(root, stage="training")
    assert not (root / ".assay").exists()


def test_scores_are_kept_for_the_iterations_that_evidence_may_be_about(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p", POLICY + RANKS)
    watch = train(root, [0.01, 0.0, 0.3], action="keep-best")
    assert watch.folder is not None
    assert len(list(watch.folder.glob("tally-*.json"))) == 2
    released = assay.run(root, stage="training")
    assert statuses(released)["ranks"] == "pass"
    assert released.report.tally is not None
    assert released.report.tally.scores is not None
    assert watch.kept is not None
    path = watch.folder / f"tally-{watch.kept.iteration}.json"
    path.write_bytes((watch.folder / "tally-2.json").read_bytes())
    with pytest.raises(VerificationError, match="their counts differ"):
        assay.run(root, stage="training")


def test_evidence_of_training_is_gated_anywhere(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    train(root, [0.01])
    released = assay.run(root, stage="training")
    again = assay.gate(released.folder, root)
    assert again.verdict.decision == "allow"
    assert again.verdict.stage == "training"


def test_the_report_draws_each_finding_over_the_iterations(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    train(root, [0.0, 0.02, 0.08, 0.3], action="stop")
    released = assay.run(root, stage="training")
    page = (released.folder / "report.html").read_text(encoding="utf-8")
    assert "The training of watched&nbsp;1 did not go as the policy wants</h1>" in page
    assert "The run, iteration by iteration" in page
    assert "The monitor stopped it at iteration 3." in page
    (chart,) = iteration_charts(released.report)
    assert [row[0] for row in chart.rows] == ["0", "1", "2", "3"]
    assert [row[3] for row in chart.rows] == ["pass", "pass", "unknown", "fail"]
    assert "First breached at iteration 3: 0.300" in chart.caption
    assert "stopped" in chart.caption
    assert re.search(r"1 breached, 2 satisfied, 1 undecided", run_words(released.report))


def test_a_chart_of_many_iterations_keeps_the_turns(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    gaps = [0.3 if at == 501 else 0.0 for at in range(1000)]
    train(root, gaps)
    (chart,) = iteration_charts(assay.run(root, stage="training").report)
    drawn = [int(row[0]) for row in chart.rows]
    assert len(drawn) < 310
    assert {0, 501, 502, 999} <= set(drawn)


def test_the_command_line_says_it_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = watched_project(tmp_path / "p")
    project = SmallProject(root, capsys)
    assert project.say("run", "--stage", "training").code == 2
    train(root, [0.3], action="stop")
    said = project.say("run", "--stage", "training")
    assert said.code == 1
    assert "demographic_parity_difference over sex: 0.3" in said.out.replace("\n        ", " ")


def test_a_report_without_a_run_has_no_section(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = watched_project(tmp_path / "p")
    people = validation(400)
    rows = "\n".join(
        f"{label},{int(score >= 0.5)},{sex}"
        for label, score, sex in zip(people.labels, people.scores(), np.asarray(people.sex), strict=True)
    )
    (root / "test.csv").write_text(f"approved,predicted,sex\n{rows}\n")
    (root / "model").mkdir()
    (root / "model" / "weights.json").write_text("{}")
    assert SmallProject(root, capsys).say("run").code in {0, 1, 3}
    assert "iteration by iteration" not in (root / ".assay/releases/watched/1/report.html").read_text()
