"""freshness: the newest row is not older than the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, _people: str) -> str | None:
    return None if one.value is None else f"The newest of {one.n:,} rows is {one.value:,.1f} days old."


CHECK = observed_check(
    "freshness",
    "The data are recent enough",
    ("newest_age_days",),
    tell=_tell,
    remedy="Take newer rows: an export has probably stopped.",
)
