"""The written list of metrics that are observed beside the tally: of columns, of two datasets, of a run.

A tally holds what labels and predictions say of groups. What else the stages measure (drift of a column, duplicates,
a feature that stands in for an attribute) becomes a `Measurement` too, with ``about`` saying what it is about, so that
one judge, one policy and one report serve every stage.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from assay.metrics import (
    arrival,
    concept_drift,
    drift_metrics,
    duplicates,
    estimated_performance,
    expectations,
    foretelling,
    label_consistency,
    label_noise,
    label_shift,
    missingness,
    overlap,
    paired,
    prediction_drift,
    prediction_spread,
    representation,
    robustness,
    training_metrics,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.metrics.metric import Metric

_FAMILIES = (
    drift_metrics,
    representation,
    label_consistency,
    label_noise,
    label_shift,
    missingness,
    duplicates,
    overlap,
    foretelling,
    expectations,
    training_metrics,
    robustness,
    prediction_drift,
    prediction_spread,
    concept_drift,
    estimated_performance,
    arrival,
    paired,
)

OBSERVED: Mapping[str, Metric] = MappingProxyType(
    {metric.name: metric for family in _FAMILIES for metric in family.METRICS}
)
"""Every observed metric by name."""
