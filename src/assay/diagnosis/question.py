"""What is asked of rows: a metric between groups, the limit it was held against, and everything there is to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, suggest
from assay.metrics import METRICS
from assay.records.verdict import Limit

if TYPE_CHECKING:
    from assay.probing.scorer import Scorer
    from assay.records.tally import GroupValue, Roles

GROUP_METRICS = ("impact_ratio",)
"""Metrics of a group that compare it with the best of all: they can be asked about, like those between groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Why does a metric, between groups or of one group, not keep its limit?

    Attributes:
        rows: whatever `tally_rows` takes.
        roles: which column means what.
        metric: a metric between groups, ``impact_ratio``, or a rate of one group.
        limit: what it is held against.
        compared: the sets of attributes whose groups are compared, several for an intersection; empty: each protected
            attribute by itself.
        group: the one group whose own metric is asked about, by attribute; empty for a comparison.
        features: the columns that the model decides by; empty when none were named.
        train: the rows that the model was fitted on; None when there are none.
        scorer: the model, ready to be asked; None when there is none.
        no_scorer: why a model that was named is not asked; empty when it is, or none was named.
        level: two-sided confidence of the intervals.
        minimum_group: groups with fewer rows take no part in comparisons.
        seconds: the budget for asking the model.
        mitigate: the line of `assay mitigate` that tries remedies on these rows, up to its candidates; empty: none.
        by_group: whether the policy lets a decision rest on the protected attribute; None: nobody said.
    """

    rows: Any
    roles: Roles
    metric: str
    limit: Limit
    compared: tuple[tuple[str, ...], ...] = ()
    group: dict[str, GroupValue] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    train: Any = None
    scorer: Scorer | None = None
    no_scorer: str = ""
    level: float = 0.95
    minimum_group: int = 1
    seconds: float = 15.0
    mitigate: str = ""
    by_group: bool | None = None


def limit_of(metric: str, bound: float) -> Limit:
    """Return a metric's limit: what should be small is held from above, what should be large (a ratio) from below.

    Raises:
        InputError: for a metric that is unknown or compares no groups, or a limit outside of its values.
    """
    known = [name for name, one in METRICS.items() if one.scope == "between"] + list(GROUP_METRICS)
    if metric not in known:
        why = "which compares no groups" if metric in METRICS else "which is unknown"
        raise InputError(
            f"--metric: expected a metric between groups, found {metric!r}, {why}{suggest(metric, known)}. "
            f"The metrics between groups: {', '.join(sorted(known))}"
        )
    if METRICS[metric].tasks == ("regression",):
        raise InputError(f"--metric {metric}: expected a metric of yes-or-no outcomes: causes are sought for those")
    least, most = METRICS[metric].low, METRICS[metric].high
    if not least <= bound <= most:  # NaN is in no range
        raise InputError(
            f"--limit {bound:g}: expected a number from {least:g} to {most:g}, the values that {metric} can "
            f"have; a limit "
            "that nothing could breach, or everything would, holds nothing"
        )
    if metric in GROUP_METRICS or METRICS[metric].higher_is_better:
        return Limit(min=bound)
    return Limit(max=bound)
