"""A policy in words: what it asks, and what it makes of a piece of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.checks import CHECKS, known_metrics
from assay.checks._judge import limit_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.checks.control import Control
    from assay.policy.form import Policy
    from assay.records.verdict import Finding, Verdict

_DOES = {"deny": "blocks a release", "warn": "warns", "audit": "is recorded only"}
_MARKS = {"pass": "pass", "fail": "FAIL", "unknown": "UNKNOWN", "not-applicable": "n/a"}


def explain(policy: Policy, verdict: Verdict | None = None) -> str:
    """Return what a policy asks and, given a verdict under it, what it decides on that evidence and why."""
    lines = list(_asks(policy))
    if verdict is not None:
        lines += ["", *_makes_of(verdict)]
    return "\n".join(lines) + "\n"


def _asks(policy: Policy) -> Iterator[str]:
    yield f"Policy {policy.name} {policy.version} (sha256 {policy.sha256[:16]})"
    if policy.description:
        yield f"  {policy.description}"
    yield f"A limit is cleared or breached when the whole {policy.level:.0%} interval lies on one side of it."
    yield "Unknown never passes. Nothing measured, too few people, stale evidence: all of it is unknown."
    small = "leave the decision open" if policy.small_groups == "unknown" else "are reported and no more"
    yield f"Groups under {policy.minimum_group} {policy.words.people} decide nothing and {small}."
    if policy.evidence_age_days is not None:
        yield f"Evidence may be {policy.evidence_age_days} days old."
    yield from _measured(policy)
    yield from _tiers(policy)
    yield _waivers(policy)
    yield from _by_group(policy)
    for loosening in policy.loosens:
        yield f"Looser than the policy it extends in {loosening.what}: {loosening.reason}"
    yield ""
    for control in policy.controls:
        yield from _control(policy, control)


def _measured(policy: Policy) -> Iterator[str]:
    coverage = policy.coverage
    wanted = [*coverage.attributes, *(" x ".join(names) for names in coverage.intersections)]
    if wanted:
        yield f"Must have been measured over: {', '.join(wanted)}."
    if coverage.metrics:
        yield f"Must have a value: {', '.join(coverage.metrics)}."


def _tiers(policy: Policy) -> Iterator[str]:
    for rule in policy.materiality:
        exposure = "any exposure" if rule.exposure == "*" else f"exposure {rule.exposure}"
        purpose = "any purpose" if rule.purpose == "*" else f"purpose {rule.purpose}"
        yield f"{exposure}, {purpose}: tier {rule.tier}".capitalize() + "."
    names: list[str | None] = [*policy.tiers] or [None]
    for name in names:
        steps = policy.steps_in(name)
        where = f"Tier {name}" if name else "Every system"
        if steps:
            order = ", then ".join(f"{s.quorum} x {s.role}" for s in steps)
            yield f"{where}: approvals by {order}; nobody approves their own work, and one person counts once."
        age = policy.evidence_age_in(name)
        if name and age is not None:
            yield f"{where}: evidence may be {age} days old."


def _waivers(policy: Policy) -> str:
    rules = policy.waivers
    if rules is None:
        return "Nobody may accept a risk in writing: there are no waivers."
    never = f"; never for {', '.join(rules.not_for)}" if rules.not_for else ""
    return f"A risk may be accepted by {', '.join(rules.permitted_by)} for {rules.longest_days} days at most{never}."


def _by_group(policy: Policy) -> Iterator[str]:
    if isinstance(policy.by_group, msgspec.UnsetType):
        return
    said, why = "may" if policy.by_group.allowed else "may not", policy.by_group.provenance
    yield f"A decision {said} rest on the protected attribute: {why.set_by} on {why.when}, {why.source}: {why.why}"


def _control(policy: Policy, control: Control) -> Iterator[str]:
    where = _where(policy, control.id)
    yield f"{control.id}: {control.title}{where}"
    check = CHECKS[control.check]
    parts = [f"check {check.id}"]
    if control.metric:
        parts.append(f"{control.metric} ({known_metrics()[control.metric].title})")
    if check.scope == "observed":
        parts.append(f"of {', '.join(control.columns) or 'everything measured'}")
    elif check.scope is not None and check.id != "performance-floor":
        over = [" x ".join(names) for names in policy.attributes_of(control)]
        parts.append(f"over {', '.join(over) or 'every attribute measured'}")
    yield f"  {', '.join(parts)}"
    does = f"{_DOES[control.enforcement]} ({control.severity})"
    if control.limit is not None:
        yield f"  {limit_words(control.limit)}; the {control.decide} decides; {does}"
    for tier, limit in control.limits.items():
        yield f"  tier {tier}: {limit_words(limit)}; the {control.decide} decides; {does}"
    if control.limit is None and not control.limits:
        yield f"  {does}"
    if control.unset is not None:
        yield f"  NO LIMIT IS SET, so it is unknown: {control.unset}"
    if control.provenance is not None:
        source, where = control.provenance, _where(policy, f"$.tightens.{control.id}")
        yield f"  set by {source.set_by} on {source.when}; source: {source.source}; why: {source.why}{where}"
    if control.stage is not None:
        yield f"  only at the stage {control.stage}"


def _where(policy: Policy, what: str) -> str:
    place = policy.places.get(what)
    return f"  [{place.file}:{place.line}]" if place else ""


def _makes_of(verdict: Verdict) -> Iterator[str]:
    yield f"On {verdict.model} {verdict.version} (tier {verdict.policy.tier or 'none'}): {verdict.decision}"
    yield verdict.reason
    for finding in verdict.findings:
        yield from _finding(finding)


def _finding(finding: Finding) -> Iterator[str]:
    yield f"  {_MARKS[finding.status]:8}{finding.id}: {finding.reason}"
    if finding.people is not None:
        yield f"          {finding.people}"
    if finding.remedy is not None:
        yield f"          What to do: {finding.remedy}"
