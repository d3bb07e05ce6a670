"""Two recipes are fitted, nobody is predicted by a scorecard that saw them, and the artefact is plain numbers."""

from __future__ import annotations

import json
import math
import random
import re
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from sklearn.metrics import roc_auc_score

from assay.demo.applications import copy_table, read_columns
from assay.demo.fitting import FOLDS, RECORD, Fitted, Recorded, Source, source
from assay.demo.recipes import RECIPES, Recipe
from assay.demo.scorecards import ranking
from assay.demo.training import Trained, train

UNIT = 1.001e-9  # one unit of the last decimal that is kept: a rounding may fall either way

Made = tuple[Recipe, Trained, Path]


@pytest.fixture(scope="module", params=RECIPES, ids=lambda recipe: f"version {recipe.version}")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    recipe: Recipe = request.param
    folder = tmp_path_factory.mktemp("demo")
    table = copy_table(folder / "data")
    return recipe, train(recipe, table, folder / "model", folder / "data" / "test.parquet"), folder


def scored(card: dict[str, Any], row: dict[str, Any]) -> float:
    points = card["intercept"] + sum(
        feature["weight"]
        * ((feature["fill"] if row[feature["name"]] is None else row[feature["name"]]) - feature["mean"])
        / feature["scale"]
        for feature in card["features"]
    )
    return 1 / (1 + math.exp(-points))


def test_every_prediction_comes_from_a_scorecard_that_never_saw_the_person(made: Made) -> None:
    recipe, _, folder = made
    crossfit = json.loads((folder / "model" / "crossfit.json").read_text())
    columns = read_columns(
        folder / "data" / "train.parquet", {name: f"({sql})::DOUBLE" for name, sql in recipe.features.items()}
    )
    predictions = read_columns(folder / "data" / "test.parquet", {"p": "p_approved", "predicted": "predicted"})

    assert len(crossfit) == FOLDS
    assert sorted(row for card in crossfit for row in card["predicts_rows"]) == list(range(1989))
    for card in crossfit:
        for row in card["predicts_rows"][:20]:
            score = scored(card, {name: values[row] for name, values in columns.items()})
            assert predictions["p"][row] == pytest.approx(score, abs=5e-5)
            assert predictions["predicted"][row] == (predictions["p"][row] >= card["approved_from"])


def test_the_label_and_groups_are_those_of_the_applications(made: Made) -> None:
    _, _, folder = made
    wanted = {"approved": "approved", "race": "race", "sex": "sex"}

    assert read_columns(folder / "data" / "test.parquet", wanted) == read_columns(
        folder / "data" / "train.parquet", wanted
    )


def test_the_scorecard_asks_for_no_protected_attribute(made: Made) -> None:
    _, _, folder = made
    card = json.loads((folder / "model" / "scorecard.json").read_text())

    assert not {"race", "sex"} & {feature["name"] for feature in card["features"]}


def test_version_1_is_accurate_and_unfair_and_version_2_as_accurate_and_less_unfair(made: Made) -> None:
    recipe, trained, _ = made
    share = trained.approved["black"] / trained.approved["white"]

    if recipe.version == "1":
        assert trained.ranking > 0.8
        assert trained.accuracy > 0.85
        assert share < 0.8
    else:
        assert trained.ranking > 0.75
        assert trained.accuracy > 0.88
        assert share > 0.9


def test_training_again_gives_the_same_bytes(made: Made, tmp_path: Path) -> None:
    recipe, _, folder = made
    train(recipe, folder / "data" / "train.parquet", tmp_path / "model", tmp_path / "test.parquet")

    for name in ("scorecard.json", "crossfit.json"):
        assert (tmp_path / "model" / name).read_bytes() == (folder / "model" / name).read_bytes()
    assert (tmp_path / "test.parquet").read_bytes() == (folder / "data" / "test.parquet").read_bytes()


def predicted(folder: Path, recipe: Recipe, gives: Source) -> list[int]:
    table = copy_table(folder / "data")
    train(recipe, table, folder / "model", folder / "test.parquet", gives)
    classes: list[int] = read_columns(folder / "test.parquet", {"predicted": "predicted"})["predicted"]
    return classes


def test_the_recorded_coefficients_are_the_freshly_fitted_ones_and_predict_the_same(made: Made, tmp_path: Path) -> None:
    recipe, trained, folder = made
    assert trained.here
    classes = read_columns(folder / "data" / "test.parquet", {"predicted": "predicted"})["predicted"]
    assert predicted(tmp_path, recipe, Recorded()) == classes

    pairs = list(zip(cards(folder), cards(tmp_path), strict=True))
    assert len(pairs) == FOLDS + 1
    for fresh, recorded in pairs:
        assert recorded.get("predicts_rows") == fresh.get("predicts_rows")
        assert recorded["intercept"] == pytest.approx(fresh["intercept"], rel=0, abs=UNIT)
        for mine, theirs in zip(recorded["features"], fresh["features"], strict=True):
            assert {**mine, "weight": 0} == {**theirs, "weight": 0}
            assert mine["weight"] == pytest.approx(theirs["weight"], rel=0, abs=UNIT)


def cards(folder: Path) -> list[dict[str, Any]]:
    model = folder / "model"
    return [json.loads((model / "scorecard.json").read_bytes()), *json.loads((model / "crossfit.json").read_bytes())]


def test_the_record_is_small_canonical_and_says_what_fitted_it() -> None:
    record = (resources.files("assay.demo") / RECORD).read_bytes()

    assert len(record) < 60_000
    assert rfc8785.dumps(json.loads(record)) == record
    assert re.fullmatch(r"scikit-learn \d+\.\d+\.\d+", Recorded().fitted_by)


def test_the_record_is_refused_for_other_applicants() -> None:
    with pytest.raises(ValueError, match="of 1989 applicants, not of 2"):
        Recorded().folds([0, 1])


def test_without_scikit_learn_the_record_gives_the_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(source(), Fitted)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert isinstance(source(), Recorded)


def test_ranking_is_the_area_that_scikit_learn_computes_with_ties() -> None:
    draw = random.Random(7)
    approved = [draw.randrange(2) for _ in range(500)]
    scores = [round(draw.random() + yes / 4, 1) for yes in approved]

    assert ranking(approved, scores) == pytest.approx(roc_auc_score(approved, scores), abs=1e-12)
