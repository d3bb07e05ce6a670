"""A training run, watched: counted as rows are counted, stopped where it turns, recorded whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import assay
from assay.adapters.group_counting import GroupCounts
from assay.errors import DataError, DocumentError, InputError, StorageError, TrainingWarning
from assay.lifecycle.run_record import RECORD, read_run
from assay.records.tally import Roles
from watched_run import POLICY, validation, watched_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMITS = {"demographic_parity_difference": 0.1}


@contextmanager
def quietly() -> Iterator[None]:
    """Let a run warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        yield


def monitor(rows: int = 4000, **given: object) -> tuple[assay.FairnessMonitor, Any]:
    people = validation(rows)
    options: dict[str, Any] = {"project": False, "limits": LIMITS, **given}
    return assay.FairnessMonitor(people.labels, {"sex": people.sex}, **options), people


def only_run(root: Path) -> Path:
    (found,) = (root / ".assay" / "runs").glob(f"*/{RECORD}")
    return found


@pytest.mark.parametrize("many_sets", [False, True])
def test_an_iteration_is_counted_as_the_same_rows_are(many_sets: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if many_sets:
        monkeypatch.setattr("assay.adapters.group_counting.MOST_SETS", 0)
    draw = np.random.default_rng(1)
    rows = 5003
    frame = pd.DataFrame({
        "label": draw.choice(["yes", "no"], rows),
        "race": draw.choice(np.array(["a", "b", None], dtype=object), rows),
        "young": draw.random(rows) < 0.3,
        "score": draw.random(rows).round(3),
    })  # fmt: skip
    frame["prediction"] = np.where(frame.score >= 0.5, "yes", "no")
    roles = Roles(label="label", prediction="prediction", protected=("race", "young"), positive="yes")
    expected = assay.tally_rows(frame, roles)
    counts = GroupCounts(frame.label, {"race": frame.race, "young": frame.young}, roles)
    by_class = counts.tally(counts.of_classes(frame.prediction))
    by_score = counts.tally(counts.of_scores(frame.score, 0.5, 0.0, 1.0))
    assert by_class.cells == by_score.cells == expected.cells
    assert by_class.rows == expected.rows
    assert by_class.favourable_is_positive == expected.favourable_is_positive


@pytest.mark.parametrize("digits", [1, 3, 17])  # few different scores are kept by value, more by bin
def test_scores_are_counted_as_the_same_rows_are(digits: int) -> None:
    draw = np.random.default_rng(2)
    frame = pd.DataFrame({"label": draw.integers(0, 2, 20000), "sex": draw.choice(["f", "m"], 20000)})
    frame["score"] = draw.random(20000).round(digits)
    roles = Roles(label="label", score="score", protected=("sex",))
    expected = assay.tally_rows(frame, roles)
    counts = GroupCounts(frame.label, {"sex": frame.sex}, roles)
    found = counts.score_cells(frame.score, losses=True)
    assert expected.scores is not None
    assert (found.low, found.high) == (expected.scores.low, expected.scores.high)
    for mine, theirs in zip(found.cells, expected.scores.cells, strict=True):
        for part in ("group", "label", "count", "bins", "values"):
            assert getattr(mine, part) == getattr(theirs, part)
        for part in ("total", "squares", "log_losses"):
            assert getattr(mine, part) == pytest.approx(getattr(theirs, part), rel=1e-12)


@pytest.mark.parametrize("form", ["numpy", "list", "pandas", "two columns", "classes"])
def test_any_form_of_predictions_will_do(form: str) -> None:
    watch, people = monitor()
    scores = people.scores(0.05)
    given = {
        "numpy": {"scores": scores.astype(np.float32)},
        "list": {"scores": scores.tolist()},
        "pandas": {"scores": pd.Series(scores)},
        "two columns": {"scores": np.column_stack([1 - scores, scores])},
        "classes": {"predictions": (scores >= 0.5).astype(int)},
    }[form]
    step = watch.step(**given)
    assert step.status == "satisfied"
    assert step.findings[0].measured == pytest.approx(0.05)


def test_a_run_that_turns_unfair_is_stopped_where_it_turns() -> None:
    watch, people = monitor(action="stop")
    seen = []
    with quietly(), watch:
        for iteration in range(40):
            seen.append(watch.step(people.scores(0.01 * iteration)).status)
            if watch.should_stop:
                break
    # 4,000 people: a gap of 0.13 has an interval of 0.03 on either side, so 0.14 is the first wholly beyond 0.1.
    turn = seen.index("breached")
    assert watch.stopped_at == turn == len(seen) - 1
    assert seen[0] == "satisfied"
    assert "undecided" in seen  # between the two the interval holds the limit
    assert 0.12 < 0.01 * turn < 0.16


def test_the_null_run_is_not_stopped() -> None:
    draw = np.random.default_rng(3)
    watch, people = monitor(action="stop")
    with watch:
        for _ in range(200):
            watch.step(draw.random(len(people.sex)))
    assert watch.stopped_at is None
    assert not watch.should_stop


def test_patience_and_warm_up_put_the_stop_off() -> None:
    for options, expected in (({"patience": 3}, 2), ({"warm_up": 4}, 4)):
        watch, people = monitor(action="stop", **options)
        with quietly(), watch:
            for _ in range(6):
                watch.step(people.scores(0.3))
                if watch.should_stop:
                    break
        assert watch.stopped_at == expected


def test_undecided_is_not_satisfied_and_stops_only_when_asked() -> None:
    watch, people = monitor(200, action="keep-best")
    with pytest.warns(TrainingWarning, match="undecided.*more people would settle it"):
        assert watch.step(people.scores(0.08)).status == "undecided"
    with pytest.warns(TrainingWarning, match="no iteration satisfies the policy"):
        watch.close()
    assert watch.kept is None
    watch, people = monitor(200, action="stop", undecided="stop")
    with quietly():
        assert watch.step(people.scores(0.08)).should_stop


def test_a_group_under_the_minimum_decides_nothing() -> None:
    watch, people = monitor(40)
    with quietly():
        step = watch.step(people.scores())
    assert step.status == "undecided"
    assert "minimum" in step.reason or "at least 30" in step.reason


def test_the_best_that_satisfies_is_kept_digested_and_restored() -> None:
    restored: list[int] = []
    watch, people = monitor(
        action="keep-best", best_by="loss", save=lambda number: f"state {number}".encode(), restore=restored.append
    )
    gaps = [0.0, 0.02, 0.01, 0.4, 0.5]
    with quietly(), watch:
        best = [watch.step(people.scores(gap), progress={"loss": 1 / (at + 1)}).is_best for at, gap in enumerate(gaps)]
    assert best == [True, True, True, False, False]  # the last two have a lesser loss, and breach
    assert watch.kept is not None
    assert (watch.kept.iteration, watch.kept.sha256) == (2, assay_digest(b"state 2"))
    assert restored == [2]


def assay_digest(content: bytes) -> str:
    import hashlib  # noqa: PLC0415 - here alone

    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"scores": [0.5]}, "expected 4,000 values"),
        ({"scores": np.full(4000, np.nan)}, "found NaN in 4,000"),
        ({"scores": np.full(4000, 1.5)}, "expected probabilities from 0 to 1"),
        ({"scores": np.full((4000, 3), 0.3)}, "shape"),
        ({"scores": ["high"] * 4000}, "expected numbers"),
        ({"predictions": np.full(4000, 2)}, "found 2 among 4,000 rows"),
        ({"predictions": [None] * 4000}, "none of them"),
        ({}, "expected scores or predictions"),
    ],
)
def test_what_cannot_be_measured_is_failed_and_the_run_goes_on(given: dict[str, Any], told: str) -> None:
    watch, people = monitor(action="stop")
    with pytest.warns(TrainingWarning, match=told):
        step = watch.step(**given)
    assert (step.status, step.should_stop) == ("failed", False)
    assert told in step.reason
    assert watch.step(people.scores()).status == "satisfied"


