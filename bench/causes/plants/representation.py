"""Group b pays by another pattern, and the lender saw next to nobody of it."""

from __future__ import annotations

from bench.causes.lending import SHARE, SPREAD, WEIGHTS, Numbers, Plant, Strength, Table, merit, of_group_b, standard

SEEN: dict[Strength, float] = {"weak": 0.12, "medium": 0.03, "strong": 0.008}
"""Share of group b in what the lender was fitted on; weak leaves it a third of what it should be."""

THIN = 1.0
"""How much shorter group b's credit history is, in standard deviations: a thin file, not a bad one."""


def thin_files(people: Table, amount: float, *, train: bool) -> Table:  # noqa: ARG001 - the amount is the share seen
    """Shorten the history of group b."""
    shorter = THIN * SPREAD["history_months"][1] * of_group_b(people)
    return people.assign(history_months=people["history_months"] - shorter)


def by_another_pattern(people: Table, amount: float, *, train: bool) -> Numbers:  # noqa: ARG001 - the amount is the share seen
    """Return the merit: for group b the history says nothing, and the savings say as much more."""
    history, savings = (standard(people, name) for name in ("history_months", "savings_months"))
    return merit(people) + of_group_b(people) * WEIGHTS["history_months"] * (savings - history)


PLANT = Plant(
    kind="data.representation",
    way="hardly seen in training",
    meant="group b repays by another pattern and is nearly absent from the training table",
    metric="equal_opportunity_difference",
    amounts=SEEN,
    shares={strength: (share, SHARE) for strength, share in SEEN.items()},
    people=thin_files,
    merit=by_another_pattern,
)
