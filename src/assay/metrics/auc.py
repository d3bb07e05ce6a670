"""Area under the ROC curve of a group, exact from kept scores or bounded from the histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics.histogram import ONE
from assay.metrics.intervals.auc import auc_interval
from assay.metrics.metric import Estimate, Metric, undefined
from assay.metrics.rates import NO_INTERVAL_WEIGHTED

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
    negatives, positives = (weight / ONE for weight in scores.weights[:2])
    if scores.ranks is None or not negatives or not positives:
        return undefined("the weights of one class add up to 0", n)
    pairs = 2 * positives * negatives
    # Of weights, the last digit of a sum may exceed the product of two.
    area = min(1.0, scores.won / pairs)
    bound = None if axis.exact else scores.ties / pairs
    if deff is None:
        return Estimate(area, n=n, method=NO_INTERVAL_WEIGHTED, bound=bound)
    ranked = scores.ranks
    spread_positive = _spread(ranked.won, ranked.positive_squares, positives, negatives)
    spread_negative = _spread(pairs - ranked.won, ranked.negative_squares, negatives, positives)
    m, k = scores.counts[1] / deff, scores.counts[0] / deff
    variance = spread_positive / max(m - 1, 1) + spread_negative / max(k - 1, 1)
    low, high, method = auc_interval(area, variance, m, k, level.z)
    return Estimate(area, low, high, n, method, None, n / deff, bound)


def _spread(beaten: float, squares: float, total: float, others: float) -> float:
    """Return DeLong's component: the variance over one class of the share of the other class that each one exceeds."""
    mean = beaten / (2 * total * others)
    square = squares / (4 * total * others * others)
    return max(0.0, square - mean * mean)
