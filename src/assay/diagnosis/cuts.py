"""threshold.cut: groups are cut differently, or all are cut where the gap is large and another cut costs nothing."""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from assay.diagnosis.accounts import LEAST_SHIFT, SLOPPY
from assay.diagnosis.case import Suspect, confidence
from assay.diagnosis.requirement import Requirement
from assay.diagnosis.thresholds import thresholds
from assay.metrics import METRICS
from assay.records.explanation import Cause, Clue

if TYPE_CHECKING:
    from assay.diagnosis.case import Case
    from assay.diagnosis.thresholds import Outcome, Thresholds
    from assay.records.measurement import Measurement

MOST_OFF = 0.01
"""Share of decisions that a common cut may leave unexplained and still be what decides."""

LEAST_SHARE = 0.25
"""A cut that accounts for less of the gap is not named."""

FREE = 0.0025
"""Accuracy that another cut may cost and still be called free."""

LEAST_OF_WHAT_IS_LEFT = 0.7
"""A cut that is right more often, but holds no limit, must take away so much of what it leaves: what is left is the
errors' (as of accountings: `assay.diagnosis.ranking.ACCOUNTING`)."""

CHANCE = 0.01
"""Probability from which on both sides may follow one curve of the label over the score."""

FEWEST_MOVED = 10
"""Decisions that a difference of cuts must explain before it is believed."""


class OwnCut(NamedTuple):
    """A side's cut: decisions are positive from ``cut`` on, ``below`` is the highest score under it.

    ``off`` of the side's ``rows`` are not decided so.
    """

    cut: float
    below: float
    off: int
    rows: int


def own_cut(case: Case, side: int | None) -> OwnCut | None:
    """Return the cut of the score that explains a side's decisions best (of both sides together: None)."""
    where = "s IS NOT NULL AND d IS NOT NULL" + ("" if side is None else f" AND g = {side}")
    found = case.coded.people.ask(
        "WITH c AS (SELECT s, sum(d) AS n1, sum(1 - d) AS n0 FROM coded "
        f"WHERE {where} GROUP BY s), "
        "w AS (SELECT s, lag(s) OVER o AS below, coalesce(sum(n1) OVER (o ROWS BETWEEN UNBOUNDED PRECEDING AND "
        "1 PRECEDING), 0) "
        "+ sum(n0) OVER (o ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS off FROM c WINDOW o AS (ORDER BY s)), "
        "e AS (SELECT sum(n1) AS n1, sum(n0) AS n0, max(s) AS top FROM c) "
        "SELECT s, below, off, (SELECT n1 + n0 FROM e) FROM w UNION ALL SELECT 'inf'::DOUBLE, top, n1, n1 + n0 FROM e "
        "ORDER BY off, s LIMIT 1"
    )
    if not found or found[0][3] is None:
        return None
    cut, below, off, rows = found[0]
    return OwnCut(float(cut), -math.inf if below is None else float(below), int(off), int(rows))


def find_cut(case: Case) -> list[Suspect]:
    """Return a difference of cuts between groups, and else a common cut in the wrong place."""
    if not case.coded.people.has_score or case.question.roles.prediction is None or case.worlds.scored:
        return []
    focus, reference, common = (own_cut(case, side) for side in (1, 0, None))
    if focus is None or reference is None or common is None or case.worlds.cut is None:
        return []
    rows = focus.rows + reference.rows
    own = focus.off + reference.off
    if own > SLOPPY * rows:
        case.unexamined.append(
            f"the cut: {own / rows:.0%} of the decisions follow no cut of the score, so it is not what decides"
        )
        return []
    moved = common.off - own
    apart = moved >= FEWEST_MOVED and (focus.cut > reference.cut if focus.below >= reference.cut else True)
    share = case.worlds.closed(case.worlds.cut)
    if apart and share >= LEAST_SHARE:
        return [_by_group(case, (focus, reference), moved, own, share)]
    return _in_the_wrong_place(case) if common.off <= MOST_OFF * rows else []


def _by_group(case: Case, cuts: tuple[OwnCut, OwnCut], moved: int, own: int, share: float) -> Suspect:
    focus, reference = cuts
    # Decisions that neither one cut nor two explain speak for something else than cuts.
    sure = confidence(moved / math.sqrt(moved + own)) * moved / (moved + own)
    left = case.worlds.cut.value if case.worlds.cut else 0.0
    detail = (
        f"{case.sides.named(True)} is cut at a score of {_cut(focus)}, {case.sides.named(False)} at {_cut(reference)}: "
        f"equal scores are decided differently. With one cut for all and as many selected, the gap in "
        f"{case.sides.rate.words} would be {abs(left):.3f} in place of {abs(case.worlds.now.value):.3f}."
    )
    evidence = (
        Clue(what=f"cut of {case.sides.named(True)}", value=_number(focus), n=focus.rows),
        Clue(what=f"cut of {case.sides.named(False)}", value=_number(reference), n=reference.rows),
        Clue(what="decisions explained by two cuts and not by one", value=float(moved), n=focus.rows + reference.rows),
        Clue(what="decisions that no cut of the score explains", value=float(own), n=focus.rows + reference.rows),
        Clue(what="gap with one cut for all, as many selected", value=left),
    )
    return Suspect(Cause(kind="threshold.cut", share=share, confidence=sure, detail=detail, evidence=evidence))


