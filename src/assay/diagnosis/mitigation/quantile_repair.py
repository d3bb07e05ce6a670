"""A transformer that moves each group's values of a number to what they would be in the groups' common distribution.

It is a class of Assay's: an estimator that holds one needs `assay` to be installed where it predicts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

KNOTS = 101
"""Quantiles that a distribution is known by."""


class QuantileRepair(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Repair numbers by the group that a row is of.

    A value's rank in its group becomes the median, over the groups, of their values at that rank (Feldman, Friedler,
    Moeller, Scheidegger and Venkatasubramanian 2015, Certifying and removing disparate impact, KDD, section 5), or goes
    part of the way there.

    Args:
        attribute: column of the group; it is left out of what comes out.
        columns: the columns of numbers that are repaired.
        amount: 0 leaves values as they are, 1 makes them independent of the group.
    """

    def __init__(self, attribute: str, columns: tuple[str, ...] = (), amount: float = 1.0) -> None:
        self.attribute = attribute
        self.columns = columns
        self.amount = amount

    def fit(self, X: Any, y: Any = None) -> QuantileRepair:  # noqa: ANN401, ARG002, N803 - scikit-learn's signature
        """Learn each group's quantiles, and their median."""
        ranks = np.linspace(0, 1, KNOTS)
        self.groups_ = sorted(set(X[self.attribute]))
        self.quantiles_ = {}
        self.common_ = {}
        for name in self.columns:
            known = X[name].notna()
            found = {
                group: np.quantile(X.loc[known & (X[self.attribute] == group), name], ranks)
                for group in self.groups_
                if (known & (X[self.attribute] == group)).any()
            }
            self.quantiles_[name] = found
            self.common_[name] = np.median(np.array(list(found.values())), axis=0) if found else ranks
        return self

    def transform(self, X: Any) -> Any:  # noqa: ANN401, N803 - scikit-learn's signature
        """Return the frame without the attribute, its numbers repaired; a group not seen before stays as it is."""
        ranks, found = np.linspace(0, 1, KNOTS), X.drop(columns=[self.attribute]).copy()
        for name in self.columns:
            values = found[name].to_numpy(dtype=float).copy()
            for group, quantiles in self.quantiles_[name].items():
                rows = (X[self.attribute] == group).to_numpy() & ~np.isnan(values)
                if rows.any():
                    rank = np.interp(values[rows], *_rising(quantiles, ranks))
                    repaired = np.interp(rank, ranks, self.common_[name])
                    values[rows] += self.amount * (repaired - values[rows])
            found[name] = values
        return found


def _rising(quantiles: Any, ranks: Any) -> tuple[Any, Any]:  # noqa: ANN401 - numpy arrays
    """Return quantiles that rise, each with the middle of the ranks at which it stands: ties share one rank."""
    values, began, counts = np.unique(quantiles, return_index=True, return_counts=True)
    return values, (ranks[began] + ranks[began + counts - 1]) / 2
