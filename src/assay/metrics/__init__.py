"""Tally in, measurements out: value, interval, n, unit and group, in standard-library arithmetic."""

from __future__ import annotations

from assay.metrics.catalogue import METRICS
from assay.metrics.measuring import measure
from assay.metrics.metric import Metric

__all__ = ["METRICS", "Metric", "measure"]
