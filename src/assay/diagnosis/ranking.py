"""Which cause comes first: mechanisms before accountings, what is sure and large before what is not; or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.diagnosis.case import confidence
from assay.diagnosis.training_causes import LABELS
from assay.records.explanation import Cause, Clue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.case import Case, Suspect

ACCOUNTING = 0.7
"""Weight of an accounting (base rates, an error gap, a common cut): there is always one, so a mechanism that explains
seven tenths as much comes first."""

LEAST_WEIGHT = 0.15
"""A cause that weighs less does not stand out."""

UPSTREAM = {
    "data.split_mismatch": 0.3, "data.representation": 0.3, "model.slice": 0.3, "data.missingness": 0.1,
    "data.label_noise": 0.2, "threshold.cut": 0.1, "data.proxy": 0.1, "model.feature": 0.1,
}  # fmt: skip
"""What is added to the weight of a mechanism that brings others about: a model fitted on too few of a group, or on
others, is off in that group as well, but not the other way round; and what is off in one slice is off on average."""

COUNTED = ("data.representation", "data.missingness", "data.split_mismatch")
"""Kinds whose evidence is a count of rows."""

BEYOND_DOUBT = 0.99
"""Confidence from which on a mechanism is named although the gap itself may be one of chance."""

MOST_OF_IT = 0.6
"""Share of the gap from which on a mechanism is taken to bring the others about."""


def weight(suspect: Suspect) -> float:
    """Return how far up a suspect stands."""
    plain = suspect.weight
    if not suspect.mechanism:
        return plain * ACCOUNTING
    whole = suspect.cause.share is None or suspect.cause.share >= MOST_OF_IT or suspect.cause.kind.startswith("data.")
    return (
        plain + UPSTREAM.get(suspect.cause.kind, 0.0) * suspect.cause.confidence
        if whole and plain >= LEAST_WEIGHT
        else plain
    )


def rank(case: Case, suspects: Sequence[Suspect]) -> tuple[Cause, ...]:
    """Return the causes in order, ``none`` where none stands out; never empty."""
    if case.status == "pass":
        return (_none(case, 0.95, "The metric keeps its limit: there is nothing to explain."),)
    best: dict[str, Suspect] = {}
    turned = any(one.cause.kind == "data.label_noise" and one.weight >= MOST_OF_IT for one in suspects)
    missing = any(one.cause.kind == "data.missingness" and one.weight >= MOST_OF_IT for one in suspects)
    for one in suspects:
        if missing and one.feature in case.missing_more:
            continue  # what the score does with that column it does where its values are missing
        if (turned or missing) and one.cause.kind == "data.split_mismatch" and one.feature == LABELS:
            continue  # labels turned, or values missing, in one of two tables make them unlike: one account is enough
        kept = best.get(one.cause.kind)
        if kept is None or weight(one) > weight(kept):
            best[one.cause.kind] = one
    size = best.pop("data.sample_size", None)
    order = _ordered(list(best.values()))
    standing = [one for one in order if weight(one) >= LEAST_WEIGHT]
    causes = [one.cause for one in standing]
    if size is not None and (not standing or _outweighs(case, size, standing[0])):
        return (size.cause, *causes)
    tail = () if size is None else (size.cause,)
    noise = _within_noise(case)
    if noise and not (standing and _beyond_doubt(case, standing[0])):
        return (_none(case, 0.9, noise), *causes, *tail)
    if not standing:
        return (_none(case, 0.6, "The gap is there, and no cause that was looked for stands out."), *tail)
    return (*causes, *tail)


def _ordered(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Return suspects by weight, those that another one screens off after it."""
    heaviest = sorted(suspects, key=weight)
    behind = {kind: one for one in heaviest if weight(one) >= LEAST_WEIGHT for kind in one.screens}

    def place(one: Suspect) -> tuple[float, int, str]:
        before = behind.get(one.cause.kind)
        if before is not None and weight(before) < weight(one):
            return (-weight(before), 1, one.cause.kind)
        return (-weight(one), 0, one.cause.kind)

    return sorted(suspects, key=place)


def _outweighs(case: Case, size: Suspect, first: Suspect) -> bool:
    """Say whether few people come before the best cause: what is read from few has to be sure beyond doubt.

    What is counted in rows, and not read from the labels and scores of those few, needs only that there be a gap.
    """
    sure = first.cause.confidence if first.mechanism else first.cause.confidence * ACCOUNTING
    z = abs(case.worlds.now.z)
    return size.cause.confidence >= sure * (confidence(z) if first.cause.kind in COUNTED else min(z / 4.0, 1.0))


def _beyond_doubt(case: Case, first: Suspect) -> bool:
    """Say whether a mechanism is there, and makes most of a gap beyond the limit, that few people leave in doubt.

    What one thing does to the same people's decisions is known better than a difference between different people.
    """
    made = first.mechanism and first.cause.share is not None and first.cause.share >= MOST_OF_IT
    return made and first.cause.confidence >= BEYOND_DOUBT and not _within_limit(case)


def _within_limit(case: Case) -> bool:
    limit = case.question.limit
    return (limit.max is None or case.value <= limit.max) and (limit.min is None or case.value >= limit.min)


def _within_noise(case: Case) -> str:
    """Return why there may be no gap at all; empty where there is one."""
    now = case.worlds.now
    # The two ends are the farthest of all pairs of groups (Bonferroni's bound).
    if confidence(now.z, case.sides.looks) < 0.95:  # noqa: PLR2004 - 95 %
        ends = "" if case.sides.looks == 1 else f", of the farthest of {case.sides.looks} pairs of groups"
        return f"The gap of {abs(now.value):.3f} is within what chance gives ({abs(now.z):.1f} standard errors{ends})."
    if _within_limit(case) and case.status == "unknown":
        return f"The measured {case.value:.3f} is within the limit; it is only not sure to be."
    return ""


def _none(case: Case, sure: float, why: str) -> Cause:
    clue = Clue(what=case.question.metric, value=case.value, interval=case.interval)
    return Cause(kind="none", share=None, confidence=sure, detail=why, evidence=(clue,))
