"""How alerts stand: who has them in hand, what was mended and tested again, and which regulators' clocks run.

A pure function of the log. Acts are read in the log's order, and one that is out of its order counts for nothing, and
is told: an alert that somebody closes by appending an event without a test by somebody else stays open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.trail.clocks import clocks, seconds_left
from assay.trail.histories import mended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.trail.view import Fact, View

ACTS = (
    "monitor.alert", "monitor.ack", "monitor.assigned", "monitor.resolved", "remediation.opened",
    "remediation.closed", "remediation.retested", "incident.declared", "incident.reported",
)  # fmt: skip
SEVERITIES = ("low", "medium", "high", "critical")


@dataclass(kw_only=True)
class Mending:
    """One remediation of an alert.

    Attributes:
        opened: the event that opened it.
        closed: the last one that closed it.
        tested: the last test by anybody.
        status: ``open``, ``awaiting-retest``, ``retest-failed`` or ``mended``.
        words: why, in words.
    """

    opened: Fact
    closed: Fact | None = None
    tested: Fact | None = None
    status: str = "open"
    words: str = ""

    @property
    def name(self) -> str:
        """The remediation's id."""
        return str(self.opened.said.remediation)


@dataclass(frozen=True, kw_only=True)
class Running:
    """One regulator's clock.

    Attributes:
        declared: the declaration that set it running.
        initial: the first report after it that is said to be incomplete.
        complete: the first complete report after it.
    """

    declared: Fact
    initial: Fact | None = None
    complete: Fact | None = None

    @property
    def first(self) -> Fact | None:
        """The report that met the limit, or missed it: the earlier of the two."""
        found = [one for one in (self.initial, self.complete) if one is not None]
        return min(found, key=lambda one: one.at) if found else None

    @property
    def applies(self) -> bool:
        """Whether the duty applied when the provider became aware, on the route that was stated."""
        said = self.declared.said
        return bool(said.aware_at[:10] >= said.applies_from)

    def left(self, at: str) -> int:
        """Return the seconds left, counted until the first report or, without one, until a time."""
        first = self.first
        return seconds_left(self.declared.said.due_at, at if first is None else first.at)

    def status(self, at: str) -> str:
        """Return how it stands: ``running``, ``lapsed``, ``complete-outstanding``, ``reported``, ..."""
        if not self.applies:
            return "not-in-force"
        late = self.left(at) < 0
        if self.first is None:
            return "lapsed" if late else "running"
        if self.complete is None:
            return "complete-outstanding"
        return "reported-late" if late else "reported"


@dataclass(kw_only=True)
class Incident:
    """An alert, or a serious incident that no alert raised, with all that was done about it.

    Attributes:
        name: the alert's id, or the incident's.
        raised: the events that raised it, since it was last resolved; the last says how it is now.
        acknowledged: who took it up.
        assigned: who owns it, and until when; the last assignment.
        mendings: its remediations by id.
        resolved: what ended it.
        eased: monitoring found it back within its limit while a remediation was under way; that ends nothing.
        declared: declarations that it is serious.
        reports: reports to authorities.
        former: how often it was raised and resolved before.
        ignored: acts that count for nothing, a line each.
    """

    name: str
    raised: list[Fact] = field(default_factory=list)
    acknowledged: Fact | None = None
    assigned: Fact | None = None
    mendings: dict[str, Mending] = field(default_factory=dict)
    resolved: Fact | None = None
    eased: Fact | None = None
    declared: list[Fact] = field(default_factory=list)
    reports: list[Fact] = field(default_factory=list)
    former: int = 0
    ignored: list[str] = field(default_factory=list)

    @property
    def alert(self) -> Any:  # noqa: ANN401 - the fields of a `monitor.alert`
        """What the alert says now; None where no alert raised it."""
        return self.raised[-1].said if self.raised else None

    @property
    def about(self) -> tuple[str, str]:
        """Name and version of the model."""
        said = self.raised[-1].said if self.raised else self.declared[0].said
        return said.model, said.version

    @property
    def severity(self) -> str:
        """The alert's severity; a serious incident that no alert raised is critical."""
        return "critical" if self.declared else str(self.alert.severity)

    @property
    def since(self) -> str:
        """When it was first raised or declared, as claimed."""
        return (self.raised or self.declared)[0].at

    @property
    def status(self) -> str:
        """How it stands, in one word."""
        if self.resolved is not None:
            return "resolved"
        if not self.raised:
            return "declared"
        if self.mendings:
            order = ("retest-failed", "open", "awaiting-retest", "mended")
            found = min((one.status for one in self.mendings.values()), key=order.index)
            return "mending" if found == "open" else found
        return "assigned" if self.assigned else "acknowledged" if self.acknowledged else "open"

    @property
    def clocks(self) -> list[Running]:
        """The regulators' clocks, the one that ends first before the others."""
        found = []
        for fact in self.declared:
            after = [one for one in self.reports if one.index > fact.index]
            by_form = {form: next((r for r in after if r.said.form == form), None) for form in ("initial", "complete")}
            found.append(Running(declared=fact, **by_form))
        return sorted(found, key=lambda one: one.declared.said.due_at)

    def clock(self, at: str) -> Running | None:
        """Return the clock that ends next; None when none runs or waits for a complete report."""
        waiting = [one for one in self.clocks if one.complete is None and one.applies]
        unreported = [one for one in waiting if one.first is None]
        found = unreported or waiting
        return min(found, key=lambda one: one.left(at)) if found else None

    @property
    def over(self) -> bool:
        """Whether nothing is left to do: resolved, and every declaration reported in full."""
        return (self.resolved is not None or not self.raised) and all(
            one.complete or not one.applies for one in self.clocks
        )

    def overdue(self, at: str) -> bool:
        """Say whether its owner's day is over."""
        return self.resolved is None and self.due is not None and self.due < at[:10]

    @property
    def due(self) -> str | None:
        """The day by which its owner is to deal with it: the earliest that was set."""
        days = [one.opened.said.due for one in self.mendings.values() if one.status != "mended"]
        days += [self.assigned.said.due] if self.assigned is not None else []
        return min(days) if days else None

    def owner_of(self, mending: Mending) -> str:
        """Return who mends: the owner of the remediation, or whoever the alert was assigned to since."""
        assigned = self.assigned
        later = assigned is not None and assigned.index > mending.opened.index
        return str(assigned.said.owner if later and assigned is not None else mending.opened.said.owner)

    def facts(self) -> list[Fact]:
        """Return every event that counts, in the log's order."""
        ends = [self.acknowledged, self.assigned, self.resolved, self.eased]
        mends = [one for mend in self.mendings.values() for one in (mend.opened, mend.closed, mend.tested)]
        found = [*self.raised, *self.declared, *self.reports, *ends, *mends]
        return sorted((one for one in found if one is not None), key=lambda one: one.index)


