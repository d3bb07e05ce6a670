"""Cuts of a score: how a fitted estimator decides from another score on, and which cut the choosing rows name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.limits import accuracy, cheapest

if TYPE_CHECKING:
    from assay.diagnosis.mitigation.limits import Limits
    from assay.diagnosis.mitigation.table import Table

MOST_CUTS = 60
"""Cuts tried: quantiles of the scores on the choosing rows, and a half."""

HALF = 0.5


def scores(estimator: Any, table: Table, asks: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - an estimator, an array
    """Return the probability of the positive class for each row."""
    return estimator.predict_proba(table.frame(asks))[:, 1]


def common_cut(estimator: Any, choose: Table, limits: Limits) -> float:  # noqa: ANN401 - a fitted estimator
    """Return the one cut for all that keeps every limit at the least cost in accuracy, else comes nearest to it.

    The values on the choosing rows decide, not their intervals.
    """
    import numpy as np  # noqa: PLC0415 - an extra

    found = scores(estimator, choose)
    levels = np.linspace(0, 1, MOST_CUTS + 1)[1:-1]
    cuts = [HALF, *sorted({float(cut) for cut in np.quantile(found, levels, method="higher")} - {HALF})]
    tried = [(limits.beyond(limits.tally(choose, found >= cut)), accuracy(choose, found >= cut)) for cut in cuts]
    return cuts[cheapest(tried)]


def cut_at(estimator: Any, cut: float, fit: Table) -> Any:  # noqa: ANN401 - estimators
    """Return an estimator that decides for the positive class from a score on, without fitting it again."""
    from sklearn.frozen import FrozenEstimator  # noqa: PLC0415 - an extra
    from sklearn.model_selection import FixedThresholdClassifier  # noqa: PLC0415

    chosen = FixedThresholdClassifier(FrozenEstimator(estimator), threshold=cut, response_method="predict_proba")
    return chosen.fit(fit.features, fit.label)
