"""SARIF 2.1.0: a rule a control, a result a finding; results point at the policy's lines.

Sections in comments are those of the OASIS standard
(https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assay.records.canonical import sha256_hex
from assay.reports import words
from assay.reports.markdown import code, text

if TYPE_CHECKING:
    from assay.records.verdict import Finding
    from assay.reports.release import Release

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"deny": "error", "warn": "warning", "audit": "note"}


def sarif(release: Release) -> str:
    """Return the verdict of a release as a SARIF log of one run."""
    verdict, tool = release.verdict, release.evidence.tool
    controls: dict[str, Finding] = {}
    for finding in verdict.findings:
        controls.setdefault(finding.control, finding)
    positions = {control: index for index, control in enumerate(controls)}
    driver = {
        "name": "Assay",
        "version": tool.version,
        "rules": [_rule(control, finding) for control, finding in controls.items()],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"assay/{_segment(verdict.model)}/{_segment(verdict.policy.name)}/"},
        "invocations": [_invocation(release)],
        "results": [_result(release, finding, positions[finding.control]) for finding in verdict.findings],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "decision": verdict.decision,
            "reason": verdict.reason,
            "modelSha256": verdict.model_sha256,
            "policySha256": verdict.policy.sha256,
            "evidenceSha256": verdict.evidence_sha256,
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True) + "\n"


def _segment(name: str) -> str:
    return quote(words.plain(name), safe="")


def _invocation(release: Release) -> dict[str, Any]:
    """Return the run itself: it succeeded, and its exit code is the decision's; what is undecided is notified."""
    verdict = release.verdict
    found: dict[str, Any] = {
        "executionSuccessful": True,
        "exitCode": words.EXIT_CODES[verdict.decision],
        "endTimeUtc": verdict.decided_at,
    }
    level = {"deny": "error", "undecided": "error", "warn": "warning", "allow": "note"}[verdict.decision]
    told = " ".join([verdict.reason, *(f"{words.approval_words(step)}." for step in verdict.approvals)])
    found["toolExecutionNotifications"] = [
        {"descriptor": {"id": "decision"}, "level": level, "message": {"text": f"{verdict.decision}: {told}"}}
    ]
    return found


def _rule(control: str, finding: Finding) -> dict[str, Any]:
    plain, marked = [finding.title], [f"**{text(finding.title)}**"]
    if finding.limit:
        subject = finding.metric or finding.check
        plain.append(f"Limit: {subject} {words.limit_words(finding.limit)}.")
        marked.append(f"Limit: {code(subject)} {text(words.limit_words(finding.limit))}.")
    if finding.provenance:
        origin = finding.provenance
        told = f"Set by {origin.set_by} on {origin.when} after {origin.source}: {origin.why}"
        plain.append(told)
        marked.append(text(told))
    if finding.remedy:
        plain.append(f"What to do: {finding.remedy}")
        marked.append(f"What to do: {text(finding.remedy)}")
    if finding.clauses:
        plain.append(f"Maps to {', '.join(finding.clauses)}.")
        marked.append(f"Maps to {', '.join(code(clause) for clause in finding.clauses)}.")
    return {
        "id": control,
        "name": finding.check,
        "shortDescription": {"text": finding.title},
        "fullDescription": {"text": " ".join(plain)},
        "help": {"text": "\n".join(plain), "markdown": "\n\n".join(marked)},
        "defaultConfiguration": {"level": LEVELS[finding.enforcement]},
        "properties": {"tags": ["ai-governance", *finding.clauses], "severity": finding.severity},
    }


def _kind(finding: Finding) -> str:
    """Return the kind of 3.27.9: ``open`` is "insufficient information to decide"; people's acts ask for ``review``."""
    if finding.status == "unknown":
        return "review" if finding.check.startswith("approval") else "open"
    return {"pass": "pass", "fail": "fail", "not-applicable": "notApplicable"}[finding.status]


def _result(release: Release, finding: Finding, rule: int) -> dict[str, Any]:
    kind = _kind(finding)
    measured = release.measurement_of(finding)
    numbers = words.measured_words(finding, measured.level if measured else None)
    told = " ".join(
        part
        for part in (
            finding.reason,
            f"{words.about(finding)}: {numbers}." if numbers else "",
            finding.people,
            f"What to do: {finding.remedy}" if finding.remedy else "",
        )
        if part
    )
    result: dict[str, Any] = {
        "ruleId": finding.control,
        "ruleIndex": rule,
        "kind": kind,
        "level": LEVELS[finding.enforcement] if kind == "fail" else "none",  # 3.27.10: "none" unless the kind is fail
        "message": {"text": told},
        "locations": [_location(finding)],
        "partialFingerprints": {"assayFinding/v1": _fingerprint(release, finding)},
        "properties": _properties(finding),
    }
    suppression = _suppression(release, finding)
    if suppression:
        result["suppressions"] = [suppression]
    return result


def _fingerprint(release: Release, finding: Finding) -> str:
    """Return what stays the same when the same finding comes back for another version of the model."""
    return sha256_hex(f"{release.verdict.model}\n{release.verdict.policy.name}\n{finding.id}".encode())


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"name": finding.id, "kind": "object"}]}
    if finding.place:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(finding.place.file)},
            "region": {"startLine": max(finding.place.line, 1), "startColumn": max(finding.place.column, 1)},
        }
        location["logicalLocations"][0]["fullyQualifiedName"] = finding.place.path
    return location


def _suppression(release: Release, finding: Finding) -> dict[str, Any] | None:
    """Return the waiver as 3.35 has it: made outside the source, accepted, with its justification."""
    if finding.waiver is None:
        return None
    use = release.waiver_of(finding)
    if use is None:
        return None
    by = use.by or "an unknown key"
    told = f"Waiver {use.id} by {by} as {use.role}; {words.stays_words(finding)}. {words.terms_words(use)}"
    return {"kind": "external", "status": "accepted", "justification": told}


def _properties(finding: Finding) -> dict[str, Any]:
    found: dict[str, Any] = {"status": finding.status, "enforcement": finding.enforcement, "severity": finding.severity}
    for name in ("metric", "measured", "n", "decide", "waiver"):
        if getattr(finding, name) is not None:
            found[name] = getattr(finding, name)
    if finding.interval:
        found["interval"] = list(finding.interval)
    if finding.group:
        found["group"] = dict(finding.group)
    if finding.over:
        found["over"] = finding.over.attribute
    return found
