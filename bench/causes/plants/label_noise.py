"""Labels of group b are wrong in both directions, in training and in the data."""

from __future__ import annotations

import numpy as np
from bench.causes.lending import Labelled, Numbers, Plant, Table, of_group_b
from bench.causes.plants.proxy import live_apart


def turned(directions: tuple[float, ...], *, only_in_train: bool = False) -> Labelled:
    """Return a step that turns the labels of group b that are among ``directions``, each with chance ``amount``."""

    def turn(people: Table, repaid: Numbers, amount: float, rng: np.random.Generator, *, train: bool) -> Numbers:
        if only_in_train and not train:
            return repaid
        wrong = of_group_b(people) & (rng.random(len(people)) < amount) & np.isin(repaid, directions)
        return np.where(wrong, 1 - repaid, repaid)

    return turn


PLANT = Plant(
    kind="data.label_noise",
    way="turned both ways",
    meant="labels of group b turned at random, in training and in the data",
    metric="equalized_odds_difference",
    amounts={"weak": 0.08, "medium": 0.18, "strong": 0.3},
    labelled=turned((0.0, 1.0)),
)

ONE_WAY = Plant(
    kind="data.label_noise",
    way="repaid written down as not repaid",
    meant="some of those of group b who repaid are written down as defaulted, in training and in the data",
    metric="false_positive_rate_difference",
    amounts={"weak": 0.1, "medium": 0.25, "strong": 0.4},
    labelled=turned((1.0,)),
)

LEARNT = Plant(
    kind="data.label_noise",
    way="turned in training, and a stand-in to learn it by",
    meant="some of those of group b who repaid are written down as defaulted in training; the district tells the group",
    amounts={"weak": 0.1, "medium": 0.25, "strong": 0.4},
    people=live_apart,
    labelled=turned((1.0,), only_in_train=True),
)
