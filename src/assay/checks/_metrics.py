"""The written list of metrics, looked up when it is needed: what is read and what is decided must speak of the same."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.metrics.metric import Metric


@cache
def known_metrics() -> Mapping[str, Metric]:
    """Return every metric that Assay measures, by name: those of a tally, and those observed beside it."""
    from assay.metrics import METRICS  # noqa: PLC0415 - a policy without metrics needs none of it
    from assay.metrics.observed import OBSERVED  # noqa: PLC0415

    return MappingProxyType({**METRICS, **OBSERVED})
