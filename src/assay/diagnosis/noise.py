"""data.label_noise: labels of one side that contradict what the model is surest of.

A label that was turned by mistake does not move the odds, it mixes two coins: of people who should surely be positive a
share ``e1`` is labelled negative, of those who should surely be negative a share ``e0`` positive, so the observed rate
is ``e0 + (1 - e0 - e1) * risk`` and flattens where the risk is surest (class-conditional noise: Angluin and Laird 1988,
Machine Learning 2:343-370; Northcutt, Jiang and Chuang 2021, JAIR 70:1373-1411, section 2). A score that is off, or
knows less, moves the odds: a straight line in log odds, which still reaches the ends. Both have two parameters, so
their likelihoods compare. The risk is that of the other side: its curve of the label over the score, or over the
features.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from assay.diagnosis.arithmetic import tail_of_chi
from assay.diagnosis.case import Suspect
from assay.diagnosis.fits import curve
from assay.diagnosis.sides import ACCURATE, FALSE_POSITIVE, PRECISE, SELECTED, TRUE_POSITIVE
from assay.diagnosis.turned import Cell, Moved, Turned, fitted, joint
from assay.records.explanation import Cause, Clue
from assay.tabular.sql import literal

if TYPE_CHECKING:
    from assay.diagnosis.case import Case
    from assay.records.explanation import CauseKind

LEAST_FLIPS = 0.08
"""Turned labels of one kind that are fewer cannot be told from a curve that fits a little badly."""

LEAST_SHARE = 0.2
"""Noise that accounts for less of the gap is not named."""

BETTER = 3.0
"""By how much flips must fit better than moved odds: twice the log likelihood ratio of models of equal size."""

AS_WELL = 2.0
"""Twice the log likelihood ratio within which two accounts of equal size fit as well (Burnham and Anderson 2002, Model
Selection and Multimodel Inference, section 2.6)."""

LOOKS = 4
"""Accounts that are looked at: of both sides, over score and features."""

CHANCE = 0.05
"""Probability, among so many looks, from which on labels misfit by chance."""

ONE_WAY = 0.15
"""Flips of one kind that exceed those of the other by so much move the base rate as well, which a score that merely
knows less does not: then they need only fit as well as moved odds."""

GRID = 6
LEAST_PLACES = 5
"""A shape takes so many places."""

SOURCE = "Northcutt, Jiang and Chuang 2021, JAIR 70:1373-1411"


class Flips(NamedTuple):
    """Flips that fit one side's labels.

    Attributes:
        side: 1 focus, 0 reference.
        over: what the risk is read from: ``the score`` or ``the features``.
        e0: share of negatives labelled positive.
        e1: share of positives labelled negative.
        better: by how much they fit better than moved odds.
        p: probability of the labels' misfit if there were none.
        risk: SQL of the risk.
    """

    side: int
    over: str
    e0: float
    e1: float
    better: float
    p: float
    risk: str

    @property
    def surely(self) -> bool:
        """Whether labels misfit at all, rather than by chance."""
        return self.p * LOOKS <= CHANCE

    @property
    def needed(self) -> float:
        """By how much they must fit better to be believed."""
        return 0.0 if abs(self.e0 - self.e1) >= ONE_WAY else BETTER


def find_noise(case: Case) -> list[Suspect]:
    """Return labels of one side that were turned."""
    if not case.has_label:
        return []
    told = [best for side in (1, 0) if (best := _believed(_flips_of(case, side))) is not None]
    if not told:
        return []
    best = max(told, key=lambda one: one.better)
    share = _share(case, best)
    if share < LEAST_SHARE:
        return []
    return [_suspect(case, best, share)]


def _believed(found: list[Flips]) -> Flips | None:
    """Return the flips of one side that are believed: seen clearly over score or features, and about as many over both.

    Flips that the score sees and the features do not are the score's: it knows less of some, and labels are as they
    are.
    """
    clear = [one for one in found if max(one.e0, one.e1) >= LEAST_FLIPS and one.better >= one.needed and one.surely]
    if not clear:
        return None
    best = max(clear, key=lambda one: one.better)
    features = next((one for one in found if one.over == "the features"), best)
    as_many = max(features.e0, features.e1) >= max(best.e0, best.e1) / 2
    return best if as_many and features.better >= -AS_WELL else None


def _flips_of(case: Case, side: int) -> list[Flips]:
    found = []
    # Of people whose values are not there neither score nor features know enough for their labels to contradict them.
    missing = " OR ".join(f"({where})" for where in case.missing_more.values())
    there = f"rid NOT IN (SELECT rid FROM people WHERE {missing})" if missing else "TRUE"
    source = f"(SELECT * FROM coded WHERE {there})"
    if case.coded.people.has_score:
        found.append(flips(case, source, side, "t", "the score"))
    if case.codes:
        of_features = curve(case.coded.people, ("1.0", *case.codes), f"g = {1 - side} AND {there}")
        if of_features is not None:
            found.append(flips(case, source, side, f"({of_features.sql()})", "the features"))
    return [one for one in found if one is not None]


def flips(case: Case, source: str, side: int, over: str, words: str) -> Flips | None:
    """Fit flips, and moved odds, to one side's labels in a table or part of one; None where there are too few."""
    held = f"greatest(-6, least(6, {over}))"
    cells = case.coded.people.ask(
        f"SELECT g, round({held} * {GRID}) / {GRID} AS b, count(*), sum(y), avg({held}) FROM {source} "
        f"WHERE y IS NOT NULL AND {over} IS NOT NULL GROUP BY g, b ORDER BY g, b"
    )
    mine, others = ([cell for cell in cells if cell[0] == one] for one in (side, 1 - side))
    if min(len(mine), len(others)) < LEAST_PLACES or not all(
        0 < sum(c[3] for c in part) < sum(c[2] for c in part) for part in (mine, others)
    ):
        return None
    people = [Cell(_terms(x), float(y), float(n), g == side) for g, _, n, y, x in cells]
    plain, turned, moved = joint(people), fitted(Turned(), people), fitted(Moved(), people)
    terms = [literal(float(c)) for c in turned.curve]
    lp = f"{terms[0]} + {terms[1]} * {held} + {terms[2]} * {held} * {held} + {terms[3]} * {held} * {held} * {held}"
    return Flips(
        side, words, *turned.parameters, better=moved.deviance - turned.deviance,
        p=tail_of_chi(plain.deviance - turned.deviance, 2), risk=f"(1 / (1 + exp(-({lp}))))",
    )  # fmt: skip


