"""What every report of a release is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.records.evidence import Evidence
    from assay.records.explanation import Explanation
    from assay.records.measurement import Measurement
    from assay.records.tally import Tally
    from assay.records.verdict import ConsentUse, Finding, Status, Verdict
    from assay.reports.card import Card
    from assay.reports.datasheet import Datasheet
    from assay.reports.since import Since


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One model version with all that is known about it.

    Attributes:
        evidence: what was measured.
        verdict: what was decided.
        tally: the counts behind the evidence; None when they are not at hand (charts of scores are then left out).
        card: what only people can say; None when nobody wrote it.
        datasheet: what only people can say about the data, at the stage data; None when nobody wrote it.
        explanation: why findings are not a pass, and what would mend it; None when nobody asked.
        since: what the trail tells of the version beside its decision; None when nobody asked.
    """

    evidence: Evidence
    verdict: Verdict
    tally: Tally | None = None
    card: Card | None = None
    datasheet: Datasheet | None = None
    explanation: Explanation | None = None
    since: Since | None = None

    def with_status(self, *statuses: Status) -> list[Finding]:
        """Return the findings of these statuses, in the policy's order."""
        return [finding for finding in self.verdict.findings if finding.status in statuses]

    def waiver_of(self, finding: Finding) -> ConsentUse | None:
        """Return the waiver that accepts a finding, or None."""
        if finding.waiver is None:
            return None
        return next((use for use in self.verdict.consents if use.id == finding.waiver), None)

    def measurement_of(self, finding: Finding) -> Measurement | None:
        """Return the measurement a finding compared, or None when it compared none that the evidence holds."""
        if finding.metric is None:
            return None
        over = finding.over.attribute if finding.over else None
        candidates = [
            found
            for found in self.evidence.measurements
            if found.metric == finding.metric
            and found.group == finding.group
            and (found.over.attribute if found.over else None) == over
            and found.about == finding.of
        ]
        same = [found for found in candidates if found.value == finding.measured]
        exact = [found for found in same if found.interval == finding.interval]  # one metric may have several minima
        return next(iter(exact or same or candidates), None)
