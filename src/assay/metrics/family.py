"""Every metric of one group, family by family; families nobody asked for are not computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics import auc, calibration, confusion, entropy, multiclass, rates, regression, scores, treatment
from assay.metrics.intervals.wilson import kish
from assay.metrics.metric import Estimate, undefined

if TYPE_CHECKING:
    from collections.abc import Collection

    from assay.metrics.groups import Group
    from assay.metrics.histogram import Points
    from assay.metrics.intervals.level import Level

_CONFUSION = frozenset(metric.name for metric in confusion.METRICS)
_SCORES = frozenset(metric.name for metric in scores.METRICS)
_CALIBRATION = frozenset(metric.name for metric in calibration.METRICS)
_REGRESSION = frozenset(metric.name for metric in regression.METRICS)


def design_effect(group: Group) -> float | None:
    """Return rows over Kish's effective rows: 1 without weights, None where squared weights were not summed."""
    if group.weights is None:
        return 1.0
    if group.squares is None:
        return None
    effective = kish(sum(group.weights) * 1e-12, sum(group.squares) * 1e-12)
    return group.rows / effective if effective > 0 else None


def binary(group: Group, axis: Points | None, names: Collection[str], level: Level) -> dict[str, Estimate]:
    """Return the metrics of one group of a binary tally, at least those named."""
    cells = (group.counts, group.weights, group.squares)
    found = {"count": rates.count(group)}
    found |= rates.rates(*cells, level)
    if not _CONFUSION.isdisjoint(names):
        found |= confusion.confusion(*cells, level)
    if "treatment_equality" in names:
        found["treatment_equality"] = treatment.treatment_equality(*cells, level)
    if "generalized_entropy_index" in names:
        found["generalized_entropy_index"] = entropy.entropy(group, level)
    if axis is None or group.scores is None:
        return found | dict.fromkeys({*_SCORES, *_CALIBRATION, "roc_auc"}, undefined("no row has a score"))
    deff = design_effect(group)
    if not _SCORES.isdisjoint(names):
        found |= scores.scores(group.scores, axis, deff, level)
    if not _CALIBRATION.isdisjoint(names):
        found |= calibration.calibration(group.scores, axis, deff, level)
    if "roc_auc" in names:
        found["roc_auc"] = auc.roc_auc(group.scores, axis, deff, level)
    return found


def many_classes(group: Group, level: Level) -> dict[str, Estimate]:
    """Return the metrics of one group of a multi-class tally that are about all classes."""
    return {"count": rates.count(group)} | multiclass.multiclass(group, level)


def one_class(group: Group, positive: str | int, level: Level) -> dict[str, Estimate]:
    """Return the metrics of one group of a multi-class tally for one class against the rest."""
    counts = multiclass.one_against_rest(group.confusion, positive) or []
    weights = multiclass.one_against_rest(group.weighed, positive)
    squares = multiclass.one_against_rest(group.weighed_squares, positive)
    found = rates.rates(counts, weights, squares, level)
    return found | {"f1": confusion.confusion(counts, weights, squares, level)["f1"]}


def errors(group: Group, names: Collection[str], level: Level) -> dict[str, Estimate]:
    """Return the metrics of one group of a regression tally."""
    found = {"count": rates.count(group)}
    return found if _REGRESSION.isdisjoint(names) else found | regression.regression(group, level)