def test_a_policy_that_wants_every_iteration_measured_stops_at_one_that_failed(tmp_path: Path) -> None:
    people = validation(400)
    for policy, stops in ((POLICY, True), (POLICY.replace("iterations_failed", "iterations_breached"), False)):
        root = watched_project(tmp_path / str(stops), policy)
        watch = assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root, action="stop")
        with quietly(), watch:
            watch.step(people.scores())
            assert watch.step([0.5]).should_stop is stops
        assert watch.stopped_at == (1 if stops else None)


def test_what_cannot_be_measured_ends_the_run_when_asked() -> None:
    watch, _people = monitor(on_error="raise")
    with pytest.raises(DataError, match="expected 4,000 values"):
        watch.step([0.5])


@pytest.mark.parametrize(
    ("labels", "protected", "options", "told"),
    [
        ([0, 1, 1], {"sex": ["f", "m"]}, {}, "expected 3 values"),
        ([0, 1], {}, {}, "at least one protected attribute"),
        ([], {"sex": []}, {}, "with rows, found none"),
        ([None, None], {"sex": ["f", "m"]}, {}, "at least one row with a label"),
        ([0, 1, 2], {"sex": ["f", "m", "f"]}, {}, "found 3 classes"),
        ([0, 1], {"sex": [0.5, 1.5]}, {}, "Bin the column first"),
        (None, {"sex": ["f", "m"]}, {"limits": {"equal_opportunity_difference": 0.1}}, "expected labels"),
        ([0, 1], {"sex": ["f", "m"]}, {"limits": {"demographic_parity": 0.1}}, "did you mean"),
        ([0, 1], {"sex": ["f", "m"]}, {"limits": {"demographic_parity_difference": 1.0}}, "nothing could breach"),
        ([0, 1], {"sex": ["f", "m"]}, {"limits": {"selection_rate": 0.5}}, "which is it"),
        ([0, 1], {"sex": ["f", "m"]}, {"limits": None}, "expected a project"),
        ([0, 1], {"sex": ["f", "m"]}, {"action": "halt"}, "expected warn or stop or keep-best"),
        ([0, 1], {"sex": ["f", "m"]}, {"patience": 0}, "patience"),
        ([0, 1], {"sex": ["f", "m"]}, {"best_by": "acuracy"}, "did you mean 'accuracy'"),
    ],
)
def test_what_is_wrong_from_the_beginning_is_told_before_the_run(
    labels: list[object] | None, protected: dict[str, list[object]], options: dict[str, Any], told: str
) -> None:
    given = {"project": False, "limits": LIMITS, **options}
    with pytest.raises(InputError, match=told):
        assay.FairnessMonitor(labels, protected, **given)


