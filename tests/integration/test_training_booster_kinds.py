"""XGBoost and LightGBM of every kind: what is measured and kept is what the booster that comes back predicts."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

import assay
from assay.records.canonical import sha256_hex
from boosted_people import lightgbm_names, xgboost_names

pytestmark = pytest.mark.service


def learned(
    params: dict[str, Any],
    action: Literal["warn", "keep-best"],
    *,
    limits: dict[str, Any] | None = None,
    **more: Any,  # noqa: ANN401 - as xgboost.train takes them
) -> Any:  # noqa: ANN401 - XGBoost's own classes
    """Train with XGBoost under a monitor, and return booster, monitor, and the booster's people."""
    names = xgboost_names(turns=False)
    watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False, action=action,
                                  limits=limits or {"demographic_parity_difference": 0.9})  # fmt: skip
    scores = more.pop("scores", None)
    rounds = more.pop("rounds", 6)
    booster = names["xgboost"].train(
        {"nthread": 1, "seed": 3, **params}, names["train"], rounds,
        callbacks=[watch.xgboost(names["valid"], scores)], **more,
    )  # fmt: skip
    return booster, watch, names


def accuracy(shares: Any, names: dict[str, Any]) -> float:  # noqa: ANN401 - numpy's array
    return float(np.mean((shares >= 0.5) == names["y_valid"]))


@pytest.mark.parametrize(
    "params",
    [{"booster": "dart", "rate_drop": 0.5, "one_drop": 1}, {"booster": "gblinear"}, {"num_parallel_tree": 3}],
    ids=["dart", "gblinear", "forest"],
)
def test_xgboost_returns_the_very_booster_that_was_measured(params: dict[str, Any]) -> None:
    booster, watch, names = learned({"objective": "binary:logistic", "eta": 0.9, **params}, "keep-best", rounds=15)
    assert watch.kept is not None
    assert accuracy(booster.predict(names["valid"]), names) == watch.kept.value
    assert watch.kept.sha256 == sha256_hex(bytes(booster.save_raw("ubj")))


def test_xgboost_that_goes_on_keeps_the_rounds_before() -> None:
    first, _, names = learned({"objective": "binary:logistic"}, "warn", rounds=5)
    booster, watch, _ = learned({"objective": "binary:logistic"}, "keep-best", xgb_model=first)
    assert watch.kept is not None
    assert booster.num_boosted_rounds() == 5 + watch.kept.iteration + 1
    assert accuracy(booster.predict(names["valid"]), names) == watch.kept.value


def test_what_is_kept_is_predicted_by_though_xgboost_stopped_early() -> None:
    names = xgboost_names(turns=False)
    watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False, action="keep-best",
                                  limits={"demographic_parity_difference": 0.9})  # fmt: skip
    classifier = names["xgboost"].XGBClassifier(
        n_estimators=60, n_jobs=1, early_stopping_rounds=2, callbacks=[watch.xgboost(names["X_valid"])]
    )
    classifier.fit(names["X"], names["y"], eval_set=[(names["X_valid"], names["y_valid"])], verbose=False)
    assert watch.kept is not None
    assert classifier.best_iteration == watch.kept.iteration
    assert accuracy(classifier.predict_proba(names["X_valid"])[:, 1], names) == watch.kept.value


def own_objective(margins: Any, train: Any) -> Any:  # noqa: ANN401 - numpy's arrays
    shares = 1 / (1 + np.exp(-margins))
    return shares - train.get_label(), np.maximum(shares * (1 - shares), 1e-6)


def test_numbers_whose_meaning_nobody_said_are_never_taken_for_probabilities() -> None:
    # Margins of so small a step all lie within 0 and 1, about XGBoost's own 0.5.
    with pytest.warns(assay.TrainingWarning, match="scores=lambda found"):
        _, watch, _ = learned({"eta": 0.001}, "warn", obj=own_objective)
    assert watch.last is not None
    assert watch.last.status == "failed"


def test_scores_say_what_an_objective_of_ones_own_predicts() -> None:
    def logistic(found: Any) -> Any:  # noqa: ANN401 - numpy's array
        return 1 / (1 + np.exp(-found))

    booster, watch, names = learned({}, "keep-best", obj=own_objective, scores=logistic)
    assert watch.kept is not None
    assert accuracy(logistic(booster.predict(names["valid"])), names) == watch.kept.value


