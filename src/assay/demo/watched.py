"""The demonstration's training, on record: what the recipe's honest predictions come to goes through the monitor.

A logistic regression has no rounds to stop at: it is watched once, when it is fitted.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from assay.adapters.fairness_monitor import FairnessMonitor
from assay.demo.applications import read_columns
from assay.demo.cast import AUTHOR
from assay.errors import TrainingWarning

if TYPE_CHECKING:
    from pathlib import Path

    from assay.demo.recipes import Recipe
    from assay.demo.training import Trained


def record_training(folder: Path, recipe: Recipe, trained: Trained) -> str:
    """Watch a version that was fitted here and now, record the run, and return what it came to.

    Args:
        folder: the project, with predictions and model written.
        recipe: what was fitted.
        trained: what fitting left.
    """
    names = {"approved": "approved", "score": "p_approved", "race": "race", "sex": "sex"}
    people = read_columns(folder / "data" / "test.parquet", names)
    watch = FairnessMonitor(
        people["approved"],
        {"race": people["race"], "sex": people["sex"]},
        project=folder,
        threshold=recipe.threshold,
        hyperparameters={
            "weighting": recipe.weighting, "threshold": recipe.threshold, "features": ",".join(recipe.features),
            "fitted_by": trained.fitted_by,
        },
        key=AUTHOR,
    )  # fmt: skip
    with warnings.catch_warnings(), watch:
        warnings.simplefilter("ignore", TrainingWarning)  # the story tells it in its own words
        step = watch.step(people["score"])
        watch.produced(folder / "model")
    return step.status
