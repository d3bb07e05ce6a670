"""counterfactual-flips: the decision is the same whatever group a person is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    if not one.value:
        return None
    return (
        f"{round(one.value * one.n):,} of {one.n:,} {people} would get another decision as somebody of another group."
    )


CHECK = observed_check(
    "counterfactual-flips",
    "The decision is the same whatever group a person is of",
    ("counterfactual_flip_rate",),
    tell=_tell,
    remedy="Take the attribute, or the feature that stands in for it, out of the model and fit it again.",
)
