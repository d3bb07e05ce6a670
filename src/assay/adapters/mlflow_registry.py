"""A model version in an MLflow registry: its artifacts are hashed as they lie there, whatever its tags say."""

from __future__ import annotations

from assay.adapters.http_post import NoAnswerError
from assay.adapters.mlflow_api import MlflowApi, UnreadableError
from assay.errors import InputError, NotThereError
from assay.lifecycle.serving import Serving


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
    registry = MlflowApi(server.rstrip("/"))
    asked = {"alias": alias} if alias is not None else {"version": version or ""}
    path = "registered-models/alias" if alias is not None else "model-versions/get"
    named = f"{model}@{alias}" if alias is not None else f"{model}/{version}"
    try:
        found = registry.ask(path, {"name": model, **asked}).get("model_version", {})
        number = str(found.get("version"))
        place = registry.place(model, number)
    except NoAnswerError as error:
        raise InputError(
            f"{server}: expected an MLflow server, found {error}. Start it, or correct the address"
        ) from None
    except NotThereError as error:
        raise InputError(str(error)) from None
    sha256, reason = None, None
    try:
        sha256 = registry.digest(place)
    except (NoAnswerError, UnreadableError) as error:
        reason = str(error)
    return Serving(where=f"MLflow models:/{named}", sha256=sha256, model=model, version=number, reason=reason)
