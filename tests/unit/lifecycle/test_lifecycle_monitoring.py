"""A window of served rows, from its rows to the trail: what is denied, what waits, what is told once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from served_windows import people, served_project, window

if TYPE_CHECKING:
    from pathlib import Path

    from small_project import Said, SmallProject


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return served_project(tmp_path, capsys)


def run(project: SmallProject, day: int) -> Said:
    named = ("--batch", f"served-{day}.csv", "--window", f"day-{day}")
    return project.say("run", "--stage", "monitoring", *named, "--format", "json")


def evidence(project: SmallProject, name: str) -> dict[str, Any]:
    return json.loads((project.release / "monitoring" / name / "evidence.json").read_bytes())  # type: ignore[no-any-return]


def measured(project: SmallProject, name: str, metric: str, **about: str) -> dict[str, Any]:
    return next(
        one
        for one in evidence(project, name)["measurements"]
        if one["metric"] == metric and not one.get("group") and one.get("about", {}) == about
    )


def statuses(said: Said) -> dict[str, str]:
    return {one["id"]: one["status"] for one in json.loads(said.out)["verdict"]["findings"]}


def test_a_window_as_approved_passes_and_verifies(project: SmallProject) -> None:
    for day in (1, 2):
        window(project, day)
        said = run(project, day)
    assert said.code == 0, said.out + said.err
    assert set(statuses(said).values()) == {"pass"}
    assert project.say("verify", project.release / "monitoring" / "day-1").code == 0
    assert project.say("verify", project.release / "monitoring" / "day-2").code == 0
    page = (project.release / "monitoring" / "day-2" / "report.html").read_text()
    for title in ("Drift by column", "income: then and now", "Selection rate over windows by sex", "All windows: "):
        assert title in page
    roles = {one["role"] for one in evidence(project, "day-2")["datasets"]}
    assert roles == {"window", "reference"}
    assert evidence(project, "day-2")["model"] == json.loads((project.release / "evidence.json").read_bytes())["model"]


def test_a_moved_input_is_denied_and_told_once(project: SmallProject) -> None:
    for day, shift in ((1, 0.0), (2, 0.0), (3, 0.6), (4, 0.6)):
        window(project, day, shift=shift)
        said = run(project, day)
    assert said.code == 1
    assert statuses(said)["inputs/income"] == "fail"
    assert "still open: inputs/income (since window day-3" in said.err
    told = project.say("trail", "query", "alerts", "--format", "text")
    assert told.code == 0, told.err
    assert told.out.count("inputs/income") == 1, told.out


def test_fairness_is_watched_over_all_windows_once(project: SmallProject) -> None:
    for day, gap in ((1, 0.0), (2, 0.0), (3, 0.4)):
        window(project, day, gap=gap)
        said = run(project, day)
    assert said.code == 1
    assert statuses(said)["all-windows/sex"] == "fail"
    facts = evidence(project, "day-3")["facts"]["monitoring"]["watched"][0]
    assert (facts["windows"], facts["rows"]) == (3, 6000)
    again = run(project, 3)
    facts = evidence(project, "day-3")["facts"]["monitoring"]["watched"][0]
    assert (again.code, facts["windows"], facts["rows"]) == (1, 3, 6000)  # a window that came twice counts once
    assert "alert: " not in again.err


def test_labels_that_have_not_come_are_named_and_join_by_identifier(project: SmallProject) -> None:
    window(project, 1)
    run(project, 1)
    late = measured(project, "day-1", "accuracy_shift")
    assert late["value"] is None
    assert "labels" in late["reason"]
    estimated = measured(project, "day-1", "estimated_accuracy")
    assert estimated["interval"][0] < 0.75 < estimated["interval"][1]
    half = (project.root / "labels-1.csv").read_text().splitlines()[:1001]
    project.write("labels.csv", "\n".join(half) + "\n")
    run(project, 1)
    assert measured(project, "day-1", "labelled_share")["value"] == 0.5
    project.write("labels.csv", (project.root / "labels-1.csv").read_text())
    run(project, 1)
    shift = measured(project, "day-1", "accuracy_shift")
    assert shift["n"] == 2000
    assert shift["interval"][0] < 0 < shift["interval"][1]
    rows = json.loads((project.release / "monitoring/day-1/tally.json").read_bytes())["rows"]
    assert rows == 2000


def test_an_estimate_that_labels_contradict_has_no_value(project: SmallProject) -> None:
    window(project, 1, wrong=1.0)
    project.write("labels.csv", (project.root / "labels-1.csv").read_text())
    run(project, 1)
    assert measured(project, "day-1", "estimated_accuracy")["value"] is None
    assert "not to be believed" in measured(project, "day-1", "estimated_accuracy")["reason"]
    assert measured(project, "day-1", "accuracy_shift")["interval"][1] < 0


def test_labels_that_never_come_are_overdue(project: SmallProject) -> None:
    rows = people(200, seed=5, day=1, label=False)[0].replace("2026-11-", "2020-11-")
    project.write("served-1.csv", rows)
    project.write("labels.csv", "id,approved\nnobody,1\n")
    run(project, 1)
    overdue = measured(project, "day-1", "overdue_label_share")
    assert (overdue["value"], overdue["n"]) == (1.0, 200)
    assert measured(project, "day-1", "labelled_share")["value"] == 0.0


def test_a_column_that_vanished_is_unknown(project: SmallProject) -> None:
    path = window(project, 1)
    lines = [line.rsplit(",", 1)[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    said = run(project, 1)
    assert said.code == 3
    assert statuses(said)["inputs/income"] == "unknown"
    assert "has no column 'income'" in said.out


def test_a_clock_that_went_back_is_said_and_looked_at_once(project: SmallProject) -> None:
    window(project, 2)
    run(project, 2)
    window(project, 1)
    run(project, 1)
    back = measured(project, "day-1", "window_out_of_order")
    assert back["value"] == 1
    assert "before" in back["reason"] or "ended at" in back["reason"]
    facts = evidence(project, "day-1")["facts"]["monitoring"]["watched"][0]
    assert facts["windows"] == 1
    assert "looked at twice" in facts["not_taken"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("id,at,predicted,score,sex,income\n", "expected rows"),
        ("id,at,score,sex,income\na,2026-11-01,0.5,f,1\n", "no column 'predicted'"),
    ],
)
def test_a_window_that_cannot_be_measured_is_refused(project: SmallProject, rows: str, told: str) -> None:
    project.write("served-1.csv", rows)
    said = run(project, 1)
    assert said.code == 2
    assert told in said.err
    assert not (project.release / "monitoring" / "day-1").exists()


def test_two_labels_for_one_case_are_refused(project: SmallProject) -> None:
    window(project, 1)
    project.write("labels.csv", "id,approved\nc101-1,1\nc101-1,0\n")
    said = run(project, 1)
    assert said.code == 2
    assert "1 identifiers with several" in said.err


def test_all_that_is_wrong_in_the_section_is_said_at_once(project: SmallProject) -> None:
    project.replace("assay.yaml", "  identifier: id\n  time: at\n", "  profile: p.json\n")
    said = run(project, 1)
    assert said.code == 2
    for told in ("$.monitoring.profile", "$.monitoring.identifier", "$.monitoring.time"):
        assert told in said.err


def test_a_project_without_the_section_says_so(project: SmallProject) -> None:
    text = (project.root / "assay.yaml").read_text()
    project.write("assay.yaml", text[: text.index("monitoring:")])
    said = project.say("run", "--stage", "monitoring", "--batch", "served-1.csv")
    assert said.code == 2
    assert "$.monitoring" in said.err


def weighted(text: str, men: float) -> str:
    """Return rows with a weight: one for women, another for men."""
    head, *lines = text.splitlines()
    at = head.split(",").index("sex")
    return "\n".join([f"{head},weight", *(f"{one},{men if one.split(',')[at] == 'm' else 1}" for one in lines)]) + "\n"


def test_a_window_with_weights_counts_each_row_by_its_weight(project: SmallProject) -> None:
    """Women are selected less often; three times the weight on men moves the rate of everybody, and no group's."""
    project.write("test.csv", weighted((project.root / "test.csv").read_text(), men=3))
    project.replace("assay.yaml", "  score: score\n", "  score: score\n  weight: weight\n")
    assert project.say("run").code == 0
    path = window(project, 1, gap=0.15)
    plain = path.read_text()
    path.write_text(weighted(plain, men=3))
    said = run(project, 1)
    assert said.code != 2, said.err
    found = evidence(project, "day-1")["measurements"]
    rates = {
        one["group"].get("sex", "all"): one["value"]
        for one in found
        if one["metric"] == "selection_rate" and one.get("over") is None
    }
    head, *lines = plain.splitlines()
    columns = [dict(zip(head.split(","), line.split(","), strict=True)) for line in lines]
    by_sex = {sex: [int(one["predicted"]) for one in columns if one["sex"] == sex] for sex in "fm"}
    assert rates["f"] == pytest.approx(sum(by_sex["f"]) / len(by_sex["f"]))
    assert rates["m"] == pytest.approx(sum(by_sex["m"]) / len(by_sex["m"]))
    total = len(by_sex["f"]) + 3 * len(by_sex["m"])
    assert rates["all"] == pytest.approx((sum(by_sex["f"]) + 3 * sum(by_sex["m"])) / total)
    assert rates["all"] > (rates["f"] + rates["m"]) / 2 + 0.02, "the weights tell"
    assert statuses(said)["all-windows/sex"] == "unknown", "one window settles nothing"
    assert project.say("verify", project.release / "monitoring" / "day-1").code == 0


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_a_window_of_another_task_than_the_release_has_nothing_to_be_held_against(
    project: SmallProject, task: str
) -> None:
    window(project, 1)
    project.replace("assay.yaml", "  score: score\n", f"  task: {task}\n  favourable: 1\n")
    project.replace("policy.yaml", "check: fairness-over-time", "check: group-gap")
    said = run(project, 1)
    assert said.code == 3, said.err
    assert statuses(said)["predictions"] == "unknown"
    assert f"was released as a binary outcome; columns.task is now {task}" in said.out


def test_the_case_of_a_windows_decision_in_junit_is_about_serving(project: SmallProject) -> None:
    window(project, 1)
    said = project.say(
        "run", "--stage", "monitoring", "--batch", "served-1.csv", "--window", "day-1", "--format", "junit"
    )
    assert 'name="the model serves as it was approved"' in said.out
    assert "release may go ahead" not in said.out


def test_a_window_in_which_no_group_is_known_is_not_settled(project: SmallProject) -> None:
    for day in (1, 2):
        path = window(project, day, gap=0.3)
        said = run(project, day)
    assert said.code == 1
    path = window(project, 3)
    head, *lines = path.read_text().splitlines()
    at = head.split(",").index("sex")
    unknown = [",".join("" if place == at else one for place, one in enumerate(line.split(","))) for line in lines]
    project.write("served-3.csv", "\n".join([head, *unknown]) + "\n")
    said = run(project, 3)
    assert said.code in {1, 3}, said.err
    assert "pass" not in {status for name, status in statuses(said).items() if name.startswith("all-windows")}
