"""Where a scorecard's coefficients come from: fitted here with scikit-learn, or recorded when it fitted them.

Folds and coefficients are all that scikit-learn gives; what is fitted on, and every prediction, is computed in
`scorecards.py` and `training.py`, the same way from either source. `tools/make_scorecards.py` writes the record.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.demo.recipes import Recipe

RECORD = "scorecards.json"
FOLDS = 10
SEED = 1990
DECIMALS = 9
"""Coefficients are kept to this; the fit is carried on until they are settled beyond it, so that machines agree."""


@dataclass(frozen=True)
class Sample:
    """What a scorecard is fitted on.

    Attributes:
        part: the fold that is left out; None when nobody is.
        standardised: one row of feature values an applicant, each feature with mean 0 and deviation 1.
        approved: the outcome of each row, 0 or 1.
        weights: how much each row counts.
    """

    part: int | None
    standardised: Sequence[Sequence[float]]
    approved: Sequence[int]
    weights: Sequence[float]


@dataclass(frozen=True)
class Coefficients:
    """A fitted logistic regression: its intercept, and the weight of each standardised feature by name."""

    intercept: float
    weights: dict[str, float]


class Source(Protocol):
    """Gives folds and coefficients."""

    trained_here: bool
    fitted_by: str

    def folds(self, approved: Sequence[int]) -> list[int]:
        """Return the fold of each applicant, 0 to 9, with the outcomes spread evenly over the folds."""

    def coefficients(self, recipe: Recipe, sample: Sample) -> Coefficients:
        """Return a recipe's coefficients on a sample, rounded to nine decimals."""


class Fitted:
    """Fits with scikit-learn."""

    trained_here = True

    def __init__(self) -> None:
        from sklearn import __version__  # noqa: PLC0415 - the demo extra

        self.fitted_by = f"scikit-learn {__version__}"

    def folds(self, approved: Sequence[int]) -> list[int]:
        """Return the fold of each applicant."""
        from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415 - the demo extra

        fold_of = [0] * len(approved)
        splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
        for fold, (_learnt_from, left_out) in enumerate(splitter.split([[0.0]] * len(approved), approved)):
            for row in left_out.tolist():
                fold_of[row] = fold
        return fold_of

    def coefficients(self, recipe: Recipe, sample: Sample) -> Coefficients:
        """Fit the recipe (L2 penalty, C = 1) by Newton's method, to the last decimal that is kept and beyond."""
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - the demo extra

        fitted = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=100).fit(
            sample.standardised, sample.approved, sample_weight=sample.weights
        )
        weights = fitted.coef_[0].tolist()
        return Coefficients(
            intercept=round(float(fitted.intercept_[0]), DECIMALS),
            weights={name: round(weight, DECIMALS) for name, weight in zip(recipe.features, weights, strict=True)},
        )


class Recorded:
    """Gives what scikit-learn fitted when the record was made, for the shipped table and the two recipes."""

    trained_here = False

    def __init__(self) -> None:
        record: dict[str, Any] = json.loads((resources.files("assay.demo") / RECORD).read_bytes())
        self.fitted_by: str = record["fitted_by"]
        self._folds: str = record["folds"]
        self._versions: dict[str, Any] = record["versions"]

    def folds(self, approved: Sequence[int]) -> list[int]:
        """Return the fold of each applicant.

        Raises:
            ValueError: when these are not as many applicants as the record was made for.
        """
        if len(approved) != len(self._folds):
            raise ValueError(f"the recorded scorecards are of {len(self._folds)} applicants, not of {len(approved)}")
        return [int(fold) for fold in self._folds]

    def coefficients(self, recipe: Recipe, sample: Sample) -> Coefficients:
        """Return what was fitted on the same part."""
        found = self._versions[recipe.version]
        kept = found["everybody"] if sample.part is None else found["without_fold"][sample.part]
        return Coefficients(kept["intercept"], {name: kept["weights"][name] for name in recipe.features})


def source() -> Source:
    """Return scikit-learn where it can be imported, else the record."""
    try:
        return Fitted()
    except ImportError:
        return Recorded()  # the story says so, and how to train here
