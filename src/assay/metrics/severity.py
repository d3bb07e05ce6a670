"""How severe a column's drift is, by its size and not by a p-value: a million rows make every change significant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from assay.records.measurement import Measurement

Severity: TypeAlias = Literal["none", "moderate", "large", "not decided", "not measured"]

MODERATE, LARGE = 0.1, 0.25
"""Siddiqi 2006, "Credit Risk Scorecards", Wiley, chapter 8: below 0.1 no change, from 0.25 on a great one."""


def severity(psi: Measurement) -> Severity:
    """Return how severe a stability index is: by the end of its interval that the rows vouch for.

    Few rows have a wide interval, so little is said of them; many rows have a narrow one around a small index.
    """
    if psi.value is None or psi.interval is None:
        return "not measured"
    low, high = psi.interval
    if low >= LARGE:
        return "large"
    if low >= MODERATE:
        return "moderate"
    return "none" if high < MODERATE else "not decided"
