"""The two recipes of the story: what a scorecard is made of, before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assay.demo.applications import CREDIT, LINES, STAND_INS


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
