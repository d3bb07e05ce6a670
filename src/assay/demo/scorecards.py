"""A scorecard as plain numbers: how it is put together, and how it predicts. Plain arithmetic, no package."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, Any

from assay.demo.fitting import DECIMALS, Sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.demo.fitting import Source
    from assay.demo.recipes import Recipe

Column = list[float | None]


def build_scorecard(
    recipe: Recipe,
    columns: Mapping[str, Column],
    approved: Sequence[int],
    weights: Sequence[float],
    *,
    source: Source,
    part: int | None,
) -> dict[str, Any]:
    """Return a recipe's scorecard for a sample, as it is written to JSON.

    Args:
        recipe: what to fit.
        columns: the values of each feature; None where it is not known.
        approved: the outcome of each applicant.
        weights: how much each applicant counts.
        source: gives the coefficients.
        part: the fold that is not among these applicants; None when everybody is.
    """
    scales = {name: _scale(columns[name]) for name in recipe.features}
    standardised = [_standardised(columns[name], **scales[name]) for name in recipe.features]
    sample = Sample(part, list(zip(*standardised, strict=True)), approved, weights)
    coefficients = source.coefficients(recipe, sample)
    return {
        "version": recipe.version,
        "recipe": recipe.words,
        "score": "1 / (1 + exp(-(intercept + sum of weight * (value or fill - mean) / scale)))",
        "approved_from": recipe.threshold,
        "intercept": coefficients.intercept,
        "features": [
            {"name": name, "sql": sql, **scales[name], "weight": coefficients.weights[name]}
            for name, sql in recipe.features.items()
        ],
    }


def score(card: Mapping[str, Any], columns: Mapping[str, Column]) -> list[float]:
    """Return each applicant's probability of approval under a scorecard.

    Args:
        card: a scorecard.
        columns: the values of each of its features; None where it is not known.
    """
    terms = [
        [
            feature["weight"] * value
            for value in _standardised(columns[feature["name"]], feature["fill"], feature["mean"], feature["scale"])
        ]
        for feature in card["features"]
    ]
    return [1 / (1 + math.exp(-math.fsum((card["intercept"], *row)))) for row in zip(*terms, strict=True)]


def ranking(approved: Sequence[int], scores: Sequence[float]) -> float:
    """Return how often an approved applicant scores above one who was turned down; ties count half.

    The area under the ROC curve (Hanley and McNeil 1982, Radiology 143:29-36), from midranks.
    """
    order = sorted(range(len(scores)), key=lambda row: scores[row])
    ranks, start = 0.0, 0
    while start < len(order):
        end = start
        while end < len(order) and scores[order[end]] == scores[order[start]]:
            end += 1
        ranks += (start + 1 + end) / 2 * sum(approved[row] for row in order[start:end])
        start = end
    positives = sum(approved)
    return (ranks - positives * (positives + 1) / 2) / (positives * (len(scores) - positives))


def _scale(column: Column) -> dict[str, float]:
    """Return what standardises a feature: the median for what is not known, the mean and the deviation."""
    fill = median(value for value in column if value is not None)
    filled = [fill if value is None else value for value in column]
    mean = math.fsum(filled) / len(filled)
    variance = math.fsum((value - mean) ** 2 for value in filled) / len(filled)
    return {"fill": fill, "mean": round(mean, DECIMALS), "scale": round(math.sqrt(variance), DECIMALS)}


def _standardised(column: Column, fill: float, mean: float, scale: float) -> list[float]:
    return [((fill if value is None else value) - mean) / scale for value in column]
