"""Estimators that look at the group, made of scikit-learn alone: the log-odds of a score, beside the group one-hot.

They are asked with the features and the protected attribute. A group that was not there when they were fitted is
treated as everybody together is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.lesson import NoRemedyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.mitigation.limits import Limits
    from assay.diagnosis.mitigation.table import Table


def attribute_of(limits: Limits) -> str:
    """Return the one attribute by whose groups something is set.

    Raises:
        NoRemedyError: when groups are of several attributes together.
    """
    if len(limits.attributes) != 1:
        raise NoRemedyError(f"set by one attribute at a time; the groups here are of {', '.join(limits.attributes)}")
    return limits.attributes[0]


def score_and_group(fitted: Any, fit: Table, attribute: str, groups: Sequence[str]) -> Any:  # noqa: ANN401 - estimators
    """Return a fitted transformer of features and attribute: log-odds against and for, then a column a group."""
    from scipy.special import logit  # noqa: PLC0415 - comes with scikit-learn
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - an extra
    from sklearn.ensemble import VotingClassifier  # noqa: PLC0415
    from sklearn.frozen import FrozenEstimator  # noqa: PLC0415
    from sklearn.pipeline import Pipeline  # noqa: PLC0415
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder  # noqa: PLC0415

    # A voting classifier of one is scikit-learn's own way to make a transformer of a classifier.
    alone = VotingClassifier([("fitted", FrozenEstimator(fitted))], voting="soft").fit(fit.features, fit.label)
    odds = Pipeline([("score", alone), ("odds", FunctionTransformer(logit))])
    one_hot = OneHotEncoder(categories=[list(groups)], handle_unknown="ignore", sparse_output=False)
    both = ColumnTransformer(
        [("odds", FrozenEstimator(odds), list(fit.features.columns)), ("group", one_hot, [attribute])]
    )
    return both.fit(fit.frame((attribute,)), fit.label)
