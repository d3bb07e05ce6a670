"""What is not wrong in a policy, but worth a second look. What is wrong is refused when the policy is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks import known_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.checks.control import Control
    from assay.policy.form import Policy
    from assay.records.verdict import Limit

SMALL = 20
"""Below this many people, most intervals of a rate are wider than a third; see Brown, Cai and DasGupta (2001)."""

OLD_DAYS = 366
"""Evidence of more than a year ago says little about today."""


def unset(policy: Policy) -> tuple[tuple[str, str], ...]:
    """Return (control id, what has to be decided) for each control whose limit the organisation still has to set."""
    return tuple((one.id, one.unset) for one in policy.controls if one.unset is not None)


def lint(policy: Policy) -> tuple[tuple[str, str], ...]:
    """Return (control id or key of the policy, advice); nothing here changes a decision."""
    return (*_policy(policy), *(pair for control in policy.controls for pair in _control(control)))


def _policy(policy: Policy) -> Iterator[tuple[str, str]]:
    if not policy.coverage.attributes:
        yield "coverage", "no attribute must have been measured; name those whose absence should be noticed"
    if policy.minimum_group < SMALL:
        yield "minimum_group", f"groups of {policy.minimum_group} swing widely; {SMALL} or more decide better"
    if all(control.enforcement != "deny" for control in policy.controls):
        yield "controls", "no control blocks a release; every one warns or is recorded only"
    tiers: list[str | None] = [*policy.tiers] or [None]
    ages = [policy.evidence_age_in(tier) for tier in tiers]
    if any(age is None for age in ages) and not any(c.check == "evidence-fresh" for c in policy.controls):
        yield "evidence_age_days", "evidence may be of any age; say how old it may be"
    elif any(age is not None and age > OLD_DAYS for age in ages):
        yield "evidence_age_days", "evidence of more than a year ago says little about today"
    if policy.waivers is not None and policy.waivers.longest_days > OLD_DAYS:
        yield "waivers", "a risk accepted for more than a year is a changed policy; change the policy"


def _control(control: Control) -> Iterator[tuple[str, str]]:
    metric = known_metrics().get(control.metric or "")
    limits: list[Limit] = [control.limit] if control.limit is not None else []
    limits += control.limits.values()
    if metric is not None and not metric.counted and control.decide == "interval" and control.check != "not-worse-than":
        for limit in limits:
            if limit.max == metric.low or limit.min == metric.high:
                yield (
                    control.id,
                    "an interval never lies wholly on its limit's side here; leave room, or decide by point",
                )
    if metric is not None and metric.higher_is_better is not None and control.check != "not-worse-than":
        for limit in limits:
            wrong = limit.min is None if metric.higher_is_better else limit.max is None
            if wrong:
                better = "higher" if metric.higher_is_better else "lower"
                yield control.id, f"{metric.name} is better when {better}; is the limit on the right side?"
    if control.remedy is None and control.check not in {"approvals", "coverage", "evidence-fresh"}:
        yield control.id, "no remedy: say what a person whose release is stopped should do first"
    if control.decide == "point" and control.enforcement == "deny" and not control.clauses:
        yield control.id, "a point decides without a clause that fixes one; prefer the interval"
