"""evasion: small changes that nobody would notice do not turn decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import about, observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    if not one.value or one.metric != "evasion_success_rate":
        return None
    return (
        f"{round(one.value * one.n):,} of {one.n:,} {people} could turn the decision by small changes "
        f"({about(one).get('attack', '')})."
    )


CHECK = observed_check(
    "evasion",
    "Small changes do not turn decisions",
    ("evasion_success_rate", "evasion_distance"),
    tell=_tell,
    remedy="Verify what an applicant can change, and decide by it less steeply near the threshold.",
)
