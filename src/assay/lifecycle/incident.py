"""Acting on an incident: each act a signed event by a person of the trust file, in the order that makes it count.

::

    alert -> acknowledge -> assign (owner, day) -> open remediation -> close (its owner) -> retest (somebody else)
          -> resolve;   declare serious (a regulator's clock runs) -> report (initial, complete)

An act out of its order is refused, and the refusal says why and what comes first. What lies in the log is read the same
way (`assay.trail.incidents`), so that an event put there by another road counts no more than it should.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.errors import InputError
from assay.lifecycle.incident_case import require_day, require_person
from assay.records.canonical import sha256_hex
from assay.trail.clocks import clocks, clocks_sha256, due_at
from assay.trail.fields import is_time

if TYPE_CHECKING:
    from assay.lifecycle.incident_case import Case
    from assay.trail.events import Event
    from assay.trail.incident_events import Harm

How: TypeAlias = Literal["back-within-limit", "remediated", "false-alarm", "accepted"]
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Acknowledge:
    """Take an alert up.

    Attributes:
        name: the alert's id.
    """

    name: str

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        found = case.alert()
        if found.acknowledged is not None:
            who = case.who(found.acknowledged.said.by, found.acknowledged)
            raise InputError(
                f"alert {case.name}: {who} took it up at {found.acknowledged.at} already. Give it an owner with: "
                f"assay incident assign {case.name} --to NAME --due DAY --as {case.person}"
            )
        return case.event("monitor.ack", alert=case.name, by=case.code)


@dataclass(frozen=True, kw_only=True)
class Assign:
    """Give an alert an owner, and a day.

    Attributes:
        name: the alert's id.
        owner: a person of the trust file.
        due: the day, YYYY-MM-DD, in UTC.
    """

    name: str
    owner: str
    due: str

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        case.acknowledged()
        require_person(self.owner, case.trust, "--to")
        require_day(self.due, case.at)
        owner = case.pseudonym(self.owner)
        return case.event("monitor.assigned", alert=case.name, owner=owner, due=self.due, by=case.code)


@dataclass(frozen=True, kw_only=True)
class OpenRemediation:
    """Begin to mend.

    Attributes:
        name: the alert's id.
        plan_sha256: digest of the plan.
        due: by when; by default the day of the assignment.
    """

    name: str
    plan_sha256: str | None = None
    due: str | None = None

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        found = case.acknowledged()
        if found.assigned is None:
            raise InputError(
                f"alert {case.name}: expected an owner, found none. First: assay incident assign {case.name} "
                f"--to NAME --due DAY --as {case.person}"
            )
        waiting = [one for one in found.mendings.values() if one.status != "mended"]
        if waiting:
            raise InputError(
                f"alert {case.name}: {waiting[0].name} is under way ({waiting[0].status}). One at a time: close it, or "
                "have it tested again"
            )
        if self.due is not None:
            require_day(self.due, case.at)
        model, version = found.about
        return case.event(
            "remediation.opened", remediation=_numbered(case.name, len(found.mendings) + found.former), model=model,
            version=version, finding=case.name, severity=found.severity, owner=found.assigned.said.owner,
            due=self.due or found.assigned.said.due, plan_sha256=self.plan_sha256,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Close:
    """Say that it is mended, as who mended it.

    Attributes:
        name: the alert's id.
        evidence_sha256: digest of what shows it.
        remediation: which one, where there are several.
    """

    name: str
    evidence_sha256: str
    remediation: str | None = None

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        mending = case.mending(self.remediation)
        if mending.status in {"mended", "awaiting-retest"}:
            raise InputError(
                f"remediation {mending.name}: it is closed already. {mending.words} Next, by somebody else: assay "
                f"incident retest {case.name} --outcome passed|failed --evidence FILE --as NAME"
            )
        owner = case.acknowledged().owner_of(mending)
        if owner != case.code:
            raise InputError(
                f"remediation {mending.name}: expected its owner, {case.who(owner, mending.opened)}, to close it, "
                f"found {case.person}. To make it yours: assay incident assign {case.name} --to {case.person} "
                f"--due DAY --as {case.person}"
            )
        return case.event(
            "remediation.closed", remediation=mending.name, by=case.code, evidence_sha256=self.evidence_sha256
        )


@dataclass(frozen=True, kw_only=True)
class Retest:
    """Test again whether it is mended, as somebody who did not mend it.

    Attributes:
        name: the alert's id.
        outcome: whether it is mended.
        evidence_sha256: digest of what was measured.
        remediation: which one, where there are several.
    """

    name: str
    outcome: Literal["passed", "failed"]
    evidence_sha256: str
    remediation: str | None = None

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        mending = case.mending(self.remediation)
        closed, owner = mending.closed, case.acknowledged().owner_of(mending)
        if closed is None or mending.status == "open":
            raise InputError(
                f"remediation {mending.name}: expected that its owner, {case.who(owner, mending.opened)}, has closed "
                f"it, found it open. First: assay incident close {case.name} --evidence FILE --as NAME"
            )
        if mending.status in {"mended", "retest-failed"}:
            raise InputError(f"remediation {mending.name}: it was tested already. {mending.words}")
        if case.code in {closed.said.by, owner}:
            raise InputError(
                f"remediation {mending.name}: expected somebody else than {case.person}, who mended it: a test by "
                "whoever mended it counts for nothing"
            )
        return case.event(
            "remediation.retested", remediation=mending.name, outcome=self.outcome, by=case.code,
            evidence_sha256=self.evidence_sha256,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Resolve:
    """Say what ended it.

    Attributes:
        name: the alert's id.
        how: what ended it.
        evidence_sha256: digest of what shows it; a re-test shows what was remediated.
    """

    name: str
    how: How = "remediated"
    evidence_sha256: str | None = None

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        found = case.acknowledged()
        waiting = [one for one in found.mendings.values() if one.status != "mended"]
        if waiting:
            raise InputError(
                f"alert {case.name}: {waiting[0].name} is not mended ({waiting[0].status}). "
                f"{waiting[0].words or 'Nobody closed it.'}"
            )
        if self.how == "remediated" and not found.mendings:
            raise InputError(
                f"alert {case.name}: expected a remediation that somebody else has tested, found none. First: assay "
                f"incident open {case.name} --as {case.person}; or say with --how what else ended it"
            )
        if self.how != "remediated" and self.evidence_sha256 is None:
            raise InputError(
                f"alert {case.name}: expected --evidence FILE, which shows that it is {self.how}, found none"
            )
        owner = found.assigned.said.owner if found.assigned is not None else None
        if self.how in {"false-alarm", "accepted"} and case.code == owner:
            raise InputError(
                f"alert {case.name}: expected somebody else than its owner, {case.person}, to say that it is {self.how}"
            )
        return case.event(
            "monitor.resolved", alert=case.name, how=self.how, evidence_sha256=self.evidence_sha256, by=case.code
        )


@dataclass(frozen=True, kw_only=True)
class Declare:
    """Declare a serious incident: a regulator's clock runs from awareness.

    Attributes:
        name: the alert's id, or a new one where no alert raised it.
        harms: what it did.
        aware_at: when the provider became aware, RFC 3339 in UTC; by default now.
    """

    name: str
    harms: tuple[Harm, ...]
    aware_at: str | None = None

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        table = clocks()
        limit = table.limit_for(self.harms)
        aware = self.aware_at or case.at
        if not is_time(aware) or aware > case.at:
            raise InputError(
                f"--aware: expected when you became aware, in UTC such as {case.at}, not in the future, found {aware!r}"
            )
        found = case.incident
        model, version = found.about if found is not None else case.model
        return case.event(
            "incident.declared", incident=case.name, model=model, version=version,
            alert=case.name if found is not None and found.raised else None,
            harms=list(dict.fromkeys(self.harms)), aware_at=aware, clause=table.cited(limit.clause),
            due_at=due_at(aware, limit), route=case.route, applies_from=table.applies_from[case.route],
            clocks_sha256=clocks_sha256(), by=case.code,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Report:
    """Say that a serious incident was reported to an authority.

    Attributes:
        name: the incident's id.
        form: whether what was sent is complete.
        authority: to whom, in one word.
        report_sha256: digest of what was sent.
    """

    name: str
    form: Literal["initial", "complete"]
    authority: str
    report_sha256: str

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        found = case.incident
        if found is None or not found.declared:
            raise InputError(
                f"incident {case.name}: expected one that was declared serious, found none. First: assay incident "
                f"declare-serious {case.name} --harm HARM --aware TIME --as {case.person}"
            )
        if all(one.complete for one in found.clocks):
            raise InputError(f"incident {case.name}: a complete report of it is in the trail already")
        return case.event(
            "incident.reported", incident=case.name, form=self.form, authority=self.authority,
            report_sha256=self.report_sha256, by=case.code,
        )  # fmt: skip


Act: TypeAlias = Acknowledge | Assign | OpenRemediation | Close | Retest | Resolve | Declare | Report
"""What people do about an incident."""


def _numbered(alert: str, before: int) -> str:
    name = f"r-{alert}" + (f"-{before + 1}" if before else "")
    return name if len(name) <= _LONGEST else f"r-{sha256_hex(name.encode())[:32]}"
