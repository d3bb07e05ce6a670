"""Area under the ROC curve of a group, exact from kept scores or bounded from the histogram."""

from __future__ import annotations

from itertools import accumulate, chain
from operator import add, mul
from typing import TYPE_CHECKING

from assay.metrics.intervals.auc import auc_interval
from assay.metrics.metric import Estimate, Metric, undefined
from assay.metrics.rates import NO_INTERVAL_WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.metrics.histogram import Histogram, Points
    from assay.metrics.intervals.level import Level

METRICS = (
    Metric(
        name="roc_auc",
        title="chance that a random positive scores above a random negative (ties count half)",
        unit="score",
        needs=("label", "score"),
        higher_is_better=True,
        formula="(pairs positive > negative + half the ties) / (positives x negatives)",
        source="Hanley and McNeil (1982), Radiology 143:29-36; scikit-learn roc_auc_score",
    ),
)


def roc_auc(scores: Histogram, axis: Points, deff: float | None, level: Level) -> Estimate:
    """Return the area of a group.

    Within a histogram bin positives and negatives count as ties; the area can be off by at most half the share of
    pairs that share a bin, told as ``bound``. When the tally keeps every score the area is exact.

    Args:
        scores: the group's scores.
        axis: the tally's points.
        deff: rows over effective rows, for weighted tallies; None where it is not known.
        level: of the interval.
    """
    n = scores.counts[0] + scores.counts[1]
    for label, word in ((1, "positive"), (0, "negative")):
        if not scores.counts[label]:
            return undefined(f"no {word} label with a score", n)
    held_negative, held_positive = scores.labelled(axis)
    negative, positive = held_negative.counts, held_positive.counts
    negatives, positives = (sum(negative), sum(positive)) if axis.weighted else scores.counts[:2]
    if not negatives or not positives:
        return undefined("the weights of one class add up to 0", n)
    pairs = 2 * positives * negatives
    # Positives times twice the negatives at or below, less the ties once: ties count half.
    ties = sum(map(mul, positive, negative))
    area = (2 * sum(map(mul, positive, accumulate(negative))) - ties) / pairs
    bound = None if axis.exact else ties / pairs
    if deff is None:
        return Estimate(area, n=n, method=NO_INTERVAL_WEIGHTED, bound=bound)
    negative, positive = held_negative.coarse, held_positive.coarse
    spread_positive = _spread(positive, negative, positives, negatives)
    spread_negative = _spread(negative, positive, negatives, positives)
    m, k = scores.counts[1] / deff, scores.counts[0] / deff
    variance = spread_positive / max(m - 1, 1) + spread_negative / max(k - 1, 1)
    low, high, method = auc_interval(area, variance, m, k, level.z)
    return Estimate(area, low, high, n, method, None, n / deff, bound)


def _spread(mine: Sequence[int], other: Sequence[int], total: int, others: int) -> float:
    """Return DeLong's component: the variance over one class of the share of the other class that each one exceeds."""
    running = list(accumulate(other))
    rank = list(map(add, running, chain((0,), running)))
    beaten = list(map(mul, mine, rank))
    mean: float = sum(beaten) / (2 * total * others)
    square: float = sum(map(mul, beaten, rank)) / (4 * total * others * others)
    return square - mean * mean if square > mean * mean else 0.0
