"""Cross-fit a recipe: a scorecard for the work, and an honest prediction for everybody.

Nobody is judged by a scorecard that was fitted on them: the applicants are split in ten, and each tenth is predicted
by the recipe fitted on the other nine (cross-fitting). Every applicant so has one honest prediction, and the sample
that is measured is as large as the study. The scorecard in `model/scorecard.json` is the recipe fitted on everybody:
the one that would be put to work. The ten others are kept beside it in `model/crossfit.json`, so that every prediction
can be computed again from plain numbers.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.demo.applications import read_columns, write_predictions
from assay.demo.fitting import FOLDS, source
from assay.demo.scorecards import build_scorecard, ranking, score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assay.demo.fitting import Source
    from assay.demo.recipes import Recipe
    from assay.demo.scorecards import Column

SCORE_DECIMALS = 4


@dataclass(frozen=True)
class Trained:
    """What training left, in figures for a person to read.

    Attributes:
        accuracy: share of applicants for whom the prediction equals the decision of 1990.
        ranking: area under the ROC curve: how often an approved applicant scores above one who was turned down.
        approved: share approved, by race.
        turned_down: applicants that it turns down.
        turned_down_then: applicants whom the lenders turned down.
        applicants: number of applicants.
        here: whether the coefficients were fitted just now, rather than recorded when they were.
        fitted_by: what fitted them, with its version.
    """

    accuracy: float
    ranking: float
    approved: dict[str, float]
    turned_down: int
    turned_down_then: int
    applicants: int
    here: bool
    fitted_by: str


@dataclass(frozen=True)
class Applicants:
    """Who is learnt from: outcome, race, and the features' values, each one list in the order of the table."""

    approved: list[int]
    race: list[str]
    columns: dict[str, Column]

    def only(self, rows: Sequence[int]) -> Applicants:
        """Return some of them."""
        return Applicants(
            [self.approved[row] for row in rows],
            [self.race[row] for row in rows],
            {name: [values[row] for row in rows] for name, values in self.columns.items()},
        )


def train(recipe: Recipe, table: Path, model_folder: Path, predictions: Path, given: Source | None = None) -> Trained:
    """Cross-fit a recipe; write its scorecards as JSON and everybody's prediction as Parquet.

    Args:
        recipe: what to fit.
        table: the applications, as shipped.
        model_folder: gets ``scorecard.json`` and ``crossfit.json``.
        predictions: the Parquet file to write: approved, predicted, p_approved, race, sex, application.
        given: where folds and coefficients come from; scikit-learn where it is installed, else the record.
    """
    gives = given or source()
    people = read_columns(table, {"approved": "approved", "race": "race", "sex": "sex"})
    columns = read_columns(table, {name: f"({sql})::DOUBLE" for name, sql in recipe.features.items()})
    everybody = Applicants(people["approved"], people["race"], columns)
    card, crossfit = cross_fit(recipe, everybody, gives)
    model_folder.mkdir(parents=True, exist_ok=True)
    _write_json(model_folder / "scorecard.json", card)
    _write_json(model_folder / "crossfit.json", crossfit)
    scores = _honest_scores(crossfit, everybody)
    predicted = [int(value >= recipe.threshold) for value in scores]
    write_predictions(
        predictions,
        {
            "approved": ("TINYINT", people["approved"]),
            "predicted": ("TINYINT", predicted),
            "p_approved": ("DOUBLE", scores),
            "race": ("VARCHAR", people["race"]),
            "sex": ("VARCHAR", people["sex"]),
            "application": ("INTEGER", list(range(1, len(scores) + 1))),
        },
    )
    return _figures(everybody, scores, predicted, gives)


def cross_fit(recipe: Recipe, everybody: Applicants, gives: Source) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a recipe's scorecard for everybody, and the ten that each were fitted without a tenth."""
    fold_of = gives.folds(everybody.approved)

    def build(applicants: Applicants, part: int | None) -> dict[str, Any]:
        weights = _weights(recipe, applicants)
        return build_scorecard(recipe, applicants.columns, applicants.approved, weights, source=gives, part=part)

    crossfit = []
    for part in range(FOLDS):
        left_out = [row for row, fold in enumerate(fold_of) if fold == part]
        learnt_from = everybody.only([row for row, fold in enumerate(fold_of) if fold != part])
        crossfit.append({"predicts_rows": left_out, **build(learnt_from, part)})
    return build(everybody, None), crossfit


def _honest_scores(crossfit: Sequence[Mapping[str, Any]], everybody: Applicants) -> list[float]:
    scores = [0.0] * len(everybody.approved)
    for card in crossfit:
        rows = card["predicts_rows"]
        for row, value in zip(rows, score(card, everybody.only(rows).columns), strict=True):
            scores[row] = round(value, SCORE_DECIMALS)
    return scores


def _figures(everybody: Applicants, scores: list[float], predicted: list[int], gives: Source) -> Trained:
    applicants = len(predicted)
    of_race = Counter(everybody.race)
    approved = Counter(race for race, yes in zip(everybody.race, predicted, strict=True) if yes)
    return Trained(
        accuracy=sum(map(int.__eq__, predicted, everybody.approved)) / applicants,
        ranking=ranking(everybody.approved, scores),
        approved={race: approved[race] / of_race[race] for race in sorted(of_race)},
        turned_down=predicted.count(0),
        turned_down_then=everybody.approved.count(0),
        applicants=applicants,
        here=gives.trained_here,
        fitted_by=gives.fitted_by,
    )


def _weights(recipe: Recipe, applicants: Applicants) -> list[float]:
    """Return how much each applicant counts while fitting."""
    many = len(applicants.approved)
    outcomes = Counter(applicants.approved)
    if recipe.weighting == "balanced":
        return [0.5 * many / outcomes[outcome] for outcome in applicants.approved]
    races = Counter(applicants.race)
    pairs = list(zip(applicants.race, applicants.approved, strict=True))
    together = Counter(pairs)
    return [races[race] * outcomes[outcome] / (many * together[race, outcome]) for race, outcome in pairs]


def _write_json(target: Path, content: object) -> None:
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
