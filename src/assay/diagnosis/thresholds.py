"""Where scores are cut: the ranges of cuts in which all limits hold, and what each costs; from the tally alone.

Every cut at which the counts change is tried, or, of many, so many as are asked for, spread evenly over the people; a
cut for each group stands in `assay.diagnosis.group_cuts`. Everything that is said to hold was measured and judged
exactly as the gate does it. Cuts that select everybody or nobody are never named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.diagnosis.recut import Recut
from assay.diagnosis.requirement import follows_decisions, hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.requirement import Held, Requirement
    from assay.records.tally import ClassValue, Tally

MOST_CUTS = 120
"""So many common cuts are tried at most."""

STILL_TELLS = 0.5
"""Cuts are named only where they keep this share of today's informedness, and of the decisions that are rarer today: a
limit is easily held by a model that says yes to nearly everybody, and accuracy does not show it where most labels are
alike."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a set of decisions costs.

    Attributes:
        accuracy: share decided as the label says, among rows with a label; None without labels.
        right: rows decided as the label says.
        labelled: rows with a label and a decision.
        informedness: true positive rate less false positive rate: 0 for decisions that tell nobody apart (Youden 1950,
            Cancer 3:32-35; Powers 2011, section 2); None without labels of both classes.
        favourable: decisions that are good for the person.
        rows: rows decided.
    """

    accuracy: float | None
    right: int
    labelled: int
    informedness: float | None
    favourable: int
    rows: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one choice of cuts comes to.

    Attributes:
        cut: the common cut; None for the decisions as they are, and for cuts of the groups' own.
        price: accuracy and decisions.
        held: each requirement, in the order asked.
        gate: whether every requirement passes as the gate judges it (by interval, or by point where it says so).
        point: whether every value is within its limit, whatever the interval says.
        tells: whether the decisions still tell people apart (``STILL_TELLS``).
    """

    cut: float | None
    price: Price
    held: tuple[Held, ...]
    gate: bool
    point: bool
    tells: bool = True


