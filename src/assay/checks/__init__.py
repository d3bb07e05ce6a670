"""A measurement or fact against a limit, and the finding that follows.

One check one file; `CHECKS` is the written list of them. A check yields a finding for each thing that it compared.
A check that compared nothing, and one that broke, leave an unknown finding that says so: unknown never passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks import (
    approvals,
    concept_drift,
    counterfactual_flips,
    coverage,
    data_gaps,
    documentation,
    drift,
    duplicates,
    estimated_performance,
    evasion,
    evidence_fresh,
    fairness_over_time,
    files_unchanged,
    freshness,
    group_floor,
    group_gap,
    impact_ratio,
    intersections_large_enough,
    label_consistency,
    label_noise,
    label_shift,
    labels_late,
    leakage,
    missingness,
    not_worse_than,
    not_worse_than_champion,
    performance_floor,
    prediction_drift,
    representation,
    robustness,
    rule,
    schema,
    stand_in_features,
    training_run,
    window_order,
    worst_slice,
)
from assay.checks._finding import finding
from assay.checks._metrics import known_metrics
from assay.checks.control import Check, Control, Coverage, Terms, Words

if TYPE_CHECKING:
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding

__all__ = ["CHECKS", "Check", "Control", "Coverage", "Terms", "Words", "known_metrics", "run_check"]

CHECKS: dict[str, Check] = {
    check.id: check
    for check in (
        group_gap.CHECK,
        group_floor.CHECK,
        performance_floor.CHECK,
        impact_ratio.CHECK,
        not_worse_than.CHECK,
        not_worse_than_champion.CHECK,
        intersections_large_enough.CHECK,
        coverage.CHECK,
        data_gaps.CHECK,
        drift.CHECK,
        representation.CHECK,
        label_consistency.CHECK,
        label_noise.CHECK,
        label_shift.CHECK,
        missingness.CHECK,
        duplicates.CHECK,
        leakage.CHECK,
        stand_in_features.CHECK,
        schema.CHECK,
        freshness.CHECK,
        robustness.CHECK,
        counterfactual_flips.CHECK,
        worst_slice.CHECK,
        evasion.CHECK,
        prediction_drift.CHECK,
        concept_drift.CHECK,
        estimated_performance.CHECK,
        fairness_over_time.CHECK,
        labels_late.CHECK,
        window_order.CHECK,
        documentation.CHECK,
        approvals.CHECK,
        evidence_fresh.CHECK,
        files_unchanged.CHECK,
        rule.CHECK,
        training_run.CHECK,
    )
}


def run_check(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Run a control's check; at least one finding, whatever happens.

    Args:
        control: the control.
        evidence: what was measured.
        terms: all else that it is judged under.
    """
    check = CHECKS.get(control.check)
    if check is None:
        return (finding(control, terms, "unknown", f"there is no check {control.check!r} in this version of Assay."),)
    if control.unset is not None and terms.limit is None:
        waits = f"no limit is set, so nothing can be cleared: {control.unset}"
        return (finding(control, terms, "unknown", waits),)
    try:
        found = check.run(control, evidence, terms)
    except Exception as error:  # noqa: BLE001 - a check that breaks must neither pass nor hide: it leaves an unknown
        broken = f"the check {check.id} broke on this evidence ({type(error).__name__}: {error}). Please report it."
        return (finding(control, terms, "unknown", broken),)
    if found:
        return found
    nothing = (
        f"the check {check.id} found nothing to compare: no protected attribute that it looks at was measured. "
        "Name them in assay.yaml (columns.protected), or in the control."
    )
    return (finding(control, terms, "unknown", nothing),)
