"""Exponentiated gradient: several fits that are fair together, averaged so that nothing is drawn."""

from __future__ import annotations

from typing import Any

from assay.diagnosis.mitigation.cuts import common_cut, cut_at
from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method, NoRemedyError
from assay.diagnosis.mitigation.parity import constraint, difference_left

ROUNDS = 30
LEAST_SHARE = 0.005
"""A member of a lesser weight is left out: it decides nothing."""


DRAWN = (
    "Fairlearn draws a member for each decision; here the members' probabilities are averaged instead, with "
    "their weights, and cut once for all: nothing is drawn, and what is measured is that."
)
"""What is said of it, because others who know the method expect otherwise."""


def fits(lesson: Lesson) -> Mended:
    """Fit the members, average what they score, and choose the cut of the average."""
    from fairlearn.reductions import ExponentiatedGradient  # noqa: PLC0415 - an extra; `constraint` says so

    fit, learner = lesson.fit, lesson.learner.seeded(lesson.seed)
    if fit.weight is not None:
        raise NoRemedyError("Fairlearn's reductions set the rows' weights themselves; rows that have weights cannot be")
    learner.weighing(fit.label)
    aim = lesson.limits.aim
    encoder, matrix = learner.encoded(fit)
    parity = constraint(aim.metric, difference_left(aim))
    search = ExponentiatedGradient(learner.estimator, parity, max_iter=ROUNDS)
    search.fit(matrix, fit.label, sensitive_features=fit.group(lesson.limits.attributes))
    weights = [float(search.weights_[at]) for at in range(len(search.predictors_))]
    members = [(one, share) for one, share in zip(search.predictors_, weights, strict=True) if share >= LEAST_SHARE]
    averaged = learner.whole(encoder, _average(members, matrix, fit.label))
    cut = common_cut(averaged, lesson.choose, lesson.limits)
    return Mended(
        estimator=cut_at(averaged, cut, fit),
        found={"members": len(members), "cut": round(cut, 6)},
        notes=(DRAWN,),
    )


def _average(members: list[tuple[Any, float]], matrix: Any, label: Any) -> Any:  # noqa: ANN401 - estimators, arrays
    from sklearn.ensemble import VotingClassifier  # noqa: PLC0415 - an extra
    from sklearn.frozen import FrozenEstimator  # noqa: PLC0415

    named = [(f"member_{at}", FrozenEstimator(one)) for at, (one, _share) in enumerate(members)]
    return VotingClassifier(named, voting="soft", weights=[share for _one, share in members]).fit(matrix, label)


METHOD = Method(
    name="exponentiated_gradient",
    title="Several fits, each with other weights of rows, that keep the limit together; averaged and cut once for all.",
    source="Agarwal et al. (2018), A reductions approach to fair classification, ICML, algorithm 1, by Fairlearn",
    fits=fits,
    determinism="As Fairlearn has it, each decision is drawn anew. Fixed here: the members are averaged, so the same "
    "rows always get the same decisions.",
)
