"""What the lender was fitted on is not what it is given: group b's income is written down otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.causes.lending import Numbers, Plant, Table, merit, of_group_b, standard
from bench.causes.plants.proxy import APART, live_apart

if TYPE_CHECKING:
    import numpy as np


def net_instead_of_gross(people: Table, amount: float, rng: np.random.Generator, *, train: bool) -> Table:  # noqa: ARG001 - every step is given a stream
    """Write down a part of the income of group b in the data; in training it stood in full."""
    return people if train else people.assign(income=people["income"] * (1 - amount * of_group_b(people)))


PLANT = Plant(
    kind="data.split_mismatch",
    way="net income instead of gross",
    meant="in the data, and not in training, group b's income is written down after taxes",
    amounts={"weak": 0.08, "medium": 0.2, "strong": 0.4},
    recorded=net_instead_of_gross,
)


def district_counted_once(people: Table, amount: float, *, train: bool) -> Numbers:
    """Let repaying follow the district in training, by ``amount`` a standard deviation, and not in the data."""
    return merit(people) + amount * train * (standard(people, "district_index") + APART / 2)


RELATION = Plant(
    kind="data.split_mismatch",
    way="the district counted once",
    meant="in training repaying followed the district, in which the groups differ; in the data it does not any more",
    amounts={"weak": 0.15, "medium": 0.3, "strong": 0.6},
    people=live_apart,
    merit=district_counted_once,
)
