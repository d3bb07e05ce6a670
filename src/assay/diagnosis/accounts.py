"""data.base_rate, model.error_gap and model.calibration: what the score and the label of each group say of the gap.

The gap in decisions is what the labels' own gap supports, and the rest, which errors make (Kitagawa 1955, JASA
50:1168-1194; Oaxaca 1973, IER 14:693-709). Where the score means the same on both sides (label given score alike), the
gap between decisions is one between the people's risks: base rates. Where it does not, each side's own curve of the
label over the score says what the gap would be with scores that mean the same: calibration. Where the score ranks the
people of one side worse, no curve mends it: an error gap.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assay.diagnosis.arithmetic import sigmoid, two_rates
from assay.diagnosis.case import Suspect, confidence
from assay.diagnosis.contributions import over
from assay.diagnosis.sides import FALSE_POSITIVE, SELECTED, TRUE_POSITIVE
from assay.diagnosis.worlds import recalibrated
from assay.records.explanation import Cause, Clue
from assay.tabular.sql import literal

if TYPE_CHECKING:
    from assay.diagnosis.case import Case

LEAST_SHARE = 0.2
"""A cause that accounts for less of the gap is not named."""

LEAST_AREA = 0.03
"""Areas under the ROC curve that differ by less are alike."""

MUCH_WORSE = 0.06
"""Areas that differ by so much are no matter of calibration: a curve of the score keeps its order, and so its area."""

LEAST_BASE = 0.02
"""Base rates that differ by less are alike."""

SLOPPY = 0.1
"""Share of decisions that no cut of the score explains beyond which there is no cut to speak of."""

SURELY_APART = 2.58
"""Standard errors (99 %) by which base rates differ surely."""

LEAST_SHIFT = 0.15
"""Log odds of the label at equal scores that differ by less are alike."""

SURELY = 4.0
"""Standard errors from which on a feature's use is taken out of the score before the score is looked at."""

KITAGAWA = "Kitagawa 1955, JASA 50:1168-1194"


def find_calibration(case: Case) -> list[Suspect]:
    """Return scores that mean something else on one side, as far as no feature accounts for it."""
    if case.calibrations is None:
        return []
    score = without_features(case)
    found = case.calibrations if score == "t" else case.worlds.calibrations(score)
    if found is None:
        return []
    before, after = case.worlds.decided_by(score), case.worlds.decided_by(recalibrated(found, score))
    _, _, _, shift, slope = found.apart.coefficients
    error = math.sqrt(max(found.apart.covariance[3][3], 0.0))
    share = case.worlds.closed(after, before)
    if share < LEAST_SHARE or max(abs(shift), abs(slope)) < LEAST_SHIFT:
        return []
    evidence = [
        Clue(
            what=f"log odds of the label at equal scores, {case.sides.named(True)} less {case.sides.named(False)}",
            value=shift, interval=(shift - 1.96 * error, shift + 1.96 * error), source="Cox 1958, Biometrika 45:562",
        ),
        Clue(what="slope of the label over the score, difference", value=slope),
        Clue(what="probability that both sides follow one curve", value=found.p),
        Clue(what="gap with each side's own curve and one cut", value=after.value),
    ]  # fmt: skip
    if found.areas is not None:
        evidence.append(_areas_clue(case))
    lift = _lift(case)
    detail = (
        f"At equal scores {case.sides.named(True)} has {'more' if lift > 0 else 'fewer'} positive labels than "
        f"{case.sides.named(False)} ({abs(lift):.0%} at the cut): the score is off on one side. Scores recalibrated by "
        f"group would bring the gap from {abs(before.value):.3f} to {abs(after.value):.3f}."
    )
    sure = max(0.0, 1 - found.p)
    return [
        Suspect(Cause(kind="model.calibration", share=share, confidence=sure, detail=detail, evidence=tuple(evidence)))
    ]


def without_features(case: Case) -> str:
    """Return SQL of the score without the use of features that the label surely does not support."""
    if case.support is None:
        return "t"
    codes = [c for c in case.codes if abs(case.support.uses[c].z) > SURELY]
    return f"(t - ({over(case.support, codes)}))" if codes else "t"


def _lift(case: Case) -> float:
    """Return how much likelier the label is on the focus than on the reference, at the score of the cut."""
    found = case.calibrations
    if found is None:
        return 0.0
    rate = case.worlds.rate_of_decisions or 0.5
    at = float(case.coded.people.value(f"SELECT quantile_cont(t, {literal(1 - rate)}) FROM coded") or 0.0)
    return sigmoid(found.apart.of([1, at, at * at, 1, at])) - sigmoid(found.apart.of([1, at, at * at, 0, 0]))


def _areas_clue(case: Case) -> Clue:
    found = case.calibrations
    areas = (0.5, 0.5) if found is None or found.areas is None else found.areas
    return Clue(
        what=f"area under the ROC curve, {case.sides.named(True)} less {case.sides.named(False)}",
        value=areas[0] - areas[1], source="Hanley and McNeil 1982, Radiology 143:29-36",
    )  # fmt: skip


