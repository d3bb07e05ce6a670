"""documentation: the card is there, filled in by people, and says nothing that the evidence contradicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import finding
from assay.checks.control import Check

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for what is missing, for placeholders and for each contradiction; or one pass."""
    card = evidence.documentation
    if card.sha256 is None:
        reason = "the evidence holds no card. Write one and name it in assay.yaml (`documentation: card.yaml`)."
        return (finding(control, terms, "unknown", reason),)
    missing = tuple(s for s in control.sections if s not in card.present) if control.sections else card.missing
    findings: list[Finding] = []
    if missing:
        reason = f"nobody has written: {', '.join(missing)}. Only people can say these; write them in the card."
        findings.append(finding(control, terms, "fail", reason, about="missing"))
    if card.placeholders:
        reason = f"placeholders stand at {', '.join(card.placeholders)}. Replace each by what is true."
        findings.append(finding(control, terms, "fail", reason, about="placeholders"))
    for number, contradiction in enumerate(card.contradictions, start=1):
        reason = f"what people wrote contradicts the evidence: {contradiction}"
        findings.append(finding(control, terms, "fail", reason, about=f"contradiction-{number}"))
    if findings:
        return tuple(findings)
    sections = ", ".join(control.sections or card.present) or "every section"
    return (finding(control, terms, "pass", f"written by people, and nothing contradicts the evidence: {sections}."),)


CHECK = Check(
    id="documentation",
    title="The model's card is complete and says nothing that the evidence contradicts",
    run=run,
    takes=frozenset({"sections"}),
)
