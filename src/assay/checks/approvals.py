"""approvals: the people whom the policy asks have consented, in order, to exactly what was tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import finding
from assay.checks.control import Check

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for each step; an approval that was not given is unknown, and unknown never passes."""
    findings: list[Finding] = []
    earlier: str | None = None
    for step in terms.steps:
        left = step.needed - len(step.given)
        given = f"given by {', '.join(step.given)}" if step.given else "given by nobody"
        about = step.role
        if left <= 0:
            reason = f"{step.role}: {len(step.given)} of {step.needed}, {given}."
            findings.append(finding(control, terms, "pass", reason, about=about, n=len(step.given)))
            continue
        wait = f" It counts once {earlier} has approved." if earlier else ""
        reason = f"{step.role}: {len(step.given)} of {step.needed}, {given}.{wait}"
        remedy = control.remedy or (
            f"{left} more {'person' if left == 1 else 'people'} with the role {step.role}, not the author, approve "
            f"{evidence.model.name} {evidence.model.version}: assay approve --role {step.role}"
        )
        findings.append(finding(control, terms, "unknown", reason, about=about, n=len(step.given), remedy=remedy))
        earlier = earlier or step.role
    return tuple(findings)


CHECK = Check(
    id="approvals",
    title="Everybody whom the policy asks has approved what was tested",
    run=run,
)
