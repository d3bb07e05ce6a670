"""Estimators of scikit-learn from files: the denied model, to be fitted again, or one that somebody wants tried."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from assay.adapters.model_files import load_restricted, load_skops
from assay.errors import InputError, MissingExtraError
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = (".skops", ".joblib", ".pkl", ".pickle")
"""Files that may hold an estimator."""


def find_estimator(path: Path) -> Path | None:
    """Return the one file of a model that may hold an estimator; None where there is none, or several."""
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    found = [one for one in files if one.suffix in SUFFIXES]
    return found[0] if len(found) == 1 else None


def load_estimator(path: Path, *, trusted: bool) -> Any:  # noqa: ANN401 - an estimator of scikit-learn
    """Load an estimator.

    Args:
        path: a file of skops, or a pickle (joblib's too). Unless it is trusted, it may hold nothing but what well-known
            libraries define (`assay.adapters.model_files`).
        trusted: whether its owner has said that the file's code may run here.

    Raises:
        InputError: when it cannot be loaded, or may not.
        MissingExtraError: without scikit-learn or skops.
    """
    if not path.is_file():
        raise InputError(f"expected an estimator of scikit-learn at {path}, found no file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # another version of scikit-learn wrote it: it is fitted again here
            return _load(path, trusted=trusted)
    except ScorerError as error:
        raise InputError(str(error)) from None
    except ImportError as error:
        raise MissingExtraError(error.name or "scikit-learn", "mitigation") from None
    except Exception as error:  # noqa: BLE001 - somebody else's file and packages
        raise InputError(f"{path} could not be loaded: {type(error).__name__}: {_first(error)}") from None


def _load(path: Path, *, trusted: bool) -> Any:  # noqa: ANN401 - an estimator
    if not trusted:
        return load_skops(str(path)) if path.suffix == ".skops" else load_restricted(str(path))
    if path.suffix == ".skops":
        from skops import io  # noqa: PLC0415 - an extra

        return io.load(path, trusted=io.get_untrusted_types(file=path))
    import joblib  # noqa: PLC0415 - comes with scikit-learn, an extra

    return joblib.load(path)


def _first(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "no reason given")[:200]
