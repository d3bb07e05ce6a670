"""Kubernetes workloads as what they would run: every image and every model that they name, and where.

Kinds and places are those of the Kubernetes API reference (https://kubernetes.io/docs/reference/kubernetes-api/):
containers of all three sorts and image volumes of a pod; and of KServe's InferenceService
(https://kserve.github.io/website/docs/reference/crd-api), whose parts may name a model by its address beside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.errors import DocumentError, InputError, Problem
from assay.lifecycle.admitting import Held
from assay.lifecycle.image_references import asked_of_address, asked_of_image, parse_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PODS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): ("spec",),
    ("", "ReplicationController"): ("spec", "template", "spec"),
    ("apps", "Deployment"): ("spec", "template", "spec"),
    ("apps", "StatefulSet"): ("spec", "template", "spec"),
    ("apps", "DaemonSet"): ("spec", "template", "spec"),
    ("apps", "ReplicaSet"): ("spec", "template", "spec"),
    ("batch", "Job"): ("spec", "template", "spec"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""Group and kind of what runs pods, and where in it the pod is described."""

INFERENCE = ("serving.kserve.io", "InferenceService")

KINDS = frozenset({*PODS, INFERENCE})

MAX_THINGS = 500
"""Cap on the images and models of one workload."""

_CONTAINERS = {"containers": "container", "initContainers": "init container", "ephemeralContainers": "debug container"}
_PARTS = ("predictor", "transformer", "explainer")
_OF_A_MODEL = frozenset({"storageUri", "storageUris", "storage", "modelFormat", "image", "runtimeVersion"})
_WORDS = {dict: "an object", list: "a list", str: "a text", type(None): "nothing", bool: "true or false"}


def things_of(group: str, kind: str, found: Mapping[str, Any]) -> tuple[Held, ...]:
    """Return what a workload would run.

    Args:
        group: group of its kind; empty for the first one's.
        kind: its kind.
        found: the object.

    Raises:
        DocumentError: when it has another shape than its kind, with every problem found.
        InputError: for a kind that is none of `KINDS`.
    """
    if (group, kind) not in KINDS:
        known = ", ".join(sorted(one for _, one in KINDS))
        name = f"{kind} ({group})" if group else kind
        raise InputError(f"expected one of {known}, found {name}: leave it out of the webhook's rules")
    reading = _Reading(kind)
    spec, at = found, "$"
    if (group, kind) == INFERENCE:
        reading.inference(reading.part(spec, "spec", at), f"{at}.spec")
    else:
        for key in PODS[group, kind]:
            spec, at = reading.part(spec, key, at), f"{at}.{key}"
        reading.pod(spec, at, required=True)
    if len(reading.things) > MAX_THINGS:
        reading.wrong("$.spec", f"expected at most {MAX_THINGS} images and models, found {len(reading.things)}")
    if reading.problems:
        raise DocumentError(reading.problems)
    return tuple(reading.things)


