"""Impact ratios as the law defines them, with the tests that courts read beside them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from assay.metrics.intervals import fisher, ratio
from assay.metrics.intervals.wilson import kish
from assay.metrics.metric import Estimate, Metric, undefined
from assay.metrics.rates import NO_INTERVAL_WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.metrics.groups import Group
    from assay.metrics.histogram import Counts, Points
    from assay.metrics.intervals.level import Level

_LAW = "6 RCNY 5-301 (NYC Local Law 144); 29 CFR 1607.4(D) (four-fifths rule)"
_COURTS = "Hazelwood v. United States, 433 U.S. 299 (1977), note 14; Gastwirth (1988), section 5.3"
_FISHER = "Fisher (1934), section 21.02; SciPy fisher_exact, two-sided"

METRICS = (
    Metric(
        name="impact_ratio",
        title="rate of the favourable outcome over the highest rate in the same table",
        unit="ratio",
        needs=("prediction",),
        tasks=("binary", "multiclass"),
        higher_is_better=True,
        formula="favourable outcomes / people, over the greatest such rate of the table's groups; rates unrounded",
        source=_LAW,
    ),
    Metric(
        name="two_proportion_z",
        title="standard deviations by which the favourable rate lies below the highest group's (pooled z)",
        unit="score",
        needs=("prediction",),
        tasks=("binary", "multiclass"),
        low=float("-inf"),
        high=float("inf"),
        formula="(p - p_highest) / sqrt(q (1 - q) (1 / n + 1 / n_highest)), q pooled",
        source=_COURTS,
    ),
    Metric(
        name="fisher_exact_p",
        title="two-sided p of Fisher's exact test against the group with the highest favourable rate",
        unit="rate",
        needs=("prediction",),
        tasks=("binary", "multiclass"),
        formula="chance of every 2 x 2 table with the same margins that is no likelier than this one",
        source=_FISHER,
    ),
    Metric(
        name="scoring_impact_ratio",
        title="share scored strictly above the sample's median, over the highest such share in the same table",
        unit="ratio",
        needs=("score",),
        higher_is_better=True,
        formula="share of people with score > median(all scores), over the greatest such share of the table's groups",
        source="6 RCNY 5-301 (NYC Local Law 144), scoring rate",
    ),
    Metric(
        name="scoring_two_proportion_z",
        title="standard deviations by which the share above the median lies below the highest group's (pooled z)",
        unit="score",
        needs=("score",),
        low=float("-inf"),
        high=float("inf"),
        formula="as two_proportion_z, of the share above the median",
        source=_COURTS,
    ),
    Metric(
        name="scoring_fisher_exact_p",
        title="two-sided p of Fisher's exact test of the share above the median against the highest group's",
        unit="rate",
        needs=("score",),
        formula="as fisher_exact_p, of the share above the median",
        source=_FISHER,
    ),
)


@dataclass(frozen=True, slots=True)
class Share:
    """One group's row of an impact table.

    Attributes:
        rate: the share with the favourable outcome.
        hits: people with it (fractional where a bin holds the median).
        rows: people.
        effective: effective people; None where it is not known.
        weighted: whether rows are weighted; exact tests need whole people.
        bound: error that bins may have caused in the rate.
    """

    rate: float
    hits: float
    rows: int
    effective: float | None
    weighted: bool = False
    bound: float | None = None


def selection_share(group: Group, *, favourable_is_positive: bool) -> Share | None:
    """Return how many people of a group are predicted to have the favourable outcome; None without any prediction."""
    places = (1, 4, 7) if favourable_is_positive else (0, 3, 6)
    return _share(group.counts, group.weights, group.squares, places)


def _share(
    counts: Sequence[int], weights: Sequence[int] | None, squares: Sequence[int] | None, places: tuple[int, ...]
) -> Share | None:
    predicted = (0, 1, 3, 4, 6, 7)
    rows = sum(counts[place] for place in predicted)
    hits = sum(counts[place] for place in places)
    if not rows:
        return None
    if weights is None:
        return Share(hits / rows, hits, rows, float(rows))
    total = sum(weights[place] for place in predicted)
    if total <= 0:
        return None
    rate = sum(weights[place] for place in places) / total
    effective = None
    if squares is not None:
        effective = kish(total * 1e-12, sum(squares[place] for place in predicted) * 1e-12)
    return Share(rate, hits, rows, effective, weighted=True)


@dataclass(frozen=True, slots=True)
class Median:
    """The median of all scores of a tally, as far as its points tell.

    Attributes:
        place: points from this one on are above the median.
        within: the point (bin) that holds the median; None when every point is wholly on one side.
        part: share of that bin's people who are above the median, over the whole sample.
    """

    place: float
    within: float | None
    part: float


def median(scores: Counts, axis: Points) -> Median | None:
    """Return the sample's median; None without scores.

    Exact scores: the middle one, or the mean of the two middle ones; people at the median are not above it. Bins:
    the bin that holds the median is split in the proportion that half the sample asks for.
    """
    running = list(accumulate(scores.counts))
    total = running[-1] if running else 0
    if not total:
        return None
    lower = next(number for number, below in enumerate(running) if 2 * below >= total)
    place = scores.places[lower]
    if axis.exact or 2 * running[lower] == total:
        # With exactly half at or below this point the median lies between it and the next one.
        return Median(axis.after(place), None, 0.0)
    return Median(axis.after(place), place, (running[lower] - total / 2) / scores.counts[lower])


def scoring_share(group: Group, axis: Points, middle: Median, deff: float | None) -> Share | None:
    """Return how many people of a group score strictly above the median; None without scores."""
    if group.scores is None:
        return None
    rows = sum(group.scores.counts)
    held = group.scores.every(axis)
    total = sum(group.scores.weights) if axis.weighted else rows
    if not total:
        return None
    hits = float(sum(one.since(middle.place) for one in held))
    bound = None
    if middle.within is not None:
        inside = sum(one.here(middle.within) for one in held)
        hits += inside * middle.part
        bound = inside * max(middle.part, 1 - middle.part) / total
    effective = None if deff is None else rows / deff
    weighted = axis.weighted
    return Share(hits / total, hits if not weighted else hits / total * rows, rows, effective, weighted, bound)


def impact(share: Share | None, top: Share | None, level: Level) -> tuple[Estimate, Estimate, Estimate]:
    """Return impact ratio, pooled z and Fisher's p of one group against the group with the highest rate.

    Interval: Koopman's score interval of the ratio to that group, folded at 1 (no group exceeds the highest). It
        takes the highest group as given: with several groups of nearly the highest rate it lies too low (see
        tests/unit/metrics/test_metrics_impact.py for the coverage), so it errs towards finding an impact.
    """
    if share is None or top is None:
        none = undefined("nobody in the group has a prediction or score")
        return none, none, none
    if top.rate <= 0:
        none = undefined("the highest rate in the table is 0: 0 / 0", share.rows)
        return none, none, none
    value = share.rate / top.rate
    bound = _ratio_bound(share, top)
    z, p = _tests(share, top)
    if share is top:
        method = "no interval: the group with the highest rate, which others are held against"
        return Estimate(value, n=share.rows, method=method, bound=bound), z, p
    if share.effective is None or top.effective is None:
        return Estimate(value, n=share.rows, method=NO_INTERVAL_WEIGHTED, bound=bound), z, p
    limits = ratio.koopman(
        share.rate * share.effective, share.effective, top.rate * top.effective, top.effective, level.z
    )
    low, high = ratio.fold(*limits)
    low, high = min(low, value), max(value, high)
    return Estimate(value, low, high, share.rows, ratio.METHOD, None, share.effective, bound), z, p


def _ratio_bound(share: Share, top: Share) -> float | None:
    if share.bound is None or top.bound is None:
        return None
    least = max(top.rate - top.bound, 1e-12)
    value = share.rate / top.rate
    return max((share.rate + share.bound) / least - value, value - (share.rate - share.bound) / (top.rate + top.bound))


def _tests(share: Share, top: Share) -> tuple[Estimate, Estimate]:
    if share is top:
        same = undefined("the group with the highest rate, which others are held against", share.rows)
        return same, same
    n, m = share.effective, top.effective
    z = None if n is None or m is None else fisher.pooled_z(share.rate * n, n, top.rate * m, m)
    if n is None:
        first = undefined("weights: the tally has no sum of squared weights", share.rows)
    elif z is None:
        first = undefined("everybody has the same outcome: no variance", share.rows)
    else:
        first = Estimate(z, n=share.rows, method="no interval: a test statistic")
    if share.weighted:
        return first, undefined("weights: an exact test needs whole people", share.rows)
    hits, rows, top_hits, top_rows = round(share.hits), share.rows, round(top.hits), top.rows
    p = fisher.fisher_exact(hits, rows, top_hits, top_rows)
    return first, Estimate(p, n=rows, method="no interval: a p-value")


def highest(shares: Sequence[Share | None]) -> Share | None:
    """Return the share with the highest rate; of equal ones the one with more people, then the first."""
    known = [share for share in shares if share is not None]
    return max(known, key=lambda share: (share.rate, share.rows), default=None)
