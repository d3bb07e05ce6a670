"""The guard of an MLflow registry: no version comes to serve without a verdict that stands, refused before the write.

An app plugin of MLflow (https://mlflow.org/docs/latest/ml/plugins/, entry-point group ``mlflow.app``)::

    ASSAY_PROJECT=/srv/credit mlflow server --app-name assay ...

It stands before the methods of the registry's store, so that it reads what MLflow has read and not what a request
seems to say, and every way in leads through it. The version is known by the digest of its files, hashed at that moment.
What cannot be told is refused. It holds until the files change; `assay serving check` sees that they did.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import pydoc
from typing import TYPE_CHECKING, Any

from assay.adapters.guard_judges import judge_of
from assay.adapters.guard_judging import Judged
from assay.adapters.guard_settings import APP, guard_settings
from assay.adapters.mlflow_doors import GUARDED, require_known, routes_of
from assay.adapters.mlflow_files import PROMPTS, UnreadableError, hash_place
from assay.adapters.mlflow_moves import MOVES
from assay.errors import AssayError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.adapters.guard_judging import Judge, Move
    from assay.adapters.guard_settings import GuardSettings

_LOG = logging.getLogger("assay.mlflow_guard")
_MOST_SHOWN = 1500


class Guard:
    """What stands before a registry's store.

    Args:
        settings: what is guarded.
        asked: who knows what was released.
    """

    def __init__(self, settings: GuardSettings, asked: Judge) -> None:
        self.settings = settings
        self._asked = asked

    def require(self, store: Any, move: Move, *, place: str | None = None) -> None:  # noqa: ANN401 - MLflow's store
        """Let a version serve by a name, or refuse.

        Args:
            store: the registry's store.
            move: which version, by what.
            place: where its files lie; by default as the registry says.

        Raises:
            MlflowException: ``PERMISSION_DENIED``, with why and what to do.
        """
        found = self._found(store, move, place)
        if found is None:
            return
        judged = self._asked.judge(move, found)
        if judged.why is None:
            return
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - only inside an MLflow server
        from mlflow.protos.databricks_pb2 import PERMISSION_DENIED  # noqa: PLC0415

        _LOG.warning("refused: %s: %s", move.words(), judged.words)
        raise MlflowException(f"Assay refuses {move.words()}. {judged.words}"[:_MOST_SHOWN], PERMISSION_DENIED)

    def _found(self, store: Any, move: Move, place: str | None) -> str | Judged | None:  # noqa: ANN401 - as above
        """Return the digest of a version's files, or why it cannot be told; None for a prompt, which is a text."""
        if move.version is None and place is None:
            words = "A tag on the whole model does not say which version it is about. Set it on the version."
            return Judged(why="no-version", words=words)
        place = place or str(store.get_model_version_download_uri(move.model, move.version))
        if place in PROMPTS:
            return None
        try:
            return hash_place(place)
        except UnreadableError as error:
            return Judged(why="unreadable", words=f"What it is cannot be told: {error}.")


def create_app(flask_app: Any = None) -> Any:  # noqa: ANN401 - MLflow's applications
    """Return MLflow's application with the guard in it; MLflow calls it for ``--app-name assay``.

    Args:
        flask_app: MLflow's Flask application; by default the one of this process.

    Raises:
        SystemExit: when the environment, a project, or MLflow itself is not as it should be. Then nothing serves.
    """
    from mlflow.server import app  # noqa: PLC0415 - only inside an MLflow server

    try:
        settings = guard_settings()
        stand_before(_registry_store(), Guard(settings, judge_of(settings)))
        served = _served(app if flask_app is None else flask_app, settings)
        _require_known_doors(app if flask_app is None else flask_app, served, settings)
    except AssayError as error:
        raise SystemExit(f"assay: the guard does not start, and nothing is served: {error.diagnostics()}") from None
    _LOG.info("the guard stands: aliases %s", ", ".join(settings.governed.aliases))
    return served


def stand_before(store: Any, guard: Guard) -> None:  # noqa: ANN401 - MLflow's store
    """Put the guard before every method of a store that can give a version a name that serves.

    The store's class is taken the place of, so that its own calls from one method to another are guarded too.
    """
    kind = type(store)
    guarded = {name: _guarded(getattr(kind, name), name, guard) for name in GUARDED if hasattr(kind, name)}
    store.__class__ = type(f"Guarded{kind.__name__}", (kind,), guarded)


def _guarded(method: Callable[..., Any], name: str, guard: Guard) -> Callable[..., Any]:
    signature, moves = inspect.signature(method), MOVES[name]

    @functools.wraps(method)
    def asked_first(store: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as MLflow has it
        said = signature.bind(store, *args, **kwargs)
        said.apply_defaults()
        for move, place in moves(guard.settings.governed, store, said.arguments):
            guard.require(store, move, place=place)
        return method(store, *args, **kwargs)

    return asked_first


def _registry_store() -> Any:  # noqa: ANN401 - MLflow's store
    from mlflow.server import handlers  # noqa: PLC0415 - only inside an MLflow server

    store = handlers._get_model_registry_store()  # noqa: SLF001 - where every handler gets it from
    if store is not handlers._get_model_registry_store():  # noqa: SLF001
        raise InputError(
            "expected MLflow to keep one registry store for all requests, found a new one for each: this MLflow is "
            "another than the guard knows. Upgrade assay"
        )
    return store


def _served(flask_app: Any, settings: GuardSettings) -> Any:  # noqa: ANN401 - MLflow's applications
    if settings.app is not None:
        from mlflow.server import _find_app  # noqa: PLC0415 - only inside an MLflow server

        behind = pydoc.locate(_find_app(settings.app).replace(":", "."))
        if not callable(behind):
            raise InputError(f"{APP}: expected an app of MLflow that can be made, found {settings.app!r}")
        return behind(flask_app)
    if os.environ.get("_MLFLOW_SGI_NAME", "uvicorn") != "uvicorn":  # gunicorn and waitress serve Flask alone
        return flask_app
    from mlflow.server.fastapi_app import create_fastapi_app  # noqa: PLC0415

    return create_fastapi_app(flask_app)


def _require_known_doors(flask_app: Any, served: Any, settings: GuardSettings) -> None:  # noqa: ANN401 - as above
    from mlflow.server.graphql.graphql_schema_extensions import schema  # noqa: PLC0415 - only inside an MLflow server

    mutation = schema.graphql_schema.mutation_type
    asgi_app = None if served is flask_app else served
    require_known(
        _registry_store(),
        routes_of(flask_app, asgi_app, prefix=os.environ.get("_MLFLOW_STATIC_PREFIX", "")),
        () if mutation is None else mutation.fields,
        settings.accepted,
    )
