"""XGBoost: measure after each round.

Scores come from XGBoost's own cache of the validation set's predictions, which it extends by one round at a time; where
the objective is logistic, as margins, which it hands out without computing anything.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from assay.errors import InputError
from assay.records.canonical import sha256_hex

if TYPE_CHECKING:
    from assay.adapters.fairness_monitor import FairnessMonitor

_LOGISTIC = {"binary:logistic", "reg:logistic", "binary:logitraw"}


def xgboost_callback(monitor: FairnessMonitor, validation: Any) -> Any:  # noqa: ANN401 - XGBoost's own classes
    """Return a callback of XGBoost for a monitor.

    Args:
        monitor: the monitor.
        validation: a DMatrix, or features that one is made of once.
    """
    import xgboost  # noqa: PLC0415 - only when it trains

    matrix = validation if isinstance(validation, xgboost.DMatrix) else xgboost.DMatrix(validation)

    class Watching(xgboost.callback.TrainingCallback):  # type: ignore[misc, unused-ignore]
        """Measures after each round, and says stop."""

        def __init__(self) -> None:
            super().__init__()
            self.objective = ""

        def before_training(self, model: Any) -> Any:  # noqa: ANN401 - XGBoost's own classes
            """Take the hyperparameters from the booster."""
            config = json.loads(model.save_config())
            self.objective = config["learner"]["learner_train_param"]["objective"]
            monitor.describe("xgboost", _settings(config))
            return model

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ANN401, ARG002 - as XGBoost calls it
            """Measure a round; True stops the training."""
            if self.objective in _LOGISTIC and not monitor.needs_scores and 0 < monitor.threshold < 1:
                cut = math.log(monitor.threshold / (1 - monitor.threshold))
                monitor.step_margins(lambda: model.predict(matrix, output_margin=True), cut, iteration=epoch)
            else:
                monitor.step_by(lambda: _foretold(monitor, model.predict(matrix)), iteration=epoch)
            return monitor.should_stop

        def after_training(self, model: Any) -> Any:  # noqa: ANN401 - XGBoost's own classes
            """End the run; under keep-best return the booster up to the round that is kept."""
            if monitor.action == "keep-best" and monitor.kept is not None:
                model = model[: monitor.kept.iteration + 1]
                monitor.set_digest(sha256_hex(bytes(model.save_raw("ubj"))), "the booster up to it, as UBJSON")
            monitor.close()
            return model

    return Watching()


def _foretold(monitor: FairnessMonitor, found: Any) -> Any:  # noqa: ANN401 - numpy's array
    if monitor.task == "binary" and found.ndim == 2 and found.shape[1] != 2:  # noqa: PLR2004 - rows by classes
        raise InputError(
            f"expected two classes, found {found.shape[1]}: say task='multiclass' where the monitor is made"
        )
    return found


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
