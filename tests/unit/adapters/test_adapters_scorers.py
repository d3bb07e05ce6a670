"""Each kind of model answers the same questions alike; what may not be loaded is refused with what to write."""

from __future__ import annotations

import json
import os
import pickle
import sys
from typing import TYPE_CHECKING, Any, Literal

import pytest

from assay.adapters.scorer_answers import one_each, place_of
from assay.adapters.scorers import open_scorer
from assay.lifecycle.robustness_section import Kind, ScorerSection
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS: dict[str, list[Any]] = {"income": [10.0, 55.5, 90.0, 40.0], "debt": [30, 2, 5, None]}
FULL: dict[str, list[Any]] = {"income": [10.0, 55.5, 90.0, 40.0], "debt": [30, 2, 5, 11]}


def _fitted(*, names: bool = False) -> Any:  # noqa: ANN401 - a classifier of scikit-learn
    linear = pytest.importorskip("sklearn.linear_model", reason="needs scikit-learn")
    rows = [[float(i), float(i * 7 % 31)] for i in range(100)]
    labels = [int(a - b > 30) for a, b in rows]
    if names:
        pandas = pytest.importorskip("pandas", reason="a model that knows names came from a frame")
        return linear.LogisticRegression().fit(pandas.DataFrame(rows, columns=["debt", "income"]), labels)
    return linear.LogisticRegression().fit(rows, labels)


def _section(**written: Any) -> ScorerSection:  # noqa: ANN401 - the section's own keys
    return ScorerSection(**written)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_pickle_is_refused_until_its_owner_says_so(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "harmed"),)

    (tmp_path / "m.joblib").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(ScorerError, match=r"run whatever code it holds.*trusted: true"):
        open_scorer(_section(kind="scikit-learn", path="m.joblib"), 1)
    assert not (tmp_path / "harmed").exists()


def test_scikit_learn_gives_the_probability_of_the_positive_class(tmp_path: Path) -> None:
    joblib = pytest.importorskip("joblib", reason="needs scikit-learn")
    fitted = _fitted()
    joblib.dump(fitted, tmp_path / "m.joblib")
    scorer = open_scorer(_section(kind="scikit-learn", path="m.joblib", trusted=True), 1)
    expected = fitted.predict_proba(list(zip(*FULL.values(), strict=True)))
    assert scorer.score(FULL) == pytest.approx(expected[:, 1].tolist())
    other = open_scorer(_section(kind="scikit-learn", path="m.joblib", trusted=True), 0)
    assert other.score(FULL) == pytest.approx(expected[:, 0].tolist())
    labels = open_scorer(_section(kind="scikit-learn", path="m.joblib", trusted=True, output="label"), 1)
    assert labels.score(FULL) == fitted.predict(list(zip(*FULL.values(), strict=True))).tolist()
    with pytest.raises(ValueError, match="NaN"):  # what a model raises is left to whoever asks
        scorer.score(COLUMNS)
    with pytest.raises(ScorerError, match=r"one of them 'yes' \(columns.positive\), found 0, 1"):
        open_scorer(_section(kind="scikit-learn", path="m.joblib", trusted=True), "yes")


def test_a_model_that_knows_names_gets_its_features_by_name(tmp_path: Path) -> None:
    joblib = pytest.importorskip("joblib", reason="needs scikit-learn")
    fitted = _fitted(names=True)
    joblib.dump(fitted, tmp_path / "m.joblib")
    scorer = open_scorer(_section(kind="scikit-learn", path="m.joblib", trusted=True), 1)
    swapped = [[debt, income] for income, debt in zip(*FULL.values(), strict=True)]
    plain = 1 / (1 + pytest.importorskip("numpy").exp(-(swapped @ fitted.coef_[0] + fitted.intercept_[0])))
    assert scorer.score(FULL) == pytest.approx(plain.tolist())
    with pytest.raises(ScorerError, match=r"fitted on debt, which robustness.features lacks"):
        scorer.score({"income": [1.0]})


