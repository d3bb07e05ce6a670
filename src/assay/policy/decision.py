"""The decision: a pure function of policy, evidence, consents and time. Same inputs, same verdict, on any machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.checks import Control, Terms, run_check
from assay.checks._select import attributes_measured
from assay.checks.evidence_fresh import is_future
from assay.policy import consents as acts
from assay.records.verdict import ApprovalStep, Finding, Place, PolicyName, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from assay.policy.form import Policy
    from assay.records.consent import SignedConsent
    from assay.records.evidence import Actor, Evidence
    from assay.records.tally import FileDigest
    from assay.records.verdict import ConsentUse, Decision

_SEVERITY = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_STATUS = {"fail": 0, "unknown": 1}
_ENFORCEMENT = {"deny": 0, "warn": 1, "audit": 2}


def decide(
    policy: Policy,
    evidence: Evidence,
    *,
    evidence_sha256: str,
    consents: Sequence[SignedConsent] = (),
    trust_sha256: str | None = None,
    at: str,
    by: Actor,
    author_keys: Collection[str] = (),
    files_now: Sequence[FileDigest] | None = None,
) -> Verdict:
    """Decide whether a model version may be released; total and pure.

    Args:
        policy: the resolved policy.
        evidence: what was measured.
        evidence_sha256: digest of the evidence's bytes.
        consents: approvals, waivers and revocations after their signatures were looked at; in any order.
        trust_sha256: digest of the trust file that named their signers.
        at: the time of the decision, RFC 3339 in UTC.
        by: who runs the gate.
        author_keys: keys of the model's author, as `Actor.key`; none of them may approve or waive.
        files_now: the model's files as they are now, for the check files-unchanged; None when they are not at hand.
    """
    tier = policy.tier_of(evidence.materiality)
    subject = acts.subject_of(policy, evidence, evidence_sha256=evidence_sha256, author_keys=author_keys, at=at)
    presented = acts.in_order(consents)
    revoked, uses = acts.revocations(policy, presented, subject)
    asked = policy.steps_in(tier) if evidence.stage == "release" else ()  # approvals let a version out, nothing else
    steps, approval_uses = acts.approvals(asked, presented, subject, revoked)
    files = None if files_now is None else tuple(files_now)
    found = find(policy, evidence, at=at, steps=steps, files_now=files)
    accepted, waiver_uses = acts.waivers(policy, presented, subject, revoked, found)
    findings = tuple(msgspec.structs.replace(f, waiver=accepted[f.id]) if f.id in accepted else f for f in found)
    decision = _decision(findings, steps)
    every_use = [*approval_uses, *waiver_uses, *uses]
    return Verdict(
        decision=decision,
        reason=_reason(decision, findings, steps, every_use),
        stage=msgspec.UNSET if evidence.stage == "release" else evidence.stage,
        system=evidence.system,
        model=evidence.model.name,
        version=evidence.model.version,
        model_sha256=evidence.model.sha256,
        datasets={dataset.role: dataset.sha256 for dataset in evidence.datasets},
        policy=PolicyName(name=policy.name, version=policy.version, sha256=policy.sha256, tier=tier),
        evidence_sha256=evidence_sha256,
        trust_sha256=trust_sha256,
        findings=findings,
        approvals=steps,
        consents=tuple(every_use),
        decided_at=at,
        decided_by=by,
    )


def find(
    policy: Policy,
    evidence: Evidence,
    *,
    at: str,
    steps: tuple[ApprovalStep, ...] = (),
    files_now: tuple[FileDigest, ...] | None = None,
) -> tuple[Finding, ...]:
    """Run every control of a policy; findings in the policy's order, each with an id of its own."""
    tier = policy.tier_of(evidence.materiality)
    every = tuple((name,) for name in attributes_measured(evidence))
    found: list[Finding] = []
    if tier is None and (policy.materiality or policy.tiers):
        found.append(_no_tier(policy, evidence))
    for control in (*policy.controls, *_implied(policy, evidence, tier, at=at, steps=steps)):
        if control.stage is not None and control.stage != evidence.stage:
            found.append(_other_stage(control, evidence, _place(policy, control)))
            continue
        terms = Terms(
            at=at,
            level=policy.level,
            minimum_group=policy.minimum_group_of(control, tier),
            small_groups=control.small_groups or policy.small_groups,
            attributes=policy.attributes_of(control) or every,
            limit=control.limit_in(tier),
            evidence_age_days=_lesser(control.evidence_age_days, policy.evidence_age_in(tier)),
            coverage=policy.coverage,
            steps=steps,
            files_now=files_now,
            words=policy.words,
            place=_place(policy, control),
        )
        found.extend(run_check(control, evidence, terms))
    return _unique(found)


_ASKED_BY = {
    "coverage": ("$.coverage",),
    "evidence-fresh": ("$.evidence_age_days", "$.tiers"),
    "approvals": ("$.approvals", "$.tiers"),
}
"""Keys of a policy that ask for a check without a control of its own; the first that is written is its place."""


def _place(policy: Policy, control: Control) -> Place | None:
    """Return where a control stands, or what asks for it: no finding is without its line of the policy."""
    found = (policy.places.get(key) for key in (*_ASKED_BY.get(control.check, ()), "$.name"))
    return policy.place_of(control.id) or next((place for place in found if place), None)


def _lesser(one: int | None, other: int | None) -> int | None:
    given = [days for days in (one, other) if days is not None]
    return min(given) if given else None


