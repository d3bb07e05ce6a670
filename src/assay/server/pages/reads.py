"""Who has read what: the log of reads, for auditors; and where the console begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect

from assay.records.tally import Frozen
from assay.server.page import page
from assay.server.serving import By, Here, Server
from assay.trail.exploring import Filter, entries

if TYPE_CHECKING:
    from assay.server.acting import Actor

READ = "record.read"


class ReadRow(Frozen, kw_only=True):
    """That somebody read something.

    Attributes:
        entry: the entry that says so.
        at: when.
        who: a person by name, where it is disclosed, or a pipeline.
        what: what kind of thing.
        which: its address.
    """

    entry: int
    at: str
    who: str
    what: str
    which: str


class ReadsPage(Frozen, kw_only=True):
    """The log of reads, newest first.

    Attributes:
        person: whose reads are asked for; empty for everybody's.
        rows: reads.
        before: where the next page begins; None at the end.
    """

    person: str
    rows: tuple[ReadRow, ...]
    before: int | None


@page("/reads", template="reads.html", act="reads.read")
def reads(server: Here, actor: By, *, person: FromQuery[str] = "", before: FromQuery[int | None] = None) -> ReadsPage:
    """List who has read what."""
    view = server.inside.view()
    coded = next((code for code, name in view.people.items() if name == person), person) or None
    found = entries(view, Filter(types=(READ,), person=coded), before=before)
    rows = []
    for one in found.reads:
        if one.event is None or not _is_theirs(server, actor, one.event.fields.which):
            continue
        said = one.event.fields
        who = f"pipeline {said.pipeline}" if said.by is None else view.people.get(said.by, "name not disclosed")
        rows.append(ReadRow(entry=one.index, at=one.event.claimed_at or "", who=who, what=said.what, which=said.which))
    return ReadsPage(person=person, rows=tuple(rows), before=found.before)


def _is_theirs(server: Server, actor: Actor, which: str) -> bool:
    """Say whether a page is about a system that somebody has to do with; what tells none is for those of all."""
    if actor.systems is None:
        return True
    parts = which.removesuffix(".json").split("/")
    return parts[:2] == ["", "models"] and len(parts) > 2 and server.inside.sees(actor, unquote(parts[2]))  # noqa: PLR2004 - /models/MODEL


@get("/", opt={"act": "public", "unasked": True}, sync_to_thread=False, include_in_schema=False)
def begin() -> Redirect:
    """Lead to the first page."""
    return Redirect("/models", status_code=303)


ROUTES: list[Any] = [*reads, begin]
