"""Scores are fair; people of group b are approved from a higher score on."""

from __future__ import annotations

import numpy as np
from bench.causes.lending import CUT, MERIT, SPREAD, Numbers, Plant, Table, of_group_b


def higher(people: Table, amount: float) -> Numbers:
    """Return the cut of each person, ``amount`` higher for group b."""
    return np.asarray(CUT + amount * of_group_b(people), dtype=np.float64)


PLANT = Plant(
    kind="threshold.cut",
    way="higher for one group",
    meant="the same scores for equal people, but a higher cut for group b",
    amounts={"weak": 0.06, "medium": 0.12, "strong": 0.24},
    cuts=higher,
)


def misplaced(people: Table, amount: float) -> Numbers:
    """Return one cut for everybody, ``amount`` too high."""
    return np.full(len(people), CUT + amount)


NARROW = 0.6
"""Spread of group b's features, in that of group a's: both have as many good applicants, b has fewer splendid ones."""


def nearer_the_middle(people: Table, amount: float, *, train: bool) -> Table:  # noqa: ARG001 - the amount is the cut's
    """Draw group b's features in: at a cut in the middle as many are approved, at a high one hardly any."""
    b = of_group_b(people)
    drawn = {
        name: people[name].where(~b, SPREAD[name][0] + NARROW * (people[name] - SPREAD[name][0]))
        for name in MERIT
        if name in SPREAD
    }
    return people.assign(**drawn)


MISPLACED = Plant(
    kind="threshold.cut",
    way="too high for everybody",
    meant="scores are fair; one cut for all stands where group b, which has fewer splendid people, hardly comes",
    metric="equal_opportunity_difference",
    amounts={"weak": 0.1, "medium": 0.2, "strong": 0.3},
    people=nearer_the_middle,
    cuts=misplaced,
)
