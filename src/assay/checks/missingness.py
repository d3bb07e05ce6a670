"""missingness: values are there, in every group alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.checks._finding import group_words
from assay.checks._observed import about, observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    column = about(one).get("column", "")
    if not one.value:
        return None
    if one.metric == "missing_share":
        return f"{round(one.value * one.n):,} of {one.n:,} {people} have no {column}."
    if one.lowest is msgspec.UNSET or one.highest is msgspec.UNSET:
        return None
    least, most = group_words(one.lowest), group_words(one.highest)
    return f"Of 100 {people} of {most}, {one.value * 100:.1f} more have no {column} than of 100 of {least}."


CHECK = observed_check(
    "missingness",
    "Values are there, in every group alike",
    ("missing_share", "missing_gap"),
    tell=_tell,
    remedy="Find out why the values are missing; where they are missing for a group, fill them in at their source.",
)
