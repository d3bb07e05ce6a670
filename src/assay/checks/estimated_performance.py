"""estimated-performance: performance that calibrated scores lead one to expect, before labels come."""

from __future__ import annotations

from assay.checks._observed import observed_check

CHECK = observed_check(
    "estimated-performance",
    "The model is expected to be good enough while labels are late",
    (
        "estimated_accuracy",
        "estimated_true_positive_rate",
        "estimated_false_positive_rate",
        "estimated_precision",
        "estimated_base_rate",
    ),
    remedy="Get labels for a sample of this window: an estimate is no measurement.",
)
