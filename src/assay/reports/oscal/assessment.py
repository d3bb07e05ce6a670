"""Component definition, assessment plan, assessment results, and plan of action: the gate and what it found.

A finding's status is satisfied or not-satisfied, no more; what Assay says of it (pass, fail, unknown, accepted by a
waiver) stands in its properties. Unknown is never satisfied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.reports import words
from assay.reports.oscal.catalog import by_control
from assay.reports.oscal.naming import metadata, prop, token, uuid_of
from assay.reports.words import plain

if TYPE_CHECKING:
    from assay.records.verdict import Finding
    from assay.reports.documents.material import Material

CATALOG, PLAN = "oscal-catalog.json", "oscal-assessment-plan.json"


def component_definition(material: Material, mark: str) -> dict[str, Any]:
    """Return the gate as a component that implements the policy's controls."""
    tool, policy = material.evidence.tool, material.verdict.policy
    requirements = [
        {
            "uuid": uuid_of(material, "implemented", name),
            "control-id": token(name),
            "description": plain(f"Check {some[0].check}: {some[0].title}"),
            "props": [prop("Rule_Id", name), prop("check", some[0].check)],
        }
        for name, some in by_control(material).items()
    ]
    gate = {
        "uuid": uuid_of(material, "component", "gate"),
        "type": "validation",
        "title": plain(f"{tool.name} {tool.version}"),
        "description": "Measures a model version, decides under the policy, signs and records.",
        "control-implementations": [
            {
                "uuid": uuid_of(material, "implementation", policy.sha256),
                "source": CATALOG,
                "description": plain(f"Controls of the policy {policy.name} {policy.version}"),
                "implemented-requirements": requirements,
            }
        ],
    }
    return {
        "uuid": uuid_of(material, "component-definition"),
        "metadata": metadata(material, "Gate as a component", mark),
        "components": [gate],
    }


def _reviewed(material: Material) -> dict[str, Any]:
    chosen = [{"control-id": token(name)} for name in by_control(material)]
    return {"control-selections": [{"include-controls": chosen}]}


def assessment_plan(material: Material, mark: str) -> dict[str, Any]:
    """Return the plan: the controls reviewed, and that a model version has no system security plan."""
    resource = uuid_of(material, "no-ssp")
    return {
        "uuid": uuid_of(material, "assessment-plan"),
        "metadata": metadata(material, "Assessment plan of the gate", mark),
        "import-ssp": {"href": f"#{resource}", "remarks": "There is none: what is assessed is a model version."},
        "reviewed-controls": _reviewed(material),
        "back-matter": {
            "resources": [
                {
                    "uuid": resource,
                    "title": plain(f"{material.verdict.model} {material.verdict.version}"),
                    "description": "The model version that is assessed; it has no system security plan.",
                    "props": [prop("model-sha256", material.verdict.model_sha256)],
                }
            ]
        },
    }


def assessment_results(material: Material, mark: str) -> dict[str, Any]:
    """Return what the gate found: an observation a finding, an OSCAL finding a control, a risk for what is open."""
    verdict = material.verdict
    judged = [one for one in verdict.findings if one.status != "not-applicable"]
    aside = sorted({one.control for one in verdict.findings} - {one.control for one in judged})
    one: dict[str, Any] = {
        "uuid": uuid_of(material, "result"),
        "title": plain(f"Decision {verdict.decision} about {verdict.model} {verdict.version}"),
        "description": plain(verdict.reason),
        "start": material.evidence.measured_at.replace("Z", "+00:00"),
        "end": verdict.decided_at.replace("Z", "+00:00"),
        "props": [prop("decision", verdict.decision), prop("policy-sha256", verdict.policy.sha256)],
        "reviewed-controls": _reviewed(material),
    }
    if judged:
        one["observations"] = [_observation(material, finding) for finding in judged]
        one["findings"] = [
            _finding(material, name, some) for name, some in by_control(material).items() if _judged(some)
        ]
    risks = [_risk(material, finding) for finding in open_findings(material)]
    if risks:
        one["risks"] = risks
    if aside:
        one["remarks"] = f"Not applicable to this version at this stage: {', '.join(aside)}."
    return {
        "uuid": uuid_of(material, "assessment-results"),
        "metadata": metadata(material, "Assessment results of the gate", mark),
        "import-ap": {"href": PLAN},
        "results": [one],
    }


def _judged(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.status != "not-applicable"]


