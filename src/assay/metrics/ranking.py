"""How the scores of two classes rank against each other: what the area under the ROC curve and its variance rest on.

Two ways to the same sums. Where a group's counts are a list by point, one walk over the list makes them. Where a tally
keeps the scores of few people, most points hold one person: then one walk over all people in the order of their scores
makes the sums of every group of a grouping at once, and no group's list is ever made. Sums are of whole numbers in
double precision, exact up to 2**53, added in the order of the points: no order of merging changes a bit.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

People: TypeAlias = tuple[int, int]
"""Number of a tally's cell, and how many."""

Stretch: TypeAlias = tuple[bool, list[People]]
"""People whose scores follow each other, each score held by one cell alone; or (True) those who share one score."""


class Order(NamedTuple):
    """The people of a tally in the order of their scores.

    Attributes:
        places: every score that somebody has, ascending.
        counts: people at each.
        stretches: the people, by cell.
    """

    places: Sequence[float]
    counts: Sequence[int]
    stretches: Sequence[Stretch]


class Ranks(NamedTuple):
    """Sums over people of their rank: twice the people of the other class below them, ties counting once.

    Attributes:
        won: sum over the positives.
        positive_squares: sum of squares over the positives.
        negative_squares: sum of squares over the negatives.
    """

    won: float
    positive_squares: float
    negative_squares: float


def ranks(negative: Sequence[float], positive: Sequence[float]) -> Ranks:
    """Return the sums of one group, from people by point in the order of the points."""
    won = positive_squares = negative_squares = below = above = 0.0
    for misses, hits in zip(negative, positive, strict=True):
        rank = below
        below += misses
        rank += below
        part = hits * rank
        won += part
        positive_squares += part * rank
        rank = above
        above += hits
        rank += above
        negative_squares += misses * rank * rank
    return Ranks(won, positive_squares, negative_squares)


def in_order(cells: Sequence[Sequence[tuple[float, int]]], different: int) -> Order:
    """Return people in the order of their scores.

    Args:
        cells: each cell's (score, people) pairs.
        different: how many different scores these are.
    """
    values = [value for cell in cells for value, _ in cell]
    people = [(number, count) for number, cell in enumerate(cells) for _, count in cell]
    ascending = sorted(range(len(values)), key=values.__getitem__)
    if len(values) == different:
        stretch = [people[place] for place in ascending]
        return Order([values[place] for place in ascending], [count for _, count in stretch], [(False, stretch)])
    places = {value: [people[place] for place in same] for value, same in groupby(ascending, values.__getitem__)}
    counts = [sum(count for _, count in place) for place in places.values()]
    stretches: list[Stretch] = []
    for tied, stretch_of in groupby(places.values(), lambda place: len(place) > 1):
        if tied:
            stretches += [(True, place) for place in stretch_of]
        else:
            stretches.append((False, [place[0] for place in stretch_of]))
    return Order(list(places), counts, stretches)


def ranks_of_groups(order: Order, slots: Sequence[int], groups: int) -> list[Ranks]:
    """Return the sums of every group of a grouping.

    Args:
        order: people by score.
        slots: for every cell twice the number of its group, and one more for positives; ``2 * groups`` for none.
        groups: how many there are.
    """
    seen, ranked, squares = ([0] * (2 * groups + 2) for _ in range(3))
    for tied, stretch in order.stretches:
        if tied:
            before = [seen[slots[cell] ^ 1] for cell, _ in stretch]
            for cell, count in stretch:
                seen[slots[cell]] += count
            for below, (cell, count) in zip(before, stretch, strict=True):
                mine = slots[cell]
                rank = below + seen[mine ^ 1]
                part = count * rank
                ranked[mine] += part
                squares[mine] += part * rank
        else:
            for cell, count in stretch:
                mine = slots[cell]
                rank = 2 * seen[mine ^ 1]
                seen[mine] += count
                part = count * rank
                ranked[mine] += part
                squares[mine] += part * rank
    return list(map(Ranks, ranked[1:-2:2], squares[1:-2:2], squares[:-2:2]))
