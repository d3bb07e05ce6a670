"""Lineage that pipelines report by OpenLineage, with no code of ours on their side.

::

    POST /api/v1/lineage          one event
    POST /api/v1/lineage/batch    a JSON array of events, all or none of which are taken

Source: https://github.com/OpenLineage/OpenLineage/blob/main/spec/OpenLineage.yml. The body may be compressed (gzip), as
the Python client does when it is told to.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, TypeAlias

from anyio import to_thread
from litestar import Request, post

from assay.errors import InputError
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.lineage_intake import Taken, require_systems, take_in
from assay.lifecycle.recording import Nothing, one_recorder
from assay.records.tally import Frozen
from assay.server.app import MEGABYTE
from assay.server.serving import By, Here, Server
from assay.trail.openlineage_in import MAX_EVENT_BYTES, parse_event_sent, parse_events_sent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.lifecycle.recording import Known
    from assay.server.acting import Actor
    from assay.trail.openlineage_in import Sent

JSON_TYPES = ("application/json", "text/json")
_GZIP = 31

AnyRequest: TypeAlias = Request[Any, Any, Any]


class LineageTaken(Frozen, kw_only=True):
    """What became of the events that were sent.

    Attributes:
        recorded: so many were recorded now.
        known: so many had been sent before.
        differs: positions of those whose run, transition and time had been sent before with other words; the first
            words stand.
        entries: where each one stands in the trail.
    """

    recorded: int
    known: int
    differs: tuple[int, ...]
    entries: tuple[int, ...]


@post("/api/v1/lineage", opt={"act": "deliver"}, status_code=200, name="lineage", tags=["OpenLineage"])
async def lineage(request: AnyRequest, server: Here, actor: By) -> LineageTaken:
    """Take in one OpenLineage event: of a run, a job or a dataset."""
    content = await _body(request, MAX_EVENT_BYTES)
    return await to_thread.run_sync(lambda: received(server, actor, [parse_event_sent(content)]))


@post("/api/v1/lineage/batch", opt={"act": "deliver"}, status_code=200, name="lineage-batch", tags=["OpenLineage"])
async def lineage_batch(request: AnyRequest, server: Here, actor: By) -> LineageTaken:
    """Take in several OpenLineage events, all of them or none."""
    content = await _body(request, server.home.settings.body_megabytes * MEGABYTE)
    return await to_thread.run_sync(lambda: received(server, actor, parse_events_sent(content)))


async def _body(request: AnyRequest, most: int) -> bytes:
    """Return the body of a request, decompressed where it says that it is compressed.

    Raises:
        InputError: for another type of content, another compression, or what grows too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        raise InputError(f"Content-Type: expected {JSON_TYPES[0]}, found {kind or 'none'}")
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip"}:
        raise InputError(f"Content-Encoding: expected gzip or none, found {coding}")
    content = await request.body()
    if coding == "identity":
        return content
    stream = zlib.decompressobj(wbits=_GZIP)
    try:
        found = stream.decompress(content, most)
    except zlib.error:
        raise InputError("Content-Encoding: expected gzip, as it says, found something else") from None
    if not stream.eof:
        raise InputError(f"body: expected at most {most} bytes when decompressed, whole, found more or a part")
    return found


def received(server: Server, actor: Actor, events: Sequence[Sent]) -> LineageTaken:
    """Record the events of a pipeline, and say what became of each.

    Raises:
        RefusedError: when a namespace is none of the pipeline's systems.
        StorageError: when the disk refuses; nothing is recorded then.
    """
    home = server.home
    systems = require_systems(events, home.settings.lineage, actor.systems, actor.name)
    with one_recorder(home.state):
        there = (home.log_folder / "checkpoint").is_file()
        known: Known = server.inside.trail() if there else Nothing()
        taken = take_in(
            events, systems, pipeline=actor.name, state=home.state, log=home.log,
            signer=Keyring(home.keys).signer(), known=known,
        )  # fmt: skip
    return _told(taken)


def _told(taken: Sequence[Taken]) -> LineageTaken:
    outcomes = [one.outcome for one in taken]
    return LineageTaken(
        recorded=outcomes.count("recorded"),
        known=outcomes.count("known"),
        differs=tuple(position for position, outcome in enumerate(outcomes) if outcome == "differs"),
        entries=tuple(one.index for one in taken),
    )


ROUTES = (lineage, lineage_batch)
