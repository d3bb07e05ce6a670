"""stand-in-features: no feature, nor all of them together, tells a protected group from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import group_words
from assay.checks._observed import about, observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    if one.value is None or not one.group:
        return None
    by = f"{about(one)['column']} alone" if "column" in about(one) else "All features together"
    who = group_words(one.group)
    return f"{by} can tell {people} of {who} from others {one.value * 100:.0f} times in 100 (a coin: 50)."


CHECK = observed_check(
    "stand-in-features",
    "No feature stands in for a protected attribute",
    ("feature_attribute_auc", "joint_attribute_auc"),
    tell=_tell,
    remedy="Leave the feature out, or show that the decision needs it and that nothing less telling would do.",
)
