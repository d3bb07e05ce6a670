"""Model files that somebody else made: loaded so that they can hold nothing but what well-known libraries define.

A pickle says by name which classes and functions are called when it is loaded. Here only classes (and a few functions
that put arrays together) of scikit-learn, NumPy, SciPy, pandas, XGBoost and LightGBM are found; anything else is
refused by its name, before it is called (https://docs.python.org/3/library/pickle.html#restricting-globals).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.adapters.scorers import open_scorer
from assay.lifecycle.robustness_section import ScorerSection
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from assay.lifecycle.robustness_section import Kind
    from assay.probing.scorer import Scorer

BUILTINS = frozenset({
    "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set",
    "slice", "str", "tuple",
})  # fmt: skip
PLAIN = frozenset({
    ("collections", "OrderedDict"), ("collections", "defaultdict"), ("copyreg", "_reconstructor"),
    ("_codecs", "encode"),
    ("datetime", "date"), ("datetime", "datetime"), ("datetime", "timedelta"), ("decimal", "Decimal"),
})  # fmt: skip
CLASSES = (
    "sklearn.", "numpy.dtypes", "numpy.random", "numpy.ma", "scipy.sparse", "scipy.stats", "scipy.interpolate",
    "pandas.core", "pandas._libs", "xgboost.", "lightgbm.",
)  # fmt: skip
"""Where classes may be from."""

NUMPY = ("numpy.random", "numpy.ma", "numpy.dtypes")
ARRAYS = frozenset({"ndarray", "dtype", "matrix", "generic"})
FUNCTIONS = frozenset({
    ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"), ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"), ("numpy.core.numeric", "_frombuffer"),
    ("numpy.random._pickle", "__bit_generator_ctor"), ("numpy.random._pickle", "__generator_ctor"),
    ("numpy.random._pickle", "__randomstate_ctor"), ("pandas._libs.internals", "_unpickle_block"),
    ("pandas.core.indexes.base", "_new_Index"), ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"),
})  # fmt: skip
"""Functions that put arrays and tables together from what a pickle holds."""

COMPILED = "__pyx_unpickle_"
"""What compiled classes are put together by; each makes one of its own class."""

IN_CONFIG = "(columns.positive)"
"""How a message names the positive class where `assay.yaml` says it."""

TRUST = "When you know who made it, load it all the same with --trust-model (in Python: trusted=True)"


def open_model(path: Path | str, *, trusted: bool, positive: str | int | bool) -> Scorer:
    """Return a model in a file, ready to be asked: ONNX, skops, joblib or pickle.

    Args:
        path: the file.
        trusted: whether it may run whatever code it holds.
        positive: the positive class.

    Raises:
        ScorerError: when it cannot be loaded, or holds something that is not let through.
    """
    file = Path(path)
    if not file.exists():
        raise ScorerError(f"expected a model at {file}, found no such file")
    kind: Kind = "onnx" if file.suffix.lower() == ".onnx" else "mlflow" if file.is_dir() else "scikit-learn"
    if kind == "scikit-learn" and not trusted:
        return _restricted(file, positive)
    section = ScorerSection(kind=kind, path=str(file), trusted=trusted)
    try:
        return open_scorer(section, positive)
    except ScorerError as error:
        raise ScorerError(str(error).replace("robustness.model.trusted: true", "--trust-model")) from None


def _restricted(file: Path, positive: str | int | bool) -> Scorer:
    from assay.adapters.scorer_sklearn import SklearnScorer  # noqa: PLC0415 - scikit-learn is an extra
    from assay.probing.asking import told_error  # noqa: PLC0415 - beside the other

    load = load_skops if file.suffix.lower() == ".skops" else load_restricted

    def opened(wanted: str | int | bool) -> Scorer:
        return SklearnScorer(str(file), trusted=True, output="probability", positive=wanted, load=load)

    try:
        try:
            return opened(positive)
        except ScorerError as error:
            if IN_CONFIG not in str(error):
                raise
            return opened(
                1
            )  # labels in words, and a model fitted on 0 and 1: what it answers is held against the score
    except ScorerError as error:
        raise ScorerError(str(error).replace(IN_CONFIG, "(--positive)")) from None
    except Exception as error:  # noqa: BLE001 - somebody else's file: what it raised is the message
        raise ScorerError(
            f"the model {file} could not be loaded: it is no file of joblib, pickle or skops, or is cut short "
            f"({told_error(error)})"
        ) from None


def load_restricted(path: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Load a file of joblib or pickle that names nothing but what is let through.

    Raises:
        ScorerError: naming what is refused.
    """
    from joblib import numpy_pickle  # noqa: PLC0415 - comes with scikit-learn

    class Unpickler(numpy_pickle.NumpyUnpickler):  # type: ignore[misc] # joblib has no types
        def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - whatever has the name
            if not let_through(module, name):
                raise ScorerError(
                    f"{path} wants {module}.{name}, which no well-known library of models defines. {TRUST}"
                )
            found = super().find_class(module, name)
            if not _is_harmless(module, name, found):
                raise ScorerError(f"{path} wants {module}.{name}, which is no part of a model. {TRUST}")
            return found

    with Path(path).open("rb") as file, numpy_pickle._validate_fileobject_and_memmap(file, path, None) as (opened, _):  # noqa: SLF001 - joblib offers no unpickler to restrict
        return Unpickler(path, opened, ensure_native_byte_order=True).load()


def load_skops(path: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Load a file of skops, whose own list of harmless types is joined by those that are let through here.

    Raises:
        ScorerError: naming what is refused, or when skops is not installed.
    """
    try:
        from skops import io  # noqa: PLC0415 - only for its files
    except ImportError:
        raise ScorerError(f"{path} is a file of skops, which is not installed: pip install skops") from None
    unknown = io.get_untrusted_types(file=path)
    refused = [name for name in unknown if not let_through(*name.rpartition(".")[::2])]
    if refused:
        raise ScorerError(f"{path} wants {', '.join(refused)}, which no well-known library of models defines. {TRUST}")
    return io.load(path, trusted=unknown)


def let_through(module: str, name: str) -> bool:
    """Say whether a pickle may name this at all."""
    if module == "builtins":
        return name in BUILTINS
    if (module, name) in PLAIN or (module, name) in FUNCTIONS:
        return True
    if name.startswith(COMPILED) and module.startswith(CLASSES):
        return "." not in name
    if module in {"numpy", "numpy.ndarray"}:
        return "." not in name
    if module.startswith("joblib."):
        return name == "NumpyArrayWrapper"
    return module.startswith(CLASSES) and "." not in name


def _is_harmless(module: str, name: str, found: Any) -> bool:  # noqa: ANN401 - whatever has the name
    """Say whether what a name stands for is a class or an arithmetic function of the library that it is named in."""
    if module == "builtins" or (module, name) in PLAIN or (module, name) in FUNCTIONS or name.startswith(COMPILED):
        return True
    home = str(getattr(found, "__module__", ""))
    if module.startswith("numpy"):
        import numpy as np  # noqa: PLC0415 - comes with scikit-learn

        plain = isinstance(found, type) and (name in ARRAYS or issubclass(found, (np.generic, np.dtype)))
        return isinstance(found, np.ufunc) or plain or (isinstance(found, type) and home.startswith(NUMPY))
    if module.startswith("joblib."):
        return isinstance(found, type)
    if module.startswith("sklearn."):
        # Functions of scikit-learn are parameters of its estimators (f_classif); those that read files are not.
        return home.startswith("sklearn.") and not home.startswith(("sklearn.datasets", "sklearn.externals"))
    return isinstance(found, type) and home.startswith(CLASSES)
