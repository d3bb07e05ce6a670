"""Where a person lives tells the group, and the score takes it into account; repaying does not follow it."""

from __future__ import annotations

from bench.causes.lending import SPREAD, Numbers, Plant, Table, of_group_b, standard

APART = 2.0
"""Standard deviations between the groups' districts: who lives where tells the group in 84 of 100 cases."""


def live_apart(people: Table, amount: float, *, train: bool) -> Table:  # noqa: ARG001 - however much it counts
    """Move the districts of group b away from those of group a."""
    moved = APART * SPREAD["district_index"][1] * of_group_b(people)
    return people.assign(district_index=people["district_index"] - moved)


def redlined(people: Table, logits: Numbers, amount: float) -> Numbers:
    """Add ``amount`` to the log-odds for each standard deviation of the district's index."""
    return logits + amount * (standard(people, "district_index") + APART / 2)


PLANT = Plant(
    kind="data.proxy",
    way="district counts",
    meant="the district's index tells the group, and the score counts it; repaying does not follow it",
    amounts={"weak": 0.15, "medium": 0.3, "strong": 0.6},
    people=live_apart,
    scored=redlined,
)
