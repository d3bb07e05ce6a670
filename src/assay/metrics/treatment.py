"""Treatment equality: false negatives over false positives, of a group."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from assay.metrics.intervals.wilson import kish, wilson
from assay.metrics.metric import Estimate, undefined
from assay.metrics.rates import NO_INTERVAL_WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.metrics.intervals.level import Level


def treatment_equality(
    counts: Sequence[int], weights: Sequence[int] | None, squares: Sequence[int] | None, level: Level
) -> Estimate:
    """Return FN / FP of nine cells (see `groups.CELLS`); compared over groups, it has no measurement of its own.

    Source: Berk et al. (2021), Sociological Methods and Research 50:3-44, section 3. Interval: given the number of
        errors, the share of false negatives among them is a binomial proportion; Wilson's limits of that share, as
        odds.
    """
    cells = weights or counts
    fp, fn = cells[1], cells[3]
    n = counts[1] + counts[3]
    if not fp:
        return undefined("no false positive: division by 0", n)
    value = fn / fp
    if weights is None:
        effective = float(n)
    elif squares is None:
        return Estimate(value, n=n, method=NO_INTERVAL_WEIGHTED)
    else:
        effective = kish((fp + fn) * 1e-12, (squares[1] + squares[3]) * 1e-12)
    low, high = wilson(fn / (fn + fp), effective, level.z)
    return Estimate(
        value,
        min(value, low / (1 - low)),
        max(value, high / (1 - high)) if high < 1 else inf,
        n,
        "Wilson score of the share of false negatives among errors, as odds",
        None,
        effective,
    )
