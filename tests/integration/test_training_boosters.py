"""XGBoost and LightGBM, really training, watched by the lines of the how-to page: fair at first, then turned."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import assay
from assay.records.canonical import sha256_hex
from boosted_people import ROUNDS, lightgbm_names, xgboost_names
from training_snippets import TURN, run_snippet
from watched_run import watched_project

pytestmark = pytest.mark.service


def run_xgboost(action: str, *, turns: bool) -> dict[str, Any]:
    names = xgboost_names(turns=turns)
    real = names["xgboost"].train

    class Training:
        """XGBoost, whose data turn in the midst of the training."""

        @staticmethod
        def train(*given: Any, callbacks: list[Any], **more: Any) -> Any:  # noqa: ANN401 - as XGBoost's own
            return real(*given, callbacks=[names["turning"], *callbacks], **more)

    return run_snippet("XGBoost", {**names, "xgboost": Training}, action=action)


def test_xgboost_is_stopped_at_the_round_where_it_turns() -> None:
    found = run_xgboost("stop", turns=True)
    assert found["watch"].stopped_at == TURN
    assert found["booster"].num_boosted_rounds() == TURN + 1


def test_xgboost_is_not_stopped_when_nothing_turns() -> None:
    found = run_xgboost("stop", turns=False)
    assert found["watch"].stopped_at is None
    assert found["booster"].num_boosted_rounds() == ROUNDS


def test_xgboost_returns_the_rounds_that_are_kept() -> None:
    found = run_xgboost("keep-best", turns=True)
    kept = found["watch"].kept
    assert kept is not None
    assert kept.iteration < TURN
    assert found["booster"].num_boosted_rounds() == kept.iteration + 1
    assert kept.sha256 == sha256_hex(bytes(found["booster"].save_raw("ubj")))


def test_margins_say_what_probabilities_say() -> None:
    names = xgboost_names(turns=False)
    seen = []
    for limits in (
        {"demographic_parity_difference": 0.1},
        {"demographic_parity_difference": 0.1, "roc_auc": {"min": 0.5}},
    ):
        watch = assay.FairnessMonitor(
            names["y_valid"], {"sex": names["sex_valid"]}, project=False, limits=limits, threshold=0.6
        )
        steps: list[Any] = []
        measure = watch._step

        def noting(*given: Any, measure: Any = measure, steps: list[Any] = steps) -> Any:  # noqa: ANN401
            steps.append(measure(*given))
            return steps[-1]

        watch._step = noting  # type: ignore[method-assign, assignment]
        names["xgboost"].train(names["params"], names["train"], 4, callbacks=[watch.xgboost(names["valid"])])
        seen.append([next(one.measured for one in step.findings if "parity" in (one.metric or "")) for step in steps])
    assert seen[0] == seen[1]
    assert len(seen[0]) == 4


def test_a_classifier_of_xgboost_takes_the_same_callback(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    names = xgboost_names(turns=False)
    root = watched_project(tmp_path / "p")
    watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=root)
    classifier = names["xgboost"].XGBClassifier(
        n_estimators=4, random_state=11, n_jobs=1, callbacks=[watch.xgboost(names["X_valid"])]
    )
    classifier.fit(names["X"], names["y"])
    assert watch.folder is not None
    lines = [json.loads(line) for line in (watch.folder / "monitor.jsonl").read_text().splitlines()]
    assert lines[0]["captured"]["framework"] == "xgboost"
    assert lines[0]["captured"]["seed"] == "11"
    assert lines[0]["captured"]["hyperparameters"]["max_depth"] == "6"
    assert "xgboost-cpu" in lines[0]["captured"]["environment"] or "xgboost" in lines[0]["captured"]["environment"]
    assert [line["iteration"] for line in lines[1:-1]] == list(range(4))
    assert lines[-1]["outcome"] == "complete"


def test_a_callback_that_fails_lets_xgboost_train_on() -> None:
    names = xgboost_names(turns=False)
    watch = assay.FairnessMonitor(names["y_valid"][:-1], {"sex": names["sex_valid"][:-1]}, project=False,
                                  limits=names["limits"])  # fmt: skip
    with pytest.warns(assay.TrainingWarning, match="expected 3,999 values"):
        booster = names["xgboost"].train(names["params"], names["train"], 4, callbacks=[watch.xgboost(names["valid"])])
    assert booster.num_boosted_rounds() == 4
    assert watch.last is not None
    assert watch.last.status == "failed"


@pytest.mark.parametrize("by", ["features", "feval"])
def test_lightgbm_is_watched_as_the_page_says(by: str) -> None:
    names = lightgbm_names(turns=False)
    names["params"]["objective"] = "binary"
    if by == "feval":
        found = run_snippet("LightGBM", names)
        watch, booster = found["watch"], found["booster"]
    else:
        watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False,
                                      limits=names["limits"], action="stop")  # fmt: skip
        booster = names["lightgbm"].train(
            names["params"], names["train"], ROUNDS, callbacks=[watch.lightgbm(names["X_valid"])]
        )
    assert watch.stopped_at is None
    assert booster.current_iteration() == ROUNDS
    assert watch.last is not None
    selected = np.mean(booster.predict(names["X_valid"]) >= 0.5)
    assert watch.last.status == "satisfied"
    assert {one.status for one in watch.last.findings} == {"pass"}
    assert 0.4 < selected < 0.6


def test_lightgbm_is_stopped_at_the_round_where_it_turns_and_keeps_one_before() -> None:
    names = lightgbm_names(turns=True)
    for action in ("stop", "keep-best"):
        names = lightgbm_names(turns=True)
        watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False,
                                      limits=names["limits"], action=action)  # fmt: skip
        with pytest.warns(assay.TrainingWarning, match="breached"):
            booster = names["lightgbm"].train(
                names["params"], names["train"], ROUNDS, callbacks=[watch.lightgbm(names["X_valid"])]
            )
        if action == "stop":
            assert watch.stopped_at == TURN
            assert booster.current_iteration() == TURN + 1
        else:
            assert watch.kept is not None
            assert watch.kept.iteration < TURN
            assert booster.best_iteration == watch.kept.iteration + 1
            assert watch.kept.sha256 is not None


def test_lightgbm_is_never_watched_on_its_training_set() -> None:
    seen = []
    for with_train in (False, True):
        names = lightgbm_names(turns=False)
        names["params"]["objective"] = "binary"
        watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False,
                                      limits=names["limits"])  # fmt: skip
        hook = watch.lightgbm()
        sets = [names["train"], names["valid"]] if with_train else [names["valid"]]  # both have as many rows
        names["lightgbm"].train(names["params"], names["train"], 3, valid_sets=sets, feval=hook.feval, callbacks=[hook])
        assert watch.last is not None
        seen.append([one.measured for one in watch.last.findings])
    assert seen[0] == seen[1]


def test_lightgbm_without_scores_fails_each_round_and_trains_on() -> None:
    names = lightgbm_names(turns=False)
    names["params"]["objective"] = "binary"
    watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False, limits=names["limits"])
    with pytest.warns(assay.TrainingWarning, match="feval=callback.feval"):
        booster = names["lightgbm"].train(names["params"], names["train"], 3, callbacks=[watch.lightgbm()])
    assert booster.current_iteration() == 3
