"""label-consistency: equal features have equal labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    if not one.value:
        return None
    return f"{round(one.value * one.n):,} of {one.n:,} {people} have a like with another label."


CHECK = observed_check(
    "label-consistency",
    "Equal features have equal labels",
    ("label_conflict_share",),
    tell=_tell,
    remedy="Look at the rows with equal features: find out which label is right, or which feature tells them apart.",
)