@pytest.mark.parametrize("limits", [{}, {"roc_auc": {"min": 0.1}}], ids=["classes", "scores"])
def test_raw_logits_are_measured_as_probabilities(limits: dict[str, Any]) -> None:
    booster, watch, names = learned(
        {"objective": "binary:logitraw"}, "keep-best", limits={"demographic_parity_difference": 0.9, **limits}
    )
    assert watch.kept is not None
    assert np.mean((booster.predict(names["valid"]) >= 0) == names["y_valid"]) == watch.kept.value


@pytest.mark.parametrize("objective", ["multi:softprob", "multi:softmax"])
@pytest.mark.parametrize("written", [(0, 1, 2), ("a", "b", "c")], ids=["codes", "words"])
def test_several_classes_of_xgboost(objective: str, written: tuple[Any, ...]) -> None:
    names = xgboost_names(turns=False)
    skill = names["X_valid"][:, 0]
    labels = np.digitize(skill, [-0.5, 0.5])
    train = names["xgboost"].DMatrix(names["X"], np.digitize(names["X"][:, 0] + names["X"][:, 1], [-0.5, 0.5]))
    watch = assay.FairnessMonitor(np.array(written)[labels], {"sex": names["sex_valid"]}, project=False,
                                  task="multiclass",
                                  action="keep-best", limits={"accuracy_difference": 0.9})  # fmt: skip
    booster = names["xgboost"].train({"objective": objective, "num_class": 3, "nthread": 1}, train, 4,
                                     callbacks=[watch.xgboost(names["valid"])])  # fmt: skip
    found = booster.predict(names["valid"])
    found = found.argmax(axis=1) if found.ndim == 2 else found
    assert watch.kept is not None
    assert np.mean(found == labels) == watch.kept.value


def test_one_column_is_not_several_classes() -> None:
    names = xgboost_names(turns=False)
    watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False, task="multiclass",
                                  limits={"accuracy_difference": 0.9})  # fmt: skip
    with pytest.warns(assay.TrainingWarning, match="a column for each class"):
        names["xgboost"].train(names["params"], names["train"], 2, callbacks=[watch.xgboost(names["valid"])])


def test_a_regression_of_xgboost_by_one_of_its_quantiles() -> None:
    names = xgboost_names(turns=False)
    numbers = 20 + 5 * names["X"][:, 0]
    numbers_valid = 20 + 5 * names["X_valid"][:, 0]
    watch = assay.FairnessMonitor(numbers_valid, {"sex": names["sex_valid"]}, project=False, task="regression",
                                  action="keep-best", limits={"mean_absolute_error_difference": 50})  # fmt: skip
    params = {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9], "nthread": 1}
    booster = names["xgboost"].train(params, names["xgboost"].DMatrix(names["X"], numbers), 5,
                                     callbacks=[watch.xgboost(names["valid"], lambda found: found[:, 1])])  # fmt: skip
    assert watch.kept is not None
    errors = booster.predict(names["valid"])[:, 1] - numbers_valid
    assert watch.kept.value == pytest.approx(float(np.mean(np.abs(errors))))


def test_cross_validation_is_told_and_goes_on() -> None:
    names = xgboost_names(turns=False)
    watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False, limits=names["limits"])
    with pytest.warns(assay.TrainingWarning) as told:
        found = names["xgboost"].cv(names["params"], names["train"], 2, nfold=2,
                                    callbacks=[watch.xgboost(names["valid"])])  # fmt: skip
    assert len(found) == 2
    assert "found those of a cross validation" in str(told[0].message)


LIGHT: dict[str, dict[str, Any]] = {
    "slope": {"objective": "binary", "sigmoid": 2.5},
    "dart": {"objective": "binary", "boosting": "dart", "drop_rate": 0.6, "skip_drop": 0.0},
    "forest": {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    "entropy": {"objective": "cross_entropy"},
}


@pytest.mark.parametrize("kind", LIGHT)
@pytest.mark.parametrize("by", ["features", "feval"])
def test_lightgbm_returns_the_very_booster_that_was_measured(kind: str, by: str) -> None:
    names = lightgbm_names(turns=False)
    watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False, action="keep-best",
                                  limits={"demographic_parity_difference": 0.9}, threshold=0.7)  # fmt: skip
    hook = watch.lightgbm(names["X_valid"] if by == "features" else None)
    params = {"verbose": -1, "num_threads": 1, "seed": 3, "metric": "None", **LIGHT[kind]}
    booster = names["lightgbm"].train(params, names["train"], 15, valid_sets=[names["valid"]], feval=hook.feval,
                                      callbacks=[hook])  # fmt: skip
    assert watch.kept is not None
    assert np.mean((booster.predict(names["X_valid"]) >= 0.7) == names["y_valid"]) == watch.kept.value
    assert booster.current_iteration() == watch.kept.iteration + 1


