"""The learner fitted again with nothing done: what every other candidate has to be held against."""

from __future__ import annotations

from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method


def fits(lesson: Lesson) -> Mended:
    """Fit the learner as it is."""
    return Mended(estimator=lesson.learner.seeded(lesson.seed).fitted(lesson.fit))


METHOD = Method(
    name="as_is",
    title="The same learner fitted again with nothing done: shows what fitting again alone does.",
    source="none",
    fits=fits,
)
