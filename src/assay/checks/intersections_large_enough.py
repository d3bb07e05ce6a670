"""intersections-large-enough: every combination of attributes holds enough people for its numbers to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import finding, group_words
from assay.checks._select import people_in
from assay.checks.control import Check
from assay.records.measurement import joined

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


def _one(control: Control, evidence: Evidence, terms: Terms, attributes: tuple[str, ...]) -> Finding:
    about = joined(attributes)
    groups = {tuple(m.group.items()): m.group for m in evidence.measurements if set(m.group) == set(attributes)}
    if not groups:
        reason = f"the intersection {about} was not measured. Measure again with this policy, which asks for it."
        return finding(control, terms, "unknown", reason, about=about)
    small = []
    for group in groups.values():
        n = people_in(evidence, group) or 0
        if n < terms.minimum_group:
            small.append(f"{group_words(group)} ({n})")
    if small:
        reason = (
            f"{len(small)} of {len(groups)} groups hold fewer {terms.words.people} than the minimum of "
            f"{terms.minimum_group}: {'; '.join(small)}. Collect more, or have the risk accepted in writing."
        )
        return finding(control, terms, "unknown", reason, about=about)
    reason = f"all {len(groups)} groups hold {terms.minimum_group} {terms.words.people} or more."
    return finding(control, terms, "pass", reason, about=about)


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for each intersection."""
    wanted = [attributes for attributes in terms.attributes if len(attributes) > 1]
    return tuple(_one(control, evidence, terms, attributes) for attributes in wanted)


CHECK = Check(
    id="intersections-large-enough",
    title="Every group of an intersection is large enough to decide",
    run=run,
    takes=frozenset({"intersections", "minimum_group"}),
)
