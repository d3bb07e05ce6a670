"""Alerts and serious incidents, the worst first, with their clocks; and what people do about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect

from assay.errors import InputError, NotThereError
from assay.lifecycle import incident as acts
from assay.lifecycle.storing import keep_document
from assay.records.tally import Frozen
from assay.server.page import page
from assay.server.pages.acting_on import sign_act
from assay.server.pages.timeline import Happened, timeline
from assay.server.permits import require
from assay.server.serving import By, Here
from assay.trail.clocks import clocks
from assay.trail.incident_table import incident_named, incident_standings
from assay.trail.incident_telling import clock_words, incident_row, what_words
from assay.trail.of_links import incidents_named

if TYPE_CHECKING:
    from assay.lifecycle.incident import Act
    from assay.server.acting import Actor
    from assay.server.serving import Server
    from assay.trail.incident_table import IncidentStanding
    from assay.trail.incidents import Incident
    from assay.trail.view import View

LIMIT = 50


class IncidentRow(Frozen, kw_only=True):
    """An incident in the list.

    Attributes:
        what: what the alert says.
        clock: how the clock that ends next stands; empty where none runs.
        lapsed: whether it is over and nothing was reported.
        overdue: whether its owner's day is over.
    """

    id: str
    status: str
    severity: str
    model: str
    version: str
    what: str
    owner: str | None
    due: str | None
    overdue: bool
    clock: str
    lapsed: bool


class IncidentsPage(Frozen, kw_only=True):
    """The incidents."""

    at: str
    open: int
    total: int
    offset: int
    limit: int
    everything: bool
    rows: tuple[IncidentRow, ...]


class Clock(Frozen, kw_only=True):
    """A regulator's clock, in words and as it stands."""

    words: str
    status: str
    row: dict[str, Any]


class IncidentPage(Frozen, kw_only=True):
    """One incident.

    Attributes:
        row: as the command line tells it.
        acts: what can be done about it now, each with what it asks for.
        people: who may be given it.
        harms: what a serious incident may have done.
        told: what was done, the newest first.
    """

    at: str
    row: dict[str, Any]
    what: str
    clocks: tuple[Clock, ...]
    acts: tuple[str, ...]
    people: tuple[str, ...]
    harms: tuple[str, ...]
    told: tuple[Happened, ...]
    here: bool


def name_of(segment: str) -> str:
    """Return the name of an incident that an address has: a slash, which names of alerts have, is ``~`` there."""
    return segment.replace("~", "/")


@page("/incidents", template="incidents.html", act="models.read")
def incident_list(
    server: Here, actor: By, everything: FromQuery[bool] = False, offset: FromQuery[int] = 0
) -> IncidentsPage:  # fmt: skip
    """List alerts and serious incidents."""
    view, at = server.inside.view(), server.clock()
    models, start = server.inside.models_of(actor), max(offset, 0)
    found = incident_standings(view.connection, models=models, everything=everything, limit=LIMIT, offset=start)
    return IncidentsPage(
        at=at, open=found.open, total=found.total, offset=start, limit=LIMIT, everything=everything,
        rows=tuple(_listed(view, one, at) for one in found.rows),
    )  # fmt: skip


def _listed(view: View, one: IncidentStanding, at: str) -> IncidentRow:
    """Return a row; where a regulator's clock may run, it is told of the incident itself."""
    if one.declared:
        return next(_row(view, each, at) for each in incidents_named(view, (one.name,)))
    return IncidentRow(
        id=one.name, status=one.status, severity=one.severity, model=one.model, version=one.version, what=one.what,
        owner=None if one.owner is None else view.person_named(one.owner), due=one.due,
        overdue=one.due is not None and one.status != "resolved" and one.due < at[:10], clock="", lapsed=False,
    )  # fmt: skip


def _row(view: View, one: Incident, at: str) -> IncidentRow:
    clock = one.clock(at)
    assigned = one.assigned
    return IncidentRow(
        id=one.name, status=one.status, severity=one.severity, model=one.about[0], version=one.about[1],
        what=what_words(one), owner=None if assigned is None else view.person(assigned.said.owner, assigned),
        due=one.due, overdue=one.overdue(at), clock="" if clock is None else clock_words(clock, at),
        lapsed=clock is not None and clock.status(at) == "lapsed",
    )  # fmt: skip


@page("/incidents/{name:str}", template="incident.html", act="models.read", noted="incident")
def incident(server: Here, actor: By, name: FromPath[str]) -> IncidentPage:
    """Show an incident."""
    view, at = server.inside.view(), server.clock()
    found = _found(server, actor, view, name_of(name))
    model, version = found.about
    return IncidentPage(
        at=at, row=incident_row(view, found, at), what=what_words(found),
        clocks=tuple(
            Clock(words=clock_words(one, at), status=one.status(at), row=row)
            for one, row in zip(found.clocks, incident_row(view, found, at)["clocks"], strict=True)
        ),
        acts=_open_acts(found), people=tuple(sorted(one.name for one in view.trust.people)),
        harms=tuple(harm for one in clocks().clocks for harm in one.harms),
        told=timeline(view, found.facts()), here=server.inside.has(model, version),
    )  # fmt: skip


