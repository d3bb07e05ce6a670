"""Windows of models with more than two classes, and of regressions: held against the release as binary ones are."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from small_project import small_project

if TYPE_CHECKING:
    from pathlib import Path

    from small_project import Said, SmallProject

MONITORING = """\
monitoring:
  {against}
  identifier: id
  time: at
  labels: {{path: labels.csv, key: id}}
  label_delay_days: 30
{more}"""

CONTROL = """\
  - id: {id}
    title: {id}
    check: {check}
    metric: {metric}
    {scope}limit: {limit}
    stage: monitoring
    provenance: {{set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}}
"""

CLASSES = ("full", "part", "none")


def control(name: str, check: str, metric: str, limit: str, scope: str = "") -> str:
    return CONTROL.format(id=name, check=check, metric=metric, limit=limit, scope=scope)


def of_classes(draw: random.Random, sex: str, *, gap: float, wrong: float) -> tuple[str, str]:
    weights = (0.5 - (gap if sex == "f" else 0.0), 0.3, 0.2 + (gap if sex == "f" else 0.0))
    predicted = draw.choices(CLASSES, weights)[0]
    return predicted, draw.choice(CLASSES) if draw.random() < 0.2 + wrong else predicted


def of_numbers(draw: random.Random, sex: str, *, gap: float, wrong: float) -> tuple[str, str]:
    predicted = draw.gauss(100, 20)
    error = min(max(draw.gauss(gap if sex == "f" else 0.0, 5 + wrong), -60), 60)
    return f"{predicted:.3f}", f"{predicted - error:.3f}"


def table(
    count: int, task: str, *, seed: int, day: int | None = None, gap: float = 0.0, wrong: float = 0.0
) -> tuple[str, str]:
    """Return rows as CSV, and their labels as CSV; with a day the rows have times, and no label."""
    draw = random.Random(seed)
    rows = ["id,at,predicted,sex,income" if day else "label,predicted,sex,income"]
    labels = ["id,label"]
    for number in range(count):
        sex = ("f", "m")[number % 2]
        predicted, label = (of_classes if task == "multiclass" else of_numbers)(draw, sex, gap=gap, wrong=wrong)
        tail = f"{predicted},{sex},{draw.gauss(0, 1):.4f}"
        minute = number * 1439 // count
        at = f"2026-11-{day or 1:02}T{minute // 60:02}:{minute % 60:02}:00"
        rows.append(f"c{seed}-{number},{at},{tail}" if day else f"{label},{tail}")
        labels.append(f"c{seed}-{number},{label}")
    return "\n".join(rows) + "\n", "\n".join(labels) + "\n"


def project_of(
    root: Path, capsys: pytest.CaptureFixture[str], task: str, *controls: str, more: str = "", profile: bool = False
) -> SmallProject:
    project = small_project(root, capsys)
    project.write("test.csv", table(4000, task, seed=1)[0])
    project.replace("assay.yaml", "  score: score\n", f"  task: {task}\n" + COLUMNS[task])
    project.replace("assay.yaml", "label: approved", "label: label")
    metric = "accuracy_difference" if task == "multiclass" else "mean_absolute_error_difference"
    project.replace("policy.yaml", "metric: demographic_parity_difference", f"metric: {metric}")
    project.replace(
        "policy.yaml", "limit: {max: 0.2}", "limit: {max: 3}" if task == "regression" else "limit: {max: 0.2}"
    )
    project.write("policy.yaml", (root / "policy.yaml").read_text() + "".join(controls))
    against = "profile: reference.json" if profile else "reference: test"
    monitoring = MONITORING.format(against=against, more=more)
    project.write("assay.yaml", (root / "assay.yaml").read_text() + monitoring)
    if profile:
        assert project.say("profile", "test.csv", "--output", "reference.json").code == 0
    said = project.say("run")
    assert said.code == 0, said.out + said.err
    return project


COLUMNS = {"multiclass": "  favourable: full\n", "regression": ""}


def served(project: SmallProject, day: int, task: str, *, come: bool = False, **moved: float) -> Said:
    rows, labels = table(3000, task, seed=100 + day, day=day, **moved)
    project.write(f"served-{day}.csv", rows)
    if come:
        project.write("labels.csv", labels)
    named = ("--batch", f"served-{day}.csv", "--window", f"day-{day}")
    return project.say("run", "--stage", "monitoring", *named, "--format", "json")


def measured(project: SmallProject, day: int, metric: str, **group: str) -> list[dict[str, Any]]:
    evidence = json.loads((project.release / f"monitoring/day-{day}/evidence.json").read_bytes())
    return [one for one in evidence["measurements"] if one["metric"] == metric and one.get("group", {}) == group]


def statuses(said: Said) -> dict[str, str]:
    return {one["id"]: one["status"] for one in json.loads(said.out)["verdict"]["findings"]}


def test_classes_are_held_against_those_of_the_release(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    controls = (
        control("spread", "prediction-drift", "prediction_psi", "{max: 0.1}"),
        control("rate", "prediction-drift", "selection_rate_shift", "{min: -0.1, max: 0.1}"),
    )
    project = project_of(tmp_path, capsys, "multiclass", *controls)
    said = served(project, 1, "multiclass")
    assert {status for name, status in statuses(said).items() if name.startswith(("spread", "rate"))} == {"pass"}
    assert [one["about"]["class"] for one in measured(project, 1, "selection_rate_shift", sex="f")] == sorted(CLASSES)
    said = served(project, 2, "multiclass", gap=0.4)
    found = statuses(said)
    assert found["spread/sex=f"] == "fail", found
    assert found["spread/sex=m"] == "pass"
    assert found["rate/full,sex=f"] == "fail"
    page = (project.release / "monitoring/day-2/report.html").read_text()
    assert "Selection rate over windows by sex" in page


def test_performance_by_class_waits_for_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = project_of(tmp_path, capsys, "multiclass")
    served(project, 1, "multiclass")
    for metric in ("accuracy_shift", "macro_f1_shift", "true_positive_rate_shift"):
        (late,) = measured(project, 1, metric)
        assert late["value"] is None
        assert "no labels have come" in late["reason"]
    served(project, 1, "multiclass", come=True)
    (accuracy,) = measured(project, 1, "accuracy_shift")
    assert accuracy["interval"][0] < 0 < accuracy["interval"][1]
    assert [one["about"]["class"] for one in measured(project, 1, "true_positive_rate_shift")] == sorted(CLASSES)
    served(project, 2, "multiclass", come=True, wrong=0.3)
    (accuracy,) = measured(project, 2, "accuracy_shift")
    assert accuracy["interval"][1] < -0.1


def test_the_favourable_class_is_watched_over_all_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watch = control(
        "always", "fairness-over-time", "demographic_parity_difference", "{max: 0.2}", "attributes: [sex]\n    "
    )
    project = project_of(tmp_path, capsys, "multiclass", watch)
    for day, gap in ((1, 0.0), (2, 0.0), (3, 0.45)):
        said = served(project, day, "multiclass", gap=gap)
        assert statuses(said)["always/sex"] == ("unknown", "pass", "fail")[day - 1], said.out


def test_of_several_classes_one_has_to_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watch = control(
        "always", "fairness-over-time", "demographic_parity_difference", "{max: 0.2}", "attributes: [sex]\n    "
    )
    project = project_of(tmp_path, capsys, "multiclass", watch)
    project.replace("assay.yaml", "  favourable: full\n", "")
    said = served(project, 1, "multiclass")
    assert said.code == 2
    assert "columns.favourable" in said.err


def test_a_class_that_nobody_was_given_is_drift_and_no_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = project_of(
        tmp_path, capsys, "multiclass", control("spread", "prediction-drift", "prediction_psi", "{max: 0.1}")
    )
    rows = table(500, "multiclass", seed=3, day=1)[0].replace("full", "none").replace("part", "none")
    project.write("served-1.csv", rows)
    said = project.say(
        "run", "--stage", "monitoring", "--batch", "served-1.csv", "--window", "day-1", "--format", "json"
    )
    assert said.code == 1, said.err
    assert statuses(said)["spread"] == "fail"


@pytest.mark.parametrize("profile", [False, True], ids=["rows", "profile"])
def test_numbers_are_held_against_the_reference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], profile: bool
) -> None:
    controls = (control("spread", "prediction-drift", "prediction_psi", "{max: 0.1}"),)
    project = project_of(tmp_path, capsys, "regression", *controls, profile=profile)
    assert statuses(served(project, 1, "regression"))["spread/predicted"] == "pass"
    for metric in ("prediction_ks", "prediction_wasserstein", "prediction_jensen_shannon"):
        assert len(measured(project, 1, metric)) == 1
    rows = table(2000, "regression", seed=102, day=2)[0].splitlines()
    moved = [
        ",".join([*row.split(",")[:2], f"{float(row.split(',')[2]) + 30:.3f}", *row.split(",")[3:]]) for row in rows[1:]
    ]
    project.write("served-2.csv", "\n".join([rows[0], *moved]) + "\n")
    said = project.say(
        "run", "--stage", "monitoring", "--batch", "served-2.csv", "--window", "day-2", "--format", "json"
    )
    assert statuses(said)["spread/predicted"] == "fail", said.out + said.err
    assert measured(project, 2, "prediction_wasserstein")[0]["value"] == pytest.approx(30, abs=1.5)
    assert "predicted: then and now" in (project.release / "monitoring/day-2/report.html").read_text()


def test_errors_wait_for_labels_and_are_held_against_the_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = project_of(
        tmp_path, capsys, "regression", control("errors", "concept-drift", "mean_absolute_error_shift", "{max: 1}")
    )
    said = served(project, 1, "regression")
    assert said.code == 3
    (late,) = measured(project, 1, "mean_absolute_error_shift")
    assert "no labels have come" in late["reason"]
    assert statuses(served(project, 1, "regression", come=True))["errors"] == "pass"
    said = served(project, 2, "regression", come=True, wrong=5)
    assert statuses(said)["errors"] == "fail"
    assert measured(project, 2, "r2_shift")[0]["interval"][1] < 0
    assert project.say("verify", project.release / "monitoring/day-2").code == 0


def test_errors_are_watched_over_all_windows_within_their_range(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = control("always", "fairness-over-time", "mean_error_difference", "{max: 4}", "attributes: [sex]\n    ")
    project = project_of(tmp_path, capsys, "regression", watch, more="  error_range: [-60, 60]\n")
    for day, gap in ((1, 0.0), (2, 0.0), (3, 25.0)):
        said = served(project, day, "regression", come=True, gap=gap)
        assert statuses(said)["always/sex"] == ("unknown", "pass", "fail")[day - 1], said.out


def test_an_error_beyond_its_range_is_said_and_not_bet_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watch = control("always", "fairness-over-time", "mean_error_difference", "{max: 4}", "attributes: [sex]\n    ")
    project = project_of(tmp_path, capsys, "regression", watch, more="  error_range: [-6, 6]\n")
    said = served(project, 1, "regression", come=True)
    assert statuses(said)["always/sex"] == "unknown"
    assert "beyond monitoring.error_range" in said.out


def test_errors_without_a_range_cannot_be_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watch = control("always", "fairness-over-time", "mean_error_difference", "{max: 4}", "attributes: [sex]\n    ")
    project = project_of(tmp_path, capsys, "regression", watch)
    said = served(project, 1, "regression", come=True)
    assert said.code == 2
    assert "monitoring.error_range" in said.err