def test_constant_predictions_and_missing_labels_are_measured_as_they_are() -> None:
    people = validation()
    labels = np.where(np.arange(4000) < 100, np.nan, people.labels)
    watch = assay.FairnessMonitor(
        labels, {"sex": people.sex}, project=False, limits={"impact_ratio": 0.8, "demographic_parity_difference": 0.1}
    )
    with quietly():
        step = watch.step(np.zeros(4000))
    assert step.status == "undecided"  # nobody is selected: a ratio of 0 to 0 is no ratio
    assert {one.status for one in step.findings if one.metric == "demographic_parity_difference"} == {"pass"}


def test_one_group_alone_is_never_satisfied() -> None:
    watch = assay.FairnessMonitor([0, 1] * 500, {"sex": ["f"] * 1000}, project=False, limits=LIMITS)
    with quietly():
        assert watch.step([0.1, 0.9] * 500).status == "undecided"


def test_closing_twice_does_nothing_and_a_step_after_the_end_says_so(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    people = validation()
    watch = assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root)
    watch.step(people.scores())
    watch.close()
    before = only_run(root).read_bytes()
    watch.close()
    with pytest.warns(TrainingWarning, match="closed"):
        assert watch.step(people.scores()).status == "failed"
    assert only_run(root).read_bytes() == before


def test_a_loop_that_raises_leaves_a_failed_run(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    people = validation()
    watch = assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root)

    def train() -> None:
        with watch:
            watch.step(people.scores())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train()
    run = read_run(only_run(root))
    assert run.end is not None
    assert run.end.outcome == "failed"


def test_what_a_caller_cannot_save_is_not_kept(tmp_path: Path) -> None:
    def save(_number: int) -> bytes:
        raise OSError("no space")

    watch, people = monitor(action="keep-best", save=save)
    with pytest.warns(TrainingWarning, match="saving iteration 0: no space"):
        assert not watch.step(people.scores()).is_best
    assert watch.kept is None
    assert not list(tmp_path.iterdir())


