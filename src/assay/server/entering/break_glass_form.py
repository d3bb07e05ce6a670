"""Asking for break-glass: what a cluster may run for some hours though Assay would refuse it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Response, post

from assay.errors import InputError
from assay.lifecycle.admitting import MAX_HOURS
from assay.lifecycle.setting import TIME
from assay.server import two_persons
from assay.server.break_glass import WHAT, about_glass
from assay.server.entering.forms import FORM, see
from assay.server.entering.requests import PATH
from assay.server.outbox import time_of
from assay.server.serving import By, Here


class GlassForm(msgspec.Struct, frozen=True, kw_only=True):
    """What may run, where, for how long and why."""

    cluster: str
    namespace: str
    reason: str
    hours: str
    image_sha256: str = ""
    model_sha256: str = ""
    csrf: str = ""


@post(f"{PATH}/break-glass", opt={"act": "request.open"}, sync_to_thread=True)
def ask_to_break_glass(server: Here, actor: By, data: Annotated[GlassForm, FORM]) -> Response[bytes]:
    """Ask that an image or a model may run in a cluster for some hours; a second person consents."""
    entrance = server.entrance
    at = entrance.at()
    if not (data.hours.isascii() and data.hours.isdigit() and 1 <= int(data.hours) <= MAX_HOURS):
        raise InputError(f"hours: expected a whole number from 1 to {MAX_HOURS}, found {data.hours[:20]!r}")
    until = (datetime.fromisoformat(time_of(at)) + timedelta(hours=int(data.hours))).strftime(TIME)
    given = {
        "cluster": data.cluster, "namespace": data.namespace, "image_sha256": data.image_sha256,
        "model_sha256": data.model_sha256, "until": until,
    }  # fmt: skip
    about = about_glass(given, server.home.settings.clusters, at=time_of(at))
    with entrance.store.writing() as rows:
        two_persons.open_request(rows, entrance.outbox, actor, what=WHAT, about=about, reason=data.reason, at=at)
    return see(PATH)


ROUTES: tuple[Any, ...] = (ask_to_break_glass,)
