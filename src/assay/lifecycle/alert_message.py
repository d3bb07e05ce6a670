"""What a message about alerts says: what happened, what follows for people, what to do, and how to take it up."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import TYPE_CHECKING

from assay.errors import AssayError
from assay.lifecycle.chronicle import name_of
from assay.lifecycle.setting import load_policy
from assay.records.canonical import parse_record
from assay.records.evidence import Evidence
from assay.records.verdict import Verdict
from assay.trail.incident_telling import what_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assay.checks.control import Control
    from assay.lifecycle.alerting import Outgoing
    from assay.lifecycle.project import Project
    from assay.records.verdict import Finding
    from assay.trail.incidents import Incident
    from assay.trail.view import View

CONSEQUENCES = {
    "fairness": "{who} are treated otherwise than others, beyond what the policy permits, at every decision until it "
    "is mended.",
    "drift": "The cases are no longer those that the model was tested on: what its release rests on says less and less "
    "of what it decides now.",
    "performance": "More decisions are wrong than was accepted when the model was released.",
    "data-quality": "Decisions rest on inputs that are missing or broken.",
}
NO_DATA = "Nobody can say whether the limits hold: no data came, and nothing passes for lack of it."
_RATES = frozenset(
    {"selection_rate", "true_positive_rate", "false_positive_rate", "false_negative_rate", "accuracy", "error_rate"}
)
"""Metrics that are plain shares of people: a distance to a limit is a number of people."""


class Messages:
    """Writes messages of one project.

    Args:
        project: the project; its policy says what to do, its state folder holds the verdicts.
        view: its trail.
        runbook: address of what to do, where there is one.
    """

    def __init__(self, project: Project, view: View, runbook: str | None) -> None:
        self._project, self._view, self._runbook = project, view, runbook
        self._controls: tuple[Control, ...] | None = None
        self._verdicts: dict[str, tuple[Finding, ...]] = {}

    def title(self, outgoing: Outgoing) -> str:
        """Return the subject: how bad, which model, and what, or how many."""
        about = " ".join(outgoing.alerts[0].about)
        what = what_words(outgoing.alerts[0]) if len(outgoing.alerts) == 1 else f"{len(outgoing.alerts)} alerts"
        return f"[{outgoing.severity}] {about}: {what}"

    def body(self, outgoing: Outgoing) -> str:
        """Return the message, as plain text."""
        count = len(outgoing.alerts)
        about = " ".join(outgoing.alerts[0].about)
        lines = [f"{count} alert{'' if count == 1 else 's'} about {about} ({self._project.config.system})."]
        for one in outgoing.alerts:
            lines += ["", *self._alert(one)]
        if outgoing.repeats:
            lines += ["", f"Raised about the same again, and not told one by one: {outgoing.repeats}."]
        lines += ["", f"Runbook: {self._runbook}"] if self._runbook else []
        lines += ["", "If somebody came to harm, a regulator's clock runs from the moment you know:"]
        lines += [f"  assay incident declare-serious {outgoing.alerts[0].name} --harm HARM --as YOU"]
        lines += ["", f"Message {outgoing.once}. Should it come again, it is the same one."]
        return "\n".join(lines) + "\n"

    def _alert(self, incident: Incident) -> Iterator[str]:
        said, finding = incident.alert, self._finding(incident)
        who = ", ".join(f"{key}={value}" for key, value in said.group.items())
        yield f"{incident.name} ({incident.severity}), raised {incident.since}"
        yield f"What: {what_words(incident)}."
        whom = f"People of {who}" if who else "Some groups of people"
        yield f"Consequence: {NO_DATA if said.metric == 'rows' else CONSEQUENCES[said.kind].format(who=whom)}"
        if finding is not None:
            yield f"Found: {finding.reason}"
        yield f"In people: {self._people(incident, finding)}"
        remedy = (finding.remedy if finding is not None else None) or self._remedy(said.metric, said.group)
        yield f"What to do: {remedy or 'the policy names no remedy for this metric.'}"
        yield f"Take it up: assay incident ack {incident.name} --as YOU"

    def _finding(self, incident: Incident) -> Finding | None:
        """Return the finding that the alert comes from, where the verdict on its evidence is at hand."""
        said = incident.alert
        if said.evidence_sha256 is None:
            return None
        findings = self._findings(said.evidence_sha256)
        named = [one for one in findings if incident.name.endswith(f"/{name_of(one.id)}")]
        about = named or [one for one in findings if one.metric == said.metric and _same(one.group, said.group)]
        return next((one for one in about if one.status == "fail"), about[0] if about else None)

    def _findings(self, evidence_sha256: str) -> tuple[Finding, ...]:
        """Return the findings about some evidence; a verdict that cannot be read says nothing here."""
        if evidence_sha256 not in self._verdicts:
            self._verdicts[evidence_sha256] = ()
            for path in sorted((self._project.state / "releases").glob("*/*/**/verdict.json")):
                with contextlib.suppress(AssayError, OSError):  # `assay verify` says what is wrong with it
                    content = path.read_bytes()
                    if evidence_sha256.encode() in content:
                        self._verdicts[evidence_sha256] = parse_record(content, Verdict, name=path.name).findings
        return self._verdicts[evidence_sha256]

    def _people(self, incident: Incident, finding: Finding | None) -> str:
        if finding is not None and finding.people:
            return finding.people
        said = incident.alert
        count = finding.n if finding is not None and finding.n is not None else self._count(incident)
        if count is None:
            return "not known here: the evidence it was raised on is not beside this log."
        if said.metric in _RATES:
            gap = abs(Decimal(said.measured) - Decimal(said.limit)) * count
            return f"{count:,} people; the distance to the limit is {int(gap.to_integral_value()):,} of them."
        return f"it rests on {count:,} people."

    def _count(self, incident: Incident) -> int | None:
        said = incident.alert
        content = self._view.documents.get(said.evidence_sha256) if said.evidence_sha256 else None
        if content is None:
            return None
        try:
            evidence = parse_record(content, Evidence, name="evidence.json")
        except AssayError:
            return None  # evidence of another version: said to be not known
        about = (one for one in evidence.measurements if one.metric == said.metric and _same(one.group, said.group))
        return next((one.n for one in about), None)

    def _remedy(self, metric: str, group: Mapping[str, str]) -> str | None:
        """Return the remedy of the control about a metric and these groups, as the policy has it now."""
        if self._controls is None:
            config = self._project.config
            try:
                self._controls = load_policy(self._project.root / config.policy).controls
            except AssayError as error:
                return f"not known: the policy cannot be read ({error.diagnostics().splitlines()[0]})"
        about = [one for one in self._controls if one.metric == metric and one.remedy and _compares(one, group)]
        return about[0].remedy if about else None


def _compares(control: Control, group: Mapping[str, str]) -> bool:
    compared = [{name} for name in control.attributes] + [set(names) for names in control.intersections]
    return not group or not compared or set(group) in compared


def _same(found: Mapping[str, object], said: Mapping[str, str]) -> bool:
    return {key: str(value) for key, value in found.items()} == dict(said)