@pytest.mark.parametrize("objective", ["regression", "cross_entropy_lambda"])
def test_lightgbm_numbers_that_are_no_log_odds_are_never_taken_for_them(objective: str) -> None:
    names = lightgbm_names(turns=False)
    watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False, limits=names["limits"])
    params = {"objective": objective, "verbose": -1, "num_threads": 1}
    with pytest.warns(assay.TrainingWarning, match="expected an objective that predicts probabilities"):
        names["lightgbm"].train(params, names["train"], 2, callbacks=[watch.lightgbm(names["X_valid"])])
    assert watch.last is not None
    assert watch.last.status == "failed"


@pytest.mark.parametrize("by", ["features", "feval"])
@pytest.mark.parametrize("objective", ["multiclass", "multiclassova"])
def test_several_classes_of_lightgbm(objective: str, by: str) -> None:
    names = lightgbm_names(turns=False)
    of_train, labels = (np.digitize(names[key][:, 0], [-0.5, 0.5]) for key in ("X", "X_valid"))
    train = names["lightgbm"].Dataset(names["X"], of_train)
    valid = names["lightgbm"].Dataset(names["X_valid"], labels, reference=train)
    watch = assay.FairnessMonitor(np.array(["a", "b", "c"])[labels], {"sex": names["sex_valid"]}, project=False,
                                  task="multiclass",
                                  action="keep-best", limits={"accuracy_difference": 0.9})  # fmt: skip
    hook = watch.lightgbm(names["X_valid"] if by == "features" else None)
    params = {"objective": objective, "num_class": 3, "verbose": -1, "num_threads": 1, "metric": "None"}
    booster = names["lightgbm"].train(params, train, 4, valid_sets=[valid], feval=hook.feval, callbacks=[hook])
    assert watch.kept is not None
    assert np.mean(booster.predict(names["X_valid"]).argmax(axis=1) == labels) == watch.kept.value


@pytest.mark.parametrize("by", ["features", "feval"])
@pytest.mark.parametrize("objective", ["regression", "poisson", "quantile"])
def test_a_regression_of_lightgbm(objective: str, by: str) -> None:
    names = lightgbm_names(turns=False)
    of_train, numbers = (30 + 5 * names[key][:, 0] for key in ("X", "X_valid"))
    train = names["lightgbm"].Dataset(names["X"], of_train)
    valid = names["lightgbm"].Dataset(names["X_valid"], numbers, reference=train)
    watch = assay.FairnessMonitor(numbers, {"sex": names["sex_valid"]}, project=False, task="regression",
                                  action="keep-best", limits={"mean_absolute_error_difference": 50})  # fmt: skip
    hook = watch.lightgbm(names["X_valid"] if by == "features" else None)
    params = {"objective": objective, "verbose": -1, "num_threads": 1, "metric": "None"}
    booster = names["lightgbm"].train(params, train, 4, valid_sets=[valid], feval=hook.feval, callbacks=[hook])
    assert watch.kept is not None
    errors = booster.predict(names["X_valid"]) - numbers
    assert watch.kept.value == pytest.approx(float(np.mean(np.abs(errors))))


def test_a_metric_of_classes_is_refused_for_a_regression_before_the_run() -> None:
    with pytest.raises(assay.InputError, match="task regression, found demographic_parity_difference"):
        assay.FairnessMonitor([1.5, 2.5], {"sex": ["f", "m"]}, project=False, task="regression",
                              limits={"demographic_parity_difference": 0.1})  # fmt: skip


def test_a_data_set_that_is_not_there_is_told_before_the_run() -> None:
    with pytest.raises(assay.InputError, match="expected data at"):
        assay.FairnessMonitor([1, 0], {"sex": ["f", "m"]}, project=False, limits={"demographic_parity_difference": 0.1},
                              datasets={"train": "not-there.parquet"})  # fmt: skip
