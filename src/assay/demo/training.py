"""Two recipes for a scorecard of mortgage applications, fitted and cross-fitted with scikit-learn.

A recipe is a logistic regression over named features. Nobody is judged by a scorecard that was fitted on them: the
applicants are split in ten, and each tenth is predicted by the recipe fitted on the other nine (cross-fitting). Every
applicant so has one honest prediction, and the sample that is measured is as large as the study. The scorecard in
`model/scorecard.json` is the recipe fitted on everybody: the one that would be put to work. The ten others are kept
beside it in `model/crossfit.json`, so that every prediction can be computed again without scikit-learn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from assay.demo.applications import CREDIT, LINES, STAND_INS, read_columns, write_predictions
from assay.errors import MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

FOLDS = 10
SEED = 1990
SCORE_DECIMALS = 4


@dataclass(frozen=True)
class Recipe:
    """How a scorecard is made.

    Attributes:
        version: of the model.
        words: the recipe in one sentence, kept in the model's file.
        features: name to SQL over the table of applications.
        weighting: ``balanced`` lets the denied count as much as the approved; ``reweighed`` lets race and outcome
            be independent in the weighted sample (Kamiran and Calders 2012, "Data preprocessing techniques for
            classification without discrimination", Knowledge and Information Systems 33(1), section 4.3). Race is
            used while fitting only; no scorecard asks for it.
        threshold: approved from this score on.
    """

    version: str
    words: str
    features: dict[str, str]
    weighting: Literal["balanced", "reweighed"]
    threshold: float = 0.5


RECIPES = (
    Recipe(
        version="1",
        words="logistic regression on everything the file holds, denials weighted up to the number of approvals",
        features={**CREDIT, **STAND_INS},
        weighting="balanced",
    ),
    Recipe(
        version="2",
        words="logistic regression on debt, income and repayment alone, reweighed so that race and outcome are "
        "independent in what it learns from",
        features={**CREDIT, **LINES},
        weighting="reweighed",
    ),
)


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
    """

    accuracy: float
    ranking: float
    approved: dict[str, float]
    turned_down: int
    turned_down_then: int
    applicants: int


def check_installed() -> None:
    """Check that scikit-learn is there, before anything is written.

    Raises:
        MissingExtraError: when it is not.
    """
    try:
        import sklearn  # noqa: F401, PLC0415 - the demo extra
    except ImportError:
        raise MissingExtraError("scikit-learn", "demo") from None


def train(recipe: Recipe, table: Path, model_folder: Path, predictions: Path) -> Trained:
    """Cross-fit a recipe; write its scorecards as JSON and everybody's prediction as Parquet.

    Args:
        recipe: what to fit.
        table: the applications, as shipped.
        model_folder: gets ``scorecard.json`` and ``crossfit.json``.
        predictions: the Parquet file to write: approved, predicted, p_approved, race, sex.

    Raises:
        MissingExtraError: when scikit-learn is not installed.
    """
    check_installed()
    import numpy as np  # noqa: PLC0415 - comes with scikit-learn
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - the demo extra
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415 - the demo extra

    people = read_columns(table, {"approved": "approved", "race": "race", "sex": "sex"})
    columns = read_columns(table, {name: f"({sql})::DOUBLE" for name, sql in recipe.features.items()})
    rows = np.array(list(columns.values()), dtype=float).T
    approved, race = np.array(people["approved"]), np.array(people["race"])
    weights = _weights(recipe, approved, race)
    scores = np.zeros(len(approved))
    crossfit = []
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(rows, approved)
    for learnt_from, left_out in folds:
        card = _fit(recipe, rows[learnt_from], approved[learnt_from], weights(learnt_from))
        scores[left_out] = _scores(card, rows[left_out])
        crossfit.append({"predicts_rows": left_out.tolist(), **card})
    everybody = np.arange(len(approved))
    model_folder.mkdir(parents=True, exist_ok=True)
    _write_json(model_folder / "scorecard.json", _fit(recipe, rows, approved, weights(everybody)))
    _write_json(model_folder / "crossfit.json", crossfit)
    scores = scores.round(SCORE_DECIMALS)
    predicted = (scores >= recipe.threshold).astype(int)
    write_predictions(
        predictions,
        {
            "approved": ("TINYINT", people["approved"]),
            "predicted": ("TINYINT", predicted.tolist()),
            "p_approved": ("DOUBLE", scores.tolist()),
            "race": ("VARCHAR", people["race"]),
            "sex": ("VARCHAR", people["sex"]),
        },
    )
    return Trained(
        accuracy=float((predicted == approved).mean()),
        ranking=float(roc_auc_score(approved, scores)),
        approved={name: float(predicted[race == name].mean()) for name in sorted(set(people["race"]))},
        turned_down=int((predicted == 0).sum()),
        turned_down_then=int((approved == 0).sum()),
        applicants=len(approved),
    )


def _weights(recipe: Recipe, approved: Any, race: Any) -> Any:  # noqa: ANN401 - numpy arrays
    """Return a function from row numbers to their weights while fitting."""
    import numpy as np  # noqa: PLC0415 - comes with scikit-learn

    def weigh(rows: Any) -> Any:  # noqa: ANN401 - numpy arrays
        outcome = approved[rows]
        if recipe.weighting == "balanced":
            shares = {value: (outcome == value).mean() for value in (0, 1)}
            return np.array([0.5 / shares[value] for value in outcome])
        group = race[rows]
        expected = {(g, v): (group == g).mean() * (outcome == v).mean() for g in set(group) for v in (0, 1)}
        found = {(g, v): ((group == g) & (outcome == v)).mean() for g, v in expected}
        return np.array([expected[pair] / found[pair] for pair in zip(group, outcome, strict=True)])

    return weigh


def _fit(recipe: Recipe, rows: Any, approved: Any, weights: Any) -> dict[str, Any]:  # noqa: ANN401 - numpy arrays
    """Fit the recipe; return the scorecard as plain numbers."""
    import numpy as np  # noqa: PLC0415 - comes with scikit-learn
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - the demo extra

    fill = np.nanmedian(rows, axis=0)
    filled = np.where(np.isnan(rows), fill, rows)
    mean, scale = filled.mean(axis=0), filled.std(axis=0)
    fitted = LogisticRegression(max_iter=1000).fit((filled - mean) / scale, approved, sample_weight=weights)
    return {
        "version": recipe.version,
        "recipe": recipe.words,
        "score": "1 / (1 + exp(-(intercept + sum of weight * (value or fill - mean) / scale)))",
        "approved_from": recipe.threshold,
        "intercept": round(float(fitted.intercept_[0]), 9),
        "features": [
            {"name": name, "sql": sql, "fill": f, "mean": m, "scale": s, "weight": w}
            for (name, sql), f, m, s, w in zip(
                recipe.features.items(),
                fill.tolist(),
                mean.round(9).tolist(),
                scale.round(9).tolist(),
                fitted.coef_[0].round(9).tolist(),
                strict=True,
            )
        ],
    }


def _scores(card: dict[str, Any], rows: Any) -> Any:  # noqa: ANN401 - numpy arrays
    """Return each row's probability of approval under a scorecard."""
    import numpy as np  # noqa: PLC0415 - comes with scikit-learn

    fill, mean, scale, weight = (
        np.array([feature[key] for feature in card["features"]]) for key in ("fill", "mean", "scale", "weight")
    )
    points = (np.where(np.isnan(rows), fill, rows) - mean) / scale @ weight + card["intercept"]
    return 1 / (1 + np.exp(-points))


def _write_json(target: Path, content: object) -> None:
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
