"""What watching a training run costs: the monitor's part of a boosting round, beside the round on the same rows.

In a real project: what a round predicts is fetched, counted, measured, judged under a policy, and recorded. The round's
cost is the process's, all threads; the monitor's is its thread's, for threads of the booster may still spin meanwhile.
What LightGBM does to hand its scores to ``feval`` is in its round.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
from bench.measured import Row

import assay

ROWS, FEATURES, ROUNDS = 1_000_000, 20, 12
PROJECT = """\
system: bench
model: {name: bench, version: "1", path: model/}
materiality: {exposure: low, purpose: bench, justification: a benchmark}
datasets: {test: {path: test.parquet}}
columns: {label: label, prediction: prediction, protected: [sex, race]}
policy: policy.yaml
"""
POLICY = """\
schema: assay.policy/v1
name: bench
version: "1"
controls:
"""
CONTROL = """\
  - id: {name}
    title: {name}
    check: {check}
    metric: {metric}
    attributes: [sex, race]
    limit: {limit}
    stage: training
    provenance: {{set_by: bench, when: "2026-11-23", source: bench, why: bench}}
"""
CONTROLS = (
    ("parity", "group-gap", "demographic_parity_difference", "{max: 0.2}"),
    ("chance", "group-gap", "equal_opportunity_difference", "{max: 0.2}"),
    ("odds", "group-gap", "equalized_odds_difference", "{max: 0.2}"),
    ("impact", "impact-ratio", "impact_ratio", "{min: 0.7}"),
)


def people(rows: int) -> tuple[Any, Any, dict[str, Any]]:
    """Return features, labels and protected attributes."""
    draw = np.random.default_rng(11)
    features = draw.normal(size=(rows, FEATURES)).astype(np.float32)
    labels = (features[:, 0] + draw.normal(size=rows) > 0).astype(np.int8)
    protected = {"sex": draw.choice(["f", "m"], rows), "race": draw.choice(["a", "b", "c"], rows)}
    return features, labels, protected


def project(folder: Path) -> Path:
    """Write a project with a policy of four controls over two attributes."""
    (folder / "assay.yaml").write_text(PROJECT)
    controls = [CONTROL.format(name=n, check=c, metric=m, limit=limit) for n, c, m, limit in CONTROLS]
    (folder / "policy.yaml").write_text(POLICY + "".join(controls))
    return folder


class Clock:
    """CPU seconds of each round, and of the monitor's part in it."""

    def __init__(self) -> None:
        self.began = 0.0
        self.rounds: list[float] = []
        self.watched: list[float] = []

    def start(self) -> None:
        """Begin a round."""
        self.began = time.process_time()

    def time(self, watch: Any, *given: Any) -> Any:  # noqa: ANN401 - a framework's own callback
        """Call the monitor's callback, and note what round and callback took."""
        self.rounds.append(time.process_time() - self.began)
        before = time.thread_time()
        answer = watch(*given)
        self.watched.append(time.thread_time() - before)
        return answer


def of_xgboost(folder: Path, rows: int) -> tuple[Clock, Any]:
    """Train XGBoost, watched, on as many rows as are watched."""
    import xgboost  # noqa: PLC0415 - only where it is installed

    features, labels, protected = people(rows)
    clock, watch = Clock(), assay.FairnessMonitor(labels, protected, project=folder)
    train = xgboost.DMatrix(features, labels)
    valid = xgboost.DMatrix(features, labels)
    hook = watch.xgboost(valid)

    class Timed(xgboost.callback.TrainingCallback):  # type: ignore[misc, unused-ignore]
        """The monitor's callback, timed."""

        def before_training(self, model: Any) -> Any:  # noqa: ANN401 - as XGBoost calls it
            return hook.before_training(model)

        def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ANN401, ARG002
            clock.start()
            return False

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ANN401 - as XGBoost calls it
            return bool(clock.time(hook.after_iteration, model, epoch, evals_log))

        def after_training(self, model: Any) -> Any:  # noqa: ANN401 - as XGBoost calls it
            return hook.after_training(model)

    params = {"objective": "binary:logistic", "tree_method": "hist", "nthread": 2}
    xgboost.train(params, train, ROUNDS, evals=[(valid, "valid")], callbacks=[Timed()], verbose_eval=False)
    return clock, watch


def of_lightgbm(folder: Path, rows: int) -> tuple[Clock, Any]:
    """Train LightGBM, watched, on as many rows as are watched."""
    import lightgbm  # noqa: PLC0415 - only where it is installed

    features, labels, protected = people(rows)
    clock, watch = Clock(), assay.FairnessMonitor(labels, protected, project=folder)
    train = lightgbm.Dataset(features, labels)
    valid = lightgbm.Dataset(features, labels, reference=train)
    hook = watch.lightgbm()

    def timed(env: Any) -> None:  # noqa: ANN401 - as LightGBM calls it
        clock.time(hook, env)
        clock.start()

    timed.order = hook.order  # type: ignore[attr-defined]
    clock.start()
    params = {"objective": "binary", "verbose": -1, "num_threads": 2}
    lightgbm.train(params, train, ROUNDS, valid_sets=[valid], feval=hook.feval, callbacks=[timed])
    return clock, watch


TRAINED = {"xgboost": ("XGBoost", of_xgboost), "lightgbm": ("LightGBM", of_lightgbm)}


def rows(many: int = ROWS) -> list[Row]:
    """Return the table's rows: the monitor's median part of a round over the median round, the first left out.

    The first round also begins the run: what that takes does not grow with the rounds.
    """
    found = []
    for module, (name, train) in TRAINED.items():
        if util.find_spec(module) is None:
            print(
                f"{name} is not installed, so nothing is said of it (make test-services installs it)", file=sys.stderr
            )
            continue
        with tempfile.TemporaryDirectory() as folder:
            clock, watch = train(project(Path(folder)), many)
            if watch.last is None or watch.last.status != "satisfied":
                raise RuntimeError(f"{name}: expected rounds that satisfy the policy, found {watch.last}")
        step, part = statistics.median(clock.rounds[1:]), statistics.median(clock.watched[1:])
        what = f"{name}: a round on {many:,} rows"
        found.append(Row(what, step))
        found.append(Row(f"the monitor's part of it: {many:,} rows, 2 attributes, 4 controls", part, what, step,
                         wanted="<= 0.02"))  # fmt: skip
    return found


if __name__ == "__main__":
    from bench.measured import machine, markdown

    print(markdown(rows(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)))
    print(f"\n{machine()}")
