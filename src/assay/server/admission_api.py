"""What platforms ask: a Kubernetes cluster, whether a workload may run; a pipeline or a person, whether a model may.

A cluster shows itself by a secret in the address, for a webhook's configuration has no place for a header. It is kept
as a digest and compared in constant time, and no log of ours holds the address.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import anyio
from anyio import CapacityLimiter, to_thread
from litestar import Request, Response, get, post
from litestar.exceptions import ClientException
from litestar.params import FromPath, FromQuery

from assay.adapters.admission_review import MAX_BYTES
from assay.errors import AssayError, InputError, NotThereError
from assay.lifecycle.clearing import Asked, Clearance
from assay.server.cluster_gate import ANSWER_SECONDS
from assay.server.gates import clearings_of, gate_of, knows_cluster
from assay.server.serving import By, Here, Server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.handlers import HTTPRouteHandler

LOGGER = logging.getLogger("assay.server")

AT_ONCE = 16
"""So many questions of clusters are worked on at once, beside what pages need; the others wait, ANSWER_SECONDS long."""

_CLUSTER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_JSON = "application/json"
_workers: dict[object, CapacityLimiter] = {}


@post(
    "/api/v1/admission/{cluster:str}/{secret:str}",
    opt={"act": "public", "unasked": True},
    status_code=200,
    media_type=_JSON,
    request_max_body_size=MAX_BYTES,
)
async def admission(
    server: Here, request: Request[Any, Any, Any], cluster: FromPath[str], secret: FromPath[str]
) -> Response[bytes]:
    """Answer an AdmissionReview v1 of Kubernetes: whether a workload may run."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise ClientException(f"expected the content type {_JSON}", status_code=415)
    content = await request.body()
    found: bytes | None = None
    seconds: float | None = ANSWER_SECONDS
    with anyio.move_on_after(ANSWER_SECONDS):
        try:
            found = await to_thread.run_sync(
                _decided, server, cluster, secret, content, abandon_on_cancel=True, limiter=_limiter()
            )
        except AssayError:
            raise
        except Exception:
            LOGGER.exception("a question of the cluster %s failed", cluster[:63])
            seconds = None
    if found is None:
        found = gate_of(server).late(cluster[:63], content, seconds=seconds)
    if found is None:
        raise InputError("expected an AdmissionReview of admission.k8s.io/v1 with the id of a request, found none")
    return Response(found, media_type=_JSON)


@get("/api/v1/clearance", opt={"act": "clearance.read"}, sync_to_thread=True)
def clearance(  # noqa: PLR0917 - the framework passes each by its name
    server: Here,
    actor: By,
    image_sha256: FromQuery[str | None] = None,
    model_sha256: FromQuery[str | None] = None,
    model: FromQuery[str | None] = None,
    version: FromQuery[str | None] = None,
) -> Clearance:
    """Say whether an image, a model's files, or a version of a model may run now, and why not."""
    asked = Asked(
        image_sha256=_digest("image_sha256", image_sha256),
        model_sha256=_digest("model_sha256", model_sha256),
        model=model,
        version=version,
    )
    ways = (asked.image_sha256 is not None, model is not None or version is not None)
    if sum(ways) > 1 or not (any(ways) or asked.model_sha256) or (model is None) != (version is None):
        raise InputError("expected image_sha256, or model_sha256, or model and version (with model_sha256 or without)")
    found = clearings_of(server).clear(asked, at=server.clock())
    if found.system is not None and not actor.reaches(found.system):
        raise NotThereError("expected something that you may see, found nothing of this name")
    if found.system is None and actor.systems is not None:  # its words may name what others have
        return Clearance(allowed=False, status=found.status, words="No release that you may see is about this.")
    return found


ROUTES: Sequence[HTTPRouteHandler] = (admission, clearance)


def _decided(server: Server, cluster: str, secret: str, content: bytes) -> bytes:
    if not _CLUSTER.fullmatch(cluster) or not knows_cluster(server, cluster, secret):
        raise NotThereError("expected a cluster and its secret, found another. An administrator makes one for it")
    return gate_of(server).decide(cluster, content)


def _limiter() -> CapacityLimiter:
    """Return what limits the threads of this event loop."""
    loop = anyio.lowlevel.current_token()
    if loop not in _workers:
        _workers.clear()
        _workers[loop] = CapacityLimiter(AT_ONCE)
    return _workers[loop]


def _digest(name: str, given: str | None) -> str | None:
    if given is None:
        return None
    found = _SHA256.fullmatch(given)
    if found is None:
        raise InputError(f"{name}: expected 64 hexadecimal digits in lower case, found {given[:80]!r}")
    return found[1]
