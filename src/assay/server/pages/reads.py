"""Who has read what: the log of reads, for auditors; and where the console begins."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect

from assay.records.tally import Frozen
from assay.server.page import page
from assay.server.serving import By, Here
from assay.trail.exploring import Filter, entries

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
def reads(server: Here, actor: By, *, person: FromQuery[str] = "", before: FromQuery[int | None] = None) -> ReadsPage:  # noqa: ARG001 - as every page
    """List who has read what."""
    view = server.inside.view()
    coded = next((code for code, name in view.people.items() if name == person), person) or None
    found = entries(view, Filter(types=(READ,), person=coded), before=before)
    rows = []
    for one in found.reads:
        if one.event is None:
            continue
        said = one.event.fields
        who = f"pipeline {said.pipeline}" if said.by is None else view.people.get(said.by, "name not disclosed")
        rows.append(ReadRow(entry=one.index, at=one.event.claimed_at or "", who=who, what=said.what, which=said.which))
    return ReadsPage(person=person, rows=tuple(rows), before=found.before)


@get("/", opt={"act": "public", "unasked": True}, sync_to_thread=False, include_in_schema=False)
def begin() -> Redirect:
    """Lead to the first page."""
    return Redirect("/models", status_code=303)


ROUTES: list[Any] = [*reads, begin]
