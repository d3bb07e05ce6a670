"""What `assay run` and `assay assess` tell the trail by themselves, and what the trail then answers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.folder_reader import FolderReader
from assay.lifecycle.chronicle import decimal_of, name_of, setting_text
from small_project import SmallProject, files_under, small_project

if TYPE_CHECKING:
    from pathlib import Path

TRAINED = """\
model:
  name: small
  version: "1"
  path: model/
  author: mila
  owner: rosa
  trained: {job: train.py, hyperparameters: {C: 0.5, penalty: l2, warm: true, steps: 100}, metrics: {loss: 0.25}}
"""


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return small_project(tmp_path, capsys)


def events(project: SmallProject) -> list[dict[str, Any]]:
    """Return the trail's events in the log's order, each with its index, type and fields."""
    assert project.say("trail", "check").code == 0
    with contextlib.closing(sqlite3.connect(project.root / ".assay/trail.sqlite")) as connection:
        rows = connection.execute("SELECT idx, type, signature, body FROM event ORDER BY idx").fetchall()
    assert all(signature == "holds" for _, _, signature, _ in rows)
    return [{"index": index, "type": kind, "said": json.loads(body)["fields"]} for index, kind, _, body in rows]


def test_a_run_tells_what_it_did_in_this_order(project: SmallProject):
    assert project.say("run").code == 0
    assert [one["type"] for one in events(project)] == [
        "dataset.registered", "run.started", "validation.criteria",
        "run.finished", "validation.result", "gate.decision", "report.issued", "report.issued",
    ]  # fmt: skip


def test_the_evidence_names_the_root_that_held_its_criteria(project: SmallProject):
    project.say("run")
    evidence = json.loads((project.release / "evidence.json").read_text())
    fact, told = evidence["facts"]["criteria"], events(project)
    criteria = told[fact["entry"]]
    assert criteria["type"] == "validation.criteria"
    assert criteria["said"]["policy_sha256"] == evidence["policy_sha256"]
    assert criteria["said"]["dataset_sha256"] == evidence["datasets"][0]["sha256"]
    assert fact["size"] == criteria["index"] + 1
    reader = FolderReader.open(project.root / ".assay/log")
    from assay.tlog.tree import root_hash  # noqa: PLC0415 - beside its only use

    assert root_hash(fact["size"], reader.tree(fact["size"]).node).hex() == fact["root"]
    started, finished = (
        next(one["said"] for one in told if one["type"] == f"run.{word}") for word in ("started", "finished")
    )
    assert started["run"] == finished["run"] == evidence["facts"]["run"]
    digest = hashlib.sha256((project.release / "evidence.json").read_bytes()).hexdigest()
    assert finished["outputs"] == {"evidence.json": digest}
    assert finished["metrics"]["selection_rate"].startswith("0.")


def test_what_assay_yaml_says_of_model_and_training_is_told(project: SmallProject):
    line = 'model: {name: small, version: "1", path: model/, author: mila}\n'
    project.replace("assay.yaml", line, TRAINED)
    project.replace("assay.yaml", "datasets:\n", "datasets:\n  train: {path: test.csv}\n")
    assert project.say("run").code == 0
    told = events(project)
    training = next(one["said"] for one in told if one["said"].get("kind") == "training")
    assert training["hyperparameters"] == {"C": "0.5", "penalty": "l2", "warm": "true", "steps": "100"}
    assert list(training["inputs"]) == ["train"]
    ended = next(one["said"] for one in told if one["said"].get("run") == training["run"] and "outputs" in one["said"])
    assert ended["metrics"] == {"loss": "0.25"}
    listed = project.say("trail", "inventory", "--format", "json")
    [row] = json.loads(listed.out)["rows"]
    assert (row["owner"], row["exposure"], row["status"]) == ("rosa", "low", "decided: allow")
    assert b"rosa" not in b"".join(files_under(project.root / ".assay/log").values())


def test_the_trail_answers_who_was_in_production(project: SmallProject):
    project.say("run")
    at = ("deployment.finished", "-f", "deployment=d-1", "-f", "model=small", "-f", "version=1", "-f",
          "model_sha256=@model/", "-f", "environment=production", "-f", "outcome=succeeded")  # fmt: skip
    assert project.say("trail", "append", *at).code == 0
    said = project.say("trail", "query", "production", "--format", "json")
    assert said.code == 0, said
    answer = json.loads(said.out)
    assert (answer["rows"][0]["version"], answer["rows"][0]["decision"]) == ("1", "allow")
    assert not any("criteria" in one for one in answer["missing"])
    graph = json.loads(project.say("trail", "lineage", "--model", "small", "--version", "1", "--format", "json").out)
    labels = {one["id"]: one["label"] for one in graph["nodes"]}
    edges = {(labels[one["source"]], labels[one["target"]]) for one in graph["edges"]}
    assert {
        ("test.csv", "small/test"), ("small/test", "small/assess"), ("small 1", "small/assess"),
        ("small/assess", "evidence.json"), ("evidence.json", "small"), ("small", "allow"), ("allow", "production"),
    } <= edges  # fmt: skip


def test_an_assessment_tells_of_itself_and_the_gate_of_the_decision(project: SmallProject):
    assert project.say("assess").code == 0
    assert [one["type"] for one in events(project)][-2:] == ["validation.criteria", "run.finished"]
    assert project.say("gate", project.release).code == 0
    assert [one["type"] for one in events(project)][-2:] == ["validation.result", "gate.decision"]


def test_a_run_that_breaks_off_after_its_criteria_says_so(project: SmallProject, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assay.lifecycle.release.keep_document", full)
    assert project.say("run").code == 2
    [*_, last] = events(project)
    assert (last["type"], last["said"]["outcome"]) == ("run.finished", "failed")
    assert not project.release.exists()


def test_a_version_that_is_decided_is_not_measured_under_its_decision(project: SmallProject):
    project.say("run")
    before = files_under(project.root)
    said = project.say("assess")
    assert said.code == 2
    assert "--again" in said.err
    assert files_under(project.root) == before
    assert project.say("verify", project.release).code == 0
    assert project.say("assess", "--again").code == 0
    assert sorted(path.name for path in project.release.iterdir()) == [
        "evidence.dsse.json", "evidence.json", "tally.json",
    ]  # fmt: skip
    assert project.say("gate", project.release).code == 0
    assert project.say("verify", project.release).code == 0


@pytest.mark.parametrize(
    ("text", "name"), [("test", "test"), ("data/my file.csv", "data/my-file.csv"), ("../x", "x"), ("   ", "unnamed")]
)
def test_names_fit_the_vocabulary(text: str, name: str):
    assert name_of(text) == name


@pytest.mark.parametrize(
    ("value", "text"), [(0.1, "0.1"), (1, "1"), (1e-20, "0.0"), (1.5e10, "15000000000.0"), (-0.25, "-0.25")]
)
def test_numbers_are_decimal_strings(value: float, text: str):
    assert decimal_of(value) == text


def test_settings_are_names_or_numbers():
    assert [setting_text(one) for one in (True, 3, 0.5, "l2 penalty")] == ["true", "3", "0.5", "l2-penalty"]
