"""Equal base rates; what is written down of group b says less about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.causes.lending import MERIT, SPREAD, Plant, Table, of_group_b

if TYPE_CHECKING:
    import numpy as np


def inexact(people: Table, amount: float, rng: np.random.Generator, *, train: bool) -> Table:  # noqa: ARG001 - train and data alike
    """Mix noise into the normal features of group b; their means and spreads stay."""
    b = of_group_b(people)
    mixed = {}
    for name in MERIT:
        if name in SPREAD:
            middle, spread = SPREAD[name]
            noise = rng.normal(0, spread, len(people))
            kept = middle + (1 - amount) ** 0.5 * (people[name] - middle) + amount**0.5 * noise
            mixed[name] = people[name].where(~b, kept)
    return people.assign(**mixed)


PLANT = Plant(
    kind="model.error_gap",
    way="records say less",
    meant="equal base rates, but the features of group b are part noise: more errors both ways",
    metric="equalized_odds_difference",
    amounts={"weak": 0.25, "medium": 0.5, "strong": 0.8},
    recorded=inexact,
)
