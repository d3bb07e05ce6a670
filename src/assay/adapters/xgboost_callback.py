"""XGBoost: measure after each round.

Scores come from XGBoost's own cache of the validation set's predictions, which it extends by one round at a time; where
the objective is logistic, as margins, which it hands out without computing anything.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from assay.adapters.array_reading import logistic
from assay.errors import InputError
from assay.records.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.adapters.fairness_monitor import FairnessMonitor
    from assay.records.tally import Task

_RAW = "binary:logitraw"
_LOGISTIC = {"binary:logistic", "reg:logistic", _RAW}
_CLASSES = {"binary:hinge", "multi:softmax", "multi:softprob"}


class _Rounds:
    """What is done with the booster of each round."""

    def __init__(self, monitor: FairnessMonitor, matrix: Any, scores: Callable[[Any], Any] | None) -> None:  # noqa: ANN401
        self._monitor, self._matrix, self._scores = monitor, matrix, scores
        self._objective = self._booster = ""
        self._kept: Any = None

    def describe(self, booster: Any) -> None:  # noqa: ANN401 - XGBoost's own classes
        """Take the hyperparameters, and what the booster predicts."""
        if not hasattr(booster, "save_config"):
            raise InputError(
                "expected one booster, found those of a cross validation: watch each by its own xgboost.train"
            )
        found = _settings(json.loads(booster.save_config()))
        self._objective, self._booster = found["objective"], found["booster"]
        self._monitor.describe("xgboost", found)

    def measure(self, booster: Any, number: int) -> None:  # noqa: ANN401 - XGBoost's own classes
        """Measure a round, and keep it where it is the best so far."""
        monitor = self._monitor
        margins = self._objective in _LOGISTIC and self._scores is None and not monitor.needs_scores
        if margins and 0 < monitor.threshold < 1:
            cut = math.log(monitor.threshold / (1 - monitor.threshold))
            step = monitor.step_margins(
                lambda: booster.predict(self._matrix, output_margin=True), cut, iteration=number
            )
        else:
            step = monitor.step_by(lambda: self._foretold(booster), iteration=number)
        if step.is_best and monitor.action == "keep-best":
            # Rounds of trees alone stand for themselves: dart changes those before, and linear ones cannot be cut.
            trees = self._booster == "gbtree"
            self._kept = monitor.attempt("keeping a round", booster.num_boosted_rounds if trees else booster.copy)

    def _foretold(self, booster: Any) -> Any:  # noqa: ANN401 - XGBoost's own classes, numpy's array
        task = self._monitor.task
        if self._scores is not None:
            return self._scores(booster.predict(self._matrix))
        found = booster.predict(self._matrix, output_margin=task == "multiclass")
        if task != "regression":
            _require_classes(task, self._objective, found)
        return logistic(found) if task == "binary" and self._objective == _RAW else found

    def restored(self, booster: Any) -> Any:  # noqa: ANN401 - XGBoost's own classes
        """Return the booster as it was at the round that is kept; as it is, where none is."""
        if self._kept is None:
            return booster
        kept = booster[: self._kept] if isinstance(self._kept, int) else self._kept
        noted = {name: value for name, value in booster.attributes().items() if not name.startswith("best_")}
        if booster.attr("best_iteration") is not None:  # XGBoost predicts up to it: up to what is kept
            noted["best_iteration"] = str(kept.num_boosted_rounds() - 1)
        kept.set_attr(**noted)
        self._monitor.set_digest(sha256_hex(bytes(kept.save_raw("ubj"))), "the booster up to it, as UBJSON")
        return kept


def xgboost_callback(monitor: FairnessMonitor, validation: Any, scores: Callable[[Any], Any] | None) -> Any:  # noqa: ANN401
    """Return a callback of XGBoost for a monitor.

    Args:
        monitor: the monitor.
        validation: a DMatrix, or features that one is made of once.
        scores: what makes scores of the booster's predictions; None where its objective says what they are.
    """
    import xgboost  # noqa: PLC0415 - only when it trains

    matrix = validation if isinstance(validation, xgboost.DMatrix) else xgboost.DMatrix(validation)
    rounds = _Rounds(monitor, matrix, scores)

    class Watching(xgboost.callback.TrainingCallback):  # type: ignore[misc, unused-ignore]
        """Measures after each round, and says stop."""

        def before_training(self, model: Any) -> Any:  # noqa: ANN401 - XGBoost's own classes
            """Take the hyperparameters from the booster."""
            monitor.attempt("the hyperparameters", lambda: rounds.describe(model))
            return model

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ANN401, ARG002 - as XGBoost calls it
            """Measure a round; True stops the training."""
            rounds.measure(model, epoch)
            return monitor.should_stop

        def after_training(self, model: Any) -> Any:  # noqa: ANN401 - XGBoost's own classes
            """End the run; under keep-best return the booster as it was at the round that is kept."""
            kept = monitor.attempt("restoring the round that is kept", lambda: rounds.restored(model))
            monitor.close()
            return model if kept is None else kept

    return Watching()


def _require_classes(task: Task, objective: str, found: Any) -> None:  # noqa: ANN401 - numpy's array
    """Check that what a booster puts out tells classes.

    Raises:
        InputError: when it does not, or tells others than are watched.
    """
    columns = found.shape[1] if found.ndim == 2 else 1  # noqa: PLR2004 - rows by classes
    if task == "multiclass" and columns == 1:
        raise InputError(
            f"expected an objective with a column for each class (multi:softprob), found {objective}: leave out "
            "task='multiclass' where the monitor is made"
        )
    if task == "binary" and columns > 2:  # noqa: PLR2004 - two classes
        raise InputError(f"expected two classes, found {columns}: say task='multiclass' where the monitor is made")
    if task == "binary" and objective not in _LOGISTIC | _CLASSES:
        raise InputError(
            f"expected an objective that predicts probabilities (binary:logistic), found {objective}, which is also "
            "what XGBoost calls one of your own. Say what makes probabilities of its predictions: "
            "watch.xgboost(valid, scores=lambda found: 1 / (1 + numpy.exp(-found)))"
        )


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters of a booster's configuration: those that a person sets, by their own names."""
    learner = config["learner"]
    booster = learner["gradient_booster"]
    found: dict[str, Any] = {
        "objective": learner["learner_train_param"]["objective"],
        "booster": learner["learner_train_param"]["booster"],
        "seed": learner["generic_param"]["seed"],
        "device": learner["generic_param"]["device"],
    }
    for part in (booster, booster.get("gbtree", {})):  # dart holds its trees one level deeper
        found |= {"tree_method": part["gbtree_train_param"]["tree_method"]} if "gbtree_train_param" in part else {}
        found |= part.get("tree_train_param", {})
    return found
