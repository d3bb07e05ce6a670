"""Watching runs of more classes, of numbers, and with weights: an iteration's tally is that of the rows in a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import assay
from assay import FairnessMonitor
from assay.errors import DataError, InputError, TrainingWarning
from assay.records.tally import Roles, Tally
from small_project import small_project

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.filterwarnings("ignore::assay.errors.TrainingWarning")  # some people's race is not known
COUNT = 3000
RACES = ["a", "b", None]


@pytest.fixture
def rows() -> dict[str, Any]:
    draw = np.random.default_rng(4)
    race = np.array(RACES, dtype=object)[draw.integers(0, len(RACES), COUNT)]
    number = draw.normal(50, 10, COUNT)
    return {
        "sex": draw.choice(["f", "m"], COUNT), "race": race, "weight": draw.uniform(0.5, 3, COUNT).round(3),
        "class": draw.choice(["full", "part", "none"], COUNT), "number": number,
        "score": draw.uniform(0, 1, COUNT).round(4), "yes": draw.choice(["yes", "no"], COUNT),
        "guess": draw.choice(["full", "part", "none", "rare"], COUNT), "foretold": number + draw.normal(0, 3, COUNT),
    }  # fmt: skip


def watch(rows: dict[str, Any], labels: str, limits: dict[str, Any], **more: Any) -> FairnessMonitor:  # noqa: ANN401 - the monitor's own
    return FairnessMonitor(
        rows[labels], {"sex": rows["sex"], "race": rows["race"]}, project=False, limits=limits, **more
    )


def same(found: Tally, table: pl.DataFrame, roles: Roles) -> None:
    """Assert that a tally is that of a table: every count, sum and bin."""
    wanted = assay.tally_rows(table, roles)
    assert found.cells == wanted.cells
    assert found.errors == wanted.errors
    assert found.rows == wanted.rows
    assert (None if found.scores is None else found.scores.cells) == (
        None if wanted.scores is None else wanted.scores.cells
    )
    assert found.favourable_is_positive == wanted.favourable_is_positive


def of(monitor: FairnessMonitor) -> Tally:
    return monitor._tallies["last"][1]


def table_of(rows: dict[str, Any], label: str, prediction: Any, **more: Any) -> pl.DataFrame:  # noqa: ANN401 - any arrays
    columns = {"label": rows[label], "prediction": prediction, "sex": rows["sex"], "race": list(rows["race"])}
    return pl.DataFrame({name: list(values) for name, values in {**columns, **more}.items()})


def test_classes_are_counted_as_in_a_file(rows: dict[str, Any]) -> None:
    with watch(rows, "class", {"accuracy_difference": 0.2}, task="multiclass") as monitor:
        assert monitor.step(predictions=rows["guess"]).status != "failed"
    same(
        of(monitor), table_of(rows, "class", rows["guess"]),
        Roles(label="label", prediction="prediction", protected=("sex", "race"), task="multiclass"),
    )  # fmt: skip


def test_of_several_columns_the_likeliest_class_is_predicted(rows: dict[str, Any]) -> None:
    table = np.random.default_rng(1).dirichlet((1, 1, 1), COUNT)
    with watch(rows, "class", {"accuracy_difference": 0.2}, task="multiclass") as monitor:
        monitor.step(table)
    likeliest = np.array(["full", "none", "part"])[table.argmax(axis=1)]
    same(
        of(monitor), table_of(rows, "class", likeliest),
        Roles(label="label", prediction="prediction", protected=("sex", "race"), task="multiclass"),
    )  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True], ids=["rows", "weights"])
def test_errors_are_counted_as_in_a_file(rows: dict[str, Any], weighted: bool) -> None:
    weights = {"weight": rows["weight"]} if weighted else {}
    limits = {"mean_absolute_error_difference": 5}
    with watch(rows, "number", limits, task="regression", weights=rows["weight"] if weighted else None) as monitor:
        assert monitor.step(rows["foretold"]).status != "failed"
    same(
        of(monitor), table_of(rows, "number", rows["foretold"], **weights),
        Roles(label="label", prediction="prediction", protected=("sex", "race"), task="regression",
              weight="weight" if weighted else None),
    )  # fmt: skip


@pytest.mark.parametrize("scored", [False, True], ids=["classes", "scores"])
def test_weights_are_counted_as_in_a_file(rows: dict[str, Any], scored: bool) -> None:
    limits: dict[str, Any] = {"demographic_parity_difference": 0.2}
    limits |= {"mean_score": {"max": 0.9}} if scored else {}
    with watch(rows, "yes", limits, weights=rows["weight"], positive="yes") as monitor:
        monitor.step(rows["score"])
    predicted = np.where(rows["score"] >= 0.5, "yes", "no")
    more = {"score": rows["score"]} if scored else {}
    same(
        of(monitor), table_of(rows, "yes", predicted, weight=rows["weight"], **more),
        Roles(label="label", prediction="prediction", protected=("sex", "race"), weight="weight", positive="yes",
              score="score" if scored else None),
    )  # fmt: skip


def test_weights_of_one_change_nothing_but_are_counted(rows: dict[str, Any]) -> None:
    limits = {"demographic_parity_difference": 0.2}
    with watch(rows, "yes", limits, weights=np.ones(COUNT), positive="yes") as weighted:
        one = weighted.step(rows["score"])
    with watch(rows, "yes", limits, positive="yes") as plain:
        other = plain.step(rows["score"])
    values = [[finding.measured for finding in step.findings] for step in (one, other)]
    assert values[0] == pytest.approx(values[1], abs=1e-12)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"predictions": ["full"] * 5}, "expected 3,000 values"),
        ({"predictions": [None] * COUNT}, "found None in 3,000 rows"),
        ({"predictions": [0.25] * COUNT}, "expected both to write the classes alike"),
        ({"scores": [[0.2, 0.8]] * COUNT}, "a column for each of the 3 classes"),
        ({"scores": [[0.2, float("nan"), 0.1]] * COUNT}, "found NaN in 3,000 of 3,000 rows"),
    ],
)
def test_what_cannot_be_counted_is_recorded_and_the_run_goes_on(
    rows: dict[str, Any], given: dict[str, Any], says: str
) -> None:
    with watch(rows, "class", {"accuracy_difference": 0.2}, task="multiclass") as monitor:
        with pytest.warns(TrainingWarning, match="failed"):
            step = monitor.step(**given)
        assert step.status == "failed"
        assert says in step.reason
        assert monitor.step(predictions=rows["guess"]).status != "failed"


def test_weights_that_are_none_are_told_before_the_run_begins(rows: dict[str, Any]) -> None:
    for weights, says in ((-rows["weight"], "negative"), (rows["weight"][:5], "expected 3,000 values")):
        with pytest.raises(DataError, match=says):
            watch(rows, "yes", {"demographic_parity_difference": 0.2}, weights=weights, positive="yes")
    with pytest.raises(InputError, match="found none: they say which classes there are"):
        FairnessMonitor(
            None, {"sex": rows["sex"]}, project=False, task="multiclass", limits={"selection_rate": {"max": 0.9}}
        )


def test_a_run_of_numbers_is_judged_by_the_iteration_that_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: dict[str, Any]
) -> None:
    project = small_project(tmp_path, capsys)
    project.replace("assay.yaml", "  score: score\n", "  task: regression\n")
    project.replace("policy.yaml", "demographic_parity_difference", "mean_absolute_error_difference")
    project.replace("policy.yaml", "{max: 0.2}", "{max: 2}")
    bias = np.where(rows["sex"] == "f", 8.0, 0.0)
    kept = FairnessMonitor(
        rows["number"], {"sex": rows["sex"]}, project=tmp_path, action="keep-best", weights=rows["weight"]
    )
    with kept as monitor:
        errors = rows["foretold"] - rows["number"]
        monitor.step(rows["number"] + 4 * errors)
        monitor.step(rows["number"] + errors)
        with pytest.warns(TrainingWarning, match="iteration 2 is breached"):
            monitor.step(rows["number"] + errors + bias)
    assert monitor.kept is not None
    assert monitor.kept.iteration == 1
    said = project.say("run", "--stage", "training", "--format", "json")
    found = {one["id"]: one["status"] for one in json.loads(said.out)["verdict"]["findings"]}
    assert found["sex-gap/sex"] == "pass", said.out
    path = next(project.root.glob(".assay/runs/*/tally-1.json"))
    path.write_bytes(path.read_bytes().replace(b'"count":', b'"count": ', 1))
    said = project.say("run", "--stage", "training")
    assert said.code == 1
    assert "its digest differs" in said.err


def test_a_project_that_weighs_its_rows_asks_for_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: dict[str, Any]
) -> None:
    project = small_project(tmp_path, capsys)
    project.replace("assay.yaml", "  score: score\n", "  weight: exposure\n")
    labels, sexes = (rows["yes"] == "yes").astype(int), {"sex": rows["sex"]}
    with pytest.raises(InputError, match="weighs its rows by 'exposure', found none: give weights="):
        FairnessMonitor(labels, sexes, project=tmp_path)
    assert FairnessMonitor(labels, sexes, project=tmp_path, weights=rows["weight"]).rows == COUNT
    with pytest.raises(InputError, match=r"task: expected binary, as assay.yaml has it, found regression"):
        FairnessMonitor(labels, sexes, project=tmp_path, weights=rows["weight"], task="regression")
