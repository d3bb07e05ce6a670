"""The written list of metrics, in the order in which measurements are told."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from assay.errors import InputError, suggest
from assay.metrics import (
    auc,
    calibration,
    comparisons,
    confusion,
    entropy,
    impact,
    multiclass,
    rates,
    regression,
    scores,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from assay.metrics.metric import Metric

_FAMILIES = (rates, confusion, scores, auc, calibration, multiclass, regression, entropy, impact, comparisons)

METRICS: Mapping[str, Metric] = MappingProxyType(
    {metric.name: metric for family in _FAMILIES for metric in family.METRICS}
)
"""Every metric by name."""

ORDER: Mapping[str, int] = MappingProxyType({name: number for number, name in enumerate(METRICS)})
"""Place of each metric in the list."""


def known(names: Collection[str]) -> None:
    """Check that metrics exist.

    Raises:
        InputError: naming every one that does not, each with the nearest that does.
    """
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        found = "; ".join(f"{name!r}{suggest(name, METRICS)}" for name in unknown)
        raise InputError(f"expected names of metrics, found {found}. The list: {', '.join(METRICS)}")