def test_onnx_answers_as_the_model_that_it_was_made_from(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    convert = pytest.importorskip("skl2onnx", reason="needs skl2onnx, to make the file")
    fitted = _fitted()
    for maps in (True, False):
        kind = convert.common.data_types.FloatTensorType([None, 2])
        graph = convert.convert_sklearn(fitted, initial_types=[("x", kind)], options={"zipmap": maps})
        (tmp_path / "m.onnx").write_bytes(graph.SerializeToString())
        scorer = open_scorer(_section(kind="onnx", path="m.onnx"), 1)
        expected = fitted.predict_proba(list(zip(*FULL.values(), strict=True)))[:, 1]
        assert list(scorer.score(FULL)) == pytest.approx(expected.tolist(), abs=1e-5)
        labels = open_scorer(_section(kind="onnx", path="m.onnx", output="label"), 1)
        assert labels.score(FULL) == [int(one >= 0.5) for one in expected]
    with pytest.raises(ScorerError, match="income holds texts"):
        scorer.score({"income": ["much"], "debt": [1]})
    (tmp_path / "m.onnx").write_bytes(b"no graph")
    with pytest.raises(ScorerError, match="could not be loaded"):
        open_scorer(_section(kind="onnx", path="m.onnx"), 1)


def test_onnx_takes_an_input_for_each_feature(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    onnx = pytest.importorskip("onnx", reason="needs onnx, to make the file")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Sub", ["income", "debt"], ["gap"]), helper.make_node("Sigmoid", ["gap"], ["p"])],
        "g",
        [helper.make_tensor_value_info(name, kind, [None, 1]) for name in ("debt", "income")],
        [helper.make_tensor_value_info("p", kind, [None, 1])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    scorer = open_scorer(_section(kind="onnx", path="m.onnx"), 1)
    assert list(scorer.score({"income": [3.0, 1.0], "debt": [1.0, 3.0]})) == pytest.approx([0.8808, 0.1192], abs=1e-4)
    with pytest.raises(ScorerError, match="wants the inputs debt"):
        scorer.score({"income": [3.0]})


def test_a_skops_file_needs_no_word_of_its_owner(tmp_path: Path) -> None:
    io = pytest.importorskip("skops.io", reason="skops is not installed")
    fitted = _fitted()
    io.dump(fitted, tmp_path / "m.skops")
    scorer = open_scorer(_section(kind="scikit-learn", path="m.skops"), 1)
    assert len(scorer.score(FULL)) == 4


def test_mlflow_is_refused_until_its_owner_says_so_and_then_asked(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    with pytest.raises(ScorerError, match=r"a folder with MLmodel"):
        open_scorer(_section(kind="mlflow", path="m", trusted=True), 1)
    (tmp_path / "m" / "MLmodel").write_text("flavors: {}\n")
    with pytest.raises(ScorerError, match="trusted: true"):
        open_scorer(_section(kind="mlflow", path="m"), 1)
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    fitted = _fitted(names=True)
    mlflow.sklearn.save_model(fitted, "saved", pyfunc_predict_fn="predict_proba", serialization_format="pickle")
    scorer = open_scorer(_section(kind="mlflow", path="saved", trusted=True), 1)
    by_name = {"debt": FULL["debt"], "income": FULL["income"]}
    expected = fitted.predict_proba(list(zip(*by_name.values(), strict=True)))[:, 1]
    assert list(scorer.score(by_name)) == pytest.approx(expected.tolist())


@pytest.mark.parametrize("output", ["probability", "label"])
def test_a_file_that_holds_something_else_is_no_model(tmp_path: Path, output: Literal["probability", "label"]) -> None:
    pytest.importorskip("joblib", reason="needs scikit-learn").dump({"weights": [1.0]}, tmp_path / "m.joblib")
    with pytest.raises(ScorerError, match=r"m\.joblib holds a dict, which predicts nothing"):
        open_scorer(_section(kind="scikit-learn", path="m.joblib", trusted=True, output=output), 1)


@pytest.mark.parametrize("kind", ["scikit-learn", "onnx"])
def test_a_file_that_is_not_there_is_named(kind: Kind) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    with pytest.raises(ScorerError, match=r"expected a model at none.bin, found none"):
        open_scorer(_section(kind=kind, path="none.bin", trusted=True), 1)


def test_a_function_is_imported_from_the_working_folder_and_the_path_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "own_scoring_rules.py").write_text(
        "class Card:\n    @staticmethod\n    def score(columns):\n        return [i / 100 for i in columns['income']]\n"
    )
    before = list(sys.path)
    scorer = open_scorer(_section(kind="callable", callable="own_scoring_rules:Card.score"), 1)
    assert scorer.score(FULL) == [0.1, 0.555, 0.9, 0.4]
    assert sys.path == before


@pytest.mark.parametrize(
    ("answers", "found"),
    [([0.1, 0.9], [0.1, 0.9]), ([[0.9, 0.1]], [0.1]), ([[0.4]], [0.4]), (("a", "b"), ["a", "b"])],
)
def test_answers_are_read_as_one_a_row(answers: object, found: list[object]) -> None:
    assert one_each(answers) == found
    assert one_each(json.loads(json.dumps(answers))) == found


def test_answers_of_another_shape_are_refused() -> None:
    with pytest.raises(ScorerError, match="found dict"):
        one_each({"a": 1})
    with pytest.raises(ScorerError, match="found 3"):
        one_each([[0.1, 0.2, 0.7]])
    with pytest.raises(ScorerError, match="found 0, 1, 2"):
        place_of([0, 1, 2], 1)
    assert place_of(["false", True], 1) == 1
