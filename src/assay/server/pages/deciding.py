"""What people do to a decision: approve, accept a risk, take back. Each act is signed, and then it is decided again."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect

from assay.errors import InputError, RefusedError
from assay.lifecycle import consenting
from assay.lifecycle.presenting import read_signed
from assay.lifecycle.received import Place
from assay.lifecycle.release import gate
from assay.lifecycle.storing import storage_errors
from assay.records.tally import Frozen
from assay.records.verdict import Finding
from assay.server.deliveries import receiver_of
from assay.server.page import page
from assay.server.pages.consents import May, consents_open_to
from assay.server.permits import require
from assay.server.serving import By, Here
from assay.server.today import rules_of, setting_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.lifecycle.consenting import Desk
    from assay.lifecycle.setting import Rules
    from assay.server.acting import Actor
    from assay.server.inside import Held
    from assay.server.permits import Act
    from assay.server.serving import Server

_FILES_CHECK = "files-unchanged"
_deciding = threading.Lock()
"""One act at a time: what somebody consents to is what lies there when they sign."""


class Approve(Frozen, kw_only=True):
    """The form of an approval."""

    verdict_sha256: str
    comment: str = ""
    csrf: str = ""


class Waive(Frozen, kw_only=True):
    """The form of a waiver."""

    verdict_sha256: str
    finding: str
    reason: str
    compensating: str
    expires: str
    csrf: str = ""


class Revoke(Frozen, kw_only=True):
    """The form that takes a consent back."""

    consent: str
    reason: str
    csrf: str = ""


class Again(Frozen, kw_only=True):
    """The form that has a version decided again."""

    csrf: str = ""


class WaivePage(Frozen, kw_only=True):
    """What somebody reads before they accept a risk.

    Attributes:
        finding: whose risk it is.
        may: whether they may, and if not, why.
        latest: the last day that the policy permits.
        longest_days: how long it permits at most.
    """

    system: str
    model: str
    version: str
    verdict_sha256: str
    finding: Finding
    may: May
    first: str
    latest: str
    longest_days: int


Form = Body(media_type=RequestEncodingType.URL_ENCODED)


@page("/models/{model:str}/{version:str}/waive", template="waive.html", act="models.read")
def waive_form(
    server: Here, actor: By, model: FromPath[str], version: FromPath[str], finding: FromQuery[str]
) -> WaivePage:
    """Show the form by which the risk of a finding is accepted, or why that cannot be."""
    held = server.inside.release(actor, model, version)
    rules, found = _decided(server, held), _finding(held, finding)
    longest = rules.policy.waivers.longest_days if rules.policy.waivers else 0
    today = date.fromisoformat(server.clock()[:10])
    return WaivePage(
        system=held.evidence.system, model=model, version=version, verdict_sha256=held.verdict_sha256, finding=found,
        may=consents_open_to(server, actor, held).waive.get(found.id) or May(allowed=False, why=_settled(found)),
        first=today.isoformat(), latest=(today + timedelta(days=longest)).isoformat(), longest_days=longest,
    )  # fmt: skip


def _settled(finding: Finding) -> str:
    return "Its risk is accepted already" if finding.waiver else "It passes: there is nothing to accept"


@post("/models/{model:str}/{version:str}/approve", opt={"act": "approve"}, sync_to_thread=True)
def approve(
    server: Here, actor: By, model: FromPath[str], version: FromPath[str], data: Annotated[Approve, Form]
) -> Redirect:
    """Approve exactly what the page showed, and decide again."""

    def act(held: Held, desk: Desk) -> None:
        may = consents_open_to(server, actor, held).approve
        if may is None or not may.allowed:
            raise InputError(may.why if may else f"{model} {version} waits for no approval")
        consenting.approve(desk, role=may.role, comment=data.comment.strip())

    return _act(server, actor, (model, version), what="approve", act=act, shown=data.verdict_sha256)


@post("/models/{model:str}/{version:str}/waive", opt={"act": "waive"}, sync_to_thread=True)
def waive(
    server: Here, actor: By, model: FromPath[str], version: FromPath[str], data: Annotated[Waive, Form]
) -> Redirect:
    """Accept the risk of a finding until a day, and decide again."""

    def act(held: Held, desk: Desk) -> None:
        found = _finding(held, data.finding)
        may = consents_open_to(server, actor, held).waive.get(found.id) or May(allowed=False, why=_settled(found))
        if not may.allowed:
            raise InputError(may.why)
        consenting.waive(
            desk, control=data.finding, role=may.role, reason=data.reason, compensating=data.compensating,
            expires=data.expires,
        )  # fmt: skip

    return _act(server, actor, (model, version), what="waive", act=act, shown=data.verdict_sha256)


@post("/models/{model:str}/{version:str}/revoke", opt={"act": "revoke"}, sync_to_thread=True)
def revoke(
    server: Here, actor: By, model: FromPath[str], version: FromPath[str], data: Annotated[Revoke, Form]
) -> Redirect:
    """Take a consent back, and decide again."""

    def act(held: Held, desk: Desk) -> None:
        known = {one.id for one in held.verdict.consents} if held.verdict else set()
        if data.consent not in known:
            raise InputError(f"expected a consent of {model} {version}, found {data.consent!r}")
        if not data.reason.strip():
            raise InputError("expected a reason, found an empty text")
        consenting.revoke(desk, data.consent, reason=data.reason.strip())

    return _act(server, actor, (model, version), what="revoke", act=act)


@post("/models/{model:str}/{version:str}/decide", opt={"act": "approve"}, sync_to_thread=True)
def decide_again(
    server: Here, actor: By, model: FromPath[str], version: FromPath[str], data: Annotated[Again, Form]
) -> Redirect:
    """Decide again under today's policy, on the evidence and the consents that are there."""
    del data  # its token was looked at before
    with _deciding:
        held = server.inside.release(actor, model, version)
        require(actor, "approve", system=held.evidence.system)
        gate_again(server, held, _decided(server, held))
    return Redirect(f"/models/{model}/{version}", status_code=303)


