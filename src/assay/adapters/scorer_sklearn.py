"""A model fitted with scikit-learn: a pickle, which runs code and so needs the owner's word, or a skops file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.adapters.scorer_answers import one_each, place_of
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assay.probing.scorer import Value

REFUSED = (
    "{path} is a pickle: to load it is to run whatever code it holds. When you know who made it, say so in assay.yaml "
    "(robustness.model.trusted: true); or save it with skops or as ONNX, which run none"
)


class SklearnScorer:
    """A classifier of scikit-learn, or whatever has its methods.

    Attributes:
        name: scikit-learn and its version.
    """

    def __init__(
        self,
        path: str,
        *,
        trusted: bool,
        output: str,
        positive: str | int | bool,
        load: Callable[[str], Any] | None = None,
    ) -> None:
        """Load it.

        Args:
            path: a file of joblib or pickle, or of skops (``.skops``).
            trusted: whether its code may run.
            output: ``probability``, ``label``, or ``number``.
            positive: the positive class.
            load: reads the file instead of joblib, which runs whatever it holds.

        Raises:
            ScorerError: when it may not be loaded, or has not what is needed.
        """
        if not Path(path).is_file():
            raise ScorerError(f"expected a model at {path}, found none")
        if not path.endswith(".skops") and not trusted:
            raise ScorerError(REFUSED.format(path=path))
        try:
            import sklearn  # noqa: PLC0415 - an extra, and heavy
        except ImportError:
            raise ScorerError("scikit-learn is not installed: pip install 'assay[explanation]'") from None
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            self._fitted = _loaded(path, trusted=trusted, load=load)
        if not any(hasattr(self._fitted, one) for one in ("predict", "predict_proba")):
            raise ScorerError(f"{path} holds a {type(self._fitted).__name__}, which predicts nothing: it is no model")
        older = next((one for one in told if "version" in str(one.message)), None)
        self.name = f"scikit-learn {sklearn.__version__}{' (fitted with another version)' if older else ''}"
        self._column: int | None = None
        if output == "probability":
            if not hasattr(self._fitted, "predict_proba"):
                what = type(self._fitted).__name__
                raise ScorerError(f"{path}: {what} gives no probabilities; write robustness.model.output: label")
            self._column = place_of(self._fitted.classes_, positive)

    @property
    def wants(self) -> tuple[str, ...]:
        """The features that it was fitted on, by name; none where it knows them by place alone."""
        return tuple(getattr(self._fitted, "feature_names_in_", ()))

    def score(self, columns: Mapping[str, Sequence[Value]]) -> Sequence[Any]:
        """Predict."""
        table = self._table(columns)
        if self._column is None:
            return one_each(self._fitted.predict(table))
        return [row[self._column] for row in self._fitted.predict_proba(table).tolist()]

    def _table(self, columns: Mapping[str, Sequence[Value]]) -> Any:  # noqa: ANN401 - a frame, or an array
        """Return a frame where the model knows its features by name, else a matrix in the order of assay.yaml."""
        import numpy as np  # noqa: PLC0415 - comes with scikit-learn

        if not hasattr(self._fitted, "feature_names_in_"):
            if any(isinstance(value, str) for values in columns.values() for value in values):
                return np.array(list(zip(*columns.values(), strict=True)), dtype=object)
            return np.array([[np.nan if v is None else v for v in values] for values in columns.values()]).T
        names = list(self._fitted.feature_names_in_)
        lacking = [name for name in names if name not in columns]
        if lacking:
            raise ScorerError(f"the model was fitted on {', '.join(lacking)}, which robustness.features lacks")
        try:
            import pandas as pd  # noqa: PLC0415 - what fitted by name came from a frame, mostly of this
        except ImportError:
            raise ScorerError("the model knows its features by name, which takes pandas: pip install pandas") from None
        return pd.DataFrame({name: _column(columns[name], np) for name in names})


def _column(values: Sequence[Value], np: Any) -> Any:  # noqa: ANN401 - an array of numpy
    if any(isinstance(value, str) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=object)
    return np.array([np.nan if value is None else value for value in values])


def _loaded(path: str, *, trusted: bool, load: Callable[[str], Any] | None) -> Any:  # noqa: ANN401 - whatever the file holds
    if load is not None:
        return load(path)
    return _skops(path, trusted=trusted) if path.endswith(".skops") else _pickle(path)


def _pickle(path: str) -> Any:  # noqa: ANN401 - whatever the file holds
    import joblib  # noqa: PLC0415 - comes with scikit-learn

    return joblib.load(path)


def _skops(path: str, *, trusted: bool) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        from skops import io  # noqa: PLC0415 - only for its files
    except ImportError:
        raise ScorerError(f"{path} is a file of skops, which is not installed: pip install skops") from None
    unknown = io.get_untrusted_types(file=path)
    if unknown and not trusted:
        raise ScorerError(
            f"{path} holds types that skops does not know to be harmless: {', '.join(unknown)}. When you know who made "
            "it, say so in assay.yaml (robustness.model.trusted: true)"
        )
    return io.load(path, trusted=unknown)
