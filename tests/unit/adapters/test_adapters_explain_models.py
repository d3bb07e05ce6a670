"""`assay explain --model` with real models: ONNX, MLflow, and ones that are slow, raise, or answer nonsense."""

# ruff: noqa: ANN401 - models of other libraries

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.explaining_here import explain
from assay.records.tally import Roles
from unit.diagnosis.planted import table

if TYPE_CHECKING:
    from pathlib import Path

    from assay.records.explanation import Explanation

ROLES = Roles(label="paid", prediction="approved", score="score", protected=("group",))
NUMBERS = ("income", "debt")
MODULE = """
import time
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Asked(ClassifierMixin, BaseEstimator):
    classes_ = [0, 1]

    def __init__(self, how="", seconds=0.0):
        self.how, self.seconds = how, seconds

    def fit(self, X, y=None):
        return self

    def predict_proba(self, X):
        time.sleep(self.seconds * len(X))
        if self.how == "raises":
            raise RuntimeError("the disk of weights is gone")
        if self.how == "text":
            return np.array([["maybe", "perhaps"]] * len(X))
        p = 1 / (1 + np.exp(-np.asarray(X, dtype=float)[:, 0]))
        return np.column_stack([1 - p, p])
"""


def asked(model: Path, *, seconds: float = 15.0, trusted: bool = True) -> Explanation:
    planted = table("data.base_rate", rows=1200)
    return explain(
        rows=planted.rows, roles=ROLES, metric="demographic_parity_difference", limit=0.05, features=NUMBERS,
        model=model, trusted=trusted, model_seconds=seconds,
    )  # fmt: skip


@pytest.fixture
def classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a maker of files that hold an estimator of somebody's own."""
    joblib = pytest.importorskip("joblib", reason="needs scikit-learn")
    (tmp_path / "own_lender.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_lender", raising=False)

    def made(**how: Any) -> Path:
        import own_lender  # type: ignore[import-not-found]  # noqa: PLC0415 - written above

        joblib.dump(own_lender.Asked(**how), tmp_path / "m.joblib")
        return tmp_path / "m.joblib"

    return made


def test_a_slow_model_is_left_within_the_budget_and_told(classifier: Any) -> None:
    began = time.monotonic()
    found = asked(classifier(seconds=0.05), seconds=1.0)  # 500 people would take 25 seconds a question, and minutes all
    assert time.monotonic() - began < 60
    assert "model" not in found.examined
    assert any("the model is slow" in told for told in found.findings[0].unexamined)
    assert found.findings[0].causes[0].kind == "data.base_rate"


def test_what_a_model_answered_in_time_is_used_and_the_rest_told(classifier: Any) -> None:
    found = asked(classifier(seconds=0.0003), seconds=1.2)  # a question of 500 people takes 0.15 s
    told = [one for one in found.findings[0].unexamined if "budget of 1.2 seconds" in one]
    assert told, found.findings[0].unexamined
    assert ("model" in found.examined) == ("orders of its inputs" in told[0] and "ended after" in told[0])


@pytest.mark.parametrize(("how", "says"), [("raises", "the disk of weights is gone"), ("text", "could not be asked")])
def test_a_model_that_raises_or_answers_nonsense_is_told(classifier: Any, how: str, says: str) -> None:
    found = asked(classifier(how=how))
    assert any(says in told for told in found.findings[0].unexamined), found.findings[0].unexamined
    assert found.findings[0].causes


def test_a_model_of_somebodys_own_is_not_run_until_it_is_trusted(classifier: Any) -> None:
    found = asked(classifier(), trusted=False)
    assert any("--trust-model" in told for told in found.findings[0].unexamined)


def test_onnx_is_asked(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    onnx = pytest.importorskip("onnx", reason="needs onnx, to make the file")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Sub", ["income", "debt"], ["gap"]), helper.make_node("Sigmoid", ["gap"], ["p"])],
        "g",
        [helper.make_tensor_value_info(name, kind, [None, 1]) for name in NUMBERS],
        [helper.make_tensor_value_info("p", kind, [None, 1])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    found = asked(tmp_path / "m.onnx", trusted=False)
    assert "model" in found.examined, found.findings[0].unexamined


@pytest.mark.filterwarnings("ignore")  # MLflow and its own packages warn of themselves
def test_mlflow_is_asked_once_it_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    pandas = pytest.importorskip("pandas", reason="MLflow takes frames")
    linear = pytest.importorskip("sklearn.linear_model", reason="needs scikit-learn")
    monkeypatch.chdir(tmp_path)
    rows = [[i / 10, -i / 20] for i in range(-20, 20)]
    fitted = linear.LogisticRegression().fit(
        pandas.DataFrame(rows, columns=list(NUMBERS)), [int(r[0] > 0) for r in rows]
    )
    mlflow.sklearn.save_model(fitted, "saved", pyfunc_predict_fn="predict_proba", serialization_format="pickle")
    refused = asked(tmp_path / "saved", trusted=False)
    assert any("--trust-model" in told for told in refused.findings[0].unexamined)
    found = asked(tmp_path / "saved")
    assert "model" in found.examined, found.findings[0].unexamined
