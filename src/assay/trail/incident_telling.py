"""Incidents in words: a list, one of them with all that was done about it, and what comes next."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from assay.trail.clocks import clocks, span_words
from assay.trail.incidents import rule_of, still_open

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.trail.incidents import Incident, Mending, Running
    from assay.trail.view import Fact, View

WIDTH = 100


def clock_words(running: Running, at: str) -> str:
    """Return how a clock stands: how much time is left, or since when it is over."""
    said, left, status = running.declared.said, running.left(at), running.status(at)
    clause = said.clause
    if status == "not-in-force":
        return f"{clause} applies from {said.applies_from} on (route {said.route})"
    if status == "running":
        return f"{span_words(left)} left to report ({clause})"
    if status == "lapsed":
        return f"LAPSED {span_words(left)} ago: not reported ({clause})"
    first = running.first
    when = f"reported {span_words(left)} {'after the limit' if left < 0 else 'before the limit'} ({clause})"
    if status == "complete-outstanding":
        return f"initial report, {when}; the complete one is outstanding"
    return when if first is not None else ""


def next_words(view: View, incident: Incident, at: str) -> str:
    """Return what comes next, and with which command; empty when nothing is left to do."""
    clock = incident.clock(at)
    report = "" if clock is None else f"assay incident report {incident.name} --form "
    if clock is not None and clock.first is None:
        report = f"{clock_words(clock, at)}: {report}initial|complete --to AUTHORITY --document FILE --as YOU"
    elif clock is not None:
        report = f"{clock_words(clock, at)}: {report}complete --to AUTHORITY --document FILE --as YOU"
    handling = _next_act(view, incident)
    return "\n".join(part for part in (report, handling) if part)


def _next_act(view: View, incident: Incident) -> str:
    name = incident.name
    if incident.status in {"resolved", "declared"}:
        return ""
    if incident.acknowledged is None:
        return f"nobody took it up: assay incident ack {name} --as YOU"
    if incident.assigned is None:
        return f"nobody owns it: assay incident assign {name} --to NAME --due DAY --as YOU"
    if not incident.mendings:
        return f"{_owner(view, incident)} mends it: assay incident open {name} --plan 'what will be done' --as YOU"
    return _next_mending(view, incident, list(incident.mendings.values())[-1])


def _next_mending(view: View, incident: Incident, last: Mending) -> str:
    name = incident.name
    if last.status in {"open", "retest-failed"}:
        who = view.person(incident.owner_of(last), last.opened)
        again = ", again" if last.status == "retest-failed" else ""
        close = f"assay incident close {name} --evidence FILE --as {who}"
        return f"{who} mends it{again}, by {last.opened.said.due}: {close}"
    if last.status == "awaiting-retest":
        retest = f"assay incident retest {name} --outcome passed|failed --evidence FILE --as NAME"
        return f"somebody else tests it again: {retest}"
    return f"it is mended: assay incident resolve {name} --as YOU"


def _owner(view: View, incident: Incident) -> str:
    return "nobody" if incident.assigned is None else view.person(incident.assigned.said.owner, incident.assigned)


def what_words(incident: Incident) -> str:
    """Return what an alert says: ``selection_rate of race=black was 0.41, limit 0.55``."""
    said = incident.alert
    if said is None:
        return "declared without an alert"
    group = ", ".join(f"{key}={value}" for key, value in said.group.items())
    where = "".join(f" of {part}" for part in (group, said.column) if part)
    return f"{said.metric}{where} was {float(said.measured):.4g}, limit {float(said.limit):.4g}"


def list_text(view: View, found: Sequence[Incident], at: str, *, everything: bool = False) -> str:
    """Return the incidents as a table, the worst first; resolved ones only when asked for."""
    left = still_open(found)
    shown = list(found) if everything else left
    head = [f"{len(left)} open of {len(found)} on record{_lapsing(left, at)}."]
    overdue = [one.name for one in left if one.overdue(at)]
    head += [f"Overdue: {', '.join(overdue)}."] if overdue else []
    rows = [("ID", "SEVERITY", "STATUS", "MODEL", "OWNER", "DUE", "WHAT")]
    rows += [
        (one.name, one.severity, one.status, " ".join(one.about), _owner(view, one), one.due or "-", what_words(one))
        for one in shown
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row, one in zip(rows, [None, *shown], strict=True):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        clock = one.clock(at) if one is not None else None
        lines += [f"{'':{widths[0]}}  clock: {clock_words(clock, at)}"] if clock is not None else []
    more = len(found) - len(shown)
    tail = [f"{more} more {'is' if more == 1 else 'are'} resolved: assay incident list --all"] if more else []
    return "\n".join([*head, *(["", *lines] if shown else []), *(["", *tail] if tail else [])]) + "\n"


def _lapsing(left: Sequence[Incident], at: str) -> str:
    waiting = [(one, clock) for one in left if (clock := one.clock(at)) is not None and clock.first is None]
    if not waiting:
        return ""
    one, clock = min(waiting, key=lambda pair: pair[1].declared.said.due_at)
    return f"; next to lapse: {one.name}, {clock_words(clock, at)}, until {clock.declared.said.due_at}"


def show_text(view: View, incident: Incident, at: str) -> str:
    """Return one incident: what it is, its clocks, all that was done about it in order, and what comes next."""
    parts = [f"{incident.name}: {incident.status}, {incident.severity}, {' '.join(incident.about)}"]
    parts.append(f"  {what_words(incident)}")
    if len(incident.raised) > 1 or incident.former:
        before = f", and {incident.former} times before it was resolved" if incident.former else ""
        parts.append(f"  raised {len(incident.raised)} times since {incident.since}{before}")
    if incident.overdue(at):
        parts.append(f"  OVERDUE: its owner's day was {incident.due}")
    for clock in incident.clocks:
        parts += ["", *_clock_lines(view, clock, at)]
    parts += ["", "What was done"]
    parts += [line for fact in incident.facts() for line in _wrapped(_act_words(view, fact), view.place(fact.index))]
    if incident.eased is not None and incident.resolved is None:
        parts.append(
            "  It is back within its limit; the remediation under way still has to be tested by somebody else."
        )
    parts += [f"  counts for nothing: {line}" for line in incident.ignored]
    following = next_words(view, incident, at)
    parts += ["", "Next", *(f"  {line}" for line in following.splitlines())] if following else []
    return "\n".join(parts) + "\n"


def _clock_lines(view: View, clock: Running, at: str) -> Iterator[str]:
    said, table = clock.declared.said, clocks()
    yield f"Serious incident ({', '.join(said.harms)})"
    yield f"  {clock_words(clock, at)}"
    yield from textwrap.wrap(rule_of(clock), WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield f"  counts from awareness at {said.aware_at} (claimed), until {said.due_at}"
    yield f"  declared {view.when(clock.declared)}"
    yield f"  applies from {said.applies_from} (route {said.route}; certainty: {table.certainty})"
    yield f"  {table.title}, {table.read_as}"
    yield f"  {table.source}"
    if clock.first is None and clock.applies:
        for clause in (table.incomplete, table.meanwhile):
            text = f"{table.cited(clause.clause)}: {clause.rule}"
            yield from textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _wrapped(text: str, place: str) -> list[str]:
    return textwrap.wrap(
        f"{text} [{place}]", WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip


_TOLD = {
    "monitor.alert": "raised by monitoring: {said.metric} was {said.measured}, limit {said.limit}",
    "monitor.ack": "{who} took it up",
    "monitor.assigned": "{who} gave it to {owner}, due {said.due}",
    "remediation.opened": "{said.remediation} was opened, owner {owner}, due {said.due}",
    "remediation.closed": "{who} says that {said.remediation} mended it",
    "remediation.retested": "{who} tested {said.remediation} again: {said.outcome}",
    "monitor.resolved": "{who} resolved it: {said.how}",
    "incident.declared": "{who} declared it serious ({harms})",
    "incident.reported": "{who} sent the {said.form} report to {said.authority}",
}


def _act_words(view: View, fact: Fact) -> str:
    said = fact.said
    names = {
        "who": view.person(said.by, fact) if getattr(said, "by", None) else "monitoring",
        "owner": view.person(said.owner, fact) if hasattr(said, "owner") else "",
        "harms": ", ".join(getattr(said, "harms", ())),
    }
    imported = " (imported: a claim about the past)" if fact.event.batch is not None else ""
    return f"{view.when(fact)}: {_TOLD[fact.event.type].format(said=said, **names)}{imported}"


def incident_row(view: View, incident: Incident, at: str) -> dict[str, Any]:
    """Return one incident as JSON has it; times are RFC 3339, ``entries`` the log's."""
    said = incident.alert
    model, version = incident.about
    about = {} if said is None else {
        "kind": said.kind, "metric": said.metric, "group": said.group, "column": said.column,
        "measured": said.measured, "limit": said.limit,
    }  # fmt: skip
    ack, resolved = incident.acknowledged, incident.resolved
    return {
        "id": incident.name, "status": incident.status, "severity": incident.severity, "model": model,
        "version": version, **about, "since": incident.since, "raised": len(incident.raised),
        "acknowledged_by": None if ack is None else view.person(ack.said.by, ack),
        "owner": None if incident.assigned is None else _owner(view, incident), "due": incident.due,
        "overdue": incident.overdue(at),
        "remediations": [
            {"id": one.name, "status": one.status, "owner": view.person(incident.owner_of(one), one.opened),
             "due": one.opened.said.due}
            for one in incident.mendings.values()
        ],
        "resolved": None if resolved is None else {"how": resolved.said.how, "at": resolved.at},
        "clocks": [_clock_row(view, one, at) for one in incident.clocks],
        "next": next_words(view, incident, at).splitlines(), "ignored": incident.ignored,
        "entries": [fact.index for fact in incident.facts()],
    }  # fmt: skip


def _clock_row(view: View, clock: Running, at: str) -> dict[str, Any]:
    said, table, times = clock.declared.said, clocks(), view.times(clock.declared.index)
    return {
        "clause": said.clause, "harms": list(said.harms), "rule": rule_of(clock), "source": table.source,
        "counts_from": table.counts_from, "aware_at": said.aware_at, "due_at": said.due_at,
        "seconds_left": clock.left(at), "status": clock.status(at), "route": said.route,
        "applies_from": said.applies_from, "claimed_at": clock.declared.at, "recorded_at": times.recorded,
        "proven_before": times.proven_before, "proven_by": times.proven_by,
        "reported_at": None if clock.first is None else clock.first.at,
    }  # fmt: skip
