"""One candidate, tried: fitted for each part of the plan, asked about the rows that are chosen by and reported."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation import method
from assay.diagnosis.mitigation.cuts import scores
from assay.diagnosis.mitigation.lesson import Lesson, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.diagnosis.mitigation.learner import Learner
    from assay.diagnosis.mitigation.lesson import Candidate, Mended
    from assay.diagnosis.mitigation.limits import Limits
    from assay.diagnosis.mitigation.plan import Part, Plan

LONGEST_NOTE = 300


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a candidate answered.

    Attributes:
        decisions: 0 or 1 for each row reported, a numpy array.
        scores: the probability of the positive class, likewise.
        chosen: decisions on the rows that choose.
        asks: protected attributes that it must be given.
        needs: packages beside scikit-learn that must be there to predict.
        found: what the method set by itself in the last fit.
        notes: what a person should know.
        estimator: the fitted estimator of the last fit, pickled.
    """

    decisions: Any
    scores: Any
    chosen: Any
    asks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    found: Settings = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    estimator: bytes = b""


def unjudged(_answers: Answers) -> None:
    """Judge nothing."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What all candidates of a search share.

    Attributes:
        plan: the rows, and how they are used.
        learner: what candidates build on.
        limits: what they are to keep.
        seed: of all chance.
        declared: features declared to stand in for the attribute.
        judge: holds what a candidate answered against whatever the caller goes by; asked where the candidate was
            fitted, within the candidate's time, so it has to be something that can be pickled.
    """

    plan: Plan
    learner: Learner
    limits: Limits
    seed: int
    declared: tuple[str, ...] = ()
    judge: Callable[[Answers], Any] = unjudged


def attempt(work: Work, candidate: Candidate, tell: Callable[[float], None] = lambda _share: None) -> Answers:
    """Fit a candidate for every part of the plan.

    Args:
        work: what all candidates share.
        candidate: the method and its settings.
        tell: told the share that is done.

    Raises:
        NoRemedyError: when it cannot be tried here.
        Exception: whatever learner or library raise.
    """
    import numpy as np  # noqa: PLC0415 - an extra

    plan = work.plan
    decisions = np.zeros(plan.reported.count, dtype=np.int64)
    found = np.zeros(plan.reported.count)
    notes: list[str] = []
    for number, part in enumerate(plan.parts):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            mended = _fit(work, candidate, part)
            if len(part.report):
                reported = plan.reported.take(part.report)
                decisions[part.report] = mended.estimator.predict(reported.frame(mended.asks))
                found[part.report] = scores(mended.estimator, reported, mended.asks)
        notes += [*mended.notes, *_told(caught)]
        tell((number + 1) / len(plan.parts))
    choosing = plan.learnt.take(plan.last.choose)
    return Answers(
        decisions=decisions,
        scores=found,
        chosen=np.asarray(mended.estimator.predict(choosing.frame(mended.asks)), dtype=np.int64),
        asks=mended.asks,
        needs=mended.needs,
        found=mended.found,
        notes=tuple(dict.fromkeys(notes)),
        estimator=pickle.dumps(mended.estimator),
    )


def _told(caught: list[warnings.WarningMessage]) -> list[str]:
    """Return warnings about the fit in words; those about what a library will do another day are not about it."""
    about = [one for one in caught if not issubclass(one.category, DeprecationWarning | FutureWarning)]
    return [f"{one.category.__name__}: {str(one.message).splitlines()[0]}"[:LONGEST_NOTE] for one in about]


def _fit(work: Work, candidate: Candidate, part: Part) -> Mended:
    lesson = Lesson(
        fit=work.plan.learnt.take(part.fit),
        choose=work.plan.learnt.take(part.choose),
        learner=work.learner,
        limits=work.limits,
        settings=candidate.settings,
        seed=work.seed,
        declared=work.declared,
    )
    return method(candidate.method).fits(lesson)
