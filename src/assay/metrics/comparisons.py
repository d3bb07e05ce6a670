"""The written list of metrics between groups."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.metrics.metric import Metric

if TYPE_CHECKING:
    from assay.metrics.metric import Need
    from assay.records.measurement import Unit
    from assay.records.tally import Task

Kind: TypeAlias = Literal["difference", "ratio", "least", "greatest"]

_WORDS = {
    "difference": "greatest difference between two groups in",
    "ratio": "least over greatest group's",
    "least": "the worst group's",
    "greatest": "the worst group's",
}
_FORMULAS = {
    "difference": "max over groups - min over groups of {}",
    "ratio": "min over groups / max over groups of {}",
    "least": "min over groups of {}",
    "greatest": "max over groups of {}",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A metric between groups.

    Attributes:
        metric: what it is.
        kind: how the groups' values are compared.
        of: the groups' metrics that are compared; of several the worst counts.
    """

    metric: Metric
    kind: Kind
    of: tuple[str, ...]


def _comparison(
    name: str,
    kind: Kind,
    of: str | tuple[str, ...],
    source: str,
    *,
    needs: tuple[Need, ...] = ("label", "prediction"),
    tasks: tuple[Task, ...] = ("binary", "multiclass"),
    high: float = 1.0,
    per_class: bool = True,
    unit: Unit | None = None,
) -> Comparison:
    names = (of,) if isinstance(of, str) else of
    words = " or ".join(part.replace("_", " ") for part in names)
    formula = _FORMULAS[kind].format(names[0])
    if len(names) > 1:
        formula = f"{'max' if kind == 'difference' else 'min'} of both: " + _FORMULAS[kind].format(words)
    return Comparison(
        Metric(
            name=name,
            title=f"{_WORDS[kind]} {words}",
            unit=unit or ("difference" if kind == "difference" else "ratio" if kind == "ratio" else "rate"),
            scope="between",
            needs=needs,
            tasks=tasks,
            higher_is_better=kind in {"ratio", "least"},
            high=high,
            formula=formula,
            source=source,
            per_class=per_class,
        ),
        kind,
        names,
    )


_FAIRLEARN = "Fairlearn 0.15, fairlearn.metrics.{}, worst case"
_HARDT = "Hardt, Price and Srebro (2016), NeurIPS 29; " + _FAIRLEARN
_BOTH = ("true_positive_rate", "false_positive_rate")
_SCORE: tuple[Need, ...] = ("label", "score")
_WORST = "Sagawa et al. (2020), ICLR, section 2 (worst-group performance)"
_BERK = "Berk et al. (2021), Sociological Methods and Research 50:3-44, section 3"

COMPARISONS = (
    _comparison(
        "demographic_parity_difference",
        "difference",
        "selection_rate",
        _FAIRLEARN.format("demographic_parity_difference"),
        needs=("prediction",),
    ),
    _comparison(
        "demographic_parity_ratio",
        "ratio",
        "selection_rate",
        _FAIRLEARN.format("demographic_parity_ratio"),
        needs=("prediction",),
    ),
    _comparison(
        "equal_opportunity_difference",
        "difference",
        "true_positive_rate",
        _HARDT.format("equal_opportunity_difference"),
    ),
    _comparison("equal_opportunity_ratio", "ratio", "true_positive_rate", _HARDT.format("equal_opportunity_ratio")),
    _comparison("equalized_odds_difference", "difference", _BOTH, _HARDT.format("equalized_odds_difference")),
    _comparison("equalized_odds_ratio", "ratio", _BOTH, _HARDT.format("equalized_odds_ratio")),
    _comparison(
        "predictive_parity_difference",
        "difference",
        "precision",
        "Chouldechova (2017), Big Data 5:153-163, definition 2",
    ),
    _comparison("false_positive_rate_difference", "difference", "false_positive_rate", _BERK),
    _comparison("false_negative_rate_difference", "difference", "false_negative_rate", _BERK),
    _comparison("accuracy_difference", "difference", "accuracy", _BERK, per_class=False),
    _comparison(
        "treatment_equality_difference",
        "difference",
        "treatment_equality",
        f"{_BERK}: false negatives over false positives",
        high=inf,
        tasks=("binary",),
        per_class=False,
    ),
    _comparison(
        "calibration_gap",
        "difference",
        "calibration_in_the_large",
        "Pleiss et al. (2017), NeurIPS 30, section 2; the gap of mean score and base rate, compared over groups",
        needs=_SCORE,
        tasks=("binary",),
        high=2.0,
        per_class=False,
    ),
    _comparison(
        "roc_auc_difference",
        "difference",
        "roc_auc",
        "Borkan et al. (2019), WWW Companion, pages 491-500 (subgroup AUC)",
        needs=_SCORE,
        tasks=("binary",),
        per_class=False,
    ),
    _comparison("worst_group_accuracy", "least", "accuracy", _WORST, per_class=False),
    _comparison("worst_group_true_positive_rate", "least", "true_positive_rate", _WORST),
    _comparison("worst_group_false_positive_rate", "greatest", "false_positive_rate", _WORST),
    _comparison("worst_group_false_negative_rate", "greatest", "false_negative_rate", _WORST),
    _comparison("worst_group_precision", "least", "precision", _WORST),
    _comparison("worst_group_f1", "least", "f1", _WORST, unit="score"),
    _comparison(
        "worst_group_roc_auc",
        "least",
        "roc_auc",
        _WORST,
        needs=_SCORE,
        tasks=("binary",),
        per_class=False,
        unit="score",
    ),
    _comparison(
        "worst_group_brier_score",
        "greatest",
        "brier_score",
        _WORST,
        needs=_SCORE,
        tasks=("binary",),
        per_class=False,
        unit="score",
    ),
    _comparison(
        "mean_absolute_error_difference",
        "difference",
        "mean_absolute_error",
        "Agarwal, Dudik and Wu (2019), ICML, section 2 (bounded group loss)",
        tasks=("regression",),
        high=inf,
        per_class=False,
    ),
    _comparison(
        "root_mean_squared_error_difference",
        "difference",
        "root_mean_squared_error",
        "Agarwal, Dudik and Wu (2019), ICML, section 2 (bounded group loss)",
        tasks=("regression",),
        high=inf,
        per_class=False,
    ),
    _comparison(
        "mean_error_difference",
        "difference",
        "mean_error",
        "Calders et al. (2013), ICDM, pages 71-80 (mean difference of residuals)",
        tasks=("regression",),
        high=inf,
        per_class=False,
    ),
    _comparison(
        "worst_group_mean_absolute_error",
        "greatest",
        "mean_absolute_error",
        _WORST,
        tasks=("regression",),
        high=inf,
        per_class=False,
        unit="score",
    ),
)

METRICS = tuple(comparison.metric for comparison in COMPARISONS)
