"""Kubernetes' AdmissionReview v1, as a cluster posts it and as it is answered.

The form is that of ``admission.k8s.io/v1``
(https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response):
fields that are not known here are passed over, as Kubernetes does; a field of another type is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from assay.adapters.workload_images import things_of
from assay.errors import DocumentError, InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.lifecycle.admitting import Held

VERSION, KIND = "admission.k8s.io/v1", "AdmissionReview"

MAX_BYTES = 8 << 20
"""Cap on a review. An object in etcd has at most 1.5 MiB; a review holds it twice, and is indented by nobody."""

MAX_DEPTH = 100
"""Cap on lists and objects within each other."""

FORBIDDEN, UNREADABLE = 403, 400
_MAX_UID = 256


class _Kind(msgspec.Struct, frozen=True):
    kind: str
    group: str = ""
    version: str = ""


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _Asked(msgspec.Struct, frozen=True, rename="camel"):
    uid: str
    kind: _Kind
    operation: Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
    name: str = ""
    namespace: str = ""
    sub_resource: str = ""
    user_info: _User = _User()
    object: dict[str, Any] | None = None
    old_object: dict[str, Any] | None = None
    dry_run: bool | None = None


class _Review(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    request: _Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    things: tuple[Held, ...] = ()
    settled: str | None = None
    refused: str | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a cluster asks.

    Attributes:
        uid: id of what it asks; the answer bears it.
        operation: what is to be done.
        kind: kind of the object.
        namespace: where.
        name: the object's name, or what its name begins with.
        owner: kind and name of what made it; the object itself where nothing did.
        by: who asks the cluster.
        dry_run: whether nothing comes of it.
        things: what it would run, that is to be asked about.
        settled: why there is nothing to ask about; None where there is.
        refused: why it cannot be let in whatever it runs; None where that is not so.
        warning: what whoever asks should know though it is settled.
    """

    uid: str
    operation: Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
    kind: str
    namespace: str
    name: str
    owner: str
    by: str
    dry_run: bool
    things: tuple[Held, ...] = ()
    settled: str | None = None
    refused: str | None = None
    warning: str | None = None

    @property
    def workload(self) -> str:
        """What it is called: ``Deployment credit/scorecard``."""
        return f"{self.kind} {self.namespace}/{self.name}"


def parse_review(content: bytes) -> Review:
    """Read what a cluster asks.

    Raises:
        DocumentError: when it is no AdmissionReview v1 with a request.
    """
    found = _decoded(content)
    asked = found.request
    metadata = _part(asked.object, "metadata")
    owner = next(iter(_owners(metadata)), f"{asked.kind.kind} {asked.namespace}/{_name(asked, metadata)}")
    looked = _looked(asked)
    return Review(
        uid=asked.uid,
        operation=asked.operation,
        kind=asked.kind.kind,
        namespace=asked.namespace,
        name=_name(asked, metadata),
        owner=owner,
        by=asked.user_info.username,
        dry_run=asked.dry_run is True,
        things=looked.things,
        settled=looked.settled,
        refused=looked.refused,
        warning=looked.warning,
    )


def glimpse(content: bytes) -> tuple[str | None, bool]:
    """Return what can be seen of a review that cannot be read: its id, and whether it is a dry run."""
    try:
        found = msgspec.json.decode(content) if len(content) <= MAX_BYTES else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None, False
    asked = _part(found if isinstance(found, dict) else None, "request")
    uid = asked.get("uid")
    return (uid if isinstance(uid, str) and 0 < len(uid) <= _MAX_UID else None), asked.get("dryRun") is True


def answer(uid: str, *, allowed: bool, message: str = "", code: int = FORBIDDEN, warnings: Sequence[str] = ()) -> bytes:
    """Return the AdmissionReview that answers.

    Args:
        uid: id of what was asked.
        allowed: whether it may be done.
        message: why not.
        code: the status that whoever asked the cluster gets, where it may not.
        warnings: what they are told where it may.
    """
    response: dict[str, Any] = {"uid": uid, "allowed": allowed}
    if not allowed:
        reason = "Forbidden" if code == FORBIDDEN else "BadRequest"
        response["status"] = {"status": "Failure", "code": code, "reason": reason, "message": message}
    if warnings:
        response["warnings"] = list(warnings)
    return msgspec.json.encode({"apiVersion": VERSION, "kind": KIND, "response": response})


