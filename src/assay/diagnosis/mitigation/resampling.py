"""Resampling: rows are repeated or left out until group and outcome are independent in what is learnt from."""

from __future__ import annotations

from typing import Any

from assay.diagnosis.mitigation.cuts import scores
from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method


def drawn(lesson: Lesson, ranked: Any) -> Any:  # noqa: ANN401 - numpy arrays
    """Return the rows of the new sample, as positions.

    Args:
        lesson: rows and groups.
        ranked: a score a row: those nearest to the border are repeated or left out first; None to draw by chance.
    """
    import numpy as np  # noqa: PLC0415 - an extra

    fit, chance = lesson.fit, np.random.default_rng(lesson.seed)
    group, found = fit.group(lesson.limits.attributes), []
    for one in sorted(set(group.tolist())):
        for label in (0, 1):
            rows = np.flatnonzero((group == one) & (fit.label == label))
            if not len(rows):
                continue
            wanted = round((group == one).sum() * (fit.label == label).sum() / fit.count)
            if ranked is None:
                found.append(chance.choice(rows, size=wanted, replace=True))
                continue
            nearest = rows[np.argsort(ranked[rows] if label == 1 else -ranked[rows], kind="stable")]
            if wanted >= len(rows):  # whole copies first, then the nearest to the border once more
                copies, rest = divmod(wanted, len(rows))
                found.extend([*([rows] * copies), nearest[:rest]])
            else:
                found.append(nearest[len(rows) - wanted :])
    return np.sort(np.concatenate(found))


def fits(lesson: Lesson) -> Mended:
    """Fit the learner on the new sample."""
    learner = lesson.learner.seeded(lesson.seed)
    preferential = lesson.settings["draw"] == "preferential"
    ranked = scores(learner.fitted(lesson.fit), lesson.fit) if preferential else None
    rows = drawn(lesson, ranked)
    return Mended(estimator=learner.fitted(lesson.fit.take(rows)), found={"rows": len(rows)})


METHOD = Method(
    name="resampling",
    title="Rows repeated or left out until group and outcome are independent: by chance (uniform), or those nearest to "
    "the border first (preferential).",
    source="Kamiran and Calders (2012), Knowledge and Information Systems 33(1), section 4.4",
    fits=fits,
    settings={"uniform": {"draw": "uniform"}, "preferential": {"draw": "preferential"}},
)