@dataclass(frozen=True, slots=True)
class CutRange:
    """Neighbouring cuts, each of which holds every limit; all of them still tell people apart, or none does.

    Attributes:
        low: the least of them.
        high: the greatest.
        cheapest: the one that is right most often; without labels, the one whose number of favourable decisions is
            nearest to today's.
        tells: whether decisions there still tell people apart (``STILL_TELLS``).
    """

    low: float
    high: float
    cheapest: Outcome
    tells: bool


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the cut can do.

    Attributes:
        now: the decisions as they are, of the rows that have a score.
        cut_now: the common cut that comes closest to the decisions as they are.
        off: decisions by group and label that this cut does not account for; 0: it is the cut that was used.
        tried: every common cut tried, ascending.
        possible: how many different common cuts there are.
        step: width of the histogram's bins; 0 where every score is kept, and every cut is exact. Between the edges of
            a bin the decisions of its rows are not known.
        gap: the most rows that lie between two neighbouring cuts that were tried.
        unscored: rows without a score, which no cut decides.
        unmoved: requirements about scores rather than decisions: no cut moves them, and they are not in ``held``.
        moved: the requirements that are, in the order asked.
        gate: ranges of common cuts in which all of ``moved`` pass as the gate judges it.
        point: ranges in which all values are within their limits; wider, for a sample can mislead.
    """

    now: Outcome
    cut_now: float
    off: int
    tried: tuple[Outcome, ...]
    possible: int
    step: float
    gap: int
    unscored: int
    unmoved: tuple[Requirement, ...]
    moved: tuple[Requirement, ...]
    gate: tuple[CutRange, ...]
    point: tuple[CutRange, ...]

    @property
    def cheapest(self) -> Outcome | None:
        """The cheapest common cut that the gate would pass and that still tells people apart; None without one."""
        return cheapest([one.cheapest for one in self.gate if one.tells], self.now)

    @property
    def cheapest_by_point(self) -> Outcome | None:
        """The cheapest common cut at which every value is within its limit and that still tells people apart."""
        return cheapest([one.cheapest for one in self.point if one.tells], self.now)


def thresholds(
    tally: Tally, requirements: Sequence[Requirement], *, level: float = 0.95, most: int = MOST_CUTS
) -> Thresholds:
    """Return what common cuts come to.

    Args:
        tally: the counts, with scores.
        requirements: every limit that has to hold; those of the findings that pass belong among them.
        level: two-sided confidence of the intervals.
        most: how many cuts are tried at most; a measurement of a common tally takes about a millisecond.

    Raises:
        InputError: when the tally has no scores, or a metric or attribute is not known.
    """
    recut = Recut(tally)
    moved = tuple(one for one in requirements if follows_decisions(one))
    cut_now, off = recut.closest(())[()]
    cuts = tuple(sorted({*recut.cuts(most), *({cut_now} & {*recut.places[1:]})}))
    now = outcome(tally, moved, level)
    tried = tuple(outcome(recut.at(cut), moved, level, cut=cut, now=now) for cut in cuts)
    return Thresholds(
        now=now,
        cut_now=cut_now,
        off=off,
        tried=tried,
        possible=len(recut.places) - 1,
        step=recut.step,
        gap=recut.widest(cuts),
        unscored=recut.unscored,
        unmoved=tuple(one for one in requirements if not follows_decisions(one)),
        moved=moved,
        gate=_ranges([one for one in tried if one.gate], cuts, now),
        point=_ranges([one for one in tried if one.point], cuts, now),
    )


def outcome(
    tally: Tally,
    requirements: Sequence[Requirement],
    level: float,
    *,
    cut: float | None = None,
    now: Outcome | None = None,
) -> Outcome:
    """Return what decisions come to: measured, judged and priced; ``now`` is what they are held against."""
    held = hold(tally, requirements, level=level) if requirements else ()
    costs = price(tally)
    return Outcome(
        cut=cut,
        price=costs,
        tells=now is None or _tells(costs, now.price),
        held=held,
        gate=bool(held) and all(one.status == "pass" for one in held),
        point=bool(held) and all(one.by_point == "pass" for one in held),
    )


def _tells(after: Price, now: Price) -> bool:
    """Say whether decisions still tell people apart, held against those of today."""
    informed = now.informedness is None or now.informedness <= 0
    informed = informed or (after.informedness or 0.0) >= STILL_TELLS * (now.informedness or 0.0)
    rarer = min(now.favourable, now.rows - now.favourable) / max(now.rows, 1)
    left = min(after.favourable, after.rows - after.favourable) / max(after.rows, 1)
    return informed and left >= STILL_TELLS * rarer


def price(tally: Tally) -> Price:
    """Return accuracy (by weight, where rows have weights) and decisions of a tally of two classes."""
    good = 1 if tally.favourable_is_positive else 0
    decided = [cell for cell in tally.cells if cell.prediction is not None]
    labelled = [cell for cell in decided if cell.label is not None]
    right = [cell for cell in labelled if cell.label == cell.prediction]
    sums: dict[tuple[ClassValue, ClassValue], int] = {}
    for cell in labelled:
        pair = (cell.label, cell.prediction)
        sums[pair] = sums.get(pair, 0) + (cell.count if cell.weight is None else cell.weight)
    whole, part = sum(sums.values()), sums.get((1, 1), 0) + sums.get((0, 0), 0)
    positives, negatives = (sums.get((label, 1), 0) + sums.get((label, 0), 0) for label in (1, 0))
    informedness = None
    if positives > 0 and negatives > 0:
        informedness = sums.get((1, 1), 0) / positives - sums.get((0, 1), 0) / negatives
    return Price(
        accuracy=part / whole if whole > 0 else None,
        right=sum(cell.count for cell in right),
        labelled=sum(cell.count for cell in labelled),
        informedness=informedness,
        favourable=sum(cell.count for cell in decided if cell.prediction == good),
        rows=sum(cell.count for cell in decided),
    )


def cheapest(outcomes: Sequence[Outcome], now: Outcome) -> Outcome | None:
    """Return the outcome that is right most often; then the one nearest to today's favourable decisions."""

    def cost(one: Outcome) -> tuple[float, int]:
        return (-(one.price.accuracy or 0.0), abs(one.price.favourable - now.price.favourable))

    return min(outcomes, key=cost, default=None)


def _ranges(holding: Sequence[Outcome], cuts: Sequence[float], now: Outcome) -> tuple[CutRange, ...]:
    """Return runs of neighbouring cuts that hold, those that tell people apart from those that do not."""
    place = {cut: number for number, cut in enumerate(cuts)}
    runs: list[list[Outcome]] = []
    for one in holding:
        last = runs[-1][-1] if runs else None
        if last is not None and place[one.cut or 0.0] == place[last.cut or 0.0] + 1 and last.tells == one.tells:
            runs[-1].append(one)
        else:
            runs.append([one])
    return tuple(
        CutRange(run[0].cut or 0.0, run[-1].cut or 0.0, cheapest(run, now) or run[0], run[0].tells) for run in runs
    )
