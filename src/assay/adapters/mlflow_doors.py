"""Every way by which an MLflow server gives a model version a name that serves: the ones that are known, written down.

The guard (`assay.adapters.mlflow_guard`) stands before the methods of the registry's store, for whatever comes by REST,
GraphQL or from inside MLflow goes through them. What this file does not know, it does not guess about: a store method
that is new, or a route of the server whose name sounds like promotion and is not listed here, keeps the server from
starting, until somebody has looked at it. Seen in MLflow 3.17.2 (`mlflow.store.model_registry.abstract_store`,
`mlflow.server.handlers`, `mlflow.server.fastapi_app`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GUARDED = frozenset({
    "create_model_version", "create_registered_model", "rename_registered_model", "set_model_version_tag",
    "set_registered_model_alias", "set_registered_model_tag", "transition_model_version_stage",
    "update_registered_model",
})  # fmt: skip
"""Methods of a store that can give a version a name that serves."""

HARMLESS = frozenset({
    # These only read, or take something away; the number of a version that was deleted is not given again.
    "delete_model_version", "delete_model_version_tag", "delete_registered_model", "delete_registered_model_alias",
    "delete_registered_model_tag", "get_latest_versions", "get_model_version", "get_model_version_by_alias",
    "get_model_version_download_uri", "get_registered_model", "search_model_versions", "search_registered_models",
    "supports_workspaces",
    # A description, and nothing else.
    "update_model_version",
    # Makes its version by `create_model_version`.
    "copy_model_version",
    # Prompts are texts; their versions, aliases and tags are made by the methods above.
    "create_prompt", "create_prompt_version", "delete_prompt", "delete_prompt_alias", "delete_prompt_tag",
    "delete_prompt_version", "delete_prompt_version_tag", "get_prompt", "get_prompt_version",
    "get_prompt_version_by_alias", "link_prompt_version_to_model", "link_prompt_version_to_run",
    "link_prompts_to_trace", "search_prompt_versions", "search_prompts", "set_prompt_alias", "set_prompt_tag",
    "set_prompt_version_tag",
    # Who is told of what has happened.
    "create_webhook", "delete_webhook", "get_webhook", "list_webhooks", "list_webhooks_by_event", "test_webhook",
    "update_webhook",
    # Of the store in files alone: they read.
    "get_all_registered_model_aliases_from_path", "get_all_registered_model_tags_from_path", "list_registered_models",
    "models_directory",
})  # fmt: skip
"""Methods of a store that cannot, each for the reason above it."""

SOUNDS = re.compile(
    r"alias|canary|champion|deploy|go-?live|graphql|model-?version|promot|publish|registered-?model|registry"
    r"|release|rename|rollout|serve-?model|stage",
    re.IGNORECASE,
)
"""What the path or the name of a route that could promote a version sounds like."""

READS = frozenset({"GET", "HEAD", "OPTIONS"})

ROUTES = frozenset({
    # By a method of the store above.
    "DELETE /api/2.0/mlflow/model-versions/delete",
    "DELETE /api/2.0/mlflow/model-versions/delete-tag",
    "DELETE /api/2.0/mlflow/registered-models/alias",
    "DELETE /api/2.0/mlflow/registered-models/delete",
    "DELETE /api/2.0/mlflow/registered-models/delete-tag",
    "PATCH /api/2.0/mlflow/model-versions/update",
    "PATCH /api/2.0/mlflow/registered-models/update",
    "POST /api/2.0/mlflow/model-versions/create",
    "POST /api/2.0/mlflow/model-versions/set-tag",
    "POST /api/2.0/mlflow/model-versions/transition-stage",
    "POST /api/2.0/mlflow/registered-models/alias",
    "POST /api/2.0/mlflow/registered-models/create",
    "POST /api/2.0/mlflow/registered-models/get-latest-versions",
    "POST /api/2.0/mlflow/registered-models/rename",
    "POST /api/2.0/mlflow/registered-models/set-tag",
    # Reads the registry; its mutations are held against `MUTATIONS`.
    "POST /graphql",
    # Aliases of tool servers (Model Context Protocol); no model version is behind them.
    "DELETE /api/3.0/mlflow/mcp-servers/{name:path}/aliases/{alias:path}",
    "POST /api/3.0/mlflow/mcp-servers/{name:path}/aliases",
    # Who may do what with a registered model, where basic-auth is stacked behind the guard.
    "DELETE /api/2.0/mlflow/registered-models/permissions/delete",
    "PATCH /api/2.0/mlflow/registered-models/permissions/update",
    "POST /api/2.0/mlflow/registered-models/permissions/create",
})  # fmt: skip
"""Routes that sound like it, with what is known of them; ``/ajax-api`` and a static prefix are taken off first."""

MUTATIONS = frozenset({"mlflowSearchDatasets", "mlflowSearchRuns", "testMutation"})
"""Mutations of MLflow's GraphQL schema: two that search, and one that gives back what it was given."""