def _decoded(content: bytes) -> _Review:
    if len(content) > MAX_BYTES:
        raise _wrong("$", f"expected at most {MAX_BYTES} bytes, found {len(content)}")
    try:
        found = msgspec.json.decode(content, type=_Review)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a ValidationError is a DecodeError
        message, _, path = str(error).partition(" - at ")
        raise _wrong(path.strip("`") or "$", message[:300]) from None
    except RecursionError:
        raise _wrong("$", f"expected at most {MAX_DEPTH} lists and objects within each other") from None
    if (found.api_version, found.kind) != (VERSION, KIND):
        message = f"expected {KIND} of {VERSION}, found {found.kind[:60]!a} of {found.api_version[:60]!a}"
        raise _wrong("$", f"{message}. Configure the webhook with admissionReviewVersions: [v1]")
    if not 0 < len(found.request.uid) <= _MAX_UID:
        raise _wrong("$.request.uid", f"expected an id of 1 to {_MAX_UID} characters, found another")
    for name, one in (("object", found.request.object), ("oldObject", found.request.old_object)):
        if one is not None and _depth(one) > MAX_DEPTH:
            raise _wrong(f"$.request.{name}", f"expected at most {MAX_DEPTH} lists and objects within each other")
    return found


def _wrong(path: str, message: str) -> DocumentError:
    return DocumentError([Problem(KIND, 0, 0, path, message)])


def _depth(found: object) -> int:
    deepest, waiting = 0, [(found, 1)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [(each, depth + 1) for each in inner if isinstance(each, dict | list)]
    return deepest


def _looked(asked: _Asked) -> _Looked:
    """Find out what is to be asked about, if anything."""
    sub, kind = asked.sub_resource, asked.kind.kind
    if asked.operation == "DELETE":
        return _Looked(settled="what is taken away runs no more")
    if asked.operation == "CONNECT" or sub not in _SUBRESOURCES:
        found = f"{asked.operation} of {kind}{f'/{sub}' if sub else ''}"
        return _Looked(refused=f"expected CREATE or UPDATE of a workload, found {found}: leave it out of the rules")
    if sub == "status":
        return _Looked(settled="a status runs nothing")
    return _Looked(settled="scaling names no image", warning=_SCALED) if sub == "scale" else _object(asked, kind)


def _object(asked: _Asked, kind: str) -> _Looked:
    if asked.object is None:
        return _Looked(refused=f"expected the object that is to be made, found none in the review of {kind}")
    if asked.object.get("kind") not in {None, kind}:
        found = str(asked.object.get("kind"))[:60]
        return _Looked(refused=f"expected an object of the kind {kind}, found {found!a}")
    try:
        things = things_of(asked.kind.group, kind, asked.object)
    except InputError as error:
        return _Looked(refused=error.diagnostics())
    settled = _settled(asked, things)
    if settled is None and (asked.kind.group, kind) == _POD and asked.operation == "UPDATE":
        things = tuple(_new(asked, things))
    return _Looked(settled=settled) if settled else _Looked(things=things)


_POD = ("", "Pod")
_SUBRESOURCES = ("", "status", "scale", "ephemeralcontainers", "resize")
_SCALED = "scaling lets nothing in by itself: each pod is asked about when it is made"
_COUNTS = ("replicas", "parallelism")


def _settled(asked: _Asked, things: Sequence[Held]) -> str | None:
    """Return why a change runs nothing new; None where it may."""
    if asked.operation != "UPDATE" or asked.old_object is None or asked.object is None:
        return None
    if _part(asked.object, "metadata").get("deletionTimestamp"):
        return "it is being deleted"
    if (asked.kind.group, asked.kind.kind) == _POD:
        return None if list(_new(asked, things)) else "it runs what it ran before"
    new, old = _part(asked.object, "spec"), _part(asked.old_object, "spec")
    same = {k: v for k, v in new.items() if k not in _COUNTS} == {k: v for k, v in old.items() if k not in _COUNTS}
    return "it runs what it ran before" if same and not any(_grows(new, old, one) for one in _COUNTS) else None


def _grows(new: Mapping[str, Any], old: Mapping[str, Any], key: str) -> bool:
    after, before = new.get(key, 1), old.get(key, 1)
    return after != before and not (isinstance(after, int) and isinstance(before, int) and after < before)


def _new(asked: _Asked, things: Sequence[Held]) -> Iterator[Held]:
    """Yield what a pod would run that it did not; of a pod that has no older form, all."""
    try:
        there = things_of(asked.kind.group, asked.kind.kind, asked.old_object or {})
    except InputError:
        there = ()
    before = {(one.place, one.reference) for one in there}
    yield from (one for one in things if (one.place, one.reference) not in before)


def _name(asked: _Asked, metadata: Mapping[str, Any]) -> str:
    found = asked.name or metadata.get("name") or metadata.get("generateName") or ""
    return found if isinstance(found, str) else ""


def _owners(metadata: Mapping[str, Any]) -> Iterator[str]:
    listed = metadata.get("ownerReferences")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and isinstance(one.get("kind"), str) and isinstance(one.get("name"), str):
            yield f"{one['kind']} {one['name']}"


def _part(found: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    part = None if found is None else found.get(key)
    return part if isinstance(part, dict) else {}
