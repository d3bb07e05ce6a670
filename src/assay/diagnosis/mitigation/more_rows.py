"""Collecting more people: no fit, a calculation of how many would settle the limit that is to be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.diagnosis.power import POWER, rows_for_everybody
from assay.records.mitigation import Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.measurement import Measurement
    from assay.records.mitigation import Aim

SOURCE = "Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, chapter 4"


def more_rows(measurements: Sequence[Measurement], aim: Aim, seed: int) -> Trial:
    """Return what more people would do: settle what is open, and mend nothing."""
    found = next(
        (one for one in measurements if one.metric == aim.metric and one.group == aim.group and _over(one) == aim.over
         and one.value is not None and one.interval is not None),
        None,
    )  # fmt: skip
    trial = Trial(
        name="more_rows", method="more_rows", source=SOURCE, seed=seed, status="refused",
        title="More people measured: settles what is not decided, and moves no decision.",
        determinism="A calculation; nothing is drawn.",
    )  # fmt: skip
    if found is None or found.value is None or found.interval is None:
        return msgspec.structs.replace(trial, reason="the denied version has no value with an interval to start from")
    low, high = found.interval
    beyond = (aim.limit.max is not None and low > aim.limit.max) or (aim.limit.min is not None and high < aim.limit.min)
    if beyond:
        return msgspec.structs.replace(
            trial, reason="the whole interval is beyond the limit: more people would only confirm it"
        )
    more = rows_for_everybody(found.value, found.interval, aim.limit, found.n, level=found.level)
    if more is None:
        return msgspec.structs.replace(
            trial, reason="the value stands so near to the limit that no number of people in reach would settle it"
        )
    return msgspec.structs.replace(
        trial,
        status="calculated",
        reason=f"{more:,} more people, mixed as they are, would settle it with a chance of {POWER:.0%}, "
        "were the value as it is",
        settings={"more_people": more},
    )


def _over(one: Measurement) -> str | None:
    return None if one.over is msgspec.UNSET else one.over.attribute
