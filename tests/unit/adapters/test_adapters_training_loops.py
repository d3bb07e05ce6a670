"""The loops of the how-to page that need no more than scikit-learn, run as they stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, SGDClassifier

import assay
from assay.errors import InputError
from assay.lifecycle.run_record import RECORD, read_run
from training_snippets import TURN, people, run_snippet, snippets
from watched_run import watched_project

if TYPE_CHECKING:
    from pathlib import Path


def batches(names: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Return batches that are fair at first, and turn."""
    return [(names["X"], names["y"] if at < TURN else names["unfair"]) for at in range(12)]


def test_every_framework_has_its_lines_on_the_page() -> None:
    assert {
        "Any loop", "XGBoost", "LightGBM", "scikit-learn", "Keras", "PyTorch", "PyTorch Lightning",
        "Hugging Face Transformers",
    } <= {heading for heading, found in snippets().items() if found}  # fmt: skip


def test_any_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = people()
    monkeypatch.chdir(watched_project(tmp_path / "p"))
    net = SGDClassifier(loss="log_loss", random_state=1)
    waiting = iter(batches(names))

    def train_one_epoch(learner: Any) -> None:  # noqa: ANN401 - scikit-learn's own classes
        learner.partial_fit(*next(waiting), classes=[0, 1])

    found = run_snippet("Any loop", {**names, "net": net, "epochs": 12, "train_one_epoch": train_one_epoch})
    watch = found["watch"]
    assert TURN <= watch.stopped_at <= TURN + 1
    assert read_run(next((tmp_path / "p").glob(f".assay/runs/*/{RECORD}"))).end is not None


def test_limits_in_python() -> None:
    names = people(400)
    watch = run_snippet("Any loop", names, number=1)["watch"]
    assert {control.check for control in watch._terms.judge.policy.controls} == {"group-gap", "impact-ratio"}


@pytest.mark.parametrize("kind", [GradientBoostingClassifier, HistGradientBoostingClassifier])
def test_stages_of_a_boosting(kind: Any) -> None:  # noqa: ANN401 - scikit-learn's own classes
    names = people(1500)
    options = {"max_iter": 8} if kind is HistGradientBoostingClassifier else {"n_estimators": 8, "max_depth": 2}
    names["boosting"] = kind(random_state=1, **options).fit(names["X"], names["y"])
    found = run_snippet("scikit-learn", names)
    assert [step.iteration for step in found["steps"]] == list(range(8))
    watch = found["watch"]
    assert watch.kept is not None
    assert watch.kept.value == pytest.approx(
        max(np.mean(list(stage == names["y_valid"])) for stage in names["boosting"].staged_predict(names["X_valid"]))
    )


def test_partial_fit_keeps_the_estimator_as_it_was_before_it_turned() -> None:
    names = people()
    names |= {"estimator": SGDClassifier(loss="log_loss", random_state=1), "batches": batches(names)}
    found = run_snippet("scikit-learn", names, number=1)
    watch = found["watch"]
    assert watch.kept is not None
    assert watch.kept.iteration < TURN
    assert watch.kept.sha256 is not None
    accuracy = np.mean(found["estimator"].predict(names["X_valid"]) == names["y_valid"])
    assert accuracy == pytest.approx(watch.kept.value)


def test_partial_fit_is_stopped_where_it_turns() -> None:
    names = people()
    names |= {"estimator": SGDClassifier(loss="log_loss", random_state=1), "batches": batches(names)}
    watch = run_snippet("scikit-learn", names, number=1, action="stop")["watch"]
    assert TURN <= watch.stopped_at <= TURN + 1


def test_an_estimator_without_stages_is_told() -> None:
    names = people(400)
    watch = assay.FairnessMonitor(names["y_valid"], {"sex": names["sex_valid"]}, project=False, limits=names["limits"])
    with pytest.raises(InputError, match="staged_predict_proba"):
        watch.staged(LinearRegression(), names["X_valid"])
