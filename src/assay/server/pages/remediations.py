"""``/remediations``: how findings of releases are mended, and what people do about one, in its order.

Who mended something does not say that it is mended: a later verdict says that, and somebody else closes it
(`assay.server.permits`, and again where the act is made, `assay.lifecycle.remediating`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect

from assay.errors import InputError, NotThereError
from assay.lifecycle import remediating as acts
from assay.lifecycle.remediating import remediation_name
from assay.lifecycle.storing import keep_document
from assay.records.tally import Frozen
from assay.server.page import page
from assay.server.pages.acting_on import sign_act
from assay.server.pages.incidents import name_of
from assay.server.pages.timeline import Happened, timeline
from assay.server.permits import require
from assay.server.serving import By, Here
from assay.trail.incident_table import remediations_left
from assay.trail.of_links import remediations_named, remediations_of
from assay.trail.remediation_telling import about_words, status_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.lifecycle.remediating import RemediationAct
    from assay.server.acting import Actor
    from assay.server.serving import Server
    from assay.trail.remediations import Remediation
    from assay.trail.view import View

Form = Body(media_type=RequestEncodingType.URL_ENCODED)
_VERDICT = "verdict.json"
LIMIT = 50
_NEXT: Mapping[str, tuple[str, ...]] = {
    "open": ("act", "assign"), "awaiting-retest": ("retest", "act", "assign"), "retest-failed": ("act", "assign"),
    "awaiting-close": ("close",), "closed": (),
}  # fmt: skip


class RemediationRow(Frozen, kw_only=True):
    """A remediation in the list, or on its page.

    Attributes:
        about: the finding and the version.
        status: ``open``, ``awaiting-retest``, ``retest-failed``, ``awaiting-close`` or ``closed``.
        overdue: whether its owner's day is over.
        words: how it stands, in a sentence or two.
    """

    id: str
    about: str
    model: str
    version: str
    severity: str
    status: str
    owner: str
    due: str
    overdue: bool
    words: str


class RemediationsPage(Frozen, kw_only=True):
    """The remediations of releases' findings; those of alerts are with their incidents."""

    open: int
    total: int
    offset: int
    limit: int
    everything: bool
    rows: tuple[RemediationRow, ...]


class RemediationPage(Frozen, kw_only=True):
    """One remediation.

    Attributes:
        row: how it stands.
        acts: what can be done about it now.
        people: who may be given it.
        told: what was done, the newest first.
        ignored: acts that count for nothing, a line each.
        here: whether the version lies here.
    """

    at: str
    row: RemediationRow
    acts: tuple[str, ...]
    people: tuple[str, ...]
    told: tuple[Happened, ...]
    ignored: tuple[str, ...]
    here: bool


class StepForm(Frozen, kw_only=True):
    """The form of any step; which fields it reads depends on the step."""

    owner: str = ""
    due: str = ""
    words: str = ""
    csrf: str = ""


class OpenForm(Frozen, kw_only=True):
    """A finding that somebody is to mend, by when, and what is to be done."""

    verdict_sha256: str
    finding: str
    owner: str
    due: str
    plan: str = ""
    csrf: str = ""


@page("/remediations", template="remediations.html", act="models.read")
def remediations(
    server: Here, actor: By, everything: FromQuery[bool] = False, offset: FromQuery[int] = 0
) -> RemediationsPage:
    """List the findings that are being mended."""
    view, at = server.inside.view(), server.clock()
    models, start = server.inside.models_of(actor), max(offset, 0)
    names, total, left = remediations_left(view.connection, models, everything=everything, limit=LIMIT, offset=start)
    found = sorted(remediations_named(view, names), key=lambda one: (one.closed is not None, one.due, one.name))
    return RemediationsPage(
        open=left, total=total, offset=start, limit=LIMIT, everything=everything,
        rows=tuple(_row(view, one, at) for one in found),
    )  # fmt: skip


@page("/remediations/{name:str}", template="remediation.html", act="models.read", noted="remediation")
def remediation(server: Here, actor: By, name: FromPath[str]) -> RemediationPage:
    """Show how a finding is mended."""
    view, at = server.inside.view(), server.clock()
    found = _found(server, actor, view, name_of(name))
    said = found.opened.said
    return RemediationPage(
        at=at, row=_row(view, found, at), acts=_NEXT[found.status],
        people=tuple(sorted(one.name for one in view.trust.people)), told=timeline(view, found.facts()),
        ignored=tuple(found.ignored), here=server.inside.has(said.model, said.version),
    )  # fmt: skip


