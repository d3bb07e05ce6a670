"""How a monitor is hung into each framework: a method each, whose file is imported when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from assay.adapters.fairness_monitor import FairnessMonitor
    from assay.lifecycle.run_judging import Step

T = TypeVar("T")


class Frameworks:
    """The methods of a monitor that return a framework's own callback."""

    def _self(self) -> FairnessMonitor:
        return cast("FairnessMonitor", self)

    def attempt(self, what: str, do: Callable[[], T]) -> T | None:
        """Do what is a framework's or the caller's; when it fails that is noted, and the run goes on.

        Args:
            what: what is done, for the record.
            do: does it; what it raises is raised again where the monitor was made with ``on_error="raise"``.
        """
        try:
            return do()
        except Exception as error:  # noqa: BLE001 - whatever a framework or the caller's code raises
            self._self().failed(what, error)
            return None

    def xgboost(self, validation: Any, scores: Callable[[Any], Any] | None = None) -> Any:  # noqa: ANN401 - XGBoost's own
        """Return a callback for ``xgboost.train(..., callbacks=[...])`` or ``XGBClassifier(callbacks=[...])``.

        Args:
            validation: the validation set: a DMatrix, or the features.
            scores: makes scores of the booster's predictions, where its objective does not say what they are: of an
                objective of your own, or of several quantiles.
        """
        from assay.adapters.xgboost_callback import xgboost_callback  # noqa: PLC0415 - imports XGBoost

        return xgboost_callback(self._self(), validation, scores)

    def lightgbm(self, validation: Any = None, scores: Callable[[Any], Any] | None = None) -> Any:  # noqa: ANN401
        """Return a callback for ``lightgbm.train`` or ``LGBMClassifier.fit``: ``callbacks=[...]``.

        Args:
            validation: the features of the validation set. Without them the callback is also given as ``feval``, and
                takes the scores that LightGBM has made of its first validation set: that costs next to nothing.
            scores: makes scores of the booster's predictions, where its objective does not say what they are; of an
                objective of your own they are taken for log-odds.
        """
        from assay.adapters.lightgbm_callback import lightgbm_callback  # noqa: PLC0415 - imports LightGBM

        return lightgbm_callback(self._self(), validation, scores)

    def staged(self, estimator: Any, features: Any) -> list[Step]:  # noqa: ANN401 - scikit-learn's own classes
        """Measure each stage of a fitted scikit-learn boosting, by ``staged_predict_proba``; return the steps."""
        from assay.adapters.sklearn_stages import staged  # noqa: PLC0415 - only when called

        return staged(self._self(), estimator, features)

    def partial_fit(
        self,
        estimator: Any,  # noqa: ANN401 - scikit-learn's own classes
        batches: Iterable[tuple[Any, Any]],
        features: Any,  # noqa: ANN401 - any features
        *,
        classes: Any = (0, 1),  # noqa: ANN401 - any array
    ) -> Any:  # noqa: ANN401 - scikit-learn's own classes
        """Fit a scikit-learn estimator by ``partial_fit``, batch by batch, and measure after each; return it.

        Args:
            estimator: has ``partial_fit``.
            batches: (features, labels), one after the other.
            features: of the validation set.
            classes: all classes that labels may have.
        """
        from assay.adapters.sklearn_stages import partial_fit  # noqa: PLC0415 - only when called

        return partial_fit(self._self(), estimator, batches, features, classes=classes)

    def keras(self, features: Any, *, batch_size: int = 4096) -> Any:  # noqa: ANN401 - Keras's own classes
        """Return a callback for ``net.fit(..., callbacks=[...])``."""
        from assay.adapters.keras_callback import keras_callback  # noqa: PLC0415 - imports Keras

        return keras_callback(self._self(), features, batch_size)

    def lightning(self, scores: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - Lightning's own classes
        """Return a callback for ``Trainer(callbacks=[...])`` of PyTorch Lightning.

        Args:
            scores: of the LightningModule, returns the validation set's probabilities.
        """
        from assay.adapters.lightning_callback import lightning_callback  # noqa: PLC0415 - imports Lightning

        return lightning_callback(self._self(), scores)

    def torch(self, module: Any, scores: Callable[[], Any]) -> Any:  # noqa: ANN401 - PyTorch's own classes
        """Return what a plain PyTorch loop calls after each epoch; it keeps and restores the state of ``module``.

        Args:
            module: the network.
            scores: returns the validation set's probabilities.
        """
        from assay.adapters.torch_states import TorchStates  # noqa: PLC0415 - imports PyTorch

        return TorchStates(self._self(), module, scores)

    def huggingface(self, scores: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - Transformers' own classes
        """Return a callback for ``Trainer(..., callbacks=[...])`` of Hugging Face Transformers.

        Args:
            scores: of the network, returns the validation set's probabilities; called after each epoch.
        """
        from assay.adapters.huggingface_callback import huggingface_callback  # noqa: PLC0415 - imports Transformers

        return huggingface_callback(self._self(), scores)
