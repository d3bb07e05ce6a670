from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING

import pytest

from assay.adapters.model_files import let_through, open_model
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from pathlib import Path

joblib = pytest.importorskip("joblib", reason="scikit-learn is not installed")
np = pytest.importorskip("numpy", reason="NumPy is not installed")
linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
pipeline = pytest.importorskip("sklearn.pipeline", reason="scikit-learn is not installed")
preprocessing = pytest.importorskip("sklearn.preprocessing", reason="scikit-learn is not installed")


class Runs:
    """Calls a function of the system when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def fitted() -> object:
    x = np.arange(40.0).reshape(20, 2)
    y = (np.arange(20) % 3 == 0).astype(int)
    steps = [("scale", preprocessing.StandardScaler()), ("fit", linear_model.LogisticRegression())]
    return pipeline.Pipeline(steps).fit(x, y)


@pytest.mark.parametrize("name", ["model.joblib", "model.pkl"])
def test_a_fitted_pipeline_is_loaded_and_answers(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.endswith("pkl"):
        path.write_bytes(pickle.dumps(fitted()))
    else:
        joblib.dump(fitted(), path, compress=3)
    answers = open_model(path, trusted=False, positive=1).score({"a": [1.0, 2.0], "b": [0.5, 3.0]})[:1]
    assert 0 <= answers[0] <= 1


def test_a_file_that_runs_code_is_refused_before_it_runs(tmp_path: Path) -> None:
    path, marker = tmp_path / "model.pkl", tmp_path / "ran"
    path.write_bytes(pickle.dumps(Runs(marker)))
    with pytest.raises(ScorerError, match=r"mkdir.*--trust-model"):
        open_model(path, trusted=False, positive=1)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("sklearn.utils", "os.system"),
        ("numpy", "testing.extbuild"), ("joblib", "load"), ("pandas.io.pickle", "read_pickle"), ("subprocess", "Popen"),
    ],
)  # fmt: skip
def test_what_is_no_part_of_a_model_is_not_let_through(module: str, name: str) -> None:
    assert not let_through(module, name)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x04."])
def test_a_file_that_is_no_model_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(content)
    with pytest.raises(ScorerError, match="could not be loaded"):
        open_model(path, trusted=False, positive=1)