def find_base_rate(case: Case) -> list[Suspect]:
    """Return the part of the gap that the labels' own gap supports."""
    if not case.has_label:
        return []
    gap, z = case.label_gap
    if abs(gap) < LEAST_BASE or gap * case.worlds.now.value <= 0:
        return []
    share = supported(case)
    if share < LEAST_SHARE:
        return []
    (y1, n1), (y0, n0) = (counts.labels for counts in case.sides.counts)
    detail = (
        f"Labels are positive for {y1 / n1:.1%} of {case.sides.named(True)} and {y0 / n0:.1%} of "
        f"{case.sides.named(False)}; with equal base rates, and decisions that follow the labels as they do now, "
        f"{share:.0%} of the gap would be gone."
    )
    evidence = (
        Clue(what="base rate, " + case.sides.named(True), value=y1 / n1, n=n1),
        Clue(what="base rate, " + case.sides.named(False), value=y0 / n0, n=n0),
        Clue(what="share of the gap that the labels' gap supports", value=share, source=KITAGAWA),
    )
    cause = Cause(kind="data.base_rate", share=share, confidence=confidence(z), detail=detail, evidence=evidence)
    return [Suspect(cause, mechanism=False)]


def supported(case: Case) -> float:
    """Return the share of the gap that is left when scores mean the same on both sides and base rates are then equal.

    With a score: the label's log odds of the focus are moved by one constant until its mean risk is the reference's.
    Without: the base rate's part of Kitagawa's two.
    """
    found = case.calibrations
    if found is None or case.recalibrated is None:
        return _kitagawa(case)
    risk = recalibrated(found)
    ask = case.coded.people.value
    wanted = ask(f"SELECT avg(1 / (1 + exp(-{risk}))) FROM coded WHERE g = 0 AND t IS NOT NULL")
    low, high = -8.0, 8.0
    for _ in range(24):
        middle = (low + high) / 2
        mean = ask(f"SELECT avg(1 / (1 + exp(-({risk} + {literal(middle)})))) FROM coded WHERE g = 1 AND t IS NOT NULL")
        low, high = (middle, high) if mean < wanted else (low, middle)
    moved = case.worlds.decided_by(f"({risk} + {literal((low + high) / 2)} * g)")
    whole = abs(case.worlds.now.value)
    left = abs(case.recalibrated.value) - abs(moved.value)
    return min(max(left / whole, 0.0), 1.0) if whole and case.recalibrated.value * case.worlds.now.value > 0 else 0.0


def labels_part(case: Case) -> float:
    """Return the share that the labels' gap supports; none where base rates are alike, or may be."""
    gap, z = case.label_gap
    return supported(case) if abs(gap) >= LEAST_BASE and abs(z) > SURELY_APART else 0.0


def _kitagawa(case: Case) -> float:
    """Return the base rates' share of a gap in selection; of other rates none, for they are given the label."""
    if case.sides.rate is not SELECTED:
        return 0.0
    rates = []
    for counts in case.sides.counts:
        (y, n), (t, p), (f, q) = counts.labels, counts.of(TRUE_POSITIVE), counts.of(FALSE_POSITIVE)
        rates.append((y / n if n else 0.0, t / p if p else 0.0, f / q if q else 0.0))
    (b1, t1, f1), (b0, t0, f0) = rates
    part = (b1 - b0) * ((t1 + t0) / 2 - (f1 + f0) / 2)
    whole = case.worlds.now.value
    return min(max(part / whole, 0.0), 1.0) if whole else 0.0


def find_error_gap(case: Case) -> list[Suspect]:
    """Return a score, or decisions, that tell the people of one side worse."""
    if not case.has_label or case.question.roles.prediction is None:
        return []
    gaps, found = _error_gaps(case), case.calibrations
    worst = max(gaps, key=lambda one: abs(one[2]))
    clues = [
        Clue(what=f"{words}, {case.sides.named(True)} less {case.sides.named(False)}", value=gap)
        for words, gap, _ in gaps
    ]
    z, apart = worst[2], abs(worst[1])
    unlike = case.unexplained is not None and abs(case.unexplained[0] - case.unexplained[1]) > SLOPPY
    if unlike and case.unexplained is not None:
        off, other = case.unexplained
        clues.append(Clue(what="decisions that no cut of the score explains, focus less reference", value=off - other))
        told = f"Errors differ where labels are equal: {worst[0]} by {apart:.3f}"
        means = (
            f"{off:.0%} of the decisions about {case.sides.named(True)} follow no cut of the score, {other:.0%} of "
            f"those about {case.sides.named(False)}: on one side it is not the score that decides."
        )
    elif found is not None and found.areas is not None and found.areas_error:
        apart = abs(found.areas[0] - found.areas[1])
        z = (found.areas[0] - found.areas[1]) / found.areas_error
        clues.append(_areas_clue(case))
        worse = case.sides.named(found.areas[0] < found.areas[1])
        told = f"The score ranks {worse} worse (area under the ROC curve lower by {apart:.3f})"
        means = "the score tells less of them."
    else:
        told = f"Errors differ where labels are equal: {worst[0]} by {apart:.3f}"
        means = (
            "whether the model knows less of one side, or is merely off there, decisions without a score do not tell."
        )
    if apart < LEAST_AREA:
        return []
    share = 1.0 - labels_part(case)
    if case.recalibrated is not None:
        share = max(share - case.worlds.closed(case.recalibrated, case.before) / 2, 0.0)
    if share < LEAST_SHARE:
        return []
    detail = f"{told}, and base rates do not account for it: {means}"
    cause = Cause(kind="model.error_gap", share=share, confidence=confidence(z), detail=detail, evidence=tuple(clues))
    blurred = not unlike and found is not None and found.areas is not None and apart >= MUCH_WORSE
    return [Suspect(cause, mechanism=False, screens=("model.calibration",) if blurred else ())]


def _error_gaps(case: Case) -> list[tuple[str, float, float]]:
    found = []
    for rate in (TRUE_POSITIVE, FALSE_POSITIVE):
        (x1, n1), (x0, n0) = (counts.of(rate) for counts in case.sides.counts)
        found.append((rate.words, *two_rates(x1, n1, x0, n0)))
    return found