def _cut(one: OwnCut) -> str:
    return "no score at all" if math.isinf(one.cut) else f"{one.cut:.4g}"


def _number(one: OwnCut) -> float | None:
    return None if math.isinf(one.cut) else one.cut


def _in_the_wrong_place(case: Case) -> list[Suspect]:
    """Return a common cut in the wrong place: another holds the limit and is right as often, or more often."""
    metric = case.question.metric
    if not case.has_label or "prediction" not in METRICS[metric].needs or case.status == "pass":
        return []
    asked = Requirement(
        metric=metric, limit=case.question.limit, attributes=case.sides.attributes,
        group=case.question.group, minimum_group=case.question.minimum_group,
    )  # fmt: skip
    neutral = _neutral(case)
    if case.question.group and abs(case.value - neutral) < FREE:
        return []
    found = thresholds(case.tally, [asked], level=case.question.level)
    best = found.cheapest_by_point or _most_often_right(found, neutral)
    if best is None or best.cut is None or best.price.accuracy is None or found.now.price.accuracy is None:
        return []
    holds = best is found.cheapest_by_point
    gained = best.price.accuracy - found.now.price.accuracy
    held = best.held[0].measurement
    if gained < -FREE or held is None or held.value is None or not case.value:
        return []
    short = 0.0 if holds and case.question.group else abs(held.value - neutral)
    share = min(max(1 - short / abs(case.value - neutral), 0.0), 1.0)
    gained_rows = best.price.right - found.now.price.right
    # Decisions that change are right before or after, never both (McNemar 1947): z of the difference.
    changed = abs(best.price.favourable - found.now.price.favourable)
    z = gained_rows / math.sqrt(changed) if changed else 0.0
    sure = 0.5 + 0.5 * confidence(z) if z > 0 else 0.4
    wrong = z > 2  # noqa: PLR2004 - two standard errors
    if not holds and (not wrong or share < LEAST_OF_WHAT_IS_LEFT * (1 - share)):
        return []
    cause = _another_cut(found, best, held, gained=gained, share=share, sure=sure)
    return [Suspect(cause, mechanism=wrong, screens=("model.error_gap",) if wrong and _mean_the_same(case) else ())]


def _neutral(case: Case) -> float:
    """Return the value at which nothing would be amiss: no gap; of a group's own rate, its limit."""
    limit = case.question.limit
    if not case.question.group:
        return 1.0 if limit.min is not None else 0.0
    return limit.max if limit.min is None and limit.max is not None else limit.min or 0.0


def _another_cut(
    found: Thresholds, best: Outcome, held: Measurement, *, gained: float, share: float, sure: float
) -> Cause:
    holds = best is found.cheapest_by_point
    spans = "; ".join(f"{one.low:.4g} to {one.high:.4g}" for one in found.point if one.tells)
    detail = (
        f"All are cut at {found.cut_now:.4g}. A cut at {best.cut:.4g} would bring {held.metric} to {held.value:.3f}, "
        f"{'within the limit, ' if holds else ''}and be right in {best.price.accuracy:.1%} of the cases in place of "
        f"{found.now.price.accuracy:.1%} "
        f"({f'cuts that hold the limit: {spans}' if holds else 'no cut alone holds the limit'})."
    )
    evidence = (
        Clue(what="common cut now", value=found.cut_now),
        Clue(what=f"cut that {'holds the limit and ' if holds else ''}is right most often", value=best.cut),
        Clue(what=f"{held.metric} at that cut", value=held.value, interval=held.interval),
        Clue(what="accuracy at that cut less accuracy now", value=gained),
    )
    return Cause(kind="threshold.cut", share=share, confidence=sure, detail=detail, evidence=evidence)


def _most_often_right(found: Thresholds, neutral: float) -> Outcome | None:
    """Return a common cut that is right as often as any, whatever limit it holds; None where there are no labels.

    Of cuts within one standard error of the best it is the one with the smallest gap (the one-standard-error rule:
    Breiman et al. 1984, Classification and Regression Trees, section 3.4.3): among them accuracy does not choose.
    """
    known = [one for one in found.tried if one.cut is not None and one.price.accuracy is not None and one.tells]
    if not known:
        return None
    best = max(known, key=lambda one: one.price.right)
    share = best.price.accuracy or 0.0
    error = math.sqrt(share * (1 - share) / best.price.labelled)

    def gap(one: Outcome) -> tuple[float, float]:
        held = one.held[0].measurement
        value = math.inf if held is None or held.value is None else abs(held.value - neutral)
        return value, one.cut or 0.0

    return min((one for one in known if (one.price.accuracy or 0.0) >= share - error), key=gap)


def _mean_the_same(case: Case) -> bool:
    """Say whether scores mean the same on both sides: then errors differ with the cut, and not with what it cuts."""
    found = case.calibrations
    return found is not None and (found.p > CHANCE or max(map(abs, found.apart.coefficients[3:])) < LEAST_SHIFT)
