"""representation: each group is in the data as it is in the population that the data stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import group_words
from assay.checks._observed import observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    if one.value is None or not one.group:
        return None
    who = group_words(one.group)
    if one.metric == "representation_shortfall":
        return f"{one.value:,.0f} more {people} of {who} would bring them to their share." if one.value else None
    if one.metric == "representation_share":
        return f"{round(one.value * one.n):,} of {one.n:,} {people} are {who}."
    if one.metric == "representation_ratio":
        return f"There are {one.value:.2f} times as many {people} of {who} as their share of the population would make."
    return None


CHECK = observed_check(
    "representation",
    "Groups are represented as in the population",
    ("representation_share", "representation_ratio", "representation_shortfall", "representation_p_value"),
    tell=_tell,
    remedy="Collect more of the groups that are lacking (representation_shortfall counts the rows), or weight them.",
)
