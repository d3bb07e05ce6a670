"""Group b is a little worse off in everything that repaying follows; the lender treats equals equally."""

from __future__ import annotations

from bench.causes.lending import MERIT, SPREAD, WEIGHTS, Plant, Table, of_group_b


def worse_off(people: Table, amount: float, *, train: bool) -> Table:  # noqa: ARG001 - train and data alike
    """Move each normal feature of group b by ``amount`` standard deviations to the worse side."""
    b = of_group_b(people)
    moved = {
        name: people[name] - side(WEIGHTS[name]) * amount * SPREAD[name][1] * b for name in MERIT if name in SPREAD
    }
    return people.assign(**moved)


def side(weight: float) -> float:
    """Return the side on which more of a feature is better."""
    return 1.0 if weight > 0 else -1.0


PLANT = Plant(
    kind="data.base_rate",
    way="worse off in everything",
    meant="five features of group b a little worse, labels follow, no single one tells the groups apart",
    amounts={"weak": 0.1, "medium": 0.2, "strong": 0.35},
    people=worse_off,
)
