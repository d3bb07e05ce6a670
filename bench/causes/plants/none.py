"""Nothing that explains a gap: no gap at all, or everything else that could be mistaken for a cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from bench.causes.lending import SPREAD, Numbers, Plant, Strength, Table, of_group_b
from bench.causes.plants.base_rate import worse_off
from bench.causes.plants.proxy import live_apart

if TYPE_CHECKING:
    from collections.abc import Callable

NULL: dict[Strength, float] = {"null": 0.0}


def otherwise(people: Table, amount: float, *, train: bool) -> Table:  # noqa: ARG001 - there is no more or less of it
    """Give group b more income and as much more debt: other people, as likely to repay."""
    b = of_group_b(people)
    more = {name: people[name] + SPREAD[name][1] * b for name in ("income", "debt_ratio")}
    return people.assign(**more)


def for_everybody(people: Table, repaid: Numbers, amount: float, rng: np.random.Generator, *, train: bool) -> Numbers:  # noqa: ARG001 - see above
    """Turn one label in five, whoever's it is."""
    return np.where(rng.random(len(people)) < 0.2, 1 - repaid, repaid)


def gaps_for_everybody(people: Table, amount: float, rng: np.random.Generator, *, train: bool) -> Table:  # noqa: ARG001 - see above
    """Leave out three histories in ten, whoever's they are."""
    return people.assign(history_months=people["history_months"].where(rng.random(len(people)) >= 0.3))


def a_little(worse: Callable[..., Table]) -> Callable[..., Table]:
    """Return a step that does so little that the limit holds."""

    def little(people: Table, amount: float, *, train: bool) -> Table:
        return worse(people, 0.03 + amount, train=train)

    return little


PLANTS = (
    Plant(kind="none", way="nothing", meant="two groups alike in everything", amounts=NULL),
    Plant(kind="none", way="other people", meant="the groups' features differ, their merit does not",
          amounts=NULL, people=otherwise),
    Plant(kind="none", way="a stand-in that nobody uses", meant="the district tells the group; no score follows it",
          amounts=NULL, people=live_apart),
    Plant(kind="none", way="noisy labels", meant="one label in five is wrong, in both groups",
          amounts=NULL, metric="equalized_odds_difference", limit=0.1, labelled=for_everybody),
    Plant(kind="none", way="gaps for everybody", meant="three histories in ten are missing, in both groups",
          amounts=NULL, recorded=gaps_for_everybody),
    Plant(kind="none", way="a small gap, surely", meant="base rates differ a little; the limit holds; n is large",
          amounts=NULL, limit=0.1, rows=60_000, people=a_little(worse_off)),
    Plant(kind="none", way="hardly any signal", meant="repaying hardly follows anything; both groups alike",
          amounts=NULL, metric="equal_opportunity_difference", limit=0.1, steep=0.3),
)  # fmt: skip
