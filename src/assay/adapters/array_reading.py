"""Arrays as training code has them: numpy, lists, tensors, columns of frames; read as numpy, and named by a digest.

No framework is imported here: a tensor is known by what it can do. numpy comes with every framework that trains.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import DataError, InputError
from assay.lifecycle.storing import hash_file, list_model

if TYPE_CHECKING:
    from collections.abc import Iterator


def numpy() -> Any:  # noqa: ANN401 - the module
    """Return numpy.

    Raises:
        InputError: when it is not installed.
    """
    try:
        import numpy  # noqa: ICN001, PLC0415 - only when a run is watched
    except ImportError:
        raise InputError(
            "numpy is not installed; counting predictions needs it. Install it with: pip install numpy"
        ) from None
    return numpy


def as_array(values: Any, name: str) -> Any:  # noqa: ANN401 - any array, and numpy's
    """Return values as a numpy array of one dimension; a column of one width is taken as one.

    Raises:
        DataError: when it has another shape.
    """
    np = numpy()
    if hasattr(values, "detach"):  # a tensor, of whatever device and precision
        values = values.detach().cpu()
        values = values.float() if "bfloat16" in str(values.dtype) else values
        values = values.numpy()
    elif hasattr(values, "to_numpy"):
        values = values.to_numpy()
    try:
        found = np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name}: expected one value a row, found rows of unlike length ({error})") from None
    if found.ndim == 2 and found.shape[1] == 1:  # noqa: PLR2004 - rows by columns
        found = found[:, 0]
    if found.ndim != 1:
        raise DataError(f"{name}: expected one value a row, found an array of shape {tuple(found.shape)}")
    return found


def positive_scores(scores: Any, rows: int) -> Any:  # noqa: ANN401 - any array, and numpy's
    """Return the score of the positive class of each row; of two columns, as `predict_proba` gives them, the second.

    Raises:
        DataError: when shape or length is another.
    """
    shape = tuple(getattr(scores, "shape", ()))
    if len(shape) == 2 and shape[1] == 2:  # noqa: PLR2004 - two classes
        scores = scores[:, 1]
    found = as_array(scores, "scores")
    require_rows(found, rows, "scores")
    return found


def logistic(margins: Any) -> Any:  # noqa: ANN401 - numpy's arrays
    """Return the probabilities of log-odds, 1 / (1 + exp(-margin)), for any margin."""
    np = numpy()
    return np.exp(-np.logaddexp(0.0, -margins))


def require_rows(found: Any, rows: int, name: str) -> None:  # noqa: ANN401 - numpy's array
    """Check that there is a value for each row of the validation set.

    Raises:
        DataError: when there are more or fewer.
    """
    if len(found) != rows:
        raise DataError(
            f"{name}: expected {rows:,} values, one a row of the validation set, found {len(found):,}. Give those of "
            "the same rows in the same order as the labels"
        )


def digest_values(values: Any) -> str:  # noqa: ANN401 - any array, frame or path
    """Return the SHA-256 of data by what it holds: a file's, a folder's root digest, or that of the columns' values.

    Over columns: for each, in order, its name, type and length on a line, then its bytes in order of rows; text as
    UTF-8 with a line end after each value.
    """
    if isinstance(values, str | Path):
        path = Path(values)
        if not path.exists():
            raise InputError(f"expected data at {path}, found nothing there")
        return list_model(path)[1] if path.is_dir() else hash_file(path, path.name).sha256
    hashed = hashlib.sha256()
    for name, column in _columns(values):
        hashed.update(f"{name} {column.dtype.str} {'x'.join(map(str, column.shape))}\n".encode())
        if column.dtype.kind in "OUST":
            hashed.update("".join(f"{value}\n" for value in column.ravel().tolist()).encode())
        else:
            hashed.update(numpy().ascontiguousarray(column).data.cast("B"))
    return hashed.hexdigest()


def _columns(values: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any array or frame
    np = numpy()
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if "bfloat16" in str(values.dtype) else values).numpy()
    if isinstance(values, Mapping) or hasattr(values, "columns"):
        names = list(values) if isinstance(values, Mapping) else list(values.columns)
        for name in names:
            column = values[name]
            yield str(name), np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)
    elif hasattr(values, "to_numpy"):
        yield "", np.asarray(values.to_numpy())
    elif hasattr(values, "tocsr"):  # a sparse matrix, by its parts
        rows = values.tocsr()
        for part in ("data", "indices", "indptr"):
            yield part, getattr(rows, part)
    else:
        yield "", np.asarray(values)
