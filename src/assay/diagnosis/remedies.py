"""What would mend each cause, the cheapest first: told, not tried; `assay mitigate` tries and measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.diagnosis.mitigation import METHODS, MORE_ROWS
from assay.records.explanation import Remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.explanation import Cause

REMEDIES: dict[str, tuple[Remedy, ...]] = {
    "data.sample_size": (
        Remedy(name="more_rows", detail="Measure more people of the smaller group before anything is changed."),
    ),
    "data.representation": (
        Remedy(
            name="collect",
            detail="Collect train rows of the group until its share is that of the data, and fit again.",
        ),
        Remedy(
            name="reweighing",
            detail="Weigh the group's train rows up, and fit again: no new row, and no new knowledge.",
        ),
    ),
    "data.base_rate": (
        Remedy(
            name="threshold_by_group",
            detail="Ask first whether the labels are fair; if they are, only cuts by group close the gap.",
            needs_attribute=True,
        ),
        Remedy(name="exponentiated_gradient", detail="Fit under the limit as a constraint, and look at what it costs."),
    ),
    "data.label_noise": (
        Remedy(
            name="repair_labels",
            detail="Have the labels read again where they contradict the model, beginning with the surest.",
        ),
    ),
    "data.missingness": (
        Remedy(
            name="collect",
            detail="Fill the missing values at their source; until then let the model see that they are missing.",
        ),
    ),
    "data.proxy": (
        Remedy(name="drop_feature", detail="Fit without the stand-in, or with what of it the group does not explain."),
    ),
    "data.split_mismatch": (
        Remedy(name="refit", detail="Fit on rows like those that are judged; hold both with `assay compare`."),
    ),
    "model.error_gap": (
        Remedy(name="features", detail="Look for features that tell more of the group's people; fit with them."),
        Remedy(name="grid_search", detail="Fit under equal errors as a constraint, and look at what it costs."),
    ),
    "model.calibration": (
        Remedy(name="recalibration", detail="Recalibrate the score by group on held-out rows.", needs_attribute=True),
    ),
    "model.feature": (
        Remedy(name="drop_feature", detail="Fit without the feature, or constrain its use to what the label supports."),
    ),
    "model.slice": (
        Remedy(
            name="refit",
            detail="Look at the slice's rows and at the rule that decides there; fit again with more of them.",
        ),
    ),
    "threshold.cut": (
        Remedy(name="threshold", detail="Cut all people's scores alike, where the limit holds and little is lost."),
    ),
}
"""By kind of cause."""


def remedies_for(causes: Sequence[Cause], *, mitigate: str = "", by_group: bool | None = None) -> tuple[Remedy, ...]:
    """Return the remedies of causes in their order, each once, with the line that tries it where there is one.

    Args:
        causes: ranked.
        mitigate: the line of `assay mitigate` that looks at the same rows, up to its candidates; empty: none does.
        by_group: whether a decision may rest on the protected attribute: what needs it is not named where it may not.
            None: nobody said.
    """
    found: dict[tuple[str, str], Remedy] = {}
    for cause in causes:
        for remedy in REMEDIES.get(cause.kind, ()):
            if not (remedy.needs_attribute and by_group is False):
                found.setdefault((remedy.name, remedy.detail), remedy)
    lines = [try_line(mitigate, one.name, asks=one.needs_attribute and by_group is None) for one in found.values()]
    return tuple(msgspec.structs.replace(one, command=line) for one, line in zip(found.values(), lines, strict=True))


def try_line(mitigate: str, name: str, *, asks: bool) -> str | None:
    """Return the line that tries one remedy; None where `assay mitigate` has none of that name, or no rows.

    Args:
        mitigate: the line up to its candidates.
        name: the remedy.
        asks: whether it has to be asked for, because it needs the protected attribute and nobody said that it may.
    """
    if not mitigate or (name != MORE_ROWS and name not in METHODS):
        return None
    return f"{mitigate} --candidates {name}{' --allow-attribute' if asks else ''}"
