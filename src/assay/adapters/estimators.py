"""Estimators of scikit-learn from files: the denied model, to be fitted again, or one that somebody wants tried."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = (".skops", ".joblib", ".pkl", ".pickle")
"""Files that may hold an estimator."""

HARMLESS = ("sklearn.", "numpy.", "scipy.", "pandas.", "lightgbm.", "xgboost.")
"""Packages whose own types in a skops file are taken for harmless; they are the usual learners' own."""


def find_estimator(path: Path) -> Path | None:
    """Return the one file of a model that may hold an estimator; None where there is none, or several."""
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    found = [one for one in files if one.suffix in SUFFIXES]
    return found[0] if len(found) == 1 else None


def load_estimator(path: Path, *, trusted: bool) -> Any:  # noqa: ANN401 - an estimator of scikit-learn
    """Load an estimator.

    Args:
        path: a file of skops, or a pickle (joblib's too), which runs code when it is loaded.
        trusted: whether its owner has said that the file's code may run here.

    Raises:
        InputError: when it cannot be loaded, or may not.
        MissingExtraError: without scikit-learn or skops.
    """
    if not path.is_file():
        raise InputError(f"expected an estimator of scikit-learn at {path}, found no file")
    if path.suffix == ".skops":
        return _skops(path, trusted=trusted)
    if not trusted:
        raise InputError(
            f"{path} is a pickle: to load it is to run whatever code it holds. When you know who made it, say "
            "--trust-model; or keep estimators as files of skops"
        )
    try:
        import joblib  # noqa: PLC0415 - comes with scikit-learn, an extra
    except ImportError:
        raise MissingExtraError("scikit-learn", "mitigation") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # another version of scikit-learn wrote it: it is fitted again here
            return joblib.load(path)
    except Exception as error:  # noqa: BLE001 - somebody else's file and packages
        raise InputError(f"{path} could not be loaded: {type(error).__name__}: {_first(error)}") from None


def _skops(path: Path, *, trusted: bool) -> Any:  # noqa: ANN401 - an estimator
    try:
        from skops import io  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("skops", "mitigation") from None
    try:
        unknown = io.get_untrusted_types(file=path)
    except Exception as error:  # noqa: BLE001 - a file that is none of skops raises whatever it is read as
        raise InputError(f"{path} is no file of skops: {type(error).__name__}: {_first(error)}") from None
    strange = [name for name in unknown if not name.startswith(HARMLESS)]
    if strange and not trusted:
        raise InputError(
            f"{path} holds types that are not of the usual learners: {', '.join(strange)}. When you know who made it, "
            "say --trust-model"
        )
    try:
        return io.load(path, trusted=unknown)
    except Exception as error:  # noqa: BLE001 - likewise
        raise InputError(f"{path} could not be loaded: {type(error).__name__}: {_first(error)}") from None


def _first(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "no reason given")[:200]
