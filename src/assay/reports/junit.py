"""JUnit XML: a test case a finding, and one for the decision itself.

A fail is a ``failure``, with a waiver too: the finding stays a fail. An unknown is an ``error``, never ``skipped``.
Only what does not apply is ``skipped``. The shape is that of Apache Ant's JUnit report, as Jenkins, GitLab and GitHub
actions read it (https://github.com/testmoapp/junitxml).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from assay.reports import words

if TYPE_CHECKING:
    from assay.records.verdict import Finding
    from assay.reports.release import Release


def junit(release: Release) -> str:
    """Return the verdict of a release as JUnit XML."""
    verdict = release.verdict
    cases = [_case(release, finding) for finding in verdict.findings] + [_decision(release)]
    failures = len(release.with_status("fail")) + (verdict.decision == "deny")
    errors = len(release.with_status("unknown")) + (verdict.decision == "undecided")
    skipped = len(release.with_status("not-applicable"))
    name = f"{verdict.policy.name} {verdict.policy.version}: {verdict.model} {verdict.version}"
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}" skipped="{skipped}"'
    at = verdict.decided_at.rstrip("Z")  # this format has no zone; it is UTC
    properties = {
        "assay.decision": verdict.decision,
        "assay.model_sha256": verdict.model_sha256,
        "assay.policy_sha256": verdict.policy.sha256,
        "assay.evidence_sha256": verdict.evidence_sha256,
    }
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="assay" {counts} time="0">',
        f'  <testsuite name={_attribute(name)} {counts} time="0" timestamp={_attribute(at)}>',
        "    <properties>",
        *(f"      <property name={_attribute(key)} value={_attribute(value)}/>" for key, value in properties.items()),
        "    </properties>",
        *cases,
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _attribute(text: str) -> str:
    return quoteattr(words.plain(text))


def _case(release: Release, finding: Finding) -> str:
    name = f"{finding.id}: {finding.title}"
    opening = f'    <testcase classname={_attribute(finding.control)} name={_attribute(name)} time="0"'
    if finding.place:
        opening += f' file={_attribute(finding.place.file)} line="{finding.place.line}"'
    if finding.status == "pass":
        return f"{opening}/>"
    if finding.status == "not-applicable":
        return f"{opening}>\n      <skipped message={_attribute(finding.reason)}/>\n    </testcase>"
    tag = "failure" if finding.status == "fail" else "error"
    kind = f"{finding.severity}, {words.does_words(finding, release.verdict)}"
    body = escape("\n".join(_explanation(release, finding)))
    message = _attribute(("accepted by a waiver: " if finding.waiver else "") + finding.reason)
    return f"{opening}>\n      <{tag} type={_attribute(kind)} message={message}>{body}</{tag}>\n    </testcase>"


def _explanation(release: Release, finding: Finding) -> list[str]:
    measured = release.measurement_of(finding)
    lines = [words.plain(finding.reason)]
    numbers = words.measured_words(finding, measured.level if measured else None)
    if numbers:
        lines.append(f"{words.about(finding)}: {numbers}")
    if finding.people:
        lines.append(words.plain(finding.people))
    if finding.remedy:
        lines.append(f"What to do: {words.plain(finding.remedy)}")
    if finding.waiver:
        use = release.waiver_of(finding)
        told = words.consent_words(use) if use else "it is not among the consents of this verdict"
        lines.append(f"Accepted by a waiver; {words.stays_words(finding)}. {told}")
    if finding.clauses:
        lines.append(f"Maps to {', '.join(words.plain(clause) for clause in finding.clauses)}")
    return lines


_GOES_AHEAD = {
    "release": "the release may go ahead",
    "data": "the data may be learnt from",
    "training": "the run went as the policy wants",
    "monitoring": "the model serves as it was approved",
}
"""Stage to what the case of the decision is called."""


def _decision(release: Release) -> str:
    """Return the case of the decision: what is missing besides the findings (an approval) must not look green."""
    verdict = release.verdict
    name = _GOES_AHEAD[words.stage_of(verdict)]
    opening = f'    <testcase classname="decision" name="{name}" time="0"'
    tag = {"deny": "failure", "undecided": "error"}.get(verdict.decision)
    if tag is None:
        return f"{opening}/>"
    lines = [words.plain(verdict.reason), *(words.approval_words(step) for step in verdict.approvals)]
    kind, message = _attribute(verdict.decision), _attribute(verdict.reason)
    return (
        f"{opening}>\n      <{tag} type={kind} message={message}>{escape(chr(10).join(lines))}</{tag}>\n    </testcase>"
    )
