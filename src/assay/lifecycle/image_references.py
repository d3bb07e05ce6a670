"""What a workload names: an image, or a model by its address, as what can be asked about it.

The grammar of image references is that of the OCI distribution project
(https://github.com/distribution/reference/blob/main/reference.go), with Docker's defaults for a name without a host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.errors import InputError
from assay.lifecycle.clearing import Asked

MAX_CHARACTERS = 1024
MAX_NAME = 255
_HUB, _OFFICIAL = "docker.io", "library"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<name>(?:(?P<host>{_HOST}(?::[0-9]+)?)/)?(?P<path>{_PART}(?:/{_PART})*))"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>[a-z0-9+._-]+:[0-9a-fA-F]{32,}))?"
)
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
_MODELS = re.compile(r"models:/+(?P<model>[^/@]+)/(?P<version>[^/@]+)")
_PIN = "pin it by digest: {}@sha256:... (a tag may name another image tomorrow)"


@dataclass(frozen=True, slots=True)
class Named:
    """An image as a reference names it.

    Attributes:
        repository: host and path: ``docker.io/library/nginx``.
        tag: the tag; None where there is none.
        sha256: digest of the manifest; None where it is not pinned.
    """

    repository: str
    tag: str | None
    sha256: str | None


def parse_image(text: str) -> Named:
    """Read an image reference.

    Raises:
        InputError: when it is none, or its digest is not SHA-256.
    """
    found = _REFERENCE.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
    if found is None or len(found["name"]) > MAX_NAME:
        raise InputError(f"expected an image such as registry.example.com/team/name@sha256:..., found {text[:100]!a}")
    digest = found["digest"]
    pinned = None if digest is None else _SHA256.fullmatch(digest)
    if digest is not None and pinned is None:
        raise InputError(
            f"expected a digest of 64 hexadecimal digits after sha256:, found {digest[:100]!r}. "
            f"Name the image by name@sha256:..."
        )
    return Named(_repository(found["host"], found["path"]), found["tag"], pinned and pinned[1])


def _repository(host: str | None, path: str) -> str:
    """Return host and path; what stands first is a host only when it looks like one."""
    if host is not None and not ("." in host or ":" in host or host == "localhost" or host.lower() != host):
        host, path = None, f"{host}/{path}"
    if host is None or host == "index.docker.io":
        return f"{_HUB}/{path}" if "/" in path else f"{_HUB}/{_OFFICIAL}/{path}"
    return f"{host}/{path}"


def asked_of_image(text: str) -> Asked:
    """Return what is asked about an image.

    Raises:
        InputError: when the reference names no digest, or is none.
    """
    named = parse_image(text)
    if named.sha256 is None:
        raise InputError(_PIN.format(text.rpartition(":")[0] if named.tag else text))
    return Asked(image_sha256=named.sha256)


def asked_of_address(text: str) -> Asked:
    """Return what is asked about the address of a model: an image (``oci://``), or a registered version (``models:/``).

    Raises:
        InputError: when what is there may change, or it is no address.
    """
    scheme, colon, rest = text.partition(":")
    if scheme == "oci" and rest.startswith("//"):
        return asked_of_image(rest[2:])
    if scheme == "models" and colon:
        found = _MODELS.fullmatch(text)
        if found is not None:
            return Asked(model=found["model"], version=found["version"])
        raise InputError("name the version, which stays what it is: models:/NAME/VERSION (an alias may move)")
    raise InputError(
        f"what is at {scheme[:20]!a} may be replaced, so it cannot be told: bring the model as an image "
        "(oci://name@sha256:...) or by its registered version (models:/NAME/VERSION)"
    )
