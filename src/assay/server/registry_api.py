"""What a guard in a registry asks, and what a registry's webhooks tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from litestar import Request, post
from litestar.params import FromPath, JSONBody

from assay.adapters.guard_judging import Judged, Question
from assay.adapters.mlflow_webhook import MOST_BYTES
from assay.records.tally import Frozen
from assay.server.registries import registries_of
from assay.server.serving import By, Here

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.handlers import HTTPRouteHandler


class LookedAt(Frozen, kw_only=True):
    """What came of a delivery.

    Attributes:
        event: what it told of.
        let: names by which a version may serve, that were new.
        reverted: names that were taken from a version, or given back to an earlier one.
    """

    event: str
    let: tuple[str, ...] = ()
    reverted: tuple[str, ...] = ()


@post("/api/v1/mlflow/{registry:str}/moves", opt={"act": "deliver"}, status_code=200, sync_to_thread=True)
def moves(server: Here, actor: By, registry: FromPath[str], data: JSONBody[Question]) -> Judged:
    """Say whether a version of a registry may serve by a name, and record what came of it."""
    return registries_of(server).judge(registry, data, actor)


@post(
    "/api/v1/mlflow/{registry:str}/webhook",
    opt={"act": "public", "unasked": True},
    status_code=200,
    request_max_body_size=MOST_BYTES,
)
async def webhook(server: Here, request: Request[Any, Any, Any], registry: FromPath[str]) -> LookedAt:
    """Take a delivery of an MLflow webhook, signed with the registry's secret; look there, and put back."""
    body, headers = await request.body(), {name.lower(): value for name, value in request.headers.items()}
    notice, seen = await to_thread.run_sync(registries_of(server).notice, registry, body, headers)
    return LookedAt(
        event=notice.event,
        let=tuple(one.move.words() for one in seen if one.outcome == "let"),
        reverted=tuple(one.move.words() for one in seen if one.outcome == "reverted"),
    )


ROUTES: Sequence[HTTPRouteHandler] = (moves, webhook)