@dataclass
class _Reading:
    """What was found in one workload, and what is wrong with it."""

    kind: str
    things: list[Held] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: str, message: str) -> None:
        self.problems.append(Problem(self.kind, 0, 0, path, message))

    def part(self, found: Mapping[str, Any], key: str, at: str) -> Mapping[str, Any]:
        """Return an object that must be there; an empty one where it is not."""
        part = found.get(key)
        if isinstance(part, dict):
            return part
        if not self.problems or not at.startswith(self.problems[-1].path):
            self.wrong(f"{at}.{key}", f"expected an object, found {_word(part)}")
        return {}

    def listed(self, found: Mapping[str, Any], key: str, at: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the objects of a list that may be absent."""
        part = found.get(key)
        if part is None:
            return
        if not isinstance(part, list):
            self.wrong(f"{at}.{key}", f"expected a list, found {_word(part)}")
            return
        for index, one in enumerate(part):
            if isinstance(one, dict):
                yield f"{at}.{key}[{index}]", one
            else:
                self.wrong(f"{at}.{key}[{index}]", f"expected an object, found {_word(one)}")

    def text(self, found: Mapping[str, Any], key: str, at: str) -> str | None:
        """Return a text that must be there."""
        part = found.get(key)
        if isinstance(part, str) and part.strip():
            return part
        self.wrong(f"{at}.{key}", f"expected a text, found {_word(part)}")
        return None

    def pod(self, spec: Mapping[str, Any], at: str, *, required: bool, within: str = "") -> None:
        before = len(self.things)
        for key, sort in _CONTAINERS.items():
            for path, one in self.listed(spec, key, at):
                image, name = self.text(one, "image", path), one.get("name")
                if image is not None:
                    self.things.append(_image(f"{within}{sort} {name!r}" if name else f"{within}{path}", image))
        if required and len(self.things) == before and not self.problems:
            self.wrong(f"{at}.containers", "expected at least one container, found none")
        for path, one in self.listed(spec, "volumes", at):
            if one.get("image") is not None:
                image = self.text(self.part(one, "image", path), "reference", f"{path}.image")
                if image is not None:
                    self.things.append(_image(f"{within}volume {one.get('name')!r}", image))

    def inference(self, spec: Mapping[str, Any], at: str) -> None:
        self.part(spec, "predictor", at)
        for key in _PARTS:
            if isinstance(spec.get(key), dict):
                before = len(self.things)
                self.component(spec[key], f"{at}.{key}", f"{key}: ")
                if key == "predictor" and len(self.things) == before and not self.problems:
                    self.things.append(_untold(key, "no model", _NO_MODEL))
            elif spec.get(key) is not None and key != "predictor":
                self.wrong(f"{at}.{key}", f"expected an object, found {_word(spec[key])}")

    def component(self, part: Mapping[str, Any], at: str, within: str) -> None:
        self.pod(part, at, required=False, within=within)
        for key, one in part.items():
            if key == "workerSpec":
                if not isinstance(one, dict):
                    self.wrong(f"{at}.{key}", f"expected an object, found {_word(one)}")
                else:
                    self.pod(one, f"{at}.{key}", required=False, within=f"{within}worker ")
            elif isinstance(one, dict) and (key == "model" or not _OF_A_MODEL.isdisjoint(one)):
                self.served(one, f"{at}.{key}", f"{within}{key}")

    def served(self, one: Mapping[str, Any], at: str, place: str) -> None:
        """Take in what one model server serves; one that names nothing serves what cannot be told."""
        before = len(self.things)
        if one.get("storageUri") is not None:
            address = self.text(one, "storageUri", at)
            self.things += [] if address is None else [_address(f"{place}.storageUri", address)]
        for path, each in self.listed(one, "storageUris", at):
            address = self.text(each, "uri", path)
            self.things += [] if address is None else [_address(f"{place}.storageUris", address)]
        if one.get("storage") is not None:
            self.things.append(_untold(f"{place}.storage", "a place by key", _NO_MODEL))
        if len(self.things) == before and not self.problems:
            self.things.append(_untold(place, "no model", _NO_MODEL))
        if one.get("image") is not None:
            image = self.text(one, "image", at)
            self.things += [] if image is None else [_image(f"{place}.image", image)]


_NO_MODEL = (
    "what it loads cannot be told: name the model by storageUri, as an image (oci://name@sha256:...) or by its "
    "registered version (models:/NAME/VERSION)"
)


def _image(place: str, text: str) -> Held:
    try:
        repository = parse_image(text).repository
        return Held(place=place, reference=f"image {text}", asked=asked_of_image(text), repository=repository)
    except InputError as error:
        return Held(place=place, reference=f"image {text[:200]}", repository=_repository(text), untold=str(error))


def _repository(text: str) -> str | None:
    try:
        return parse_image(text).repository
    except InputError:
        return None


def _address(place: str, text: str) -> Held:
    repository = _repository(text.removeprefix("oci://")) if text.startswith("oci://") else None
    try:
        return Held(place=place, reference=text, asked=asked_of_address(text), repository=repository)
    except InputError as error:
        return Held(place=place, reference=text[:200], repository=repository, untold=str(error))


def _untold(place: str, reference: str, words: str) -> Held:
    return Held(place=place, reference=reference, untold=words)


def _word(found: object) -> str:
    return _WORDS.get(type(found), "a number" if isinstance(found, int | float) else type(found).__name__)
