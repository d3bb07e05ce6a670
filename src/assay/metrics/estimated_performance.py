"""Performance without labels: the confusion that calibrated scores lead one to expect (CBPE).

Each served row's score is read as a probability by the calibration that the release's labelled rows show (isotonic,
each group by its own rows); the expected confusion matrix follows by adding up. Sources: Guillory et al. (2021),
"Predicting with Confidence on Unseen Distributions", ICCV; Kivimaki, Bialek, Nurminen and Kuberski (2025),
"Confidence-based Estimators for Predictive Performance in Model Monitoring", Journal of Artificial Intelligence
Research 82, section 3 (https://arxiv.org/abs/2407.08649). It holds while a score means what it meant at the release:
concept drift is what it cannot see, so labels that have come and contradict it take its value away.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from assay.metrics.metric import Metric
from assay.metrics.observing import observe
from assay.metrics.score_points import all_exact, incomparable, score_points

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.metrics.intervals.level import Level
    from assay.metrics.score_points import Points
    from assay.records.measurement import Measurement
    from assay.records.tally import ClassValue, GroupValue, Tally

LEAST = 50
"""Labelled rows that a calibration needs."""

OUTSIDE = 0.05
"""A greater share of scores beyond those of the release leaves too much to guess."""

METHOD = (
    "confidence-based (CBPE) by isotonic calibration at the release; normal, with the spread of labels and of the "
    "calibration; holds while scores mean what they meant: it cannot see concept drift"
)


class _Term(NamedTuple):
    """Numerator and denominator of a metric: a part for each row predicted 0 or 1, and one for each positive label."""

    rows: tuple[int, int]
    positives: tuple[int, int]


_OF = {
    "accuracy": (_Term((1, 0), (-1, 1)), _Term((1, 1), (0, 0))),
    "true_positive_rate": (_Term((0, 0), (0, 1)), _Term((0, 0), (1, 1))),
    "false_positive_rate": (_Term((0, 1), (0, -1)), _Term((1, 1), (-1, -1))),
    "precision": (_Term((0, 0), (0, 1)), _Term((0, 1), (0, 0))),
    "base_rate": (_Term((0, 0), (1, 1)), _Term((1, 1), (0, 0))),
}
_METRICS = {
    name: Metric(
        name=f"estimated_{name}", title=f"{name.replace('_', ' ')} as calibrated scores lead one to expect it",
        unit="rate", scope="observed", needs=("prediction", "score"),
        higher_is_better={"accuracy": True, "precision": True, "true_positive_rate": True,
                          "false_positive_rate": False}.get(name),
        formula=f"{name} of the expected confusion matrix",
        source="Guillory et al. 2021, ICCV; Kivimaki et al. 2025, Journal of Artificial Intelligence Research 82",
    )
    for name in _OF
}  # fmt: skip
METRICS = tuple(_METRICS.values())


class _Block(NamedTuple):
    """Scores of one calibrated rate: up to which score, the rate, and the labelled rows behind it."""

    end: float
    rate: float
    rows: int


@dataclass(frozen=True, slots=True)
class _Expected:
    """Rows of one block: predicted negative, predicted positive."""

    block: _Block
    rows: tuple[int, int]


def estimated_performance(
    predicted: Tally | None, release: Tally | None, measured: Sequence[Measurement], level: Level, *, why: str = ""
) -> Iterator[Measurement]:
    """Yield what performance can be expected, of everybody and of each group.

    Args:
        predicted: of the served rows, their prediction in the label's place; None without scores.
        release: of the rows that were approved, with labels and scores; None when there is none.
        measured: what was measured of the window; where labels have come and contradict the estimate, it has no value.
        level: of the intervals.
        why: why there is no release.
    """
    reason = why if release is None else incomparable(release.scores, None if predicted is None else predicted.scores)
    if reason is None and release is not None and (release.scores is None or release.roles.label is None):
        reason = "the release's rows have no labels: nothing says what a score means"
    if reason is None and release is not None and release.scores is not None:
        unit = (release.scores.low, release.scores.high) == (0.0, 1.0)
        reason = None if unit else "scores are not probabilities from 0 to 1"
    if reason is not None or release is None or predicted is None:
        for metric in METRICS:
            yield observe(metric, None, 0 if predicted is None else predicted.rows, level=level, reason=reason)
        return
    exact = all_exact(release.scores, predicted.scores)
    attributes = [name for name in predicted.roles.protected if name in release.roles.protected]
    for names in ((), *((name,) for name in attributes)):
        then = score_points(release, names, exact=exact)
        for group, classes in score_points(predicted, names, exact=exact).items():
            about = dict(zip(names, group, strict=True))
            yield from _group(then.get(group, {}), classes, about, measured, level)


def _group(
    then: dict[ClassValue, Points], now: dict[ClassValue, Points], about: dict[str, GroupValue],
    measured: Sequence[Measurement], level: Level,
) -> Iterator[Measurement]:  # fmt: skip
    rows = sum(sum(points.values()) for points in now.values())
    blocks = calibrate(then.get(0, {}), then.get(1, {}))
    labelled = sum(block.rows for block in blocks)
    reason = None
    if labelled < LEAST:
        reason = f"the release has {labelled} labelled rows with a score here; a calibration needs {LEAST}"
    else:
        outside = _outside(then, now) / rows
        if outside > OUTSIDE:
            reason = f"{outside:.1%} of the scores lie beyond those of the release: what they mean is not known"
    expected = [] if reason is not None else _expected(blocks, now)
    for name, metric in _METRICS.items():
        value, spread = (None, 0.0) if reason is not None else _value(name, expected)
        told = reason if reason is not None or value is not None else "no row is expected to count in it"
        if value is None:
            yield observe(metric, None, rows, level=level, group=about, reason=told)
            continue
        ends = max(0.0, value - level.z * spread), min(1.0, value + level.z * spread)
        against = _contradicted(name, ends, about, measured)
        if against is not None:
            yield observe(metric, None, rows, level=level, group=about, reason=against)
        else:
            yield observe(metric, value, rows, level=level, group=about, interval=ends, method=METHOD)


def calibrate(negatives: Points, positives: Points) -> list[_Block]:
    """Return the calibrated rate by score: isotonic regression by pooling adjacent violators.

    Source: Ayer et al. (1955), Annals of Mathematical Statistics 26:641-647; Zadrozny and Elkan (2002), KDD.

    Args:
        negatives: rows of negative label by score.
        positives: rows of positive label by score.
    """
    pools: list[tuple[float, int, int]] = []
    for at in sorted({*negatives, *positives}):
        end, hits, rows = at, positives.get(at, 0), positives.get(at, 0) + negatives.get(at, 0)
        while pools and pools[-1][1] * rows >= hits * pools[-1][2]:
            _, before, more = pools.pop()
            hits, rows = hits + before, rows + more
        pools.append((end, hits, rows))
    return [_Block(end, hits / rows, rows) for end, hits, rows in pools]


def _outside(then: dict[ClassValue, Points], now: dict[ClassValue, Points]) -> int:
    known = [at for label in (0, 1) for at in then.get(label, {})]
    low, high = min(known), max(known)
    return sum(rows for points in now.values() for at, rows in points.items() if not low <= at <= high)


def _expected(blocks: list[_Block], now: dict[ClassValue, Points]) -> list[_Expected]:
    ends = [block.end for block in blocks]
    rows = [[0, 0] for _ in blocks]
    for predicted in (0, 1):
        for at, count in now.get(predicted, {}).items():
            rows[min(bisect_left(ends, at), len(ends) - 1)][predicted] += count
    return [
        _Expected(block, (found[0], found[1])) for block, found in zip(blocks, rows, strict=True) if sum(found)
    ]  # fmt: skip


def _value(name: str, expected: list[_Expected]) -> tuple[float | None, float]:
    """Return a metric's expected value and its standard error.

    Labels of served rows are Bernoulli of their calibrated rate; a block's rate is a share of the release's rows. Both
    enter by the metric's derivative (delta method).
    """
    top, under = _OF[name]
    sums = [0.0, 0.0]
    for part in expected:
        for place, term in enumerate((top, under)):
            for predicted, rows in enumerate(part.rows):
                sums[place] += rows * (term.rows[predicted] + term.positives[predicted] * part.block.rate)
    if sums[1] <= 0:
        return None, 0.0
    value, variance = sums[0] / sums[1], 0.0
    for part in expected:
        slopes = [(top.positives[place] - value * under.positives[place]) / sums[1] for place in (0, 1)]
        hits = part.block.rate * part.block.rows
        rate = (hits + 0.5) / (part.block.rows + 1)
        moved = sum(rows * slope for rows, slope in zip(part.rows, slopes, strict=True))
        own = sum(rows * slope * slope for rows, slope in zip(part.rows, slopes, strict=True))
        variance += rate * (1 - rate) * (own + moved * moved / part.block.rows)
    return value, sqrt(variance)


def _contradicted(
    name: str, ends: tuple[float, float], about: dict[str, GroupValue], measured: Sequence[Measurement]
) -> str | None:
    """Return why an estimate is not to be believed: labels that have come say otherwise."""
    for one in measured:
        if one.metric == name and one.group == about and one.over is msgspec.UNSET and one.interval:
            if one.interval[0] > ends[1] or one.interval[1] < ends[0]:
                return (
                    f"not to be believed: scores lead one to expect {ends[0]:.3g} to {ends[1]:.3g}, the {one.n:,} "
                    f"labels that have come say {one.interval[0]:.3g} to {one.interval[1]:.3g}"
                )
            return None
    return None
