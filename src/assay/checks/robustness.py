"""robustness: decisions stand when inputs are noisy, missing or out of range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, people: str) -> str | None:
    if not one.value or one.metric == "prediction_agreement":
        return None
    count = round(one.value * one.n)
    if one.metric.endswith("failure_rate"):
        return f"{count:,} of {one.n:,} {people} got no decision{f': {one.reason}' if one.reason else ''}."
    return f"{count:,} of {one.n:,} {people} got another decision."


CHECK = observed_check(
    "robustness",
    "Decisions stand when inputs are noisy, missing or out of range",
    (
        "noise_flip_rate",
        "missing_flip_rate",
        "missing_failure_rate",
        "range_flip_rate",
        "range_failure_rate",
        "prediction_agreement",
    ),
    tell=_tell,
    remedy="Check inputs before they are scored, and train with noise, missing values and wider ranges.",
)