def _terms(x: float) -> tuple[float, ...]:
    return (1.0, x, x * x, x * x * x)


def sure_of(found: Flips) -> float:
    """Return how surely labels were turned, rather than odds moved: half where both fit alike."""
    return 1 - math.exp(-max(found.better, 0.0) / 4) / 2


def _share(case: Case, found: Flips) -> float:
    """Return the share of the gap that goes away when the risk stands in for the labels of both sides."""
    risk, rate = found.risk, case.sides.rate
    ask = case.coded.people.ask
    if rate is SELECTED:
        rows = {
            g: (y, r) for g, y, r in ask(f"SELECT g, avg(y), avg({risk}) FROM coded WHERE y IS NOT NULL GROUP BY g")
        }
        labels = rows[found.side][0] - rows[1 - found.side][0]
        repaired = rows[found.side][1] - rows[1 - found.side][1]
        return min(max(1 - abs(repaired) / abs(labels), 0.0), 1.0) if abs(labels) > 0.01 else 0.0  # noqa: PLR2004 - no gap in labels
    if case.question.roles.prediction is None:
        return 0.0
    share = _closed(case, risk, "d")
    if share < LEAST_SHARE and case.coded.people.has_score:
        # A model that learnt from such labels decides as they say: then decisions, too, are to follow the risk.
        share = _closed(case, risk, f"CAST({case.worlds.decision(risk)} AS INTEGER)")
    return share


def _closed(case: Case, risk: str, d: str) -> float:
    """Return the share of the gap in an error rate that goes away with the risk for a label, and decisions ``d``."""
    sums = {
        TRUE_POSITIVE: (f"{d} * {risk}", risk),
        FALSE_POSITIVE: (f"{d} * (1 - {risk})", f"(1 - {risk})"),
        PRECISE: (f"{d} * {risk}", d),
        ACCURATE: (f"{d} * {risk} + (1 - {d}) * (1 - {risk})", "1"),
    }
    if case.sides.rate not in sums:
        return 0.0
    above, below = sums[case.sides.rate]
    rows = dict(
        case.coded.people.ask(
            f"SELECT g, sum({above}) / nullif(sum({below}), 0) FROM coded WHERE y IS NOT NULL AND t IS NOT NULL "
            f"GROUP BY g"
        )
    )
    if rows.get(1) is None or rows.get(0) is None:
        return 0.0
    whole = abs(case.worlds.now.value)
    return min(max(1 - abs(rows[1] - rows[0]) / whole, 0.0), 1.0) if whole else 0.0


def _suspect(case: Case, found: Flips, share: float) -> Suspect:
    side = case.sides.named(bool(found.side))
    detail = (
        f"Labels of {side} contradict {found.over} where they are surest: about {found.e1:.0%} of those who should be "
        f"positive are labelled negative, and {found.e0:.0%} the other way round. With labels as "
        f"{case.sides.named(not found.side)} has them at equal {found.over.removeprefix('the ')}, {share:.0%} "
        f"of the gap "
        "would be gone."
    )
    clues = (
        Clue(what=f"positives of {side} labelled negative", value=found.e1, source=SOURCE),
        Clue(what=f"negatives of {side} labelled positive", value=found.e0, source=SOURCE),
        Clue(what="twice the log likelihood of turned labels over moved odds", value=found.better),
        Clue(what="probability of such labels if none were turned", value=found.p),
    )
    sure = (1 - found.p * LOOKS) * sure_of(found)
    cause = Cause(kind="data.label_noise", share=share, confidence=sure, detail=detail, evidence=clues)
    # Turned labels move base rates and what scores mean; where odds would fit as well it may be the scores themselves.
    screens: tuple[CauseKind, ...] = ("data.base_rate", "model.error_gap")
    return Suspect(cause, screens=(*screens, "model.calibration") if found.better >= BETTER else screens)
