"""XGBoost and LightGBM with people who can be learnt from, fairly at first and unfairly from a round on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from training_snippets import TURN, people

ROUNDS = 12


def xgboost_names(*, turns: bool) -> dict[str, Any]:
    """Return what the page's lines need: an objective that learns the fair label first, then the unfair one."""
    xgboost: Any = pytest.importorskip("xgboost", reason="make test-services installs XGBoost")
    names = people()
    train = xgboost.DMatrix(names["X"], names["y"])
    seen = {"round": 0}

    class Turning(xgboost.callback.TrainingCallback):  # type: ignore[misc, unused-ignore]
        def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ANN401, ARG002 - as XGBoost calls it
            seen["round"] = epoch
            if turns and epoch == TURN:
                train.set_label(names["unfair"])
                train.set_weight(np.full(len(names["unfair"]), 50.0))
            return False

    params = {"objective": "binary:logistic", "eta": 0.5, "max_depth": 3, "nthread": 1, "seed": 3}
    valid = xgboost.DMatrix(names["X_valid"], names["y_valid"])
    return {**names, "xgboost": xgboost, "params": params, "train": train, "valid": valid,
            "rounds": ROUNDS, "turning": Turning()}  # fmt: skip


def lightgbm_names(*, turns: bool) -> dict[str, Any]:
    lightgbm = pytest.importorskip("lightgbm", reason="make test-services installs LightGBM")
    names = people()
    rounds = {"round": 0}

    def turning(scores: Any, _train: Any) -> Any:  # noqa: ANN401 - numpy's arrays
        """Learn the fair label at first, then the unfair one with all weight."""
        unfair = turns and rounds["round"] >= TURN
        rounds["round"] += 1
        shares = 1 / (1 + np.exp(-np.clip(scores, -50, 50)))
        labels = names["unfair"] if unfair else names["y"]
        weight = 50.0 if unfair else 1.0
        return weight * (shares - labels), np.maximum(shares * (1 - shares), 1e-3)

    params = {"objective": turning, "verbose": -1, "num_threads": 1, "learning_rate": 0.5, "seed": 3, "metric": "None"}
    train = lightgbm.Dataset(names["X"], names["y"])
    valid = lightgbm.Dataset(names["X_valid"], names["y_valid"], reference=train)
    return {**names, "lightgbm": lightgbm, "params": params, "train": train, "valid": valid,
            "rounds": ROUNDS}  # fmt: skip
