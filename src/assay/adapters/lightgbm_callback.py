"""LightGBM: measure after each round.

Given as ``feval`` too, it takes the scores that LightGBM has made of its first validation set. Given the features
instead, it adds each round's raw scores to those before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.adapters.array_reading import numpy
from assay.errors import InputError
from assay.records.canonical import sha256_hex

if TYPE_CHECKING:
    from assay.adapters.fairness_monitor import FairnessMonitor


class LightGBMCallback:
    """What LightGBM calls: as a callback after each round, and as ``feval`` with the scores of a validation set.

    Attributes:
        order: when it is called among other callbacks: before those that stop early.
        before_iteration: False: after each round.
    """

    order = 25
    before_iteration = False

    def __init__(self, monitor: FairnessMonitor, validation: Any = None) -> None:  # noqa: ANN401 - any features
        self._monitor = monitor
        self._features = validation
        self._raw: Any = None
        self._handed: list[tuple[Any, Any]] = []
        self._round = 0

    def feval(self, scores: Any, dataset: Any) -> list[Any]:  # noqa: ANN401 - as LightGBM calls it
        """Take the scores of a data set of this round; it adds no metric."""
        self._handed.append((dataset, scores))
        return []

    def __call__(self, env: Any) -> None:  # noqa: ANN401 - LightGBM's own tuple
        """Measure a round; under ``stop`` end the training by LightGBM's own exception for it."""
        from lightgbm.callback import EarlyStopException  # noqa: PLC0415 - only when it trains

        monitor = self._monitor
        if env.iteration == env.begin_iteration:
            monitor.describe("lightgbm", {name: value for name, value in env.params.items() if value is not None})
        monitor.step_by(lambda: self._take(env), iteration=env.iteration)
        self._handed = []
        last = env.iteration == env.end_iteration - 1
        if not (last or monitor.should_stop):
            return
        kept = monitor.kept if monitor.action == "keep-best" else None
        if kept is not None:
            text = env.model.model_to_string(num_iteration=kept.iteration + 1)
            monitor.set_digest(sha256_hex(text.encode()), "the booster up to it, as LightGBM's text")
        monitor.close()
        if kept is not None or monitor.should_stop:
            raise EarlyStopException(
                env.iteration if kept is None else kept.iteration, env.evaluation_result_list or []
            )

    def _take(self, env: Any) -> Any:  # noqa: ANN401 - LightGBM's own tuple, numpy's array
        if self._features is None:
            # The training set may be among those evaluated, and be as long: it is never taken for the validation set.
            handed = [scores for dataset, scores in self._handed if dataset is not env.model.train_set]
            if not handed:
                raise InputError(
                    "expected the scores of a validation set, found none: give feval=callback.feval and "
                    "valid_sets=[...], or the features: watch.lightgbm(X_valid)"
                )
            return next((scores for scores in handed if len(scores) == self._monitor.rows), handed[0])
        if self._monitor.task != "binary":
            return env.model.predict(self._features, num_iteration=env.iteration + 1)
        np = numpy()
        new = env.model.predict(self._features, raw_score=True, start_iteration=self._round, num_iteration=-1)
        self._raw = new if self._raw is None else self._raw + new
        self._round = env.iteration + 1
        return np.exp(-np.logaddexp(0.0, -self._raw))  # 1 / (1 + exp(-raw)), for any raw


def lightgbm_callback(monitor: FairnessMonitor, validation: Any = None) -> LightGBMCallback:  # noqa: ANN401 - any features
    """Return what LightGBM calls for a monitor."""
    return LightGBMCallback(monitor, validation)
