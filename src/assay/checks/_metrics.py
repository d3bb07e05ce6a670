"""The written list of metrics, looked up when it is needed: what is read and what is decided must speak of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.metrics.metric import Metric


def known_metrics() -> Mapping[str, Metric]:
    """Return every metric that Assay measures, by name."""
    from assay.metrics import METRICS  # noqa: PLC0415 - a policy without metrics needs none of it

    return METRICS
