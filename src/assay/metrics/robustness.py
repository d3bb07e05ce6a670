"""Robustness: how many decisions change when the rows are changed, where the predictions err most, what evades them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from assay.metrics.intervals.clopper_pearson import METHOD as EXACT
from assay.metrics.intervals.clopper_pearson import clopper_pearson
from assay.metrics.intervals.level import at_level
from assay.metrics.intervals.wilson import wilson
from assay.metrics.metric import INFINITY, Metric
from assay.metrics.observing import observe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.metrics.intervals.level import Level
    from assay.records.measurement import Measurement, Unit
    from assay.records.probe_counts import Evasion, Flips, ProbeCounts, Slices

_CHANGED = "decisions that change / rows answered before and after"
_UNANSWERED = "rows without an answer / rows asked"
_SOURCE = "a share of rows; Clopper and Pearson 1934, Biometrika 26:404-413, for its interval"


def _of_rows(  # noqa: PLR0917 - a row of the table below
    name: str, title: str, formula: str, source: str = _SOURCE, unit: Unit = "rate", high: float = 1.0,
    higher_is_better: bool = False, low: float = 0.0,
) -> Metric:  # fmt: skip
    return Metric(
        name=name, title=title, unit=unit, scope="observed", higher_is_better=higher_is_better, low=low, high=high,
        formula=formula, source=source,
    )  # fmt: skip


AGREEMENT = _of_rows(
    "prediction_agreement", "share of rows on which the model that was asked decides as the recorded prediction says",
    "rows with the same decision / rows with both", higher_is_better=True,
)  # fmt: skip
NOISE = _of_rows("noise_flip_rate", "share of decisions that change under noise on the numeric features", _CHANGED)
MISSING = _of_rows("missing_flip_rate", "share of decisions that change when a feature is missing", _CHANGED)
MISSING_FAILURE = _of_rows(
    "missing_failure_rate", "share of rows that get no answer when a feature is missing", _UNANSWERED
)
RANGE = _of_rows("range_flip_rate", "share of decisions that change when a feature is out of range", _CHANGED)
RANGE_FAILURE = _of_rows(
    "range_failure_rate", "share of rows that get no answer when a feature is out of range", _UNANSWERED
)
COUNTERFACTUAL = _of_rows(
    "counterfactual_flip_rate", "share of decisions that change with the protected attribute or its stand-ins",
    _CHANGED, "Kusner et al. 2017, Counterfactual Fairness, NeurIPS, definition 5 (a direct effect)",
)  # fmt: skip
WORST = _of_rows(
    "worst_slice_error_gap", "error rate of the worst slice, minus that of all other rows",
    "errors / rows in the slice - errors / rows outside of it, of the slice with the greatest lower limit",
    "Chung et al. 2019, Slice Finder, ICDE, section 3; Newcombe 1998, Statistics in Medicine "
    "17:873-890, method 10, at Bonferroni's level", "difference", low=-1.0,
)  # fmt: skip
EVASION = _of_rows(
    "evasion_success_rate", "share of rows whose decision an attack turns by a small change",
    "rows turned / rows attacked",
    "Nicolae et al. 2018, Adversarial Robustness Toolbox, arXiv:1807.01069; " + _SOURCE,
)  # fmt: skip
DISTANCE = _of_rows(
    "evasion_distance", "median of the smallest changes that turn a decision, in standard deviations",
    "median over rows attacked; rows that no change turned count as farther than every other",
    "Chen, Jordan and Wainwright 2020, HopSkipJumpAttack, IEEE S&P, section V (median distance); interval of a median: "
    "Thompson 1936, Annals of Mathematical Statistics 7:122-128", "score", INFINITY, higher_is_better=True,
)  # fmt: skip

METRICS = (
    AGREEMENT, NOISE, MISSING, MISSING_FAILURE, RANGE, RANGE_FAILURE, COUNTERFACTUAL, WORST, EVASION, DISTANCE,
)  # fmt: skip

PROBES = {
    "noise": (NOISE,),
    "missing": (MISSING, MISSING_FAILURE),
    "range": (RANGE, RANGE_FAILURE),
    "counterfactual": (COUNTERFACTUAL,),
    "slices": (WORST,),
    "evasion": (EVASION, DISTANCE),
}
"""Probe to its metrics."""


def measure_robustness(counts: ProbeCounts, *, level: float = 0.95) -> tuple[Measurement, ...]:
    """Measure what probing a model came to.

    Args:
        counts: of everything probed.
        level: two-sided confidence of the intervals.
    """
    at = at_level(level)
    found: list[Measurement] = []
    if counts.reason is not None:
        asked = [metric for probe in counts.asked for metric in PROBES[probe] if metric is not WORST]
        found += [observe(metric, None, 0, level=at, reason=counts.reason) for metric in (AGREEMENT, *asked)]
    elif counts.compared:
        found.append(_exact(AGREEMENT, counts.agreed, counts.compared, at))
    else:
        told = "no row has both a recorded prediction and an answer"
        found.append(observe(AGREEMENT, None, 0, level=at, reason=told))
    for flips in counts.flips:
        found += _flips(flips, at)
    if counts.slices is not None:
        found.append(_worst(counts.slices, at))
    for attack in counts.evasions:
        found += _evasion(attack, at)
    return tuple(found)


def _exact(
    metric: Metric,
    part: int,
    rows: int,
    level: Level,
    *,
    remark: str = "",
    **more: Any,  # noqa: ANN401 - the measurement's own fields
) -> Measurement:
    method = f"{EXACT}; {remark}" if remark else EXACT
    return observe(
        metric, part / rows, rows, level=level, interval=clopper_pearson(part, rows, level.level), method=method, **more
    )


def _flips(flips: Flips, level: Level) -> Iterator[Measurement]:
    changed, *failure = PROBES[flips.probe]
    about, group = flips.about or None, flips.group or None
    answered = flips.tried - flips.failed
    told = "; ".join(part for part in (flips.partial, flips.why) if part) or None
    if flips.exact:
        yield observe(
            changed, 0.0, flips.tried, level=level, interval=(0.0, 0.0), method=flips.exact, about=about, group=group
        )
    elif flips.reason is not None or not answered:
        reason = flips.reason or f"the model gave no answer to any of {flips.tried:,} rows ({flips.why})"
        yield observe(changed, None, answered, level=level, about=about, group=group, reason=reason)
    else:
        yield _exact(changed, flips.changed, answered, level, about=about, group=group, reason=told)
    for metric in failure:
        if flips.tried:
            yield _exact(metric, flips.failed, flips.tried, level, about=about, group=group, reason=told)
        else:
            yield observe(metric, None, 0, level=level, about=about, group=group, reason=flips.reason)


def _worst(slices: Slices, level: Level) -> Measurement:
    """Measure the worst of many slices: limits at Bonferroni's level, so that they hold for all slices at once.

    The lower limit is the greatest of all lower limits, the upper one the greatest of all upper limits: both bound the
    gap of the slice that is truly worst among those looked at.
    """
    if slices.reason is not None:
        return observe(WORST, None, slices.rows, level=level, reason=slices.reason)
    shared = at_level(1 - (1 - level.level) / len(slices.slices))
    limits = []
    for one in slices.slices:
        others, wrong = slices.rows - one.rows, slices.errors - one.errors
        limits.append((*_difference(one.errors, one.rows, wrong, others, shared.z), one))
    low, _, gap, worst = max(limits, key=lambda found: (found[0], found[2], found[3].name))
    high = max(upper for _, upper, _, _ in limits)
    method = (
        f"Newcombe's method 10 at Bonferroni's level over {len(slices.slices):,} slices of {slices.smallest:,} rows or "
        f"more; {worst.errors:,} of {worst.rows:,} predictions in the slice are wrong"
    )
    about = {"slice": worst.name}
    return observe(WORST, gap, worst.rows, level=level, interval=(low, high), method=method, about=about)


def _difference(x1: int, n1: int, x2: int, n2: int, z: float) -> tuple[float, float, float]:
    """Return limits and value of the difference of two proportions (Newcombe 1998, method 10)."""
    p1, p2 = x1 / n1, x2 / n2
    (l1, u1), (l2, u2) = wilson(p1, n1, z), wilson(p2, n2, z)
    gap = p1 - p2
    return gap - math.hypot(p1 - l1, u2 - p2), gap + math.hypot(u1 - p1, p2 - l2), gap


def _evasion(attack: Evasion, level: Level) -> Iterator[Measurement]:
    asked = f"{attack.queries:,} questions a row"
    within = f"{attack.attack} within {attack.within:g} sd and {asked}"
    for metric, about in ((EVASION, {"attack": within}), (DISTANCE, {"attack": f"{attack.attack} with {asked}"})):
        if attack.reason is not None:
            yield observe(metric, None, 0, level=level, about=about, reason=attack.reason)
        elif metric is EVASION:
            turned = sum(one is not None and one <= attack.within for one in attack.distances)
            rows, told = len(attack.distances), attack.partial or None
            yield _exact(metric, turned, rows, level, remark=attack.made_by, about=about, reason=told)
        else:
            yield _median(attack, level, about)


def _median(attack: Evasion, level: Level, about: dict[str, str]) -> Measurement:
    """Measure the median distance; its interval is between two order statistics, by the binomial of one half."""
    ordered: Sequence[float] = sorted(math.inf if one is None else one for one in attack.distances)
    n = len(ordered)
    median = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    rank = _rank(n, level.level)
    if not math.isfinite(median):
        none = sum(one is None for one in attack.distances)
        told = (
            f"{attack.attack} found no change at all for {none:,} of {n:,} rows, so the median is beyond what it found"
        )
        return observe(DISTANCE, None, n, level=level, about=about, reason=told)
    method = f"order statistics (Thompson 1936); {attack.made_by}"
    if rank is None or not math.isfinite(ordered[n - 1 - rank]):
        told = f"none: {n:,} rows and the changes found are too few for an interval of the median"
        return observe(DISTANCE, median, n, level=level, about=about, method=told)
    return observe(
        DISTANCE, median, n, level=level, about=about, interval=(ordered[rank], ordered[n - 1 - rank]), method=method
    )


def _rank(n: int, level: float) -> int | None:
    """Return how many order statistics may be left out at each end; None when even all of them are too few."""
    tail, below, rank = (1 - level) / 2, 0.0, None
    for left_out in range(n // 2):
        below += math.comb(n, left_out) / 2**n
        if below > tail:
            break
        rank = left_out
    return rank
