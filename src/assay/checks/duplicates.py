"""duplicates: no row is in the data twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import about, observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, _people: str) -> str | None:
    if not one.value:
        return None
    again = (
        "repeat an earlier one" if one.metric == "duplicate_share" else "bear an identifier that an earlier one bears"
    )
    return f"{round(one.value * one.n):,} of {one.n:,} rows of the {about(one).get('dataset', '')} data {again}."


CHECK = observed_check(
    "duplicates",
    "No row is there twice",
    ("duplicate_share", "identifier_duplicate_share"),
    tell=_tell,
    remedy="Take each row once: a join or an export has probably repeated them.",
)