def test_a_run_is_captured_without_asking(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    people = validation()
    watch = assay.FairnessMonitor(
        people.labels, {"sex": people.sex}, project=root, hyperparameters={"eta": 0.1, "tree": {"seed": 7}},
        datasets={"features": np.arange(6).reshape(3, 2)},
    )  # fmt: skip
    with watch:
        watch.step(people.scores(0.05), progress={"loss": 0.5})
    run = read_run(only_run(root))
    captured = run.about.captured
    assert captured.hyperparameters == {"eta": "0.1", "tree.seed": "7"}
    assert captured.seed == "7"
    assert set(captured.datasets) == {"validation", "train", "features"}  # test has predictions, which come later
    assert captured.environment["numpy"] == np.__version__
    assert captured.environment["python"].startswith("CPython 3")
    assert captured.code.reason is not None  # no repository there
    (line,) = run.iterations
    assert (line.status, line.progress) == ("satisfied", {"loss": 0.5})
    assert line.found[0].value == pytest.approx(0.05)


def test_two_runs_at_once_in_one_project_leave_two_records(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    people = validation(400)

    def train() -> None:
        with assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root) as watch:
            for _ in range(3):
                watch.step(people.scores())

    with quietly():
        threads = [threading.Thread(target=train) for _ in range(2)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    runs = [read_run(path) for path in (root / ".assay" / "runs").glob(f"*/{RECORD}")]
    assert len(runs) == 2
    assert all(run.end is not None and run.end.failures == () for run in runs)
    assert all(len(run.iterations) == 3 for run in runs)


KILLED = """
import os, signal, sys
from watched_run import validation
import assay
people = validation(400)
watch = assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=sys.argv[1])
for at in range(1000):
    watch.step(people.scores())
    if at == 17:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def started(code: str, root: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-c", code, str(root)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_killed_run_leaves_a_readable_record_and_its_model_is_unknown(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    assert started(KILLED, root).returncode == -signal.SIGKILL
    run = read_run(only_run(root))
    assert [line.iteration for line in run.iterations] == list(range(18))
    assert run.end is None
    with only_run(root).open("ab") as stream:
        stream.write(b'{"line":"iteration","iteration":18,"sec')  # what a machine that dies may cut
    released = assay.run(root, stage="training")
    assert released.verdict.decision == "undecided"
    assert "killed" in released.verdict.reason


FULL = """
import resource, sys
from watched_run import validation
import assay
people = validation(400)
watch = assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=sys.argv[1])
watch.step(people.scores())
room = watch.folder / "monitor.jsonl"
resource.setrlimit(resource.RLIMIT_FSIZE, (room.stat().st_size + 50,) * 2)
for _ in range(5):
    assert watch.step(people.scores()).status == "satisfied"
watch.close()
print("trained")
"""


def test_a_full_disk_ends_no_run_and_its_record_stays_readable(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    done = started(FULL, root)
    assert done.stdout == "trained\n", done.stderr
    assert "the disk is full" in done.stderr
    run = read_run(only_run(root))
    assert [line.iteration for line in run.iterations] == [0]
    assert run.end is None
    assert assay.run(root, stage="training").verdict.decision == "undecided"


def test_a_trail_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    (root / ".assay").mkdir()
    (root / ".assay" / "log").write_text("not a folder")
    people = validation(400)
    watch = assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root)
    with pytest.warns(TrainingWarning, match="the trail"), watch:
        watch.step(people.scores())
    end = read_run(only_run(root)).end
    assert end is not None
    assert "the trail" in end.failures[0]


def test_a_trail_that_cannot_be_written_raises_when_asked(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    (root / ".assay").mkdir()
    (root / ".assay" / "log").write_text("not a folder")
    people = validation(400)
    watch = assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root, on_error="raise")
    with pytest.raises((StorageError, InputError, OSError)):
        watch.step(people.scores())


def test_the_record_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.lifecycle.run_record.FULL_LINES", 20)
    root = watched_project(tmp_path / "p")
    people = validation(400)
    with quietly(), assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root) as watch:
        for at in range(301):
            watch.step(people.scores(0.4 if at == 251 else 0.0))
    run = read_run(only_run(root))
    written = [line.iteration for line in run.iterations]
    assert len(written) < 100
    assert {0, 251, 252, 300} <= set(written)  # the turns, and the last
    assert run.end is not None
    assert run.end.iterations == {"satisfied": 300, "breached": 1}


def test_what_the_policy_compares_must_be_given(tmp_path: Path) -> None:
    root = watched_project(tmp_path / "p")
    people = validation(400)
    with pytest.raises(InputError, match="'sex', which the policy compares, found race"):
        assay.FairnessMonitor(people.labels, {"race": people.sex}, project=root)
    watched_project(tmp_path / "q", POLICY.replace("stage: training", "stage: release").replace("group-gap", "drift"))
    with pytest.raises(DocumentError):
        assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=tmp_path / "q")


def test_the_trail_tells_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = watched_project(tmp_path / "p")
    (root / "model").mkdir()
    (root / "model" / "weights.json").write_text("{}")
    people = validation(400)
    with quietly():
        watch = assay.FairnessMonitor(people.labels, {"sex": people.sex}, project=root, hyperparameters={"eta": 0.1})
        with watch:
            watch.step(people.scores())
            watch.produced(root / "model")
    released = assay.run(root, stage="training")
    assert [file.name for file in released.evidence.model.files] == ["weights.json"]
    monkeypatch.chdir(root)
    done = subprocess.run(
        [sys.executable, "-m", "assay", "trail", "lineage", "--model", "watched", "--format", "json"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    graph = json.loads(done.stdout)
    kinds = {node["id"]: node["kind"] for node in graph["nodes"]}
    asked = subprocess.run(
        [sys.executable, "-m", "assay", "trail", "query", "runs", "--model", "watched", "--format", "json"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (row,) = [one for one in json.loads(asked.stdout)["rows"] if one["kind"] == "training"]
    assert (row["run"], row["outcome"], row["hyperparameters"]) == (watch.run, "complete", {"eta": "0.1"})
    assert row["iterations"] == {"satisfied": 1, "breached": 0, "undecided": 0, "failed": 0}
    run = f"run:{watch.run}"
    assert kinds[run] == "training"
    made = {kinds[edge["target"]] for edge in graph["edges"] if edge["source"] == run}
    assert made == {"model-version"}
    assert {kinds[edge["source"]] for edge in graph["edges"] if edge["target"] == run} == {"dataset"}
