"""label-noise: few labels are probably wrong, in every group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    if not one.value:
        return None
    return f"About {round(one.value * one.n):,} of {one.n:,} {people} probably bear a wrong label."


CHECK = observed_check(
    "label-noise",
    "Few labels are probably wrong, in every group",
    ("label_noise_share",),
    tell=_tell,
    remedy="Have people look at labels of the group again, those first that the probabilities contradict most.",
)
