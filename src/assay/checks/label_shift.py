"""label-shift: sources label alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import about, observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    if one.value is None or one.metric != "label_source_difference":
        return None
    source = about(one).get("source", "")
    return f"Of 100 {people}, {one.value * 100:.1f} more or fewer have the positive label in {source} than elsewhere."


CHECK = observed_check(
    "label-shift",
    "Sources label alike",
    ("label_source_difference", "label_source_p_value"),
    tell=_tell,
    remedy="Find out whether the source decides otherwise, or is about other people; leave it out if nobody can say.",
)
