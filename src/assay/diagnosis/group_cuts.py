"""A cut for each group: which cuts hold all limits, where the law allows cuts of a group's own.

Rates that are compared between groups are led into a common window (selection rates for parity, true positive rates
for equal opportunity, and so on; Hardt, Price and Srebro 2016, section 4, https://arxiv.org/abs/1610.02413): for every
place of the window each group takes, of its cuts with a rate inside, the one that is right most often. Windows from the
limit's own width down to none are tried, for a narrower one leaves room for the interval. Each choice is then measured
and judged as the gate does it; the cheapest that passes is named. Limits of several kinds at once may be out of reach
of such windows: finding none is no proof that there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from assay.diagnosis.recut import Recut
from assay.diagnosis.requirement import follows_decisions
from assay.diagnosis.thresholds import Outcome, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.diagnosis.recut import Key
    from assay.diagnosis.requirement import Requirement
    from assay.records.tally import Tally

_RATE_OF = {
    "demographic_parity_difference": "selection_rate",
    "demographic_parity_ratio": "selection_rate",
    "impact_ratio": "selection_rate",
    "equal_opportunity_difference": "true_positive_rate",
    "equal_opportunity_ratio": "true_positive_rate",
    "equalized_odds_difference": "true_positive_rate",
    "equalized_odds_ratio": "true_positive_rate",
    "worst_group_true_positive_rate": "true_positive_rate",
    "worst_group_false_negative_rate": "true_positive_rate",
    "false_negative_rate_difference": "true_positive_rate",
    "false_positive_rate_difference": "false_positive_rate",
    "worst_group_false_positive_rate": "false_positive_rate",
    "accuracy_difference": "accuracy",
    "worst_group_accuracy": "accuracy",
    "predictive_parity_difference": "precision",
}
"""The groups' rate that a comparison is about; of any other comparison the selection rate is led."""

MOST_CHOICES = 100
"""So many choices of cuts by group are measured at most; each takes about a millisecond."""

_PLACES = 25
_WIDTHS = (1.0, 0.6, 0.3, 0.0)
_CUTS_OF_A_GROUP = 400


class _Choice(NamedTuple):
    """One cut of one group: its rates, and how many rows it decides as the label says."""

    cut: float
    rates: dict[str, float | None]
    right: float


@dataclass(frozen=True, slots=True)
class GroupCuts:
    """A cut for each group.

    Attributes:
        cuts: by group, as (values in the attributes' order, cut).
        outcome: what they come to.
    """

    cuts: tuple[tuple[Key, float], ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class GroupThresholds:
    """The cheapest cuts by group, of those tried.

    Attributes:
        attributes: the protected attributes whose groups get a cut each.
        gate: the cheapest with which every requirement passes as the gate judges it; None: none tried does.
        point: the cheapest with which every value is within its limit, whatever the intervals say.
        tried: how many choices were measured.
    """

    attributes: tuple[str, ...]
    gate: GroupCuts | None
    point: GroupCuts | None
    tried: int


def group_thresholds(
    tally: Tally,
    requirements: Sequence[Requirement],
    attributes: tuple[str, ...],
    *,
    level: float = 0.95,
    most: int = MOST_CHOICES,
) -> GroupThresholds:
    """Return the cheapest cuts by group, of those tried, that hold all limits and still tell people apart.

    Args:
        tally: the counts, with scores.
        requirements: every limit that has to hold; those about scores alone are left out, for no cut moves them.
        attributes: the protected attributes whose groups get a cut each.
        level: two-sided confidence of the intervals.
        most: how many choices are measured at most; those that are right most often come first.

    Raises:
        InputError: when the tally has no scores, or a metric or attribute is not known.
    """
    recut = Recut(tally)
    moved = [one for one in requirements if follows_decisions(one)]
    now = outcome(tally, moved, level)
    common = recut.closest(())[()][0]
    choices = {key: _choices(recut, attributes, key) for key in dict.fromkeys(recut.keys(attributes))}
    gate: GroupCuts | None = None
    point: GroupCuts | None = None
    tried = 0
    for cuts in _by_price(_windows(moved, choices), choices):
        if tried == most or gate is not None:
            break
        tried += 1
        one = outcome(recut.by_group(attributes, cuts, common), moved, level, now=now)
        if one.tells and one.gate:
            gate = GroupCuts(tuple(cuts.items()), one)
        if one.tells and one.point and point is None:
            point = GroupCuts(tuple(cuts.items()), one)
    return GroupThresholds(attributes, gate, point, tried)


def _by_price(windows: Iterator[dict[Key, float]], choices: dict[Key, list[_Choice]]) -> Iterator[dict[Key, float]]:
    """Yield each different choice once, those that are right most often first."""
    right = {key: {one.cut: one.right for one in mine} for key, mine in choices.items()}
    different = {tuple(cuts.items()): cuts for cuts in windows}
    yield from sorted(different.values(), key=lambda cuts: -sum(right[key][cut] for key, cut in cuts.items()))


def _choices(recut: Recut, attributes: tuple[str, ...], key: Key) -> list[_Choice]:
    """Return a group's cuts with their rates; only those at which its own counts change."""
    found: list[_Choice] = []
    before: tuple[int, ...] | None = None
    step = max(1, len(recut.places) // _CUTS_OF_A_GROUP)
    for cut in recut.places[::step]:
        counts = recut.counts_of(attributes, key, cut)
        if counts != before:
            found.append(_rated(cut, counts))
        before = counts
    return found


def _rated(cut: float, counts: tuple[int, ...]) -> _Choice:
    fp, tn, tp, fn, above, _ = counts

    def over(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    rates = {
        "selection_rate": over(fp + tp + above, sum(counts)),
        "true_positive_rate": over(tp, tp + fn),
        "false_positive_rate": over(fp, fp + tn),
        "accuracy": over(tp + tn, fp + tn + tp + fn),
        "precision": over(tp, tp + fp),
    }
    return _Choice(cut, rates, float(tp + tn))


def _windows(moved: Sequence[Requirement], choices: dict[Key, list[_Choice]]) -> Iterator[dict[Key, float]]:
    """Yield cuts of all groups: for each rate, each place of the window and each width the groups' best."""
    limits: dict[str, tuple[float, bool]] = {}
    for one in moved:
        rate = _RATE_OF.get(one.metric, "selection_rate")
        of_ratio = one.limit.max is None
        width = 1.0 - (one.limit.min or 0.0) if of_ratio else one.limit.max or 0.0
        if rate not in limits or width < limits[rate][0]:
            limits[rate] = (min(max(width, 0.0), 1.0), of_ratio)
    for rate, (limit, of_ratio) in limits.items():
        for place in range(1, _PLACES + 1):
            top = place / _PLACES
            for width in _WIDTHS:
                low = top * (1 - width * limit) if of_ratio else top - width * limit
                cuts = {key: _best(mine, rate, low, top) for key, mine in choices.items()}
                yield {key: cut for key, cut in cuts.items() if cut is not None}


def _best(choices: Sequence[_Choice], rate: str, low: float, top: float) -> float | None:
    """Return the cut that is right most often among those within a window; else the one nearest to it."""
    known = [(one, value) for one in choices if (value := one.rates[rate]) is not None]
    if not known:
        return None

    def cost(pair: tuple[_Choice, float]) -> tuple[float, float]:
        return (max(low - pair[1], pair[1] - top, 0.0), -pair[0].right)

    return min(known, key=cost)[0].cut