def _implied(
    policy: Policy, evidence: Evidence, tier: str | None, *, at: str, steps: tuple[ApprovalStep, ...]
) -> list[Control]:
    """Return the controls that the policy's own keys ask for, where no control asks for the same."""
    asked = {
        "coverage": (
            "What must be measured was measured",
            policy.coverage.asked and evidence.stage == "release",  # it is about predictions
        ),
        "evidence-fresh": (
            "The evidence is recent enough",
            policy.evidence_age_in(tier) is not None or is_future(evidence.measured_at, at),
        ),
        "approvals": ("Everybody whom the policy asks has approved", bool(steps)),
    }
    written = {control.check for control in policy.controls if control.stage in {None, evidence.stage}}
    return [
        Control(id=check, title=title, check=check)
        for check, (title, wanted) in asked.items()
        if wanted and check not in written
    ]


def _no_tier(policy: Policy, evidence: Evidence) -> Finding:
    known = "; ".join(f"{rule.exposure} x {rule.purpose}" for rule in policy.materiality) or "none"
    exposure, purpose = evidence.materiality.exposure, evidence.materiality.purpose
    misspelt = policy.misspelt(evidence.materiality)
    near = f" ({misspelt[0]!r}: did you mean {misspelt[1]!r}?)" if misspelt else ""
    reason = (
        f"no rule of the policy gives a tier to exposure {exposure!r} with purpose {purpose!r}{near} (rules: {known}). "
        "Correct `materiality` in assay.yaml, or add a rule to the policy."
    )
    return Finding(
        id="materiality", control="materiality", check="materiality",
        title="The system belongs to a tier of the policy",
        status="unknown", reason=reason, place=policy.places.get("$.materiality") or policy.places.get("$.name"),
    )  # fmt: skip


def _other_stage(control: Control, evidence: Evidence, place: Place | None) -> Finding:
    return Finding(
        id=control.id, control=control.id, check=control.check, title=control.title, status="not-applicable",
        enforcement=control.enforcement, severity=control.severity, clauses=control.clauses,
        reason=f"it applies at the stage {control.stage}; this is {evidence.stage}.", place=place,
    )  # fmt: skip


def _unique(findings: list[Finding]) -> tuple[Finding, ...]:
    seen: dict[str, int] = {}
    kept: list[Finding] = []
    for finding in findings:
        seen[finding.id] = seen.get(finding.id, 0) + 1
        again = seen[finding.id]
        kept.append(finding if again == 1 else msgspec.structs.replace(finding, id=f"{finding.id}#{again}"))
    return tuple(kept)


def _decision(findings: tuple[Finding, ...], steps: tuple[ApprovalStep, ...]) -> Decision:
    open_ = [f for f in findings if f.waiver is None]
    denying = [f for f in open_ if f.enforcement == "deny"]
    if any(f.status == "fail" for f in denying):
        return "deny"
    waits = any(len(step.given) < step.needed for step in steps)
    if waits or any(f.status == "unknown" for f in denying):
        return "undecided"
    if all(f.status == "not-applicable" for f in findings):
        return "undecided"
    if any(f.status in _STATUS and f.enforcement == "warn" for f in open_):
        return "warn"
    return "allow"


def _worst(findings: Sequence[Finding]) -> Finding | None:
    def rank(f: Finding) -> tuple[int, int, int]:
        return (_ENFORCEMENT[f.enforcement], _STATUS[f.status], _SEVERITY[f.severity])

    return min((f for f in findings if f.status in _STATUS), key=rank, default=None)


def _reason(
    decision: Decision, findings: tuple[Finding, ...], steps: tuple[ApprovalStep, ...], uses: Sequence[ConsentUse]
) -> str:
    """Return the decision in one or two sentences that name the worst finding."""
    open_ = [f for f in findings if f.waiver is None]
    tried = [f for f in findings if f.status != "not-applicable"]
    worst = _worst(open_)
    accepted = [f for f in findings if f.waiver is not None]
    aside = ""
    if accepted:
        ends = min((use.expires or "" for use in uses if use.kind == "waiver" and use.status == "obeyed"), default="")
        aside = f" Accepted in writing until {ends}, and still {_are(accepted)}: {', '.join(f.id for f in accepted)}."
    if not tried:
        return f"Undecided: nothing was checked, for no control applies here.{aside}"
    if decision == "allow":
        passed = sum(f.status == "pass" for f in findings)
        return f"Allowed: {passed} of {len(tried)} findings pass.{aside}"
    if worst is None:
        waiting = next((step.role for step in steps if len(step.given) < step.needed), "somebody")
        return f"Undecided: {waiting} has not approved.{aside}"
    opening = {"deny": "Denied", "undecided": "Undecided", "warn": "Allowed with a warning"}[decision]
    others = [f for f in open_ if f is not worst and f.enforcement != "audit"]
    more = _more(sum(f.status == "fail" for f in others), sum(f.status == "unknown" for f in others))
    state = "fails" if worst.status == "fail" else "is not settled"
    return f"{opening}: {worst.title!r} {state} ({worst.id}): {worst.reason}{more}{aside}"


def _more(fails: int, unknowns: int) -> str:
    told = [f"{fails} more {'fails' if fails == 1 else 'fail'}"] if fails else []
    told += [f"{unknowns} {'is' if unknowns == 1 else 'are'} not settled"] if unknowns else []
    return f" Beside it, {' and '.join(told)}." if told else ""


def _are(findings: Sequence[Finding]) -> str:
    kinds = sorted({f.status for f in findings})
    return " or ".join("failing" if kind == "fail" else kind for kind in kinds)
