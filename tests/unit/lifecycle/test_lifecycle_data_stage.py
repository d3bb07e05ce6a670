"""The data stage as its users meet it: sound data are allowed, poisoned data are stopped before training."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from data_project import Row, as_csv, data_project, people

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from small_project import Said, SmallProject


def judged(project: SmallProject) -> tuple[Said, dict[str, list[str]]]:
    """Run the data stage; return what was said, and the ids of findings by status."""
    said = project.say("run", "--stage", "data", "--format", "json")
    verdict = project.release / "data/verdict.json"
    found: dict[str, list[str]] = {}
    for one in json.loads(verdict.read_text())["findings"] if verdict.exists() else []:
        found.setdefault(one["status"], []).append(one["id"])
    return said, found


def test_sound_data_may_be_learnt_from_and_the_folder_verifies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, _, _ = data_project(tmp_path, capsys)
    said, found = judged(project)
    assert (said.code, set(found)) == (0, {"pass"}), said.err
    assert not (tmp_path / "model").exists(), "there is no model yet"
    verified = project.say("verify", project.release / "data")
    assert verified.code == 0
    assert "at the stage data" in verified.out
    assert "there was no model yet" in verified.out
    assert "The dataset test at" in verified.out
    text = project.say("run", "--stage", "data").out
    assert "the data of small 1 may be learnt from" in text


def _flip(train: list[Row], _test: list[Row]) -> None:
    draw = random.Random(3)
    for row in train:
        if row["race"] == "black" and draw.random() < 0.6:
            row["approved"] = str(1 - int(row["approved"]))


def _copy_from_test(train: list[Row], test: list[Row]) -> None:
    train += test[:150]


def _plant_stand_in(train: list[Row], _test: list[Row]) -> None:
    for row in train:
        row["street"] = {"black": "oak", "white": "elm"}[row["race"]]


def _plant_answer(train: list[Row], _test: list[Row]) -> None:
    for row in train:
        row["debt"] = f"{int(row['approved']) * 40 + random.Random(row['id']).random():.3f}"


def _lose_a_group(train: list[Row], _test: list[Row]) -> None:
    train[:] = [row for row in train if row["race"] == "white" or int(row["id"][1:]) % 3 == 0]


def _blind_a_group(train: list[Row], _test: list[Row]) -> None:
    for row in train:
        if row["race"] == "black" and int(row["id"][1:]) % 2:
            row["debt"] = ""


def _lying_branch(train: list[Row], _test: list[Row]) -> None:
    for row in train:
        if row["branch"] == "north":
            row["approved"] = "1"


def _odd_values(train: list[Row], _test: list[Row]) -> None:
    train[7]["income"] = "-5"


@pytest.mark.parametrize(
    ("poison", "expected", "told"),
    [
        (_flip, "labels/race=black", "probably bear a wrong label"),
        (_copy_from_test, "people/test,train", "150 of 1,000 rows of the test data are in the train data"),
        (_copy_from_test, "rows/test,train", "150 of 1,000 rows of the test data are in the train data"),
        (_plant_stand_in, "stand-in/street,race=black", "street alone can tell people of race black"),
        (_plant_answer, "answer/debt", "debt alone ranks a row with the positive label above another 100 times"),
        (_lose_a_group, "share/race=black", "times as many people of race black as their share"),
        (_blind_a_group, "missing/debt,race", "more have no debt than of 100 of race white"),
        (_lying_branch, "branches/north", "have the positive label in north than elsewhere"),
        (_odd_values, "columns/income,at least 0", "found, for instance: -5"),
    ],
)
def test_a_poisoned_training_set_is_stopped_before_training(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    poison: Callable[[list[Row], list[Row]], None],
    expected: str,
    told: str,
) -> None:
    project, train, test = data_project(tmp_path, capsys)
    poison(train, test)
    project.write("train.csv", as_csv(train))
    said, found = judged(project)
    assert said.code == 1
    assert expected in found["fail"], found
    (finding,) = [
        one
        for one in json.loads((project.release / "data/verdict.json").read_text())["findings"]
        if one["id"] == expected
    ]
    assert told in finding["people"]
    assert finding["remedy"]


def test_the_data_of_several_classes_are_gated_by_the_class_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, train, test = data_project(tmp_path, capsys)
    draw = random.Random(8)
    for row in (*train, *test):
        row["approved"] = {"1": "yes", "0": draw.choice(["no", "later"])}[row["approved"]]
    project.write("train.csv", as_csv(train))
    project.write("test.csv", as_csv(test))
    config = (tmp_path / "assay.yaml").read_text()
    several = config.replace("  label: approved\n", "  label: approved\n  task: multiclass\n")
    project.write("assay.yaml", several)
    said, _ = judged(project)
    assert said.code == 2
    assert "$.columns.positive: expected the class that the data stage tells from all others" in said.err
    project.write("assay.yaml", several.replace("task: multiclass\n", "task: multiclass\n  positive: 'yes'\n"))
    assert judged(project)[0].code == 0
    for row in train:
        row["approved"] = "yes" if row["branch"] == "north" else row["approved"]
    project.write("train.csv", as_csv(train))
    said, found = judged(project)
    assert said.code == 1
    assert "branches/north" in found["fail"]


def test_numbers_are_no_labels_of_classes_and_that_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, _, _ = data_project(tmp_path, capsys)
    config = (tmp_path / "assay.yaml").read_text()
    project.write("assay.yaml", config.replace("  label: approved\n", "  label: income\n  task: regression\n"))
    said, _ = judged(project)
    assert said.code == 2
    assert "two numbers differ without a conflict. Name a column of bands as the label" in said.err


def test_what_is_lacking_is_unknown_and_never_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, _, _ = data_project(tmp_path, capsys)
    project.replace("assay.yaml", "  identifier: id\n", "  identifier: ident\n")
    project.replace("assay.yaml", "  time: decided_on\n", "")
    project.replace("assay.yaml", "  source: branch\n", "  source: brunch\n")
    project.replace("assay.yaml", "  out_of_sample: p_honest\n", "  out_of_sample: p_honset\n")
    project.replace("assay.yaml", "    income: {type", "    incme: {type")
    project.replace(
        "assay.yaml",
        "  benchmark:\n    - attributes: [race]\n      shares: {black: 0.3, white: 0.7}\n"
        "      source: a made up register of 2026\n",
        "",
    )
    (tmp_path / "test.csv").unlink()
    said, found = judged(project)
    assert said.code == 3
    assert {one.partition("/")[0] for one in found["unknown"]} == {
        "share", "labels", "branches", "people", "rows", "columns", "recent", "aligned",
    }  # fmt: skip
    assert "did you mean 'branch'" in said.out
    assert "did you mean 'income'" in said.out
    assert "is not there yet (test.csv)" in said.out


def test_a_group_with_a_comma_in_its_name_has_its_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, train, _ = data_project(tmp_path, capsys)
    for row in train:
        row["race"] = '"black, or mixed"' if row["race"] == "black" else "white"
    project.write("train.csv", as_csv(train))
    project.replace("assay.yaml", "{black: 0.3, white: 0.7}", '{"black, or mixed": 0.3, white: 0.7}')
    project.replace("assay.yaml", "allowed: [black, white]", 'allowed: ["black, or mixed", white]')
    said, found = judged(project)
    assert said.code == 0, said.out
    assert "share/race=black, or mixed" in found["pass"]


def test_rows_from_the_future_and_a_column_of_no_times_are_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, train, _ = data_project(tmp_path, capsys)
    train[0]["decided_on"] = "2999-01-01"
    project.write("train.csv", as_csv(train))
    said, found = judged(project)
    assert (said.code, found["unknown"]) == (3, ["recent/decided_on"])
    assert "a clock is wrong" in said.out


def test_every_mistake_in_the_section_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, _, _ = data_project(tmp_path, capsys)
    project.replace("assay.yaml", "shares: {black: 0.3, white: 0.7}", "shares: {black: 0.3, white: 0.9}")
    project.replace("assay.yaml", "attributes: [race]", "attributes: [rase]")
    project.replace("assay.yaml", "data:\n", "data:\n  measured_on: trian\n")
    project.replace("assay.yaml", "min: 0, max: 200", "min: 300, max: 200")
    project.replace("assay.yaml", "features: [income,", "features: [approved, income,")
    said = project.say("run", "--stage", "data")
    assert said.code == 2
    for words in (
        "did you mean 'train'", "did you mean 'race'", "which add up to 1, found 1.2", "nothing could be within",
        "'approved', which is columns.label",
    ):  # fmt: skip
        assert words in said.err
    assert not (tmp_path / ".assay").exists()


def test_a_misspelt_feature_and_label_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, _, _ = data_project(tmp_path, capsys)
    project.replace("assay.yaml", "features: [income, debt", "features: [incme, debt")
    project.replace("assay.yaml", "label: approved", "label: aproved")
    said = project.say("run", "--stage", "data")
    assert said.code == 2
    assert "aproved" in said.err


def test_a_release_of_a_project_of_data_alone_says_what_is_lacking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, _, _ = data_project(tmp_path, capsys)
    said = project.say("run")
    assert said.code == 2
    assert "$.columns.prediction: expected the column of predictions, found none" in said.err
    assert "Traceback" not in said.err


def test_no_section_and_no_rows_are_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, train, _ = data_project(tmp_path, capsys)
    project.write("train.csv", as_csv(train[:0]))
    assert project.say("run", "--stage", "data").code == 2
    project.write("train.csv", as_csv(people(12)))
    said, found = judged(project)
    assert said.code == 3
    assert "fail" not in found


def test_the_trail_tells_a_data_gate_from_a_release(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, _, _ = data_project(tmp_path, capsys)
    assert judged(project)[0].code == 0
    inventory = project.say("trail", "inventory", "--format", "json")
    assert json.loads(inventory.out)["rows"] == [], "data are no version of a model"
    decisions = project.say("trail", "query", "decisions").out
    assert "the gate of the data stage decided allow" in " ".join(decisions.split())
    graph = json.loads(project.say("trail", "lineage", "--format", "json").out)
    assert {node["kind"] for node in graph["nodes"]} >= {"dataset", "quality-check", "evaluation", "decision"}
    assert "model-version" not in {node["kind"] for node in graph["nodes"]}
