"""Grid search: the learner fitted for a grid of prices of unfairness; the choosing rows name the fit."""

from __future__ import annotations

from typing import Any

from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method, NoRemedyError
from assay.diagnosis.mitigation.limits import accuracy, cheapest
from assay.diagnosis.mitigation.parity import constraint

GRID = 25
"""Fits of a grid in one dimension; each further group multiplies what a grid must hold, so chance fills it."""


def fits(lesson: Lesson) -> Mended:
    """Fit the grid and choose one of it."""
    from fairlearn.reductions import GridSearch  # noqa: PLC0415 - an extra; its absence is told by `constraint`

    fit, learner = lesson.fit, lesson.learner.seeded(lesson.seed)
    if fit.weight is not None:
        raise NoRemedyError("Fairlearn's reductions set the rows' weights themselves; rows that have weights cannot be")
    learner.weighing(fit.label)  # says so when it takes no weights
    encoder, matrix = learner.encoded(fit)
    search = GridSearch(learner.estimator, constraint(lesson.limits.aim.metric), grid_size=GRID)
    search.fit(matrix, fit.label, sensitive_features=fit.group(lesson.limits.attributes))
    wholes = [learner.whole(encoder, one) for one in search.predictors_ if hasattr(one, "predict_proba")]
    tried = [_tried(one, lesson) for one in wholes]
    chosen = cheapest(tried)
    return Mended(estimator=wholes[chosen], found={"fits": len(wholes), "chosen": chosen})


def _tried(whole: Any, lesson: Lesson) -> tuple[float, float]:  # noqa: ANN401 - a fitted estimator
    decided = whole.predict(lesson.choose.features)
    limits = lesson.limits
    return limits.beyond(limits.tally(lesson.choose, decided)), accuracy(lesson.choose, decided)


METHOD = Method(
    name="grid_search",
    title=f"The learner fitted for {GRID} prices of unfairness; one fit is taken, so that nothing is drawn.",
    source="Agarwal et al. (2018), A reductions approach to fair classification, ICML, section 3.4, by Fairlearn",
    fits=fits,
)
