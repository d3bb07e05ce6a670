"""Recalibration by group: scores that mean the same in every group, by a slope and an intercept for each."""

from __future__ import annotations

from assay.diagnosis.mitigation.by_group import attribute_of, score_and_group
from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method, NoRemedyError

LEAST = 10
"""Rows of each label that a group needs among the choosing rows to be calibrated by."""


def fits(lesson: Lesson) -> Mended:
    """Fit the learner, then the log-odds of each group, with a slope and an intercept, on the choosing rows."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - an extra
    from sklearn.pipeline import Pipeline  # noqa: PLC0415
    from sklearn.preprocessing import PolynomialFeatures  # noqa: PLC0415

    attribute = attribute_of(lesson.limits)
    groups, choose = lesson.choose.group((attribute,)), lesson.choose
    few = [
        f"{one} ({min(int((choose.label[groups == one] == label).sum()) for label in (0, 1))})"
        for one in sorted(set(groups.tolist()))
        if min((choose.label[groups == one] == label).sum() for label in (0, 1)) < LEAST
    ]
    if few:
        raise NoRemedyError(f"fewer than {LEAST} choosing rows of one label: {attribute} {', '.join(few)}")
    fitted = lesson.learner.seeded(lesson.seed).fitted(lesson.fit)
    both = score_and_group(fitted, lesson.fit, attribute, sorted(set(groups.tolist())))
    crossed = PolynomialFeatures(2, interaction_only=True, include_bias=False)
    calibrated = Pipeline([("crossed", crossed), ("calibrate", LogisticRegression(C=100.0, max_iter=2000))])
    calibrated.fit(both.transform(choose.frame((attribute,))), choose.label)
    return Mended(estimator=Pipeline([("odds", both), ("calibrated", calibrated)]), asks=(attribute,))


METHOD = Method(
    name="recalibration",
    title="Scores of each group moved and stretched until they mean the same in every group; the cut stays one half.",
    source="Platt (1999), Probabilistic outputs for support vector machines, by group",
    fits=fits,
    needs_attribute=True,
)
