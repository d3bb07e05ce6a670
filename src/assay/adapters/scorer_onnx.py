"""A model in an ONNX file: read as a graph, which runs no code of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.adapters.scorer_answers import one_each
from assay.errors import MissingExtraError
from assay.probing.asking import written
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.probing.scorer import Value

_NUMBERS = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64", "tensor(int32)": "int32",
    "tensor(bool)": "bool",
}  # fmt: skip


class OnnxScorer:
    """A classifier in an ONNX file: one matrix of numbers, or an input for each feature by its name.

    Attributes:
        name: what runs it.
    """

    def __init__(self, path: str, *, output: str, positive: str | int | bool) -> None:
        """Load it.

        Args:
            path: the file.
            output: ``probability``, ``label``, or ``number``.
            positive: the positive class.

        Raises:
            ScorerError: when there is no such file, or onnxruntime is not installed.
        """
        try:
            import onnxruntime  # noqa: PLC0415 - an extra, and heavy
        except ImportError:
            raise ScorerError(str(MissingExtraError("onnxruntime", "onnx"))) from None
        if not Path(path).is_file():
            raise ScorerError(f"expected a model at {path}, found none")
        self._session: Any = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self._inputs = [(one.name, one.type) for one in self._session.get_inputs()]
        self._label, self._positive = output != "probability", positive

    def score(self, columns: Mapping[str, Sequence[Value]]) -> Sequence[Any]:
        """Run the graph."""
        found = self._session.run(None, self._fed(columns))
        return self._labels(found[0]) if self._label else self._probabilities(found[-1])

    def _fed(self, columns: Mapping[str, Sequence[Value]]) -> dict[str, Any]:
        import numpy as np  # noqa: PLC0415 - comes with onnxruntime

        if len(self._inputs) == 1 and self._inputs[0][0] not in columns:
            name, kind = self._inputs[0]
            return {name: np.stack([_array(values, kind, one) for one, values in columns.items()], axis=1)}
        lacking = [name for name, _ in self._inputs if name not in columns]
        if lacking:
            raise ScorerError(f"the graph wants the inputs {', '.join(lacking)}, which are no features")
        return {name: _array(columns[name], kind, name).reshape(-1, 1) for name, kind in self._inputs}

    def _labels(self, found: Any) -> list[Any]:  # noqa: ANN401 - an array of numpy
        return one_each(found)

    def _probabilities(self, found: Any) -> list[Any]:  # noqa: ANN401 - an array of numpy, or a map a row
        if not isinstance(found, list):
            return one_each(found)
        wanted = written(self._positive)
        return [next((p for name, p in one.items() if written(name) == wanted), None) for one in found]


def _array(values: Sequence[Value], kind: str, name: str) -> Any:  # noqa: ANN401 - an array of numpy
    """Return a feature as the graph takes it; what is missing is not a number, where the type has that."""
    import numpy as np  # noqa: PLC0415 - comes with onnxruntime

    if kind == "tensor(string)":
        return np.array(["" if value is None else str(value) for value in values], dtype=object)
    if kind not in _NUMBERS:
        raise ScorerError(f"the graph's input for {name} is {kind}; numbers and texts can be given")
    if any(isinstance(value, str) for value in values):
        raise ScorerError(f"the graph takes numbers ({kind}), and {name} holds texts")
    if "float" not in _NUMBERS[kind] and None in values:
        raise ScorerError(f"the graph takes {kind} for {name}, which has no missing value")
    return np.array([float("nan") if value is None else value for value in values]).astype(_NUMBERS[kind])
