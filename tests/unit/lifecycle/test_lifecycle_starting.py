"""`assay init` writes a project that runs, all of it or nothing, and replaces nothing unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.errors import AssayError, InputError
from assay.lifecycle.guessing import Told
from assay.lifecycle.project import load_project
from assay.lifecycle.setting import load_policy
from assay.lifecycle.starting import only_table, start

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"assay.yaml", "policy.yaml", "card.yaml"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [f"{i % 2},{(i // 2) % 2},{i / 200},{'f' if i % 3 else 'm'}" for i in range(200)]
    path = tmp_path / "preds.csv"
    path.write_text("outcome,prediction,score,sex\n" + "\n".join(rows) + "\n")
    return path


def test_a_project_is_written_that_can_be_read_back(table: Path) -> None:
    started = start(str(table), table.parent)
    project = load_project(table.parent)

    assert set(started.names) == FILES
    assert started.rows == 200
    assert project.config.columns.label == "outcome"
    assert project.config.columns.prediction == "prediction"
    assert project.config.columns.score == "score"
    assert project.config.columns.protected == ("sex",)
    assert load_policy(project.root / project.config.policy).controls


def test_each_guess_is_marked_with_its_reason(table: Path) -> None:
    start(str(table), table.parent, told=Told(score="score"))
    text = (table.parent / "assay.yaml").read_text("utf-8")

    assert "label: outcome  # GUESS: its name, and two different values" in text
    assert "score: score  # you said so" in text
    assert "#   sex: GUESS: its name, and 2 groups" in text


def test_nothing_is_replaced_unless_forced(table: Path) -> None:
    (table.parent / "policy.yaml").write_text("mine")

    with pytest.raises(InputError, match=r"expected no policy\.yaml.*Nothing was written.*--force"):
        start(str(table), table.parent)
    assert {path.name for path in table.parent.iterdir()} == {"preds.csv", "policy.yaml"}
    assert (table.parent / "policy.yaml").read_text() == "mine"
    start(str(table), table.parent, force=True)
    assert (table.parent / "policy.yaml").read_text() != "mine"


@pytest.mark.parametrize(
    "content",
    ["", "outcome,prediction,sex\n", "a,b\n1,2\n", "a,b\n1,2,3\n", "sex\nf\nm\n", "\xff\xfe"],
    ids=["empty", "no rows", "nothing to guess", "ragged", "no prediction", "not text"],
)
def test_a_table_that_cannot_be_guessed_from_leaves_nothing_behind(content: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode("latin-1"))

    with pytest.raises(AssayError):
        start(str(path), tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]


def test_names_that_yaml_would_read_as_something_else_are_quoted(tmp_path: Path) -> None:
    path = tmp_path / "no.csv"
    path.write_text("yes,pred: x,#sex\n1,0,f\n0,1,m\n")
    start(str(path), tmp_path, told=Told(label="yes", prediction="pred: x", protected=("#sex",)))
    columns = load_project(tmp_path).config.columns

    assert (columns.label, columns.prediction, columns.protected) == ("yes", "pred: x", ("#sex",))
    assert load_project(tmp_path).config.system == "no"


def test_paths_are_relative_to_the_folder_that_is_written(table: Path) -> None:
    (table.parent / "inner").mkdir()
    start(str(table), table.parent / "inner")
    config = load_project(table.parent / "inner").config

    assert config.datasets["test"].path == "../preds.csv"
    assert config.model.path == "../preds.csv"


def test_a_model_folder_that_is_there_is_named(table: Path) -> None:
    (table.parent / "model").mkdir()
    start(str(table), table.parent)

    assert load_project(table.parent).config.model.path == "model/"


def test_the_only_table_is_found_and_two_are_not_chosen_between(table: Path) -> None:
    assert only_table(table.parent) == str(table)
    (table.parent / "other.parquet").write_bytes(b"PAR1")

    with pytest.raises(InputError, match=r"found .*other\.parquet, .*preds\.csv\. Name it"):
        only_table(table.parent)


def test_whole_numbers_that_pandas_wrote_as_floats_are_a_plain_outcome(tmp_path: Path):
    table = tmp_path / "rows.csv"
    table.write_text("approved,predicted,sex\n" + "1.0,0.0,f\n0.0,1.0,m\n" * 50)
    assert start(str(table), tmp_path).guesses.positive is None


def test_more_than_two_classes_are_said_to_be_classes(tmp_path: Path):
    table = tmp_path / "rows.csv"
    table.write_text("label,prediction,sex\n" + "a,b,f\nb,c,m\nc,a,f\nd,d,m\n" * 50)
    guesses = start(str(table), tmp_path).guesses
    assert guesses.task is not None
    assert guesses.label is not None
    assert "task: multiclass" in (tmp_path / "assay.yaml").read_text()
