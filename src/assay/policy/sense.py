"""What is wrong with the meaning of a policy whose form is right: names nobody knows, limits nothing can breach."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from assay.checks import CHECKS, known_metrics
from assay.checks.control import Control, Coverage
from assay.checks.rule import compile_rule
from assay.errors import suggest
from assay.policy.form import ApprovalRule, Extends, Loosening, Policy, Tier, WaiverRules
from assay.records.verdict import Limit, Provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from assay.checks.control import Check
    from assay.metrics.metric import Metric

    Found = Iterator[tuple[str, str]]

IMPLIED = ("coverage", "evidence-fresh", "approvals", "materiality")
"""Ids of findings that a policy's own keys ask for; a control may have such an id only for the check of that name."""

_USES = {
    "between": ("compares groups", "group-gap"),
    "group": ("is measured in each group", "group-floor or performance-floor"),
}

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_CLAUSE = re.compile(r"[a-z0-9][a-z0-9.-]*:\S+\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_PLACEHOLDER = re.compile(r"(todo|tbd|fixme|xxx|\.\.\.|n/?a|<[^>]*>|-|\?)\Z", re.IGNORECASE)
_CHOICES = ("metric", "attributes", "intersections", "columns", "expression", "sections", "minimum_group",
            "small_groups", "evidence_age_days")  # fmt: skip


def empty(text: str) -> bool:
    """Say whether a text is blank or a placeholder."""
    return not text.strip() or bool(_PLACEHOLDER.match(text.strip()))


def examine(part: object, path: str) -> Found:
    """Yield (path, message) for everything in one part of a policy that cannot be meant."""
    for kind, look in _LOOKS.items():
        if isinstance(part, kind):
            yield from look(part, path)


def _control(control: Control, path: str) -> Found:
    if not _ID.match(control.id):
        yield f"{path}.id", f"expected lower-case words joined by '-', found {control.id!r}"
    if empty(control.title):
        yield f"{path}.title", "expected the requirement in words, found nothing"
    for index, clause in enumerate(control.clauses):
        if not _CLAUSE.match(clause):
            yield f"{path}.clauses[{index}]", f"expected framework:clause such as eu-ai-act:9(2)(a), found {clause!r}"
    yield from _intersections(control.intersections, path)
    yield from _positive(control.minimum_group, f"{path}.minimum_group")
    yield from _positive(control.evidence_age_days, f"{path}.evidence_age_days")
    check = CHECKS.get(control.check)
    if check is None:
        known = f"{suggest(control.check, CHECKS)}; known: {', '.join(CHECKS)}"
        yield f"{path}.check", f"no such check: {control.check!r}{known}"
        if control.metric is not None and control.metric not in known_metrics():
            yield f"{path}.metric", _no_metric(control.metric)
        return
    if control.id in IMPLIED and control.id != check.id:
        yield f"{path}.id", f"{control.id!r} is the id of what the policy itself asks for; choose another"
    if check.id == "approvals" and control.enforcement != "deny":
        yield f"{path}.enforcement", "approvals always bind; leave this out, or the approvals"
    yield from _keys(control, check, path)
    metric = _metric_of(control, check)
    yield from _metric(control, check, metric, path)
    yield from _limits(control, check, metric, path)
    if check.id == "rule" and control.expression is not None:
        yield from _expression(control.expression, f"{path}.expression")


def _keys(control: Control, check: Check, path: str) -> Found:
    given = {key for key in _CHOICES if getattr(control, key)}
    limited = bool(control.limit or control.limits)
    given |= {"limit"} if limited or control.unset is not None else set()
    given |= {"decide"} if control.decide != "interval" else set()
    needs = check.needs - {"provenance"}
    for key in sorted(needs - given):
        yield path, f"the check {check.id} needs {key!r}; write it"
    for key in sorted(given - check.needs - check.takes):
        yield f"{path}.{key}", f"the check {check.id} does not look at {key!r}; take it out"
    if control.unset is not None and (limited or "limit" not in check.needs | check.takes):
        why = "the limit is set" if limited else f"the check {check.id} takes no limit"
        yield f"{path}.unset", f"{why}; take `unset` out"
    elif control.unset is not None and empty(control.unset):
        yield f"{path}.unset", "expected what has to be decided, and by whom, found nothing"
    if limited and control.provenance is None:
        yield path, "a limit needs its provenance: {set_by, on, source, why}"


def _metric_of(control: Control, check: Check) -> Metric | None:
    name = control.metric or (check.id.replace("-", "_") if check.scope == "any" else "")
    return known_metrics().get(name)


def _metric(control: Control, check: Check, metric: Metric | None, path: str) -> Found:
    if control.metric is None or check.scope is None:
        return
    if metric is None:
        yield f"{path}.metric", _no_metric(control.metric)
    elif check.metrics and metric.name not in check.metrics:
        yield f"{path}.metric", f"the check {check.id} compares {', '.join(sorted(check.metrics))}, not {metric.name}"
    elif check.scope != metric.scope and (check.scope != "any" or metric.scope == "observed"):
        family = next((one.id for one in CHECKS.values() if metric.name in one.metrics), "")
        what, other = _USES.get(metric.scope, ("is observed beside the tally", family))
        yield f"{path}.metric", f"{metric.name} {what}; use the check {other}"
    elif check.id == "not-worse-than" and metric.higher_is_better is None:
        yield f"{path}.metric", f"{metric.name} has no better direction, so nothing can be worse; choose another metric"


def _no_metric(name: str) -> str:
    return f"no such metric: {name!r}{suggest(name, known_metrics())}; `assay measure --help` lists them"


def _limits(control: Control, check: Check, metric: Metric | None, path: str) -> Found:
    low, high = check.bounds or (float("-inf"), float("inf"))
    if metric is not None:
        low, high = metric.range
    if check.id == "not-worse-than":
        low, high = low - high, high - low
    if control.limit is not None:
        yield from _limit(control.limit, low, high, f"{path}.limit")
    for tier, limit in control.limits.items():
        yield from _limit(limit, low, high, f"{path}.limits.{tier}")


def _limit(limit: Limit, low: float, high: float, path: str) -> Found:
    if limit.max is None and limit.min is None:
        yield path, "expected max, min or both, found neither"
    if limit.max is not None and limit.min is not None and limit.min > limit.max:
        yield path, f"nothing is at least {limit.min:g} and at most {limit.max:g}; no value could pass"
    if limit.max is not None and limit.max >= high:
        yield f"{path}.max", f"no value is above {high:g}, so nothing could breach {limit.max:g}; choose a lower limit"
    if limit.max is not None and limit.max < low:
        yield f"{path}.max", f"no value is below {low:g}, so nothing could reach {limit.max:g}; choose a higher limit"
    if limit.min is not None and limit.min <= low:
        yield f"{path}.min", f"no value is below {low:g}, so nothing could breach {limit.min:g}; choose a higher limit"
    if limit.min is not None and limit.min > high:
        yield f"{path}.min", f"no value is above {high:g}, so nothing could reach {limit.min:g}; choose a lower limit"


def _expression(expression: str, path: str) -> Found:
    try:
        compile_rule(expression)
    except ValueError as error:
        yield path, f"not a CEL expression: {str(error).splitlines()[0]}"


def _provenance(provenance: Provenance, path: str) -> Found:
    for key in ("set_by", "source", "why"):
        if empty(getattr(provenance, key)):
            yield f"{path}.{key}", f"expected words that somebody stands by, found {getattr(provenance, key)!r}"
    try:
        date.fromisoformat(provenance.when)
    except ValueError:
        yield f"{path}.when", f"expected a date such as 2026-11-23, found {provenance.when!r}"


def _coverage(coverage: Coverage, path: str) -> Found:
    yield from _intersections(coverage.intersections, path)
    for index, name in enumerate(coverage.metrics):
        if name not in known_metrics():
            yield f"{path}.metrics[{index}]", f"no such metric: {name!r}{suggest(name, known_metrics())}"


def _intersections(intersections: tuple[tuple[str, ...], ...], path: str) -> Found:
    for index, names in enumerate(intersections):
        if len(set(names)) < 2:  # noqa: PLR2004 - one attribute alone is no intersection
            yield (
                f"{path}.intersections[{index}]",
                f"expected two different attributes or more, found {', '.join(names)}",
            )


def _positive(number: int | None, path: str) -> Found:
    if number is not None and number < 1:
        yield path, f"expected 1 or more, found {number}"


def _loosening(loosening: Loosening, path: str) -> Found:
    if empty(loosening.reason):
        yield f"{path}.reason", "expected the reason why looser is right, found nothing"


def _approval(rule: ApprovalRule, path: str) -> Found:
    yield from _positive(rule.quorum, f"{path}.quorum")
    if empty(rule.role):
        yield f"{path}.role", "expected the name of a role, found nothing"


def _tier(tier: Tier, path: str) -> Found:
    yield from _positive(tier.evidence_age_days, f"{path}.evidence_age_days")
    yield from _positive(tier.minimum_group, f"{path}.minimum_group")


def _waivers(rules: WaiverRules, path: str) -> Found:
    yield from _positive(rules.longest_days, f"{path}.longest_days")
    if not rules.permitted_by:
        yield f"{path}.permitted_by", "expected at least one role; leave `waivers` out when nobody may accept a risk"


def _extends(extends: Extends, path: str) -> Found:
    if extends.sha256 is not None and not _SHA256.match(extends.sha256):
        yield f"{path}.sha256", "expected 64 hexadecimal digits in lower case (sha256sum prints them)"


def _policy(policy: Policy, path: str) -> Found:
    for key in ("name", "version"):
        if empty(getattr(policy, key)):
            yield f"{path}.{key}", f"expected the policy's {key}, found nothing"
    if not 0.5 <= policy.level < 1:  # noqa: PLR2004 - below one half an interval says the opposite
        yield f"{path}.level", f"expected a confidence from 0.5 to below 1, such as 0.95, found {policy.level:g}"
    yield from _positive(policy.minimum_group, f"{path}.minimum_group")
    yield from _positive(policy.evidence_age_days, f"{path}.evidence_age_days")


def whole(policy: Policy, tiers: Collection[str], at: Callable[[Control], str]) -> Found:
    """Yield what does not fit together in a whole policy.

    Args:
        policy: the policy, with everything it extends when it extends something.
        tiers: the names of the tiers, those that could not be read too.
        at: gives the path of a control.
    """
    for control in policy.controls:
        for tier in control.limits:
            if tier not in tiers:
                yield f"{at(control)}.limits.{tier}", f"no such tier: {tier!r}{suggest(tier, tiers)}"
        lacking = [tier for tier in tiers if control.limits and control.limit_in(tier) is None]
        for tier in lacking:
            yield f"{at(control)}.limits", f"no limit for the tier {tier!r}; add one, or a `limit` for every other tier"
    for index, rule in enumerate(policy.materiality):
        if rule.tier not in tiers:
            yield f"$.materiality[{index}].tier", f"no such tier: {rule.tier!r}{suggest(rule.tier, tiers)}"
    if tiers and not policy.materiality:
        yield "$.tiers", "nothing leads to these tiers; say which under `materiality` (exposure, purpose, tier)"
    yield from _roles(policy)


def _roles(policy: Policy) -> Found:
    every = {rule.role for rule in policy.approvals}
    lists = [("$.approvals", policy.approvals, set[str]())]
    lists += [(f"$.tiers.{name}.approvals", tier.approvals, every) for name, tier in policy.tiers.items()]
    for path, rules, taken in lists:
        seen = set(taken)
        for index, rule in enumerate(rules):
            if rule.role in seen:
                yield f"{path}[{index}].role", f"the role {rule.role!r} is asked twice; raise its quorum instead"
            seen.add(rule.role)


_LOOKS: dict[type, Callable[..., Found]] = {
    Control: _control,
    Coverage: _coverage,
    Provenance: _provenance,
    Loosening: _loosening,
    ApprovalRule: _approval,
    Tier: _tier,
    WaiverRules: _waivers,
    Extends: _extends,
    Policy: _policy,
}
