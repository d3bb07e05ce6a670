"""``POST /api/v1/tokens``: a client's secret, or a CI job's identity, becomes a token for a quarter of an hour."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import JSONBody

from assay.errors import InputError, RefusedError
from assay.server.coming_in import named
from assay.server.entrance import Entrance, address_of
from assay.server.serving import Here, Server
from assay.server.signing_in import opaque, tokens

Asked = Request[Any, Any, Any]


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is shown for a token: a pipeline's name and secret, or the ID token of a CI job.

    Attributes:
        pipeline: the pipeline's name.
        secret: its secret.
        id_token: the job's ID token, whose audience is this server's address.
        systems: what the token is for; by default all systems of the pipeline.
        seconds: how long it holds, at most 900.
    """

    pipeline: str | None = None
    secret: str | None = None
    id_token: str | None = None
    systems: tuple[str, ...] = ()
    seconds: int = tokens.LONGEST_SECONDS


@post("/api/v1/tokens", opt={"act": "public"}, sync_to_thread=True, status_code=200)
def exchange(request: Asked, server: Here, data: JSONBody[TokenRequest]) -> tokens.Granted:
    """Exchange what a pipeline holds for a short-lived token."""
    return granted_to(request, server, data)


def granted_to(request: Request[Any, Any, Any], server: Server, data: TokenRequest) -> tokens.Granted:
    """Return a token for what was shown, within the limits; every try is an event.

    Raises:
        InputError: when it is not one of the two ways.
        RefusedError: when it does not hold.
    """
    entrance, at = server.entrance, server.entrance.at()
    by_job = data.id_token is not None
    if by_job == (data.pipeline is not None and data.secret is not None) or (by_job and data.secret is not None):
        raise InputError("expected pipeline and secret, or id_token, found both or neither")
    address = address_of(request)
    tried = f"{data.pipeline or 'job'} from {address}"  # by name alone, anybody could lock a pipeline out
    entrance.limits.begin("token", account=tried, address=address, at=at)
    try:
        granted = _granted(entrance, data, at)
    except RefusedError:
        _refused(entrance, data, address, at)
        raise
    entrance.limits.succeeded("token", account=tried, address=address)
    fields = {
        "session": named(opaque.digest(granted.token)), "pipeline": granted.pipeline,
        "how": "oidc" if by_job else "secret", "origin": entrance.origin(address, at),
    }  # fmt: skip
    with entrance.store.writing() as rows:
        entrance.outbox.say(rows, "session.opened", fields, people={}, at=at)
    return granted


def _granted(entrance: Entrance, data: TokenRequest, at: int) -> tokens.Granted:
    if data.id_token is not None:
        return tokens.by_job(
            entrance.store, entrance.jobs, data.id_token, at=at, systems=data.systems, seconds=data.seconds
        )
    return tokens.by_secret(
        entrance.store, data.pipeline or "", data.secret or "", at=at, systems=data.systems, seconds=data.seconds
    )


def _refused(entrance: Entrance, data: TokenRequest, address: str, at: int) -> None:
    with entrance.store.writing() as rows:
        known = data.pipeline if data.pipeline and tokens.is_known(rows, data.pipeline) else None
        fields = {
            "pipeline": known, "how": "oidc" if data.id_token is not None else "secret",
            "reason": "not-vouched" if data.id_token is not None else "wrong", "origin": entrance.origin(address, at),
        }  # fmt: skip
        entrance.outbox.say(rows, "session.refused", fields, people={}, at=at)


ROUTES = (exchange,)
