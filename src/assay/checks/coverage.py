"""coverage: what the policy says must have been measured, was, and has a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import finding
from assay.checks._metrics import known_metrics
from assay.checks._select import attributes_measured, between, in_groups, same_minimum
from assay.checks.control import Check
from assay.errors import suggest
from assay.records.measurement import joined

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding


def _about(evidence: Evidence, metric: str, attributes: tuple[str, ...], terms: Terms) -> list[Measurement]:
    if known_metrics()[metric].scope == "observed":
        return [one for one in evidence.measurements if one.metric == metric]
    if known_metrics()[metric].scope == "between":
        return same_minimum(between(evidence, metric, attributes), terms.minimum_group)
    return in_groups(evidence, metric, attributes)


def _lacking(evidence: Evidence, attributes: tuple[str, ...], terms: Terms) -> list[str]:
    """Return each required metric without a value over these attributes, with the reason."""
    lacking: list[str] = []
    for metric in terms.coverage.metrics:
        scope = known_metrics()[metric].scope
        if (scope == "between" and not attributes) or (scope == "observed" and attributes):
            continue
        found = _about(evidence, metric, attributes, terms)
        if not found:
            lacking.append(f"{metric} (not measured)")
        elif all(one.value is None for one in found):
            lacking.append(f"{metric} ({found[0].reason or 'no reason given'})")
    return lacking


def _one(control: Control, evidence: Evidence, terms: Terms, attributes: tuple[str, ...]) -> Finding:
    about = joined(attributes)
    known = attributes_measured(evidence)
    absent = [name for name in attributes if name not in known]
    if absent:
        names = ", ".join(known) or "none"
        reason = (
            f"{absent[0]} was not measured; this evidence has the attributes: {names}{suggest(absent[0], known)}. "
            "Add it to columns.protected in assay.yaml and measure again."
        )
        return finding(control, terms, "unknown", reason, about=about)
    groups = {tuple(m.group.items()) for m in evidence.measurements if set(m.group) == set(attributes)}
    if len(attributes) > 1 and not groups:
        reason = f"the intersection {about} was not measured. Measure again with this policy, which asks for it."
        return finding(control, terms, "unknown", reason, about=about)
    if attributes and len(groups) == 1:
        reason = f"{about} has one group only: there is nobody to compare it with."
        return finding(control, terms, "unknown", reason, about=about)
    lacking = _lacking(evidence, attributes, terms)
    where = about or "everybody"
    if lacking:
        reason = f"over {where}, without a value: {'; '.join(lacking)}."
        return finding(control, terms, "unknown", reason, about=about)
    metrics = ", ".join(terms.coverage.metrics) or "something"
    return finding(control, terms, "pass", f"over {where}, measured: {metrics}.", about=about)


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for each attribute and intersection required, and one for everybody when metrics are."""
    wanted: list[tuple[str, ...]] = [(name,) for name in terms.coverage.attributes]
    wanted += terms.coverage.intersections
    if terms.coverage.metrics:
        wanted.append(())
    return tuple(_one(control, evidence, terms, attributes) for attributes in wanted)


CHECK = Check(
    id="coverage",
    title="What the policy says must be measured was measured",
    run=run,
    takes=frozenset({"minimum_group"}),
)
