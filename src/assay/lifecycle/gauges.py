"""A project's state in numbers: alerts, clocks, verdicts, evidence, waivers and the log, for whoever watches it.

What cannot be read is a number of its own, never a missing one: a dashboard that loses a release would be green.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import msgspec

from assay.errors import AssayError
from assay.lifecycle.alerting import outbox
from assay.records.canonical import parse_record
from assay.records.evidence import Evidence
from assay.records.verdict import Decision, Status, Verdict
from assay.reports.prometheus import Gauge
from assay.trail.clocks import moment, seconds_left
from assay.trail.incidents import SEVERITIES, incidents, still_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.lifecycle.project import Project
    from assay.trail.incidents import Incident
    from assay.trail.view import View


@dataclass(frozen=True, kw_only=True)
class _Decided:
    verdict: Verdict
    measured_at: str

    @property
    def labels(self) -> dict[str, str]:
        """Model, version and stage."""
        verdict = self.verdict
        stage = "release" if verdict.stage is msgspec.UNSET else str(verdict.stage)
        return {"model": verdict.model, "version": verdict.version, "stage": stage}


def gauges(project: Project, view: View, at: str) -> list[Gauge]:
    """Return a project's state at a time.

    Args:
        project: the project.
        view: its trail.
        at: now, RFC 3339 in UTC.
    """
    found = incidents(view)
    unreadable = Gauge(name="release_unreadable", says="Verdicts or evidence that cannot be read, by folder.")
    decided = list(_latest(_decided(project.state / "releases", unreadable)))
    written = Gauge(name="written_timestamp_seconds", says="When these numbers were written, Unix time.")
    written.add(moment(at).timestamp())
    return [
        *_of_incidents(project, found, at),
        *_of_delivery(project, view, at),
        *_of_verdicts(decided, at),
        unreadable,
        *_of_log(project, view, at),
        written,
    ]


def _of_incidents(project: Project, found: list[Incident], at: str) -> Iterator[Gauge]:
    alerts = Gauge(name="alerts_open", says="Alerts that are not resolved, by model version and severity.")
    nobody = Gauge(name="alerts_unacknowledged", says="Alerts that nobody has taken up, by model version.")
    overdue = Gauge(name="incident_overdue_seconds", says="Seconds since the day of an incident's owner was over.")
    clock = Gauge(
        name="incident_clock_seconds_left", says="Seconds left to report a serious incident; below 0: lapsed."
    )
    open_ = [one for one in still_open(found) if one.raised and one.resolved is None]
    config = project.config.model
    for about in sorted({(config.name, config.version), *(one.about for one in found)}):
        labels = {"model": about[0], "version": about[1]}
        mine = [one for one in open_ if one.about == about]
        for severity in SEVERITIES:
            alerts.add(sum(one.severity == severity for one in mine), **labels, severity=severity)
        nobody.add(sum(one.acknowledged is None for one in mine), **labels)
    for one in still_open(found):
        if one.overdue(at) and one.due is not None:
            overdue.add(-seconds_left(f"{one.due}T23:59:59Z", at), incident=one.name)
        running = one.clock(at)
        if running is not None and running.first is None:
            clock.add(running.left(at), incident=one.name, clause=running.declared.said.clause)
    yield from (alerts, nobody, overdue, clock)


def _of_delivery(project: Project, view: View, at: str) -> Iterator[Gauge]:
    section = project.config.alerts
    if section is None:
        return
    kept = Gauge(name="alerts_untold", says="Alerts that a channel has not taken yet, by channel.")
    due = outbox(view, section, at, impatient=True).due
    for channel in section.channels:
        kept.add(sum(len(one.alerts) for one in due if one.channel == channel), channel=channel)
    yield kept


def _of_verdicts(decided: list[_Decided], at: str) -> Iterator[Gauge]:
    decision = Gauge(name="verdict_decision", says="The last decision about a model version and stage: 1 for its word.")
    findings = Gauge(name="findings", says="Findings of the last decision, by status.")
    age = Gauge(name="evidence_age_seconds", says="Seconds since what the last decision rests on was measured.")
    waiver = Gauge(name="waiver_seconds_left", says="Seconds until an accepted risk is no longer accepted.")
    approvals = Gauge(
        name="approvals_missing", says="Approvals that the policy asks for and nobody has given, by role."
    )
    for one in decided:
        verdict, labels = one.verdict, one.labels
        for word in get_args(Decision):
            decision.add(verdict.decision == word, **labels, decision=word)
        for status in get_args(Status):
            findings.add(sum(found.status == status for found in verdict.findings), **labels, status=status)
        age.add(-seconds_left(one.measured_at, at), **labels)
        for use in verdict.consents:
            if use.kind == "waiver" and use.status == "obeyed" and use.expires:
                left = seconds_left(f"{use.expires}T23:59:59Z", at)
                waiver.add(left, **labels, control=use.control or "", consent=use.id)
        for role in dict.fromkeys(step.role for step in verdict.approvals):
            steps = [step for step in verdict.approvals if step.role == role]
            approvals.add(sum(max(step.needed - len(step.given), 0) for step in steps), **labels, role=role)
    yield from (decision, findings, age, waiver, approvals)


def _of_log(project: Project, view: View, at: str) -> Iterator[Gauge]:
    size = Gauge(name="log_entries", says="Entries that the log's checkpoint covers.")
    size.add(view.size)
    age = Gauge(name="log_checkpoint_age_seconds", says="Seconds since the log's checkpoint was written.")
    age.add(max(moment(at).timestamp() - int((project.log / "checkpoint").stat().st_mtime), 0))
    yield from (size, age)


def _decided(releases: Path, unreadable: Gauge) -> Iterator[_Decided]:
    for path in sorted(releases.glob("*/*/**/verdict.json")):
        folder = path.parent.relative_to(releases).as_posix()
        try:
            verdict = parse_record(path.read_bytes(), Verdict, name=path.name)
            evidence = path.parent / "evidence.json"
            measured_at = parse_record(evidence.read_bytes(), Evidence, name=evidence.name).measured_at
        except (AssayError, OSError):
            unreadable.add(1, folder=folder)
            continue
        yield _Decided(verdict=verdict, measured_at=measured_at)


def _latest(found: Iterator[_Decided]) -> Iterator[_Decided]:
    """Yield the last decision about each model version and stage: a stage may be decided window after window."""
    last: dict[tuple[str, ...], _Decided] = {}
    for one in found:
        key = tuple(one.labels.values())
        if key not in last or last[key].verdict.decided_at <= one.verdict.decided_at:
            last[key] = one
    yield from (last[key] for key in sorted(last))
