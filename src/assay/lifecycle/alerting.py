"""Which alerts are still to be told, to whom and when: what the log says, and nothing besides, decides it.

The log is the spool. An alert is kept there from the moment it is raised; that a channel has taken it, or has not, is
an event too. So nothing is lost with a process, a failure is on record, and whoever runs next goes on where the last
one stopped. What a channel has taken is not sent to it again; only when a process dies between the channel's yes and
the record of it, or when a channel takes a message and says so too late, can a message come twice; it bears the same
name then (`Outgoing.once`), by which a receiver knows it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from assay.records.canonical import sha256_hex
from assay.trail.clocks import TIME, moment, seconds_left
from assay.trail.events import make_event
from assay.trail.incidents import SEVERITIES, incidents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.lifecycle.alerts_section import AlertsSection
    from assay.trail.events import Event
    from assay.trail.incidents import Incident
    from assay.trail.view import Fact, View

Why: TypeAlias = Literal["not-configured", "not-understood", "refused", "late"]

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 60, 6 * 3600
"""After a failure a channel is left alone for a minute, then twice as long each time, up to six hours."""

MOST_IN_A_MESSAGE = 50
_HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a channel did not take a message.

    Attributes:
        why: in the vocabulary's words.
        status: the HTTP status, where there was one.
    """

    why: Why
    status: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """Alerts that one message is to tell a channel.

    Attributes:
        channel: the channel's name.
        alerts: how they stand, the worst first.
        repeats: how many more were raised about the same things, and are not told again.
        attempt: the how-manieth attempt at this channel it is.
    """

    channel: str
    alerts: tuple[Incident, ...]
    repeats: int
    attempt: int

    @property
    def severity(self) -> str:
        """The worst severity among them."""
        return max((one.severity for one in self.alerts), key=SEVERITIES.index)

    @property
    def once(self) -> str:
        """Name the message: the same whenever the same alerts, as they were raised, are told to the same channel."""
        raised = sorted(f"{one.name} {one.raised[-1].index if one.raised else ''}" for one in self.alerts)
        return sha256_hex("\n".join((self.channel, *raised)).encode())[:32]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A channel that is left alone until a time, and what is kept for it."""

    channel: str
    alerts: tuple[str, ...]
    until: str


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """What is to be told now, and what has to wait."""

    due: tuple[Outgoing, ...]
    waiting: tuple[Waiting, ...]


def outbox(view: View, section: AlertsSection, at: str, *, impatient: bool = False) -> Outbox:
    """Return the messages that are due.

    Args:
        view: the trail.
        section: the channels.
        at: now, RFC 3339 in UTC.
        impatient: try a channel although it failed a moment ago.
    """
    raised = view.facts("monitor.alert")
    standing = {one.name: one for one in incidents(view)}
    loud, quiet = _repeats(view, raised, section.repeat_after_hours)
    due: list[Outgoing] = []
    waiting: list[Waiting] = []
    for channel, told in section.channels.items():
        least = SEVERITIES.index(told.severity or section.severity)
        taken = [fact for fact in view.facts("alert.delivered") if fact.said.channel == channel]
        wanted = [fact for fact in loud if not _taken(fact, taken) and _open(standing[fact.said.alert], fact)]
        names = dict.fromkeys(fact.said.alert for fact in wanted)
        alerts = [one for name, one in standing.items() if name in names and SEVERITIES.index(one.severity) >= least]
        if not alerts:
            continue
        failed, until = _backoff(view, channel, taken)
        if until is not None and seconds_left(until, at) > 0 and not impatient and not _went_back(failed, at):
            waiting.append(Waiting(channel=channel, alerts=tuple(one.name for one in alerts), until=until))
            continue
        due += [
            Outgoing(
                channel=channel, alerts=tuple(group), attempt=failed[-1].said.attempt + 1 if failed else 1,
                repeats=sum(quiet[one.name] for one in group),
            )
            for group in _grouped(alerts, section.group_by)
        ]  # fmt: skip
    return Outbox(due=tuple(due), waiting=tuple(waiting))


def outcome_event(outgoing: Outgoing, message: str, failure: Failure | None, at: str) -> Event:
    """Return what is recorded of an attempt."""
    said: dict[str, Any] = {
        "channel": outgoing.channel, "alerts": [one.name for one in outgoing.alerts],
        "message_sha256": sha256_hex(message.encode()), "attempt": outgoing.attempt,
    }  # fmt: skip
    if failure is None:
        return make_event("alert.delivered", said, claimed_at=at)
    status = {} if failure.status is None else {"status": failure.status}
    said |= {"why": failure.why, "next_at": next_attempt(at, outgoing.attempt)} | status
    return make_event("alert.undelivered", said, claimed_at=at)


def next_attempt(at: str, failures: int) -> str:
    """Return before when a channel is not tried again, after so many failures in a row."""
    doublings = min(failures - 1, 20)  # far beyond the longest wait
    seconds = min(FIRST_WAIT_SECONDS << doublings, LONGEST_WAIT_SECONDS)
    return (moment(at) + timedelta(seconds=seconds)).strftime(TIME)


def _taken(fact: Fact, taken: Sequence[Fact]) -> bool:
    return any(one.index > fact.index and fact.said.alert in one.said.alerts for one in taken)


def _open(incident: Incident, fact: Fact) -> bool:
    """Whether an alert is one of those that are not resolved: what is over is not told any more."""
    return incident.resolved is None and any(one.index == fact.index for one in incident.raised)


def _backoff(view: View, channel: str, taken: Sequence[Fact]) -> tuple[list[Fact], str | None]:
    """Return the failures of a channel since it last took something, and until when it is left alone."""
    last = max((fact.index for fact in taken), default=-1)
    facts = view.facts("alert.undelivered")
    failed = [fact for fact in facts if fact.said.channel == channel and fact.index > last]
    return failed, failed[-1].said.next_at if failed else None


def _went_back(failed: Sequence[Fact], at: str) -> bool:
    """Whether the clock stands before the last failure: then nobody knows how long to wait, and nothing waits."""
    return bool(failed) and at < failed[-1].at


def _repeats(view: View, raised: Sequence[Fact], hours: float) -> tuple[list[Fact], Counter[str]]:
    """Return the alerts that are told, and by alert how often the same was said again too soon."""
    over = {fact.index: fact.said.alert for fact in view.facts("monitor.resolved")}
    last: dict[tuple[object, ...], Fact] = {}
    loud: list[Fact] = []
    quiet: Counter[str] = Counter()
    for fact in raised:
        said = fact.said
        key = (said.model, said.version, said.kind, said.metric, *sorted(said.group.items()), said.column)
        before = last.get(key)
        if before is not None and _says_the_same(before, fact, hours) and not _resolved(over, before, fact):
            quiet[before.said.alert] += 1
            continue
        last[key] = fact
        loud.append(fact)
    return loud, quiet


def _says_the_same(before: Fact, fact: Fact, hours: float) -> bool:
    worse = SEVERITIES.index(fact.said.severity) > SEVERITIES.index(before.said.severity)
    if worse or not before.at or not fact.at:
        return False
    return 0 <= seconds_left(fact.at, before.at) < hours * _HOUR


def _resolved(over: dict[int, str], before: Fact, fact: Fact) -> bool:
    return any(before.index < index < fact.index and name == before.said.alert for index, name in over.items())


def _grouped(alerts: Sequence[Incident], by: str) -> Iterator[list[Incident]]:
    groups: dict[object, list[Incident]] = {}
    for one in alerts:
        groups.setdefault(one.about if by == "model" else one.name, []).append(one)
    for group in groups.values():
        yield from (group[start : start + MOST_IN_A_MESSAGE] for start in range(0, len(group), MOST_IN_A_MESSAGE))
