"""The learner that candidates build on: how features are made numbers, and what is fitted on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.lesson import NoRemedyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.mitigation.table import Table

RARE = 5
"""A text that stands in fewer rows counts as one of the rare."""

MOST_CATEGORIES = 50
"""A column of text with more different values keeps the most frequent."""


@dataclass(frozen=True)
class Learner:
    """A learner, not fitted.

    Attributes:
        estimator: the classifier itself.
        encoder: what makes numbers of features before it; None when the classifier takes them as they are, and
            ``ours`` says that it is to be made for the table.
        ours: whether the encoder is made for the table: one-hot for text, filled and scaled numbers.
        words: what it is, for people.
    """

    estimator: Any
    encoder: Any = None
    ours: bool = True
    words: str = ""

    def encoded(self, table: Table, features: Sequence[str] | None = None) -> tuple[Any, Any]:
        """Fit the encoder on a table.

        Returns:
            The fitted encoder, and what it makes of the table; None and the frame when there is none.
        """
        from sklearn.base import clone  # noqa: PLC0415 - an extra

        if self.ours:
            encoder = encoder_for(table, features)
        elif self.encoder is None:
            return None, table.features
        else:
            encoder = clone(self.encoder)
        return encoder, encoder.fit_transform(table.features, table.label)

    def whole(self, encoder: Any, classifier: Any) -> Any:  # noqa: ANN401 - estimators of scikit-learn
        """Return a fitted encoder and a fitted classifier as one fitted estimator."""
        from sklearn.pipeline import Pipeline  # noqa: PLC0415

        return classifier if encoder is None else Pipeline([("encode", encoder), ("decide", classifier)])

    def fitted(self, table: Table, weights: Any = None, *, features: Sequence[str] | None = None) -> Any:  # noqa: ANN401 - an estimator of scikit-learn
        """Fit on a table.

        Args:
            table: labelled rows.
            weights: a weight a row, beside the table's own; None when all count alike.
            features: only these; every one when None.

        Raises:
            NoRemedyError: when rows are to be weighted and the classifier takes no weights.
        """
        from sklearn.base import clone  # noqa: PLC0415 - an extra

        encoder, matrix = self.encoded(table, features)
        classifier = clone(self.estimator)
        classifier.fit(matrix, table.label, **self.weighing(product(table.weight, weights)))
        return self.whole(encoder, classifier)

    def weighing(self, weights: Any) -> dict[str, Any]:  # noqa: ANN401 - a numpy array
        """Return the argument by which rows are weighted; nothing when they are not.

        Raises:
            NoRemedyError: when the classifier takes no weights.
        """
        if weights is None:
            return {}
        from sklearn.utils.validation import has_fit_parameter  # noqa: PLC0415

        if not has_fit_parameter(self.estimator, "sample_weight"):
            raise NoRemedyError(f"{type(self.estimator).__name__} cannot weight rows (no sample_weight)")
        return {"sample_weight": weights}

    def seeded(self, seed: int) -> Learner:
        """Return the learner with its chance bound to a seed, where it has any."""
        from sklearn.base import clone  # noqa: PLC0415

        found = clone(self.estimator)
        drawn = {name: seed for name in found.get_params() if name.split("__")[-1] == "random_state"}
        return replace(self, estimator=found.set_params(**drawn))


def product(first: Any, second: Any) -> Any:  # noqa: ANN401 - numpy arrays
    """Return the product of two columns of weights, either of which may be none."""
    if first is None or second is None:
        return second if first is None else first
    return first * second


def encoder_for(table: Table, features: Sequence[str] | None = None) -> Any:  # noqa: ANN401 - a transformer
    """Return what makes numbers of a table's features: text one-hot, numbers filled by the median and scaled.

    Where a number is missing it is said so in a column of its own. A column that is empty is left out.
    """
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - an extra
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.pipeline import Pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415

    frame = table.features
    known = [name for name in (features if features is not None else frame.columns) if frame[name].notna().any()]
    numbers = [name for name in known if frame[name].dtype.kind == "f"]
    texts = [name for name in known if name not in numbers]
    if not known:
        raise NoRemedyError("no feature is left to learn from")
    scaled = Pipeline([("fill", SimpleImputer(strategy="median", add_indicator=True)), ("scale", StandardScaler())])
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=RARE, max_categories=MOST_CATEGORIES, sparse_output=False
    )
    chosen = [("numbers", scaled, numbers), ("texts", one_hot, texts)]
    return ColumnTransformer([one for one in chosen if one[2]])


def logistic() -> Learner:
    """Return a logistic regression on encoded features (L2 penalty, C = 1)."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - an extra

    return Learner(LogisticRegression(max_iter=2000), words="logistic regression (L2 penalty, C = 1)")


def boosting() -> Learner:
    """Return gradient-boosted trees on encoded features."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - an extra

    return Learner(
        HistGradientBoostingClassifier(max_iter=200, learning_rate=0.06, max_leaf_nodes=15, early_stopping=False),
        words="gradient-boosted trees (200 of 15 leaves, learning rate 0.06)",
    )


LEARNERS = {"logistic": logistic, "boosting": boosting}
"""Learners by name, where no estimator is given."""


def learner_of(estimator: Any) -> Learner:  # noqa: ANN401 - somebody's estimator
    """Return somebody's estimator as a learner: cloned, not fitted; a pipeline's last step is the classifier.

    Raises:
        NoRemedyError: when it cannot be cloned, or is no classifier that scores.
    """
    from sklearn.base import clone, is_classifier  # noqa: PLC0415 - an extra
    from sklearn.pipeline import Pipeline  # noqa: PLC0415

    kind = type(estimator).__name__
    if not (hasattr(estimator, "fit") and hasattr(estimator, "get_params")):
        raise NoRemedyError(f"expected a classifier of scikit-learn, found {kind}")
    try:
        fresh = clone(estimator)
    except (TypeError, ValueError, RuntimeError) as error:
        first = str(error).splitlines()[0][:200]
        raise NoRemedyError(f"{kind} cannot be cloned to be fitted again ({first})") from None
    if not is_classifier(fresh):
        raise NoRemedyError(f"expected a classifier of scikit-learn, found {kind}")
    words = f"{kind} of the denied version, cloned and fitted again"
    if isinstance(fresh, Pipeline):
        classifier, rest = fresh.steps[-1][1], fresh.steps[:-1]
        words = f"pipeline ({', '.join(type(step).__name__ for _name, step in fresh.steps)}), cloned and fitted again"
        encoder = Pipeline(rest) if rest else None
    else:
        classifier, encoder = fresh, None
    if not hasattr(classifier, "predict_proba"):
        raise NoRemedyError(f"{type(classifier).__name__} gives no probabilities, which cuts and shares are set on")
    return Learner(classifier, encoder, ours=False, words=words)