def gate_again(server: Server, held: Held, rules: Rules) -> None:
    """Decide on a release anew, under rules of today; the verdict is signed, logged and written.

    Raises:
        InputError: when a delivered release waits, because nobody adopted the policy that it was decided under.
    """
    receiver = receiver_of(server)
    place = Place(model=held.evidence.model.name, version=held.evidence.model.version)
    if receiver.kept.release(place) is not None:  # with what its pipeline has said of the model's files
        outcome = receiver.judge.decide(place)
        if outcome.outcome == "waits":
            raise InputError(f"{place.model} {place.version}: {outcome.words}")
        return
    setting = setting_of(server, rules)
    checks = {one.check: one.status for one in held.verdict.findings} if held.verdict else {}
    files = held.evidence.model.files if checks.get(_FILES_CHECK) == "pass" else None  # the model is not here
    gate(read_signed(held.folder, setting), setting, server.home.log, folder=held.folder, files=files)


def _act(
    server: Server,
    actor: Actor,
    about: tuple[str, str],
    *,
    what: Act,
    act: Callable[[Held, Desk], None],
    shown: str = "",
) -> Redirect:
    """Have somebody act on a release, and decide again; the page shows what came of it."""
    with _deciding, storage_errors(server.home.state):
        held = server.inside.release(actor, *about)
        author = None if what == "revoke" else held.author
        require(actor, what, system=held.evidence.system, author=author)
        if what != "revoke" and held.evidence.measured_by.identity == actor.name:
            require(actor, what, author=actor.name)
        rules = _decided(server, held)
        if shown and shown != held.verdict_sha256:
            raise RefusedError(
                f"{what}: expected consent to the decision that stands, found it for an earlier one: something changed "
                "since the page was opened. Read it again"
            )
        if actor.name not in server.inside.signers():
            raise RefusedError(
                f"{what}: expected a key of {actor.name} at this server, found none. An administrator makes one, or "
                "sign at your own machine and have it pushed"
            )
        setting = setting_of(server, rules)
        act(held, consenting.open_desk(held.folder, setting, server.home.log, name=actor.name))
        gate_again(server, held, rules)
    return Redirect("/models/{}/{}".format(*about), status_code=303)


def _decided(server: Server, held: Held) -> Rules:
    rules = rules_of(server, held.evidence.system)
    if rules is None:
        raise InputError(
            f"expected a policy that was adopted for {held.evidence.system}, found none. Adopt one at /policies first"
        )
    return rules


def _finding(held: Held, wanted: str) -> Finding:
    findings = held.verdict.findings if held.verdict else ()
    found = next((one for one in findings if one.id == wanted), None)
    if found is None:
        raise InputError(f"expected a finding of this version, found {wanted!r}. Its page lists them")
    return found


ROUTES = [*waive_form, approve, waive, revoke, decide_again]
