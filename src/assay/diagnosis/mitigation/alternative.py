"""Alternatives: other learners, fewer features, other weights, combined, each with the cut that the limits ask for.

What a lender is asked to look for: a model that does the same work about as well and turns fewer of a group away
(comment 6(a)-2 on 12 CFR 1002.6(a), in force until 21 July 2026; the Fair Housing Act and the laws of states go on
asking). The protected attribute is used while fitting at most, never when it predicts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assay.diagnosis.mitigation.cuts import common_cut, cut_at
from assay.diagnosis.mitigation.dropping import foretelling
from assay.diagnosis.mitigation.learner import LEARNERS, Learner
from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method, NoRemedyError, Settings
from assay.diagnosis.mitigation.reweighing import weights

if TYPE_CHECKING:
    from collections.abc import Iterator

DROPPED = (0, 1, 2, 4, 8)
AMOUNTS = (0.0, 0.5, 1.0)
STRENGTHS = (1.0, 0.1, 0.01)
LEAVES = (7, 15)


def fits(lesson: Lesson) -> Mended:
    """Fit one alternative, at a cut of one half or at the cut that the limits ask for."""
    settings = lesson.settings
    learner = _learner(lesson).seeded(lesson.seed)
    told = foretelling(lesson.fit, lesson.limits.attributes, seed=lesson.seed) if settings["dropped"] else {}
    dropped = list(told)[: int(settings["dropped"])]
    kept = [name for name in lesson.fit.features.columns if name not in dropped]
    if not kept:
        raise NoRemedyError(f"{len(dropped)} features dropped leave none")
    weighed = weights(lesson.fit, lesson.limits, float(settings["amount"])) if settings["amount"] else None
    fitted = learner.fitted(lesson.fit, weighed, features=kept)
    found: Settings = {"dropped_features": ", ".join(dropped)} if dropped else {}
    if settings["cut"] == "half":
        return Mended(estimator=fitted, found=found)
    cut = common_cut(fitted, lesson.choose, lesson.limits)
    return Mended(estimator=cut_at(fitted, cut, lesson.fit), found={**found, "cut_at": round(cut, 6)})


def _learner(lesson: Lesson) -> Learner:
    """Return the learner that the settings name; on our own encoding, so that features can be left out."""
    from sklearn.base import clone  # noqa: PLC0415 - an extra

    name, settings = str(lesson.settings["learner"]), lesson.settings
    if name == "given":
        if not lesson.learner.ours and settings["dropped"]:
            raise NoRemedyError("features are left out of learners that Assay encodes for, not of somebody's pipeline")
        return lesson.learner
    learner = LEARNERS[name]()
    tuned = {"C": settings["C"]} if name == "logistic" else {"max_leaf_nodes": settings["leaves"]}
    return replace(learner, estimator=clone(learner.estimator).set_params(**tuned))


def _grid() -> Iterator[tuple[str, Settings]]:
    """Yield every alternative: those that change least first, so that a short budget sees the nearest ones."""
    learners: list[tuple[str, Settings]] = [("given", {"learner": "given"})]
    learners += [(f"logistic{strength:g}", {"learner": "logistic", "C": strength}) for strength in STRENGTHS]
    learners += [(f"boosting{leaves}", {"learner": "boosting", "leaves": leaves}) for leaves in LEAVES]
    for dropped in DROPPED:
        for amount in AMOUNTS:
            for name, chosen in learners:
                for cut in ("half", "chosen"):
                    told = f"{name}_drop{dropped}_weigh{amount:g}" + ("" if cut == "half" else "_cut")
                    yield told, {**chosen, "dropped": dropped, "amount": amount, "cut": cut}


METHOD = Method(
    name="alternative",
    title="Another learner, fewer features, other weights of rows, another cut for all: alone and combined.",
    source="a grid, all of it on record",
    fits=fits,
    settings=dict(_grid()),
)
