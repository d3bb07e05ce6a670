"""A cut for each group, by Fairlearn's threshold optimiser; where it would draw, the likelier cut is taken."""

from __future__ import annotations

from inspect import signature
from math import isfinite, log
from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.by_group import attribute_of, score_and_group
from assay.diagnosis.mitigation.cuts import HALF, scores
from assay.diagnosis.mitigation.lesson import Estimator, Lesson, Mended, Method, NoRemedyError
from assay.diagnosis.mitigation.parity import POSTPROCESSED, constraint_name, difference_left
from assay.errors import MissingExtraError

if TYPE_CHECKING:
    from assay.diagnosis.mitigation.table import Table

_LEAST = 1e-9


DRAWN = (
    "Fairlearn draws between two cuts of a group; here the likelier one is always taken. What is left "
    "between the groups is measured."
)
"""What is said of it, because others who know the method expect otherwise."""


def fits(lesson: Lesson) -> Mended:
    """Fit the learner, let Fairlearn find each group's cuts on the choosing rows, and fix them."""
    attribute, name = attribute_of(lesson.limits), constraint_name(lesson.limits.aim.metric)
    if name not in POSTPROCESSED:
        raise NoRemedyError(f"Fairlearn's threshold optimiser knows no {name}")
    fitted = lesson.learner.seeded(lesson.seed).fitted(lesson.fit)
    left = difference_left(lesson.limits.aim)
    cuts = group_cuts(fitted, lesson.choose, attribute, POSTPROCESSED[name], left=left)
    return Mended(
        estimator=deciding(fitted, lesson.fit, attribute, cuts),
        asks=(attribute,),
        found={f"cut.{group}": round(cut, 6) for group, cut in cuts.items()},
        notes=(DRAWN,),
    )


def group_cuts(
    fitted: Estimator,
    choose: Table,
    attribute: str,
    parity: str,
    *,
    left: float | None = None,
) -> dict[str, float]:
    """Return each group's cut: decided for the positive class above it.

    Args:
        fitted: what scores.
        choose: the rows that choose.
        attribute: by whose groups.
        parity: the constraint, as Fairlearn names it.
        left: the difference that may be left between groups, for versions of Fairlearn that can leave one.
    """
    try:
        from fairlearn.postprocessing import ThresholdOptimizer  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("Fairlearn", "mitigation") from None

    groups = choose.group((attribute,))
    for one in sorted(set(groups.tolist())):
        if len(set(choose.label[groups == one].tolist())) == 1:
            raise NoRemedyError(f"the choosing rows of {attribute} {one} all have one label: no cut can be set for it")
    can_leave = "tol" in signature(ThresholdOptimizer).parameters and parity != "equalized_odds"
    optimiser = ThresholdOptimizer(
        estimator=fitted, constraints=parity, objective="accuracy_score", prefit=True, predict_method="predict_proba",
        **({"tol": left} if can_leave and left else {}),
    )  # fmt: skip
    optimiser.fit(choose.features, choose.label, sensitive_features=groups)
    found = optimiser.interpolated_thresholder_.interpolation_dict
    reach = scores(fitted, choose)
    return {str(group): _likelier(one, float(reach.min()), float(reach.max())) for group, one in sorted(found.items())}


def _likelier(two: Any, low: float, high: float) -> float:  # noqa: ANN401 - Fairlearn's record
    """Return the likelier of two cuts, within reach of the scores: beyond them nobody, or everybody, is chosen."""
    operation = two.operation0 if two.p0 >= two.p1 else two.operation1
    cut = float(operation.threshold)
    if not isfinite(cut):
        cut = low - _LEAST if cut < 0 else high + _LEAST
    return min(max(cut, _LEAST), 1 - _LEAST)


def deciding(fitted: Any, fit: Table, attribute: str, cuts: dict[str, float]) -> Any:  # noqa: ANN401 - estimators
    """Return an estimator whose odds are shifted by group, so that a half is each group's own cut."""
    import numpy as np  # noqa: PLC0415 - an extra
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import Pipeline  # noqa: PLC0415

    both = score_and_group(fitted, fit, attribute, list(cuts))
    decide = LogisticRegression().fit(both.transform(fit.frame((attribute,))), fit.label)
    # Log-odds against and for are each other's negative: half the difference is the log-odds.
    decide.coef_ = np.array([[-HALF, HALF, *(-log(cut / (1 - cut)) for cut in cuts.values())]])
    decide.intercept_ = np.array([0.0])
    return Pipeline([("odds", both), ("decide", decide)])


METHOD = Method(
    name="threshold_by_group",
    title="A cut of the score for each group.",
    source="Hardt, Price and Srebro (2016), Equality of opportunity in supervised learning, NeurIPS, by Fairlearn",
    fits=fits,
    needs_attribute=True,
    determinism="As Fairlearn has it, decisions near a cut are drawn anew. Fixed here: each group has one cut, so the "
    "same rows always get the same decisions.",
)