def incidents(view: View) -> list[Incident]:
    """Return every alert and every serious incident, what is worse first, then what is older."""
    found: dict[str, Incident] = {}
    remedied: dict[str, str] = {}
    for fact in view.facts(*ACTS):
        kind, said = fact.event.type, fact.said
        if kind == "monitor.alert":
            _raise(found, fact)
        elif kind == "incident.declared":
            found.setdefault(said.incident, Incident(name=said.incident)).declared.append(fact)
        elif kind == "remediation.opened":
            about = found.get(said.finding) if said.verdict_sha256 is None else None
            if about is not None:  # one about a finding of a release belongs to no alert
                about.mendings[said.remediation] = Mending(opened=fact)
                remedied[said.remediation] = about.name
        elif kind in {"remediation.closed", "remediation.retested"}:
            if said.remediation in remedied:
                _mend(found[remedied[said.remediation]], fact, view)
        else:
            about = found.get(said.incident if kind == "incident.reported" else said.alert)
            if about is not None:
                _ACTS[kind](about, fact)
    return sorted(found.values(), key=lambda one: (-SEVERITIES.index(one.severity), one.since, one.name))


def _raise(found: dict[str, Incident], fact: Fact) -> None:
    before = found.get(fact.said.alert)
    if before is None:
        found[fact.said.alert] = Incident(name=fact.said.alert, raised=[fact])
    elif before.resolved is None:
        before.raised.append(fact)
    else:  # it is back: what was done about it then does nothing about it now
        found[fact.said.alert] = Incident(
            name=before.name, raised=[fact], declared=before.declared, reports=before.reports,
            former=before.former + 1,
        )  # fmt: skip


def _mend(incident: Incident, fact: Fact, view: View) -> None:
    mending = incident.mendings.get(fact.said.remediation)
    if mending is None:
        incident.ignored.append(f"entry {fact.index} is about a remediation of an alert that was resolved before")
        return
    if fact.event.type == "remediation.closed":
        mending.closed = fact
    else:
        mending.tested = fact
    mending.status, mending.words = mended(view, mending.closed, mending.tested)


def _acknowledge(incident: Incident, fact: Fact) -> None:
    incident.acknowledged = incident.acknowledged or fact


def _assign(incident: Incident, fact: Fact) -> None:
    incident.assigned = fact


def _resolve(incident: Incident, fact: Fact) -> None:
    waiting = [one.name for one in incident.mendings.values() if one.status != "mended"]
    if fact.said.how == "remediated" and (waiting or not incident.mendings):
        what = f"{', '.join(waiting)} is not mended" if waiting else "nothing was mended"
        incident.ignored.append(f"entry {fact.index} says that it is resolved, remediated; but {what}: it counts not")
        return
    if fact.said.by is None and waiting:
        incident.eased = fact  # what is mended half must still be tested: people end it
        return
    incident.resolved = fact


def _report(incident: Incident, fact: Fact) -> None:
    incident.reports.append(fact)


_ACTS = {
    "monitor.ack": _acknowledge,
    "monitor.assigned": _assign,
    "monitor.resolved": _resolve,
    "incident.reported": _report,
}


def still_open(found: Sequence[Incident]) -> list[Incident]:
    """Return those about which something is left to do."""
    return [one for one in found if not one.over]


def rule_of(running: Running) -> str:
    """Return the rule that a clock follows, in words, as today's table has it; empty when it has none of the kind."""
    table = clocks()
    said = running.declared.said
    return next((one.rule for one in table.clocks if table.cited(one.clause) == said.clause), "")
