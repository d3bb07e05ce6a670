"""What a call of a registry store's method would have serve: from its arguments to versions, by which name each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from assay.adapters.guard_judging import Move
from assay.adapters.guard_settings import folded

if TYPE_CHECKING:
    from assay.adapters.guard_settings import Governed

UNGOVERNED_STAGES = frozenset({"none", "archived"})
PAGE = 200

Asked: TypeAlias = tuple[Move, str | None]
"""A version that is to serve by a name, and where its files lie; None: where the registry says."""

Store: TypeAlias = Any
"""A store of MLflow (`mlflow.store.model_registry.abstract_store.AbstractStore`)."""

Said: TypeAlias = Mapping[str, Any]
"""The arguments of its method, by name."""


def _alias(governed: Governed, _store: Store, said: Said) -> Iterator[Asked]:
    if governed.guards_alias(said["alias"]):
        yield Move(door="alias", mark=said["alias"], model=said["name"], version=str(said["version"])), None


def _stage(_governed: Governed, _store: Store, said: Said) -> Iterator[Asked]:
    if folded(said["stage"]) not in UNGOVERNED_STAGES:
        yield Move(door="stage", mark=said["stage"], model=said["name"], version=str(said["version"])), None


def _version_tag(governed: Governed, _store: Store, said: Said) -> Iterator[Asked]:
    if governed.names_stage(said["tag"].key, said["tag"].value or ""):
        yield Move(door="tag", mark=said["tag"].key, model=said["name"], version=str(said["version"])), None


def _model_tag(governed: Governed, _store: Store, said: Said) -> Iterator[Asked]:
    tag = said["tag"]
    if governed.names_stage(tag.key, tag.value or ""):
        version = tag.value.strip() if (tag.value or "").strip().isdecimal() else None
        yield Move(door="model-tag", mark=tag.key, model=said["name"], version=version), None


def _new_model(governed: Governed, _store: Store, said: Said) -> Iterator[Asked]:
    for tag in said["tags"] or ():
        if governed.names_stage(tag.key, tag.value or ""):
            yield Move(door="model-tag", mark=tag.key, model=said["name"], version=None), None
    if said.get("deployment_job_id"):
        yield Move(door="deployment-job", mark=said["name"], model=said["name"], version=None), None


def _changed_model(_governed: Governed, _store: Store, said: Said) -> Iterator[Asked]:
    if said.get("deployment_job_id"):  # Unity Catalog: a job that deploys each new version
        yield Move(door="deployment-job", mark=said["name"], model=said["name"], version=None), None


def _new_version(governed: Governed, store: Store, said: Said) -> Iterator[Asked]:
    name = said["name"]
    if governed.guards_model(name):
        yield Move(door="registration", mark=name, model=name, version=None), place_of(store, said["source"])
    for tag in said["tags"] or ():
        if governed.names_stage(tag.key, tag.value or ""):
            yield Move(door="tag", mark=tag.key, model=name, version=None), place_of(store, said["source"])


def _renamed(governed: Governed, store: Store, said: Said) -> Iterator[Asked]:
    """Yield the versions that serve already, for they would by another name; all of them where all must be let."""
    old, new = said["name"], said["new_name"]
    aliases = store.get_registered_model(old).aliases
    aliased = {str(version) for alias, version in aliases.items() if governed.guards_alias(alias)}
    for version in versions_of(store, old):
        tagged = any(governed.names_stage(key, value or "") for key, value in version.tags.items())
        staged = folded(version.current_stage or "none") not in UNGOVERNED_STAGES
        if str(version.version) in aliased or tagged or staged or governed.guards_model(new):
            place = store.get_model_version_download_uri(old, version.version)
            yield Move(door="rename", mark=new, model=new, version=str(version.version)), place


MOVES: Mapping[str, Callable[[Governed, Store, Said], Iterator[Asked]]] = {
    "create_model_version": _new_version,
    "create_registered_model": _new_model,
    "rename_registered_model": _renamed,
    "set_model_version_tag": _version_tag,
    "set_registered_model_alias": _alias,
    "set_registered_model_tag": _model_tag,
    "transition_model_version_stage": _stage,
    "update_registered_model": _changed_model,
}
"""What each method of a store would have serve."""


def versions_of(store: Store, name: str) -> Iterator[Any]:
    """Yield every version of a registered model."""
    quote = '"' if "'" in name else "'"
    token = None
    while True:
        page = store.search_model_versions(f"name = {quote}{name}{quote}", max_results=PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def place_of(store: Store, source: str) -> str:
    """Return where the files of a source lie: of another version, of a logged model, or the source itself.

    As `mlflow.store.model_registry.sqlalchemy_store.SqlAlchemyStore.create_model_version` finds them.
    """
    if urlsplit(source).scheme != "models":
        return source
    from mlflow.server import handlers  # noqa: PLC0415 - only inside an MLflow server
    from mlflow.store.artifact.utils.models import _parse_model_uri, get_model_name_and_version  # noqa: PLC0415

    logged = _parse_model_uri(source).model_id
    if logged is not None:
        return str(handlers._get_tracking_store().get_logged_model(logged).artifact_location)  # noqa: SLF001 - its own
    return str(store.get_model_version_download_uri(*get_model_name_and_version(store, source)))
