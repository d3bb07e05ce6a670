"""Area under the ROC curve of a group, exact from kept scores or bounded from the histogram."""

from __future__ import annotations

from itertools import accumulate, chain
from operator import add, mul
from typing import TYPE_CHECKING

from assay.metrics.histogram import unpack_labelled
from assay.metrics.intervals.auc import auc_interval
from assay.metrics.metric import Estimate, Metric, undefined

if TYPE_CHECKING:
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

    Within a histogram bin positives and negatives count as ties; the area can be off by at most half the share of pairs that
    share a bin, told as ``bound``. When the tally keeps every score the area is exact.

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
    negative, positive = unpack_labelled(scores, axis)
    below = list(accumulate(negative))
    negatives, positives = below[-1], sum(positive)
    if not negatives or not positives:
        return undefined("the weights of one class add up to 0", n)
    # Twice the negatives below each point, ties half: below[i - 1] + below[i].
    rank = list(map(add, below, chain((0,), below)))
    beaten = list(map(mul, positive, rank))
    wins = sum(beaten)
    area = wins / (2 * positives * negatives)
    bound = None if axis.exact else sum(map(mul, positive, negative)) / (2 * positives * negatives)
    if deff is None:
        return Estimate(area, n=n, method="no interval: the tally has no sum of squared weights", bound=bound)
    # DeLong: variance of the share of negatives that each positive beats, and of the share of positives that beat each negative.
    win_squares = sum(map(mul, beaten, rank))
    above = list(accumulate(positive))
    rank = list(map(add, above, chain((0,), above)))
    loss_squares = sum(map(mul, map(mul, negative, rank), rank))
    spread_positive = max(0.0, win_squares / (4 * positives * negatives * negatives) - area * area)
    losing = 1 - area
    spread_negative = max(0.0, loss_squares / (4 * negatives * positives * positives) - losing * losing)
    m, k = scores.counts[1] / deff, scores.counts[0] / deff
    variance = spread_positive / max(m - 1, 1) + spread_negative / max(k - 1, 1)
    low, high, method = auc_interval(area, variance, m, k, level.z)
    return Estimate(area, low, high, n, method, None, n / deff, bound)
