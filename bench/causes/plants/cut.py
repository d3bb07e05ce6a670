"""Scores are fair; people of group b are approved from a higher score on."""

from __future__ import annotations

import numpy as np
from bench.causes.lending import CUT, Numbers, Plant, Table, of_group_b


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
