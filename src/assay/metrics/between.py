"""Metrics between groups: greatest differences, least ratios, worst groups."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.metrics.intervals import extremes, mover, ratio
from assay.metrics.metric import Estimate, Metric, undefined
from assay.metrics.rates import NO_INTERVAL_WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.metrics.intervals.level import Level
    from assay.metrics.metric import Need
    from assay.records.measurement import Unit
    from assay.records.tally import Task

Kind: TypeAlias = Literal["difference", "ratio", "least", "greatest"]

_RATES = frozenset(
    {"selection_rate", "true_positive_rate", "false_positive_rate", "false_negative_rate", "precision", "accuracy"}
)
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


def compare(
    comparison: Comparison,
    table: Sequence[dict[str, Estimate]],
    name_of: Callable[[int], str],
    level: Level,
) -> Estimate:
    """Compare groups.

    Intervals. Two groups: the difference folds Newcombe's (or MOVER's) signed interval, the ratio folds Koopman's.
    More groups: the resampling distribution of the range, inverted (`intervals.extremes`). A worst group's limit on
    the worse side is the most extreme of the groups' limits, on the better side the inversion of the maximum.

    Args:
        comparison: which.
        table: the groups that take part, each with its metrics; at least two.
        name_of: a group's name, for reasons.
        level: of the interval.
    """
    columns = []
    for of in comparison.of:
        column = [row[of] for row in table]
        for number, estimate in enumerate(column):
            if estimate.value is None:
                words = of.replace("_", " ")
                return undefined(f"{words} of {name_of(number)} is undefined: {estimate.reason}", _people(column))
        columns.append(column)
    if comparison.kind == "difference":
        return _difference(comparison, columns, level)
    if comparison.kind == "ratio":
        return _ratio(comparison, columns, level)
    return _worst(comparison, columns[0], level)


def _people(column: Sequence[Estimate]) -> int:
    return sum(estimate.n for estimate in column)


def _values(column: Sequence[Estimate]) -> list[float]:
    return [estimate.value for estimate in column if estimate.value is not None]


def _sample(of: str, column: Sequence[Estimate], z: float, *, logs: bool = False) -> extremes.Sample:
    values = tuple(_values(column))
    if of == "false_negative_rate" and not logs:
        # The mirror of the true positive rate has the same range, and need not be worked out twice.
        values = tuple(_mirror(estimate) for estimate in column)
    if of in _RATES:
        return extremes.Sample(values, sizes=tuple(estimate.effective for estimate in column), logs=logs)
    widths = [((e.high or 0.0) - (e.low or 0.0)) / (2 * z) for e in column]
    least = max(1e-12, 1e-9 * max(widths))
    return extremes.Sample(values, errors=tuple(max(width, least) for width in widths))


def _mirror(estimate: Estimate) -> float:
    """Return 1 - rate, as the very number that counting the others gives where rows are not weighted."""
    rate = estimate.value or 0.0
    return 1 - rate if estimate.effective != estimate.n else (estimate.n - round(rate * estimate.n)) / estimate.n


def _no_interval(columns: Sequence[Sequence[Estimate]]) -> str | None:
    for column in columns:
        for estimate in column:
            if estimate.low is None or estimate.high is None:
                return estimate.method or NO_INTERVAL_WEIGHTED
            if estimate.high == inf:
                return "no interval: a group's own interval has no end"
    return None


def _ends(values: Sequence[float]) -> tuple[int, int]:
    return values.index(min(values)), values.index(max(values))


def _difference(comparison: Comparison, columns: list[list[Estimate]], level: Level) -> Estimate:
    gaps = [max(values) - min(values) for values in map(_values, columns)]
    value = max(gaps)
    widest = columns[gaps.index(value)]
    lowest, highest = _ends(_values(widest))
    people = max(map(_people, columns))
    bounds = [widest[end].bound or 0.0 for end in (lowest, highest)]
    bound = sum(bounds) if any(bounds) else None
    reason = _no_interval(columns)
    if reason is not None:
        return Estimate(value, None, None, people, reason, None, 0.0, bound, lowest, highest)
    if len(widest) == 2 and len(columns) == 1:  # noqa: PLR2004 - two groups have a closed form
        a, b = widest[highest], widest[1 - highest]
        signed = mover.difference(_three(a), _three(b))
        low, high = mover.fold(*signed)
        method = mover.METHOD if comparison.of[0] in _RATES else mover.GENERAL
    else:
        samples = tuple(_sample(of, column, level.z) for of, column in zip(comparison.of, columns, strict=True))
        low, high = extremes.range_interval(samples, level.z)
        method = extremes.METHOD
    low, high = min(low, value), max(min(high, comparison.metric.high), value)
    return Estimate(value, low, high, people, method, None, 0.0, bound, lowest, highest)


def _three(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value or 0.0, estimate.low or 0.0, estimate.high or 0.0


def _ratio(comparison: Comparison, columns: list[list[Estimate]], level: Level) -> Estimate:
    people = max(map(_people, columns))
    ratios = []
    for of, column in zip(comparison.of, columns, strict=True):
        values = _values(column)
        if max(values) <= 0:
            return undefined(f"{of.replace('_', ' ')} is 0 in every group: 0 / 0", people)
        ratios.append(min(values) / max(values))
    value = min(ratios)
    least = columns[ratios.index(value)]
    lowest, highest = _ends(_values(least))
    reason = _no_interval(columns)
    if reason is not None:
        return Estimate(value, None, None, people, reason, None, 0.0, None, lowest, highest)
    z = level.z
    if value <= 0 or (len(least) == 2 and len(columns) == 1):  # noqa: PLR2004 - two groups have a closed form
        low, high = _folded_ratio(least, highest, z)
        method = ratio.METHOD
    else:
        samples = tuple(_sample(of, column, z, logs=True) for of, column in zip(comparison.of, columns, strict=True))
        least_log, greatest_log = extremes.range_interval(samples, z)
        low, high = exp(-greatest_log), exp(-least_log)
        method = extremes.METHOD
    low, high = min(low, value), max(min(high, 1.0), value)
    return Estimate(value, low, high, people, method, None, 0.0, None, lowest, highest)


def _folded_ratio(column: list[Estimate], highest: int, z: float) -> tuple[float, float]:
    """Return the interval of the least ratio; of several groups with a rate of 0 the one that says least counts."""
    top = column[highest]
    low, high = 1.0, 0.0
    least = min(_values(column))
    for number, estimate in enumerate(column):
        if number == highest or estimate.value != least:
            continue
        here = ratio.koopman(
            least * estimate.effective, estimate.effective, (top.value or 0.0) * top.effective, top.effective, z
        )
        folded = ratio.fold(*here)
        low, high = min(low, folded[0]), max(high, folded[1])
    return low, high


def _worst(comparison: Comparison, column: list[Estimate], level: Level) -> Estimate:
    least = comparison.kind == "least"
    values = _values(column)
    lowest, highest = _ends(values)
    value = values[lowest if least else highest]
    people = _people(column)
    bound = column[lowest if least else highest].bound
    reason = _no_interval([column])
    if reason is not None:
        return Estimate(value, None, None, people, reason, None, 0.0, bound, lowest, highest)
    rate = comparison.of[0] in _RATES
    sizes = tuple(estimate.effective for estimate in column)
    sample = extremes.Sample(tuple(values), sizes) if rate else _sample(comparison.of[0], column, level.z)
    # The least value is the greatest one of the mirrored values.
    centre = 1.0 if sample.sizes is not None else 0.0
    if least:
        mirrored = tuple(centre - each for each in sample.values)
        limit = centre - extremes.worst_limit(
            extremes.Sample(mirrored, sizes=sample.sizes, errors=sample.errors), level.z
        )
        low, high = min(estimate.low or 0.0 for estimate in column), limit
    else:
        limit = extremes.worst_limit(sample, level.z)
        low, high = limit, max(estimate.high or 0.0 for estimate in column)
    low, high = max(comparison.metric.low, min(low, value)), min(comparison.metric.high, max(high, value))
    method = "most extreme group limit; inversion of the maximum on the better side"
    return Estimate(value, low, high, people, method, None, 0.0, bound, lowest, highest)
