"""What a breach means in people: how many predictions would have to change for the limit to be reached.

Only metrics that are plain rates of people can be said like this; for the others nothing is said.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from assay.checks._finding import group_words, number
from assay.checks._select import in_groups

if TYPE_CHECKING:
    from assay.checks.control import Terms
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.verdict import Limit


class Rate(NamedTuple):
    """The rate behind a comparison, what it counts, and whether more or fewer of it would mend it."""

    metric: str
    counts: str
    mend: str


_FAVOURABLE = "{favourable}"

_RATES = {
    "demographic_parity_difference": Rate("selection_rate", _FAVOURABLE, "more"),
    "demographic_parity_ratio": Rate("selection_rate", _FAVOURABLE, "more"),
    "impact_ratio": Rate("selection_rate", _FAVOURABLE, "more"),
    "equal_opportunity_difference": Rate("true_positive_rate", "correct positive predictions", "more"),
    "accuracy_difference": Rate("accuracy", "correct predictions", "more"),
    "false_positive_rate_difference": Rate("false_positive_rate", "false positives", "fewer"),
    "false_negative_rate_difference": Rate("false_negative_rate", "false negatives", "fewer"),
}
_TINY = 1e-9
"""Below this a count of people is rounding: 16.9999999999 people are 17."""


def _needed(low: float, high: float, limit: Limit) -> float:
    """Return by how much the lower rate has to rise for the limit to be reached (or the higher one to fall)."""
    if limit.max is not None:
        return high - low - limit.max
    return (limit.min or 0.0) * high - low


def _positive_is_favourable(evidence: Evidence, rates: list[Measurement], best: float) -> bool:
    """Say whether the rate counted is that of the favourable outcome, as far as impact ratios show it."""
    ratios = {
        tuple(m.group.items()): m.value
        for m in evidence.measurements
        if m.metric == "impact_ratio" and m.value is not None
    }
    shared = [(m.value, ratios.get(tuple(m.group.items()))) for m in rates]
    return all(ratio is None or value is None or abs(value - ratio * best) < 1e-6 for value, ratio in shared)  # noqa: PLR2004 - equal but for rounding


def in_people(
    evidence: Evidence, metric: str, attributes: tuple[str, ...], limit: Limit | None, terms: Terms,
    *, group: Measurement | None = None,
) -> str | None:  # fmt: skip
    """Return what reaching a limit takes, in people; None where that cannot be said.

    Args:
        evidence: where the groups' own rates are.
        metric: the comparison that breached.
        attributes: the attributes whose groups were compared.
        limit: the limit.
        terms: the words for people, and the minimum group.
        group: the group's own measurement, for a metric that compares one group with the best.
    """
    rate = _RATES.get(metric)
    if rate is None or limit is None or (rate.mend == "fewer" and limit.max is None):
        return None
    rates = [
        m for m in in_groups(evidence, rate.metric, attributes) if m.value is not None and m.n >= terms.minimum_group
    ]
    if len(rates) < 2:  # noqa: PLR2004 - a comparison needs two
        return None
    ordered = sorted(rates, key=lambda m: m.value or 0.0)
    lowest, highest = ordered[0], ordered[-1]
    if group is not None:
        lowest = next((m for m in rates if m.group == group.group), lowest)
    low, high = lowest.value or 0.0, highest.value or 0.0
    if rate.counts == _FAVOURABLE and not _positive_is_favourable(evidence, rates, high):
        return None
    changed, other = (lowest, highest) if rate.mend == "more" else (highest, lowest)
    count = math.ceil(_needed(low, high, limit) * changed.n - _TINY)
    if count < 1:
        return None
    counts = rate.counts.format(favourable=terms.words.favourable)
    return (
        f"{count} {rate.mend} {counts} among the {changed.n} {terms.words.people} with {group_words(changed.group)} "
        f"would reach the limit ({number(changed.value or 0.0)} now; {number(other.value or 0.0)} for "
        f"{group_words(other.group)})."
    )
