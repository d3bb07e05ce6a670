"""A model in MLflow's form, any flavour, asked through its ``python_function``; to load one is to run its code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.adapters.scorer_answers import one_each
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.probing.scorer import Value


class MlflowScorer:
    """A folder that MLflow saved.

    Attributes:
        name: MLflow, its version, and the flavour that answers.
    """

    def __init__(self, path: str, *, trusted: bool) -> None:
        """Load it.

        Args:
            path: the folder that holds ``MLmodel``.
            trusted: whether its code may run.

        Raises:
            ScorerError: when it may not be loaded, is none, or MLflow is not installed.
        """
        if not (Path(path) / "MLmodel").is_file():
            raise ScorerError(f"expected a model of MLflow at {path} (a folder with MLmodel), found none")
        if not trusted:
            raise ScorerError(
                f"{path}: to load a model of MLflow is to run code that it holds. When you know who made it, say so in "
                "assay.yaml (robustness.model.trusted: true)"
            )
        try:
            import mlflow  # noqa: PLC0415 - heavy, and only for its models
            import mlflow.pyfunc  # noqa: PLC0415
        except ImportError:
            raise ScorerError("MLflow is not installed: pip install mlflow") from None
        self._loaded = mlflow.pyfunc.load_model(path)
        self.name = f"MLflow {mlflow.__version__}, {self._loaded.metadata.flavors['python_function']['loader_module']}"

    def score(self, columns: Mapping[str, Sequence[Value]]) -> Sequence[Any]:
        """Predict."""
        import pandas as pd  # noqa: PLC0415 - comes with MLflow

        return one_each(self._loaded.predict(pd.DataFrame({name: list(values) for name, values in columns.items()})))
