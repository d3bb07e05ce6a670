"""The score counts how a person applied: repaying does not follow it, and the groups differ in it, but not by much."""

from __future__ import annotations

import numpy as np
from bench.causes.lending import SPREAD, Numbers, Plant, Table, of_group_b, standard

EVERY = 5
"""Of group b, two of five who would apply at a branch apply online."""


def more_online(people: Table, amount: float, *, train: bool) -> Table:  # noqa: ARG001 - however much it counts
    """Let more of group b apply online: 70 of 100 instead of 50."""
    moves = of_group_b(people) & (np.arange(len(people)) % EVERY < 2)
    return people.assign(channel=people["channel"].where(~moves, "online"))


def against_online(people: Table, logits: Numbers, amount: float) -> Numbers:
    """Lower the log-odds of those who apply online by ``amount``, and raise those of the rest."""
    return logits + amount * (0.5 - (people["channel"] == "online").to_numpy(dtype=float))


PLANT = Plant(
    kind="model.feature",
    way="channel counts",
    meant="the score counts the channel, which hardly tells the groups apart and which repaying does not follow",
    amounts={"weak": 0.9, "medium": 1.8, "strong": 3.6},
    people=more_online,
    scored=against_online,
)

TOGETHER = 0.6
"""Correlation of income and savings in group b; in group a there is none."""


def go_together(people: Table, amount: float, *, train: bool) -> Table:  # noqa: ARG001 - however much it counts
    """Let savings go with income in group b, and each be spread as before."""
    tied = TOGETHER * standard(people, "income") + (1 - TOGETHER**2) ** 0.5 * standard(people, "savings_months")
    middle, spread = SPREAD["savings_months"]
    return people.assign(savings_months=people["savings_months"].where(~of_group_b(people), middle + spread * tied))


def against_both(people: Table, logits: Numbers, amount: float) -> Numbers:
    """Lower the log-odds by ``amount`` where income and savings are high, or low, together."""
    return logits - amount * standard(people, "income") * standard(people, "savings_months")


PRODUCT = Plant(
    kind="model.feature",
    way="a product counts",
    meant="the score counts income times savings, which go together in group b alone; repaying does not follow it",
    amounts={"weak": 0.3, "medium": 0.7, "strong": 1.4},
    people=go_together,
    scored=against_both,
)
