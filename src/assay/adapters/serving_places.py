"""Places where a model runs, and how each one tells what it is: a folder, a Kubernetes manifest, an HTTP endpoint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from assay.adapters.http_post import NoAnswerError, get
from assay.errors import InputError
from assay.lifecycle.project import read_file
from assay.lifecycle.serving import Serving
from assay.lifecycle.storing import list_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ANNOTATIONS = {"sha256": "assay/model-sha256", "model": "assay/model", "version": "assay/version"}
"""Annotations by which a Kubernetes object says which model it serves."""

WORKLOADS = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod", "InferenceService"}
)
"""Kinds of objects that serve, or may."""

TIMEOUT_S, CAP = 10.0, 1 << 20
_DIGITS = frozenset("0123456789abcdef")
_SHA256_DIGITS = 64


def in_folder(path: Path) -> Serving:
    """Hash the model's files where they lie.

    Raises:
        InputError: when there is no model.
    """
    return Serving(where=f"folder {path}", sha256=list_model(path)[1])


def in_manifest(path: Path) -> Iterator[Serving]:
    """Yield each workload of a Kubernetes manifest, by the annotations of its pods or of itself.

    Raises:
        InputError: when it is not YAML, or holds no workload.
    """
    content = read_file(path, "a Kubernetes manifest")
    try:
        documents = [one for one in yaml.safe_load_all(content) if one is not None]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected YAML, found something else: {str(error).splitlines()[0]}") from None
    objects = [item for one in documents for item in _items(one)]
    found = [_workload(one, path) for one in objects if one.get("kind") in WORKLOADS]
    if not found:
        kinds = ", ".join(sorted({str(one.get("kind")) for one in objects})) or "nothing"
        raise InputError(f"{path}: expected a workload ({', '.join(sorted(WORKLOADS))}), found {kinds}")
    yield from found


def _items(document: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever YAML held
    if not isinstance(document, dict):
        return []
    listed = document.get("items")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else [document]


def _workload(found: Mapping[str, Any], path: Path) -> Serving:
    metadata = _part(found, "metadata")
    where = f"{found['kind']} {metadata.get('namespace', 'default')}/{metadata.get('name', '?')} in {path}"
    said = {**_part(metadata, "annotations"), **_part(_template(found), "annotations")}
    told = {key: said.get(name) for key, name in ANNOTATIONS.items()}
    digest = told["sha256"]
    reason = None if _is_digest(digest) else _no_digest(digest, f"annotation {ANNOTATIONS['sha256']}")
    return Serving(
        where=where,
        sha256=str(digest) if reason is None else None,
        model=None if told["model"] is None else str(told["model"]),
        version=None if told["version"] is None else str(told["version"]),
        reported=True,
        reason=reason,
    )


def _template(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata of a workload's pods; a CronJob's are a level deeper."""
    spec = _part(found, "spec")
    spec = _part(_part(spec, "jobTemplate"), "spec") if found.get("kind") == "CronJob" else spec
    return _part(_part(spec, "template"), "metadata")


def _part(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = found.get(key)
    return part if isinstance(part, dict) else {}


def _is_digest(found: object) -> bool:
    return isinstance(found, str) and len(found) == _SHA256_DIGITS and _DIGITS.issuperset(found)


def _no_digest(found: object, what: str) -> str:
    if found is None:
        return f"the {what} is missing; write the model's root digest there (assay verify prints it)"
    return f"the {what} should be 64 hexadecimal digits in lower case, it is {str(found)[:80]!a}"


def at_endpoint(address: str, *, field: str = "model_sha256") -> Serving:
    """Ask an HTTP endpoint which model it serves.

    Args:
        address: where to ask; it answers with JSON.
        field: where in the answer the digest stands, dots between keys.

    Raises:
        InputError: for an address that cannot be asked.
    """
    where = f"endpoint {address}"
    try:
        answer = get(address, timeout_s=TIMEOUT_S, cap=CAP)
    except NoAnswerError as error:
        return Serving(where=where, sha256=None, reported=True, reason=str(error))
    if answer.status != 200:  # noqa: PLR2004 - OK
        return Serving(where=where, sha256=None, reported=True, reason=f"it answered {answer.words()}")
    try:
        found: Any = json.loads(answer.body)
    except ValueError:
        return Serving(where=where, sha256=None, reported=True, reason="its answer is not JSON")
    for key in field.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    reason = None if _is_digest(found) else _no_digest(found, f"key {field} of its answer")
    return Serving(where=where, sha256=str(found) if reason is None else None, reported=True, reason=reason)