def _row(view: View, one: Remediation, at: str) -> RemediationRow:
    said = one.opened.said
    return RemediationRow(
        id=one.name, about=about_words(one), model=said.model, version=said.version, severity=said.severity,
        status=one.status, owner=_owner(view, one), due=one.due, overdue=one.overdue(at),
        words=status_words(view, one),
    )  # fmt: skip


def _owner(view: View, one: Remediation) -> str:
    return view.person(one.owner, one.assigned or one.opened)


def _found(server: Server, actor: Actor, view: View, name: str) -> Remediation:
    found = next(iter(remediations_named(view, (name,))), None)
    if found is None or not server.inside.sees(actor, found.opened.said.model):
        raise NotThereError(f"expected a remediation that you may see, found nothing of the name {name:.80}")
    return found


@post("/models/{model:str}/{version:str}/remediate", opt={"act": "remediation.act"}, sync_to_thread=True)
def open_remediation(
    server: Here, actor: By, model: FromPath[str], version: FromPath[str], data: Annotated[OpenForm, Form]
) -> Redirect:
    """Have a finding of a version mended: by whom, and by when."""
    held = server.inside.release(actor, model, version)
    require(actor, "remediation.act", system=held.evidence.system)
    if held.verdict is None or held.verdict_sha256 != data.verdict_sha256:
        raise InputError("expected the verdict that you have read, found that it was decided anew meanwhile. Read it")
    known = remediations_of(server.inside.view(), model, version)
    before = sum(one.opened.said.finding == data.finding for one in known)
    act = acts.Open(
        name=remediation_name(held.verdict, data.finding, before), verdict=held.verdict,
        verdict_sha256=held.verdict_sha256, finding=data.finding, owner=data.owner, due=data.due,
        plan_sha256=_kept(server, data.plan),
    )  # fmt: skip
    content = (held.folder / _VERDICT).read_bytes()
    sign_act(server, actor, act, about=(model, version))
    keep_document(server.home.state, content)  # a new decision on this version takes its place in the folder
    return Redirect(_address(act.name), status_code=303)


@post("/remediations/{name:str}/{what:str}", opt={"act": "remediation.act"}, sync_to_thread=True)
def step(
    server: Here, actor: By, name: FromPath[str], what: FromPath[str], data: Annotated[StepForm, Form]
) -> Redirect:
    """Do the next thing about a remediation, signed by who does it."""
    view = server.inside.view()
    found = _found(server, actor, view, name_of(name))
    said = found.opened.said
    system = server.inside.system_of(said.model)
    if what == "close":
        require(actor, "remediation.close", system=system, author=_owner(view, found))
    else:
        require(actor, "remediation.act", system=system)
    if what not in _MAKERS:
        raise NotThereError(f"expected one of {', '.join(_MAKERS)}, found {what:.40}")
    sign_act(server, actor, _MAKERS[what](server, found.name, data), about=(said.model, said.version))
    if what == "retest":
        _keep_verdict(server, found.name)
    return Redirect(_address(found.name), status_code=303)


def _keep_verdict(server: Server, name: str) -> None:
    """Keep the later verdict that a re-test rests on: another decision takes its place in the release's folder."""
    view = server.inside.view()
    tested = remediations_named(view, (name,))[0].tested
    if tested is not None:
        keep_document(server.home.state, view.documents[tested.said.evidence_sha256])


def _assign(_server: Server, name: str, data: StepForm) -> RemediationAct:
    return acts.Assign(name=name, owner=data.owner, due=data.due)


def _act(server: Server, name: str, data: StepForm) -> RemediationAct:
    done = _kept(server, data.words)
    if done is None:
        raise InputError("expected what was done, found an empty text")
    return acts.Act(name=name, evidence_sha256=done)


def _retest(_server: Server, name: str, _data: StepForm) -> RemediationAct:
    return acts.Retest(name=name)


def _close(_server: Server, name: str, _data: StepForm) -> RemediationAct:
    return acts.Close(name=name)


_MAKERS: Mapping[str, Callable[[Server, str, StepForm], RemediationAct]] = {
    "assign": _assign, "act": _act, "retest": _retest, "close": _close,
}  # fmt: skip


def _kept(server: Server, text: str) -> str | None:
    """Keep a text beside the log, where it can be erased, and return its digest; None for an empty one."""
    return keep_document(server.home.state, text.strip().encode()) if text.strip() else None


def _address(name: str) -> str:
    return f"/remediations/{quote(name.replace('/', '~'), safe='~')}"


ROUTES: tuple[Any, ...] = (*remediations, *remediation, open_remediation, step)
