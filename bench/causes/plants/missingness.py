"""What speaks for a person is not written down for many of group b."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.causes.lending import SPREAD, Plant, Table, of_group_b

if TYPE_CHECKING:
    import numpy as np

USUAL = 0.03
"""Share of gaps in everybody's records."""


def left_out(people: Table, amount: float, rng: np.random.Generator, *, train: bool) -> Table:  # noqa: ARG001 - train and data alike
    """Leave out the good histories and savings of group b, each with chance ``amount``; some of everybody's."""
    b = of_group_b(people)
    written = {}
    for name in ("history_months", "savings_months"):
        good = people[name] > SPREAD[name][0]
        chance = USUAL + amount * (b & good)
        written[name] = people[name].where(rng.random(len(people)) >= chance)
    return people.assign(**written)


PLANT = Plant(
    kind="data.missingness",
    way="good records left out",
    meant="histories and savings that speak for a person are missing more often for group b",
    amounts={"weak": 0.2, "medium": 0.5, "strong": 0.9},
    recorded=left_out,
)