def _observation(material: Material, finding: Finding) -> dict[str, Any]:
    evidence, entry = material.verdict.evidence_sha256, material.entry_of(material.verdict.evidence_sha256)
    props = [prop("finding", finding.id), prop("status", finding.status), prop("check", finding.check)]
    if finding.measured is not None:
        props.append(prop("measured", repr(finding.measured)))
    if finding.interval is not None:
        props.append(prop("interval", f"{finding.interval[0]!r} {finding.interval[1]!r}"))
    props += [prop("limit", words.limit_words(finding.limit))] if finding.limit else []
    props += [prop("people", finding.n)] if finding.n is not None else []
    props += [prop("waiver", finding.waiver)] if finding.waiver else []
    relevant: dict[str, Any] = {"href": "evidence.json", "description": f"SHA-256 {evidence}"}
    if entry is not None:
        relevant["props"] = [prop("log-entry", entry)]
    return {
        "uuid": uuid_of(material, "observation", finding.id),
        "title": plain(finding.title),
        "description": plain(finding.reason),
        "props": props,
        "methods": ["TEST"],
        "types": ["finding"],
        "relevant-evidence": [relevant],
        "collected": material.evidence.measured_at.replace("Z", "+00:00"),
    }


def _finding(material: Material, name: str, findings: list[Finding]) -> dict[str, Any]:
    judged = _judged(findings)
    satisfied = all(one.status == "pass" for one in judged)
    failed = any(one.status == "fail" for one in judged)
    status = {"state": "satisfied" if satisfied else "not-satisfied"}
    status["reason"] = "pass" if satisfied else "fail" if failed else "other"
    told = "pass" if satisfied else "fail" if failed else "unknown"
    found: dict[str, Any] = {
        "uuid": uuid_of(material, "finding", name),
        "title": plain(judged[0].title),
        "description": plain("; ".join(dict.fromkeys(one.reason for one in judged))),
        "props": [prop("status", told), *(prop("maps-to", clause) for clause in dict.fromkeys(judged[0].clauses))],
        "target": {"type": "objective-id", "target-id": f"{token(name)}_obj", "status": status},
        "related-observations": [{"observation-uuid": uuid_of(material, "observation", one.id)} for one in judged],
    }
    risks = [one for one in judged if one.status in {"fail", "unknown"}]
    if risks:
        found["related-risks"] = [{"risk-uuid": uuid_of(material, "risk", one.id)} for one in risks]
    return found


def open_findings(material: Material) -> list[Finding]:
    """Return what failed or is unknown; a waiver leaves it what it is."""
    return [one for one in material.verdict.findings if one.status in {"fail", "unknown"}]


def _risk(material: Material, finding: Finding) -> dict[str, Any]:
    use = next((one for one in material.verdict.consents if one.id == finding.waiver), None) if finding.waiver else None
    risk: dict[str, Any] = {
        "uuid": uuid_of(material, "risk", finding.id),
        "title": plain(finding.title),
        "description": plain(finding.reason),
        "statement": plain(finding.people or finding.reason),
        "props": [prop("finding", finding.id), prop("status", finding.status), prop("severity", finding.severity)],
        "status": "deviation-approved" if use is not None else "open",
        "related-observations": [{"observation-uuid": uuid_of(material, "observation", finding.id)}],
    }
    if use is not None:
        told = f"Accepted by {use.by or 'an unknown key'} as {use.role}: {words.terms_words(use)}"
        risk["mitigating-factors"] = [{"uuid": uuid_of(material, "waiver", finding.id), "description": plain(told)}]
        if use.expires:
            risk["deadline"] = f"{use.expires}T23:59:59+00:00"
    return risk


def plan_of_action(material: Material, mark: str) -> dict[str, Any]:
    """Return the plan of action and milestones: an item for each finding that is open, or that none is."""
    found = open_findings(material)
    items = [
        {
            "uuid": uuid_of(material, "poam", one.id),
            "title": plain(one.title),
            "description": plain(one.remedy or one.reason),
            "props": [prop("finding", one.id), prop("control", one.control), prop("severity", one.severity)],
            "related-observations": [{"observation-uuid": uuid_of(material, "observation", one.id)}],
            "related-risks": [{"risk-uuid": uuid_of(material, "risk", one.id)}],
        }
        for one in found
    ]
    none = {
        "uuid": uuid_of(material, "poam", "nothing"),
        "title": "Nothing is open",
        "description": "No finding of this decision failed or is unknown.",
    }
    plan: dict[str, Any] = {
        "uuid": uuid_of(material, "plan-of-action"),
        "metadata": metadata(material, "Plan of action and milestones", mark),
        "system-id": {"identifier-type": "http://ietf.org/rfc/rfc4122", "id": uuid_of(material, "system")},
        "poam-items": items or [none],
    }
    if found:
        plan["observations"] = [_observation(material, one) for one in found]
        plan["risks"] = [_risk(material, one) for one in found]
    return plan
