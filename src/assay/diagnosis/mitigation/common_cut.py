"""Another cut, one for all: the learner as it is, deciding from another score on."""

from __future__ import annotations

from assay.diagnosis.mitigation.cuts import common_cut, cut_at
from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method


def fits(lesson: Lesson) -> Mended:
    """Fit the learner and choose its cut."""
    fitted = lesson.learner.seeded(lesson.seed).fitted(lesson.fit)
    cut = common_cut(fitted, lesson.choose, lesson.limits)
    return Mended(estimator=cut_at(fitted, cut, lesson.fit), found={"cut": round(cut, 6)})


METHOD = Method(
    name="threshold",
    title="One other cut of the score for everybody: the one that keeps the limits at the least cost in accuracy.",
    source="a search over the cuts",
    fits=fits,
)