def _found(server: Server, actor: Actor, view: View, name: str) -> Incident:
    known = incident_named(view.connection, name)
    found = None if known is None else next(iter(incidents_named(view, (name,))), None)
    if found is None or not server.inside.sees(actor, found.about[0]):
        raise NotThereError(f"expected an alert or incident that you may see, found nothing of the name {name}")
    return found


def _open_acts(found: Incident) -> tuple[str, ...]:
    """Return what is in its order now; the act itself is asked again when it is done."""
    names: list[str] = []
    if found.raised and found.resolved is None:
        names += ["acknowledge"] if found.acknowledged is None else ["assign", *_mending_acts(found), "resolve"]
    names += ["declare"] if not found.declared else []
    names += ["report"] if found.declared and not all(one.complete for one in found.clocks) else []
    return tuple(names)


def _mending_acts(found: Incident) -> list[str]:
    """Return what can be done about the remediation that is under way, or that one can be begun."""
    waiting = [one.status for one in found.mendings.values() if one.status != "mended"]
    if not waiting:
        return [] if found.assigned is None else ["open"]
    return {"open": ["close"], "awaiting-retest": ["retest"], "retest-failed": ["close"]}[waiting[0]]


class ActForm(Frozen, kw_only=True):
    """The form of any act; which fields it reads depends on the act."""

    csrf: str = ""
    owner: str = ""
    due: str = ""
    how: str = ""
    words: str = ""
    outcome: str = ""
    harm: str = ""
    aware_at: str = ""
    form: str = ""
    authority: str = ""


What: TypeAlias = Literal["acknowledge", "assign", "open", "close", "retest", "resolve", "declare", "report"]
_HOW = ("remediated", "back-within-limit", "false-alarm", "accepted")
_FORMS = ("initial", "complete")


@post("/incidents/{name:str}/{what:str}", opt={"act": "incident.act"}, sync_to_thread=True)
def act_on(
    server: Here,
    actor: By,
    name: FromPath[str],
    what: FromPath[str],
    data: Annotated[ActForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Redirect:
    """Do something about an incident, signed by who does it."""
    found = _found(server, actor, server.inside.view(), name_of(name))
    system = server.inside.system_of(found.about[0])
    require(actor, "incident.act", system=system)
    if what == "retest":
        require(actor, "remediation.close", system=system, author=_mender(server.inside.view(), found))
    if what not in _MAKERS:
        raise NotThereError(f"expected one of {', '.join(_MAKERS)}, found {what}")
    sign_act(server, actor, _MAKERS[what](server, found.name, data), about=found.about)
    return Redirect(f"/incidents/{name}", status_code=303)


def _acknowledge(_server: Server, name: str, _data: ActForm) -> Act:
    return acts.Acknowledge(name=name)


def _assign(_server: Server, name: str, data: ActForm) -> Act:
    return acts.Assign(name=name, owner=data.owner, due=data.due)


def _mender(view: View, found: Incident) -> str | None:
    """Return who owns the remediation that is under way."""
    waiting = next((one for one in found.mendings.values() if one.status != "mended"), None)
    return None if waiting is None else view.person(found.owner_of(waiting), waiting.opened)


def _open(server: Server, name: str, data: ActForm) -> Act:
    return acts.OpenRemediation(name=name, plan_sha256=_kept(server, data.words), due=data.due or None)


def _close(server: Server, name: str, data: ActForm) -> Act:
    return acts.Close(name=name, evidence_sha256=_evidence(server, data))


def _retest(server: Server, name: str, data: ActForm) -> Act:
    outcome = _one_of(data.outcome, ("passed", "failed"), "what the test came to")
    return acts.Retest(name=name, outcome=outcome, evidence_sha256=_evidence(server, data))


def _evidence(server: Server, data: ActForm) -> str:
    kept = _kept(server, data.words)
    if kept is None:
        raise InputError("expected what shows it, found an empty text")
    return kept


def _resolve(server: Server, name: str, data: ActForm) -> Act:
    how = _one_of(data.how, _HOW, "how it ended")
    return acts.Resolve(name=name, how=how, evidence_sha256=_kept(server, data.words))


def _declare(_server: Server, name: str, data: ActForm) -> Act:
    harms = tuple(harm for one in clocks().clocks for harm in one.harms)
    return acts.Declare(name=name, harms=(_one_of(data.harm, harms, "what it did"),), aware_at=data.aware_at or None)


def _report(server: Server, name: str, data: ActForm) -> Act:
    sent = _kept(server, data.words)
    if sent is None:
        raise InputError("expected what was sent to the authority, found an empty text")
    form = _one_of(data.form, _FORMS, "whether the report is complete")
    return acts.Report(name=name, form=form, authority=data.authority, report_sha256=sent)


_MAKERS = {
    "acknowledge": _acknowledge, "assign": _assign, "open": _open, "close": _close, "retest": _retest,
    "resolve": _resolve, "declare": _declare, "report": _report,
}  # fmt: skip


def _kept(server: Server, text: str) -> str | None:
    """Keep a text beside the log, where it can be erased, and return its digest; None for an empty one."""
    return keep_document(server.home.state, text.strip().encode()) if text.strip() else None


def _one_of(given: str, known: tuple[str, ...], what: str) -> Any:  # noqa: ANN401 - one of the literals of an act
    if given not in known:
        raise InputError(f"expected {what} ({', '.join(known)}), found {given!r}")
    return given


ROUTES = [*incident_list, *incident, act_on]
