"""What has to be measured for a policy to be decided: asked before the rows are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from assay.policy.form import Policy
    from assay.records.evidence import Materiality


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a policy needs measured.

    Attributes:
        tier: the tier that materiality chose; None when no rule fits, or when the policy has no tiers.
        level: two-sided confidence of every interval.
        minimum_groups: every minimum group size that a control decides with, ascending, in people.
        attributes: protected attributes compared, alone or together with others; in the policy's order.
        intersections: combinations of attributes compared.
        metrics: metrics that a control compares or that must have been measured.
    """

    tier: str | None
    level: float
    minimum_groups: tuple[int, ...]
    attributes: tuple[str, ...]
    intersections: tuple[tuple[str, ...], ...]
    metrics: tuple[str, ...]


def plan(policy: Policy, materiality: Materiality) -> Plan:
    """Return what has to be measured to decide a policy for a system."""
    tier = policy.tier_of(materiality)
    of_tier = policy.tiers[tier].minimum_group if tier in policy.tiers else None
    sizes = {of_tier or policy.minimum_group}
    sizes |= {policy.minimum_group_of(control, tier) for control in policy.controls}
    compared = [names for control in policy.controls for names in policy.attributes_of(control)]
    compared += [(name,) for name in policy.coverage.attributes] + list(policy.coverage.intersections)
    metrics = [control.metric for control in policy.controls if control.metric] + list(policy.coverage.metrics)
    return Plan(
        tier=tier,
        level=policy.level,
        minimum_groups=tuple(sorted(sizes)),
        attributes=tuple(dict.fromkeys(name for names in compared for name in names)),
        intersections=tuple(dict.fromkeys(names for names in compared if len(names) > 1)),
        metrics=tuple(dict.fromkeys(metrics)),
    )
