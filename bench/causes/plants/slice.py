"""Group b is scored too low among those who ask for a loan for a business, and nowhere else."""

from __future__ import annotations

from bench.causes.lending import Numbers, Plant, Table, of_group_b


def businesses(people: Table, logits: Numbers, amount: float) -> Numbers:
    """Lower the log-odds of group b's businesses by ``amount``."""
    return logits - amount * (of_group_b(people) & (people["purpose"] == "business").to_numpy())


PLANT = Plant(
    kind="model.slice",
    way="businesses",
    meant="one person in five of group b, those with a business, scored too low",
    amounts={"weak": 1.0, "medium": 2.0, "strong": 4.0},
    scored=businesses,
)
