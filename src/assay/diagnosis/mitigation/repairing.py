"""Repairing stand-ins: numbers that go with the group are moved to the groups' common distribution."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from assay.diagnosis.mitigation.by_group import attribute_of
from assay.diagnosis.mitigation.dropping import foretelling
from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method, NoRemedyError

GOES_WITH = 0.53
"""A number that foretells a group at least so well is repaired."""

DIFFERENT_VALUES = 5
"""A number with fewer different values has no quantiles to move."""


def fits(lesson: Lesson) -> Mended:
    """Repair the rows that the learner fits on; it then repairs whoever it is asked about."""
    from sklearn.pipeline import Pipeline  # noqa: PLC0415 - an extra

    from assay.diagnosis.mitigation.quantile_repair import QuantileRepair  # noqa: PLC0415 - a class of scikit-learn's

    attribute, fit = attribute_of(lesson.limits), lesson.fit
    told = foretelling(fit, lesson.limits.attributes, seed=lesson.seed)
    numbers = tuple(name for name, area in told.items() if area >= GOES_WITH and _has_quantiles(fit.features[name]))
    if not numbers:
        raise NoRemedyError(f"no feature that is a number goes with {attribute}")
    repair = QuantileRepair(attribute, numbers, float(lesson.settings["amount"])).fit(fit.frame((attribute,)))
    repaired = replace(fit, features=repair.transform(fit.frame((attribute,))))
    fitted = lesson.learner.seeded(lesson.seed).fitted(repaired)
    return Mended(
        estimator=Pipeline([("repair", repair), ("fitted", fitted)]),
        asks=(attribute,),
        needs=("assay",),
        found={"repaired": ", ".join(numbers)},
    )


def _has_quantiles(column: Any) -> bool:  # noqa: ANN401 - a pandas column
    return bool(column.dtype.kind == "f" and column.nunique() >= DIFFERENT_VALUES)


METHOD = Method(
    name="repair_feature",
    title="Numbers that go with the group are moved to the groups' common distribution before they are learnt from.",
    source="Feldman, Friedler, Moeller, Scheidegger and Venkatasubramanian (2015), Certifying and removing disparate "
    "impact, KDD, section 5",
    fits=fits,
    settings={"half": {"amount": 0.5}, "whole": {"amount": 1.0}},
    needs_attribute=True,
)
