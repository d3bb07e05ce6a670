"""The policies in force: what each limits and who set that, what was in force before, and what could be adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect

from assay.errors import NotThereError
from assay.policy.compare import changes
from assay.records.tally import Frozen
from assay.reports.words import limit_words
from assay.server.outbox import seconds_of, time_of
from assay.server.page import page
from assay.server.pages.candidates import Candidate, candidates, decide_waiting
from assay.server.pages.changes import Changed
from assay.server.permits import require
from assay.server.serving import By, Here
from assay.server.today import adopted, in_force, kept_policy, put_in_force, title_of

if TYPE_CHECKING:
    from assay.checks.control import Control
    from assay.policy import Policy
    from assay.server.acting import Actor
    from assay.server.serving import Server
    from assay.server.store.deliveries import Adopted


LIMIT = 50


class PolicyRow(Frozen, kw_only=True):
    """A system, and the policy in force for it.

    Attributes:
        policy: name and version; None while nobody has adopted one.
    """

    system: str
    policy: str | None
    sha256: str | None
    adopted_by: str | None
    adopted_at: str | None


class PoliciesPage(Frozen, kw_only=True):
    """The systems and their policies.

    Attributes:
        q: what names of systems were searched for.
        total: how many systems there are on all pages.
    """

    q: str
    total: int
    offset: int
    limit: int
    rows: tuple[PolicyRow, ...]


class LimitRow(Frozen, kw_only=True):
    """A requirement of a policy, with who set its limit."""

    id: str
    title: str
    check: str
    metric: str
    limit: str
    enforcement: str
    severity: str
    stage: str
    set_by: str
    when: str
    source: str
    why: str
    clauses: tuple[str, ...]


class AdoptedRow(Frozen, kw_only=True):
    """A policy that was in force, and what it changed against the one before.

    Attributes:
        changed: the differences; empty for the first, or when nobody can tell.
        told: why the differences cannot be told; empty where they can.
    """

    number: int
    name: str
    sha256: str
    by: str
    at: str
    changed: tuple[Changed, ...]
    told: str = ""


class CandidateRow(Frozen, kw_only=True):
    """A policy that was delivered and that nobody has adopted.

    Attributes:
        may: whether the reader may adopt it.
        why: why not.
    """

    name: str
    sha256: str
    delivered_by: str
    delivered_at: str
    about: tuple[str, ...]
    changed: tuple[Changed, ...]
    may: bool
    why: str


class PolicyPage(Frozen, kw_only=True):
    """The policy of a system.

    Attributes:
        name: name and version; empty while nobody has adopted one.
        asks: approvals and waivers, a line each.
        limits: its requirements.
        history: what was in force, the last first.
        delivered: what could be adopted.
    """

    system: str
    name: str
    sha256: str
    description: str
    asks: tuple[str, ...]
    limits: tuple[LimitRow, ...]
    history: tuple[AdoptedRow, ...]
    delivered: tuple[CandidateRow, ...]


@page("/policies", template="policies.html", act="models.read")
def policies(server: Here, actor: By, q: FromQuery[str] = "", offset: FromQuery[int] = 0) -> PoliciesPage:
    """List systems and their policies."""
    force = in_force(server)
    known = {*force, *server.inside.systems()}
    text, start = q.strip().lower(), max(offset, 0)
    names = sorted(name for name in known if actor.reaches(name) and text in name.lower())
    shown = tuple(_row(server, name, force.get(name)) for name in names[start : start + LIMIT])
    return PoliciesPage(q=q.strip(), total=len(names), offset=start, limit=LIMIT, rows=shown)


def _row(server: Server, system: str, one: Adopted | None) -> PolicyRow:
    return PolicyRow(
        system=system, policy=None if one is None else title_of(server.home, system, one.sha256),
        sha256=None if one is None else one.sha256, adopted_by=None if one is None else one.adopted_by,
        adopted_at=None if one is None else time_of(one.adopted_at),
    )  # fmt: skip


@page("/policies/{system:str}", template="policy.html", act="models.read")
def policy(server: Here, actor: By, system: FromPath[str]) -> PolicyPage:
    """Show the policy of a system."""
    history = require_system(server, actor, system)
    now = kept_policy(server.home, system, history[0].sha256) if history else None
    found = candidates(server, system, but={one.sha256 for one in history[:1]})
    return PolicyPage(
        system=system, name=f"{now.name} {now.version}" if now else "", sha256=now.sha256 if now else "",
        description=now.description if now else "", asks=_asks(now) if now else (),
        limits=tuple(_limit(now, one) for one in now.controls) if now else (), history=_history(server, history),
        delivered=tuple(_candidate(actor, one, now) for one in found),
    )  # fmt: skip


def require_system(server: Server, actor: Actor, system: str) -> list[Adopted]:
    """Return what was adopted for a system that somebody may see.

    Raises:
        NotThereError: when there is none, or it is none of theirs.
    """
    require(actor, "models.read", system=system)
    history = adopted(server, system)
    if not history and system not in server.inside.systems():
        raise NotThereError(f"expected a system that you may see, found nothing of the name {system}")
    return history


def _asks(found: Policy) -> tuple[str, ...]:
    tiers = [(None, "every tier"), *((name, f"tier {name}") for name in found.tiers)]
    lines = [
        f"{title}: {', then '.join(f'{step.quorum} x {step.role}' for step in found.steps_in(tier)) or 'no approval'}"
        for tier, title in tiers
    ]
    waivers = found.waivers
    if waivers is None:
        return (*lines, "waivers: none are permitted")
    never = f"; never for {', '.join(waivers.not_for)}" if waivers.not_for else ""
    return (*lines, f"waivers: by {', '.join(waivers.permitted_by)}, {waivers.longest_days} days at most{never}")


def _limit(found: Policy, control: Control) -> LimitRow:
    limits = {tier: limit_words(control.limit_in(tier)) for tier in (None, *found.tiers)}
    shown = limits[None]
    shown += "".join(f"; tier {tier}: {words}" for tier, words in limits.items() if tier and words != limits[None])
    said = control.provenance
    return LimitRow(
        id=control.id, title=control.title, check=control.check, metric=control.metric or "", limit=shown,
        enforcement=control.enforcement, severity=control.severity, stage=control.stage or "every stage",
        set_by=said.set_by if said else "", when=said.when if said else "", source=said.source if said else "",
        why=said.why if said else "", clauses=control.clauses,
    )  # fmt: skip


def _history(server: Server, history: list[Adopted]) -> tuple[AdoptedRow, ...]:
    found = {one.sha256: kept_policy(server.home, one.system, one.sha256) for one in history}
    rows = []
    for place, one in enumerate(history):
        before = history[place + 1] if place + 1 < len(history) else None
        now, then = found[one.sha256], None if before is None else found[before.sha256]
        told = "" if now is not None and (before is None or then is not None) else "its files are not here"
        rows.append(
            AdoptedRow(
                number=one.number,
                name=f"{now.name} {now.version}" if now else "not here",
                sha256=one.sha256,
                by=one.adopted_by,
                at=time_of(one.adopted_at),
                changed=changed(then, now),
                told=told,
            )
        )
    return tuple(rows)


def changed(old: Policy | None, new: Policy | None) -> tuple[Changed, ...]:
    """Return what a policy changes against another; nothing where one of them is none."""
    if old is None or new is None:
        return ()
    return tuple(Changed(way=one.direction, what=one.what, words=one.words) for one in changes(old, new))


def _candidate(actor: Actor, one: Candidate, now: Policy | None) -> CandidateRow:
    why = one.refusal(actor)
    return CandidateRow(
        name=f"{one.policy.name} {one.policy.version}", sha256=one.policy.sha256, delivered_by=one.delivered_by,
        delivered_at=one.delivered_at, about=one.about, changed=changed(now, one.policy), may=not why, why=why,
    )  # fmt: skip


class Adopt(Frozen, kw_only=True):
    """The form of an adoption."""

    sha256: str
    csrf: str = ""


@post("/policies/{system:str}/adopt", opt={"act": "policy.adopt"}, sync_to_thread=True)
def adopt(
    server: Here,
    actor: By,
    system: FromPath[str],
    data: Annotated[Adopt, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Redirect:
    """Put a delivered policy in force, and decide on what waited for it."""
    history = require_system(server, actor, system)
    require(actor, "policy.adopt", system=system)
    before = history[0].sha256 if history else None
    found = next((one for one in candidates(server, system, but={before}) if one.policy.sha256 == data.sha256), None)
    if found is None:
        raise NotThereError(f"expected a policy that was delivered for {system}, found none of that digest")
    for author in found.authors:
        require(actor, "policy.adopt", system=system, author=author)
    put_in_force(server, system, found.files, by=actor.name, at=seconds_of(server.clock()))
    decide_waiting(server, system)
    return Redirect(f"/policies/{system}", status_code=303)


ROUTES = [*policies, *policy, adopt]
