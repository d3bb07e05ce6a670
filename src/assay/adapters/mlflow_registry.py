"""A model version in an MLflow registry: its artifacts are hashed as they lie there, whatever its tags say.

MLflow's REST API 2.0 is spoken (https://mlflow.org/docs/latest/api_reference/rest-api.html), no client library needed.
Artifacts that the server does not proxy are read where they lie, when that is a folder of this machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from assay.adapters.http_post import NoAnswerError, get, get_digest
from assay.attest import oms
from assay.errors import AssayError, InputError
from assay.lifecycle.serving import Serving
from assay.lifecycle.storing import list_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT_S = 30.0
FILE_TIMEOUT_S = 600.0
ANSWER_CAP, FILE_CAP = 1 << 22, 1 << 36
MOST_FILES, DEEPEST = 10_000, 32
"""More files or folders within folders than this are no model."""

PROXIED = "mlflow-artifacts"
_OK, _NOT_FOUND = 200, 404


def in_registry(server: str, model: str, *, alias: str | None = None, version: str | None = None) -> Serving:
    """Hash a registered model version's artifacts.

    Args:
        server: address of the MLflow server.
        model: the registered model's name.
        alias: the alias that says which version serves, such as ``champion``.
        version: the version, when no alias is given.

    Raises:
        InputError: when neither alias nor version is given, the server cannot be asked, or there is no such version.
    """
    if (alias is None) == (version is None):
        raise InputError("expected an alias or a version of the registered model: give one of the two")
    server = server.rstrip("/")
    asked = {"alias": alias} if alias is not None else {"version": version or ""}
    path = "registered-models/alias" if alias is not None else "model-versions/get"
    found = _ask(server, path, {"name": model, **asked}).get("model_version", {})
    named = f"{model}@{alias}" if alias is not None else f"{model}/{version}"
    about = {"name": model, "version": str(found.get("version"))}
    place = str(_ask(server, "model-versions/get-download-uri", about).get("artifact_uri", ""))
    sha256, reason = None, None
    try:
        sha256 = _digest(server, place)
    except (NoAnswerError, _UnreadableError) as error:
        reason = str(error)
    return Serving(where=f"MLflow models:/{named}", sha256=sha256, model=model, version=about["version"], reason=reason)


class _UnreadableError(AssayError):
    """Artifacts are where nobody can look from here."""


def _ask(server: str, path: str, query: Mapping[str, str]) -> dict[str, Any]:
    try:
        answer = get(f"{server}/api/2.0/mlflow/{path}", query, timeout_s=TIMEOUT_S, cap=ANSWER_CAP)
    except NoAnswerError as error:
        raise InputError(
            f"{server}: expected an MLflow server, found {error}. Start it, or correct the address"
        ) from None
    if answer.status != _OK:
        what = " ".join(f"{key} {value!r}" for key, value in query.items())
        raise InputError(f"{server}: expected the model version with {what}, found {answer.words()}")
    found = json.loads(answer.body)
    return found if isinstance(found, dict) else {}


def _digest(server: str, place: str) -> str:
    split = urlsplit(place)
    if split.scheme == PROXIED:
        return oms.root(sorted(_proxied(server, unquote(split.path).strip("/"))))
    local = Path(unquote(split.path)) if split.scheme in {"", "file"} else None
    if local is None or not local.exists():
        raise _UnreadableError(
            f"its artifacts are at {place}, where this machine cannot look; serve them through the server"
        )
    return list_model(local)[1]


def _proxied(server: str, root: str) -> Iterator[tuple[str, str]]:
    """Yield name and SHA-256 of every file below a folder of the server's artifacts."""
    listed = list(_listed(server, root, "", 0))
    kept = set(oms.listed(listed))
    for name in listed:
        if name not in kept:
            continue
        address = f"{server}/api/2.0/mlflow-artifacts/artifacts/{quote(f'{root}/{name}')}"
        answer, sha256, _ = get_digest(address, timeout_s=FILE_TIMEOUT_S, cap=FILE_CAP)
        if answer.status != _OK:
            raise _UnreadableError(f"the artifact {name} cannot be read: HTTP {answer.status}")
        yield name, sha256
    if not kept:
        raise _UnreadableError(f"it has no artifacts at {PROXIED}:/{root}")


def _listed(server: str, root: str, below: str, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        raise _UnreadableError(f"its artifacts lie more than {DEEPEST} folders deep")
    where = f"{root}/{below}".rstrip("/")
    address = f"{server}/api/2.0/mlflow-artifacts/artifacts"
    answer = get(address, {"path": where}, timeout_s=TIMEOUT_S, cap=ANSWER_CAP)
    if answer.status == _NOT_FOUND:
        return
    if answer.status != _OK:
        raise _UnreadableError(f"its artifacts cannot be listed: {answer.words()}")
    for count, one in enumerate(json.loads(answer.body).get("files", ())):
        if count > MOST_FILES:
            raise _UnreadableError(f"it has more than {MOST_FILES:,} artifacts in one folder")
        name = f"{below}/{one['path']}".lstrip("/")
        if one.get("is_dir"):
            yield from _listed(server, root, name, depth + 1)
        else:
            yield name
