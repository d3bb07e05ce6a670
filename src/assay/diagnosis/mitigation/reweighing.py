"""Reweighing: rows are weighted so that group and outcome are independent in what is learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method

if TYPE_CHECKING:
    from assay.diagnosis.mitigation.limits import Limits
    from assay.diagnosis.mitigation.table import Table


def weights(table: Table, limits: Limits, amount: float = 1.0) -> Any:  # noqa: ANN401 - a numpy array
    """Return a weight for each row: P(group) P(label) / P(group and label), to the power of an amount.

    Kamiran and Calders (2012), Data preprocessing techniques for classification without discrimination, Knowledge and
    Information Systems 33(1), section 4.3. An amount of 0 leaves rows as they are; 1 makes them independent.
    """
    import numpy as np  # noqa: PLC0415 - an extra

    own = np.ones(table.count) if table.weight is None else table.weight
    group, total = table.group(limits.attributes), own.sum()
    found = np.ones(table.count)
    for one in np.unique(group):
        for label in (0, 1):
            rows = (group == one) & (table.label == label)
            both = own[rows].sum()
            if both > 0:
                apart = own[group == one].sum() * own[table.label == label].sum() / total
                found[rows] = (apart / both) ** amount
    return found


def fits(lesson: Lesson) -> Mended:
    """Fit the learner on weighted rows."""
    weighed = weights(lesson.fit, lesson.limits, lesson.settings.get("amount", 1.0))
    return Mended(estimator=lesson.learner.seeded(lesson.seed).fitted(lesson.fit, weighed))


METHOD = Method(
    name="reweighing",
    title="Rows weighted so that group and outcome are independent in what is learnt from.",
    source="Kamiran and Calders (2012), Knowledge and Information Systems 33(1), section 4.3",
    fits=fits,
)
