"""worst-slice: no slice of the rows is predicted much worse than the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import about, observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    if not one.value:
        return None
    more = one.value * 100
    return (
        f"Of 100 {people} with {about(one).get('slice', '')}, {more:.1f} more than of the others are decided wrongly."
    )


CHECK = observed_check(
    "worst-slice",
    "No slice of the rows is predicted much worse than the rest",
    ("worst_slice_error_gap",),
    tell=_tell,
    remedy="Collect more rows like those of the slice, give the model the feature that tells them apart, or leave such "
    "rows to people.",
)
