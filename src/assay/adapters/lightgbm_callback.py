"""LightGBM: measure after each round.

Given as ``feval`` too, it takes the scores that LightGBM has made of its first validation set. Given the features
instead, it adds each round's raw scores to those before, where rounds do not change those before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assay.adapters.array_reading import logistic
from assay.errors import InputError
from assay.records.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.adapters.fairness_monitor import FairnessMonitor

_OWN = "an objective of your own"
_SLOPES = {"binary": None, "cross_entropy": 1.0, _OWN: 1.0}
"""Objectives whose raw scores are log-odds, with the slope; None: a parameter of theirs."""


class LightGBMCallback:
    """What LightGBM calls: as a callback after each round, and as ``feval`` with the scores of a validation set.

    Attributes:
        order: when it is called among other callbacks: before those that stop early.
        before_iteration: False: after each round.
    """

    order = 25
    before_iteration = False

    def __init__(
        self,
        monitor: FairnessMonitor,
        validation: Any = None,  # noqa: ANN401 - any features
        scores: Callable[[Any], Any] | None = None,
    ) -> None:
        self._monitor, self._features, self._scores = monitor, validation, scores
        self._raw: Any = None
        self._handed: list[tuple[Any, Any]] = []
        self._round = 0
        self._objective, self._slope, self._boosting = "", 1.0, ""
        self._kept = ""

    def feval(self, scores: Any, dataset: Any) -> list[Any]:  # noqa: ANN401 - as LightGBM calls it
        """Take the scores of a data set of this round; it adds no metric."""
        self._handed.append((dataset, scores))
        return []

    def __call__(self, env: Any) -> None:  # noqa: ANN401 - LightGBM's own tuple
        """Measure a round; under ``stop`` end the training by LightGBM's own exception for it."""
        from lightgbm.callback import EarlyStopException  # noqa: PLC0415 - only when it trains

        monitor = self._monitor
        if env.iteration == env.begin_iteration:
            monitor.attempt("the hyperparameters", lambda: self._describe(env))
        step = monitor.step_by(lambda: self._take(env), iteration=env.iteration)
        self._handed = []
        if step.is_best and monitor.action == "keep-best":
            self._keep(env)
        if not (env.iteration == env.end_iteration - 1 or monitor.should_stop):
            return
        kept = monitor.kept if self._kept else None
        if kept is not None and self._boosting != "gbdt":
            monitor.attempt("restoring the round that is kept", lambda: env.model.model_from_string(self._kept))
        monitor.close()
        if kept is not None or monitor.should_stop:
            raise EarlyStopException(
                env.iteration if kept is None else kept.iteration, env.evaluation_result_list or []
            )

    def _describe(self, env: Any) -> None:  # noqa: ANN401 - LightGBM's own tuple
        """Take the hyperparameters, and from the booster's text what it puts out."""
        import lightgbm  # noqa: PLC0415 - only when it trains

        self._monitor.describe("lightgbm", {name: value for name, value in env.params.items() if value is not None})
        if not isinstance(env.model, lightgbm.Booster):
            raise InputError(
                "expected one booster, found those of a cross validation: watch each by its own lightgbm.train"
            )
        text = env.model.model_to_string(num_iteration=1)
        objective = re.search(r"^objective=(\w+)(?:.* sigmoid:(\S+))?", text, re.MULTILINE)
        boosting = re.search(r"^\[boosting: (\w+)\]", text, re.MULTILINE)
        self._objective = objective[1] if objective else _OWN
        self._slope = float(objective[2]) if objective and objective[2] else _SLOPES.get(self._objective) or 1.0
        self._boosting = boosting[1] if boosting else ""

    def _keep(self, env: Any) -> None:  # noqa: ANN401 - LightGBM's own tuple
        """Keep the booster's text and digest: under dart, later rounds change the trees of this one."""
        text = self._monitor.attempt("keeping a round", env.model.model_to_string)
        self._kept = text or ""
        if text:
            self._monitor.set_digest(sha256_hex(text.encode()), "the booster up to it, as LightGBM's text")

    def _take(self, env: Any) -> Any:  # noqa: ANN401 - LightGBM's own tuple, numpy's array
        binary = self._monitor.task == "binary"
        if binary and self._scores is None and self._objective not in _SLOPES:
            raise InputError(
                f"expected an objective that predicts probabilities (binary), found {self._objective or 'none'}. Say "
                "what makes probabilities of its predictions: watch.lightgbm(X_valid, scores=...)"
            )
        found, raw = self._added(env) if self._features is not None else (self._of_feval(env), False)
        if self._scores is not None:
            return self._scores(found)
        return logistic(self._slope * found) if binary and (raw or self._objective == _OWN) else found

    def _of_feval(self, env: Any) -> Any:  # noqa: ANN401 - LightGBM's own tuple, numpy's array
        # The training set may be among those evaluated, and be as long: it is never taken for the validation set.
        handed = [scores for dataset, scores in self._handed if dataset is not env.model.train_set]
        if not handed:
            raise InputError(
                "expected the scores of a validation set, found none: give feval=callback.feval and "
                "valid_sets=[...], or the features: watch.lightgbm(X_valid)"
            )
        return next((scores for scores in handed if len(scores) == self._monitor.rows), handed[0])

    def _added(self, env: Any) -> tuple[Any, bool]:  # noqa: ANN401 - LightGBM's own tuple, numpy's array
        """Return what the booster puts out for the features, and whether that is raw."""
        added = self._boosting == "gbdt" and self._monitor.task != "regression" and self._scores is None
        if not added:
            return env.model.predict(self._features, num_iteration=env.iteration + 1), False
        new = env.model.predict(self._features, raw_score=True, start_iteration=self._round, num_iteration=-1)
        self._raw = new if self._raw is None else self._raw + new
        self._round = env.iteration + 1
        return self._raw, True


def lightgbm_callback(
    monitor: FairnessMonitor, validation: Any = None, scores: Callable[[Any], Any] | None = None  # noqa: ANN401
) -> LightGBMCallback:  # fmt: skip
    """Return what LightGBM calls for a monitor."""
    return LightGBMCallback(monitor, validation, scores)
