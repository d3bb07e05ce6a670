"""schema: columns are of the type, in the range and among the values that assay.yaml expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import about, observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, _people: str) -> str | None:
    if not one.value:
        return None
    named = about(one)
    found = f" ({one.reason})" if one.reason else ""
    broken = f"{round(one.value * one.n):,} of {one.n:,} rows"
    return f"{broken} break what is expected of {named.get('column', '')}: {named.get('expectation', '')}{found}."


CHECK = observed_check(
    "schema",
    "Columns are as expected",
    ("expectation_broken_share",),
    tell=_tell,
    remedy="Mend the rows at their source, or correct data.expect in assay.yaml if the expectation is wrong.",
)
