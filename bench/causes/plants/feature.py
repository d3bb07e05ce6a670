"""The score counts how a person applied: repaying does not follow it, and the groups differ in it, but not by much."""

from __future__ import annotations

import numpy as np
from bench.causes.lending import Numbers, Plant, Table, of_group_b

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
