"""The files behind an MLflow model version, hashed from inside the server that keeps them.

Only stores that the organisation itself writes are looked at: what lies behind an http address, its owner may change
after any look, and fetching it for whoever registered it would make the server ask where it should not.
A digest is never remembered: a modification time can be set back, and the second look costs what the first did.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from assay.errors import AssayError
from assay.lifecycle.storing import list_model

STORES = frozenset({
    "", "abfss", "dbfs", "file", "gs", "hdfs", "mlflow-artifacts", "r2", "s3", "viewfs", "wasbs",
})  # fmt: skip
"""Schemes of places that are looked at."""

PROXIED = "mlflow-artifacts"
PROMPTS = frozenset({"dummy-source", "prompt-template"})
"""What MLflow writes in the place of a source for a prompt, which has no files (`mlflow.prompt.constants`)."""


class UnreadableError(AssayError):
    """The files cannot be hashed, so nobody can say which they are."""


def hash_place(place: str) -> str:
    """Return the OpenSSF model-signing root over the files at a place.

    Args:
        place: address of the artifacts, as the registry keeps it.

    Raises:
        UnreadableError: when they cannot be read, or lie where nobody should look.
    """
    scheme = urlsplit(place).scheme.lower()
    if scheme not in STORES:
        known = ", ".join(sorted(STORES - {""}))
        raise UnreadableError(
            f"its files lie at {scheme}:, which is not looked at. Expected a folder, or one of: {known}"
        )
    try:
        return _hashed(place)
    except AssayError as error:
        raise UnreadableError(f"its files cannot be hashed: {error}") from None
    except Exception as error:  # MLflow's stores raise what their clients raise
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise UnreadableError(f"its files cannot be read: {reason}") from error


def _hashed(place: str) -> str:
    local = _folder(place)
    if local is not None:
        return list_model(local)[1]
    repository, path = _repository(place)
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        return list_model(Path(repository.download_artifacts(path, folder)))[1]


def _folder(place: str) -> Path | None:
    """Return where the files lie on this machine; None where they do not."""
    split = urlsplit(place)
    if split.scheme in {"", "file"}:
        return Path(unquote(split.path) if split.scheme else place)
    repository, path = _repository(place)
    local = repository.get_local_path(path)
    return None if local is None else Path(local)


def _repository(place: str) -> tuple[Any, str]:
    """Return the store that a place is in, and the path in it."""
    from mlflow.server import handlers  # noqa: PLC0415 - only inside an MLflow server
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository  # noqa: PLC0415

    split = urlsplit(place)
    if split.scheme != PROXIED:
        return get_artifact_repository(place), ""
    if split.netloc:
        raise UnreadableError(f"its files lie at another MLflow server, {split.netloc}, where nobody looks from here")
    path = unquote(split.path).strip("/")
    return handlers._get_artifact_repo_mlflow_artifacts(), handlers._get_workspace_scoped_repo_path_if_enabled(path)  # noqa: SLF001 - its own