def require_known(store: object, routes: Iterable[str], mutations: Iterable[str], accepted: frozenset[str]) -> None:
    """Refuse to start before doors that are not known.

    Args:
        store: the registry's store.
        routes: of the server, as `routes_of` has them.
        mutations: of its GraphQL schema.
        accepted: doors, as this function names them, that somebody has looked at.

    Raises:
        InputError: naming every door that is not known, or not where it is expected.
    """
    methods = {name for name in dir(type(store)) if not name.startswith("_") and callable(getattr(type(store), name))}
    new = [f"{type(store).__name__}.{name}" for name in sorted(methods - GUARDED - HARMLESS)]
    new += sorted({one for one in routes if SOUNDS.search(one)} - ROUTES)
    new += [f"mutation {name}" for name in sorted(set(mutations) - MUTATIONS)]
    new = [one for one in new if one not in accepted]
    gone = sorted(GUARDED - methods)
    if gone:
        raise InputError(
            f"expected the registry's store {type(store).__name__} to have {', '.join(gone)}, found none: this "
            "MLflow is another than the guard knows. Take a version of MLflow that it was tested with, or upgrade assay"
        )
    if new:
        raise InputError(
            f"this MLflow has ways into its registry that the guard does not know: {'; '.join(new)}. It does not "
            "start, so that none of them leads around it. Upgrade assay; or, where you have seen that it gives no "
            "version an alias, a stage or a tag, accept it by this name: ASSAY_GUARD_ACCEPT='" + ";".join(new) + "'"
        )


def routes_of(flask_app: Any, asgi_app: Any | None, *, prefix: str) -> Iterator[str]:  # noqa: ANN401 - MLflow's own
    """Yield the writing routes of a server, each as ``METHOD /path``.

    Args:
        flask_app: MLflow's Flask application.
        asgi_app: the FastAPI application around it, where there is one.
        prefix: the static prefix.
    """
    for rule in flask_app.url_map.iter_rules():
        yield from _written(rule.methods, rule.rule, prefix)
    if asgi_app is not None:
        yield from _asgi_routes(asgi_app.routes, prefix)


def _asgi_routes(routes: Iterable[Any], prefix: str) -> Iterator[str]:
    for route in routes:
        inner = getattr(route, "effective_candidates", None)  # FastAPI keeps an included router whole
        if inner is not None:
            yield from _asgi_routes(inner(), prefix)
        elif getattr(route, "methods", None):
            yield from _written(route.methods, route.path, prefix)
        elif type(route).__name__ != "Mount":  # the Flask application itself
            raise InputError(
                f"expected routes with a path in MLflow's server, found {type(route).__name__}: the guard cannot see "
                "where it leads, and does not start. Upgrade assay"
            )


def _written(methods: Iterable[str], path: str, prefix: str) -> Iterator[str]:
    path = path.removeprefix(prefix.rstrip("/"))
    path = re.sub(r"^/ajax-api/", "/api/", path)
    for method in sorted(set(methods) - READS):
        yield f"{method} {path}"
