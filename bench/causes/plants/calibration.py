"""Scores of group b are too low for how they repay; their order is right."""

from __future__ import annotations

from bench.causes.lending import Numbers, Plant, Table, of_group_b


def too_low(people: Table, logits: Numbers, amount: float) -> Numbers:
    """Lower the log-odds of group b by ``amount``."""
    return logits - amount * of_group_b(people)


PLANT = Plant(
    kind="model.calibration",
    way="too low",
    meant="log-odds of group b lowered by the same amount for all of them",
    amounts={"weak": 0.3, "medium": 0.6, "strong": 1.2},
    scored=too_low,
)
