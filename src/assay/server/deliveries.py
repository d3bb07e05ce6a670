"""What pipelines call: how far a log is taken, which documents are known, a delivery, and what the server decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import ClientException
from litestar.params import FromPath, RawBody

from assay.attest.keys import parse_public_key
from assay.errors import NotThereError, RefusedError
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.received import Place
from assay.lifecycle.receiving import Receiver
from assay.lifecycle.receiving_checks import Pipeline, UnvouchedError
from assay.lifecycle.receiving_erasures import UnknownOfficersError
from assay.records.canonical import parse_record
from assay.records.delivery import (
    MAX_DELIVERY_BYTES,
    Asked,
    Outcome,
    OutOfStepError,
    Reached,
    Taken,
    Unknown,
    parse_delivery,
)
from assay.server import attesters
from assay.server.erasures_told import ask_for_erasures
from assay.server.gates import clearings_of
from assay.server.permits import require
from assay.server.serving import By, Here, Server
from assay.server.store import pipelines, project_keys
from assay.server.today import adopted, rules_of
from assay.tlog.log_keys import parse_log_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from litestar.handlers import HTTPRouteHandler

    from assay.lifecycle.setting import Rules
    from assay.server.acting import Actor

OUT_OF_STEP = 412
MAX_QUESTION_BYTES = 2 * 1024 * 1024
DELIVER = {"act": "deliver"}


class _Told(msgspec.Struct, frozen=True):
    message: str


class OutOfStep(msgspec.Struct, frozen=True):
    """A delivery that does not begin where the log is taken to: how far that is."""

    error: _Told
    reached: Reached


def receiver_of(server: Server) -> Receiver:
    """Return what takes deliveries at a server; it is made for each request, and holds nothing."""
    home = server.home

    def rules_for(system: str) -> Rules | None:
        return rules_of(server, system)

    def was_adopted(system: str, sha256: str) -> bool:
        return any(one.sha256 == sha256 for one in adopted(server, system))

    return Receiver(
        home.state,
        home.log,
        Keyring(home.keys),
        rules_for=rules_for,
        was_adopted=was_adopted,
        clock=server.clock,
    )


def pipeline_of(server: Server, actor: Actor) -> Pipeline:
    """Return who delivers, with the keys that an administrator registered.

    Raises:
        RefusedError: when the pipeline is not registered any more.
    """
    with server.entrance.store.reading() as rows:
        found = pipelines.find(rows, actor.name)
        shown = [one for one in project_keys.every(rows) if (one.pipeline, one.standing) == (actor.name, "accepted")]
    if found is None or found.disabled:
        raise RefusedError(f"expected a pipeline that may deliver, found {actor.name}, which is not registered")
    keys = tuple(parse_public_key(text, name=f"key of {found.name}") for text in found.public_keys)
    vkeys = {one.name: parse_log_keys(one.key.encode()) for one in shown if one.role == "log-keys"}
    officers = tuple(
        parse_public_key(one.key, name=f"officer of {found.name}") for one in shown if one.role == "officer"
    )
    return Pipeline(name=found.name, systems=actor.systems, keys=keys, vkeys=vkeys, officers=officers)


@get("/api/v1/deliveries/{origin:path}", opt=DELIVER, sync_to_thread=True)
def reached(origin: FromPath[str], server: Here, actor: By) -> Reached:
    """Return how far a project's log is taken."""
    receiver, name = receiver_of(server), origin.lstrip("/")
    _require_log(receiver, name, actor)
    return receiver.reached(name)


@post("/api/v1/known-documents", opt=DELIVER, sync_to_thread=True, status_code=200)
def unknown(request: Request[Any, Any, Any], body: RawBody, server: Here, actor: By) -> Unknown:
    """Return which documents of a delivery to come are to be sent with it."""
    asked = parse_record(_json(request, body, MAX_QUESTION_BYTES), Asked, name="question")
    receiver = receiver_of(server)
    _require_log(receiver, asked.origin, actor)
    return Unknown(sha256=receiver.unknown(asked.origin, asked.sha256))


@post("/api/v1/deliveries", opt=DELIVER, sync_to_thread=True, status_code=200)
def deliver(request: Request[Any, Any, Any], body: RawBody, server: Here, actor: By) -> Response[Taken | OutOfStep]:
    """Take the next entries of a project's log, with what they name; what the answer tells is durable."""
    content = _json(request, body, MAX_DELIVERY_BYTES)
    delivery, pipeline = parse_delivery(content), pipeline_of(server, actor)
    attesting = attesters.shown(delivery, pipeline)
    try:
        taken = receiver_of(server).take(content, pipeline)
    except OutOfStepError as error:
        return Response(OutOfStep(_Told(str(error)), error.reached), status_code=OUT_OF_STEP)
    except UnvouchedError as error:
        _let_wait(server, actor, "log-keys", {error.keys.origin: error.keys.content().decode()})
        raise
    except UnknownOfficersError as error:
        _let_wait(server, actor, "officer", {key.key_id: key.pem() for key in error.keys})
        raise
    ask_for_erasures(server, actor, delivery)
    attesters.let_wait(server, delivery, attesting, pipeline=pipeline.name)
    if taken.outcomes:
        clearings_of(server).look_again(
            {one.model for one in taken.outcomes}
        )  # a cluster may ask for it in the next moment
    return Response(taken)


@get("/api/v1/releases/{model:str}/{version:str}", opt={"act": "clearance.read"}, sync_to_thread=True)
def outcome(model: FromPath[str], version: FromPath[str], server: Here, actor: By) -> Outcome:
    """Return what the server has decided on a release that was delivered, or why it waits."""
    found = receiver_of(server).kept.release(Place(model=model, version=version))
    if found is None:
        raise NotThereError(f"expected a delivered release, found none of {model} {version}")
    require(actor, "clearance.read", system=found.system)
    return found.outcome


def _let_wait(server: Server, actor: Actor, role: project_keys.Role, keys: Mapping[str, str]) -> None:
    """Keep keys that nothing vouches for, by their names, for an administrator to look at (`entering.logs`)."""
    with server.entrance.store.writing() as rows:
        for name, key in keys.items():
            made = project_keys.ProjectKey(
                pipeline=actor.name, role=role, name=name, key=key, standing="waits", by=None, at=server.entrance.at()
            )
            project_keys.let_wait(rows, made)


def _require_log(receiver: Receiver, origin: str, actor: Actor) -> None:
    system = receiver.system_of(origin)
    if system is not None:
        require(actor, "deliver", system=system)


def _json(request: Request[Any, Any, Any], body: bytes, most: int) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ClientException("expected the content type application/json", status_code=415)
    if len(body) > most:
        raise ClientException(f"expected at most {most} bytes, found {len(body)}", status_code=413)
    return body


ROUTES: Sequence[HTTPRouteHandler] = (reached, unknown, deliver, outcome)
