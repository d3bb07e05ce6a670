"""A fair lender, step by step, and a plant that changes one step of it.

::

    people ──> recorded ──> fitted on train ──> log-odds ──> score ──> decided
       └──> repaid ──> labelled ─┘

In the fair world both groups have the same features, the same chance to repay given them, the same records, the same
scores and the same cut. Each step draws from a stream of its own, so that a change of one leaves the draws of the
others as they were.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Strength: TypeAlias = Literal["weak", "medium", "strong", "null"]
Table: TypeAlias = "pd.DataFrame"
Numbers: TypeAlias = "NDArray[np.float64]"

ROWS = 12_000
SHARE = 0.35
"""Rows of a table, and the share of group b among them, where a plant does not say otherwise."""

CUT = 0.5
SPREAD = {"income": (62.0, 14.0), "debt_ratio": (34.0, 8.0), "history_months": (110.0, 36.0),
          "savings_months": (7.0, 2.2), "loan_to_price": (74.0, 10.0), "district_index": (50.0, 10.0)}  # fmt: skip
"""Mean and standard deviation of each feature that is normal."""

LATE = 1.2
"""Mean late payments, a Poisson count."""

WEIGHTS = {"income": 0.6, "debt_ratio": -0.6, "history_months": 0.6, "savings_months": 0.5, "loan_to_price": -0.4,
           "late_payments": -0.5}  # fmt: skip
"""What one standard deviation of a feature adds to the merit; the rest of the features add nothing."""

MERIT = tuple(WEIGHTS)
NUMBERS = (*SPREAD, "late_payments")
WORDS = {
    "channel": {"branch": 0.5, "online": 0.5},
    "purpose": {"home": 0.4, "renovation": 0.2, "car": 0.2, "business": 0.2},
    "employment": {"permanent": 0.7, "temporary": 0.15, "self-employed": 0.15},
}
FEATURES = (*NUMBERS, *WORDS)
"""What the lender sees; the group is not among it."""


class People(Protocol):
    """Changes who applies, before anybody is labelled."""

    def __call__(self, people: Table, amount: float, *, train: bool) -> Table:
        """Return the people; the group stands in ``group``."""


class Merit(Protocol):
    """Says what the chance to repay follows."""

    def __call__(self, people: Table, amount: float, *, train: bool) -> Numbers:
        """Return the merit of each person: log-odds over `STEEP`, less `TILT`."""


class Recorded(Protocol):
    """Changes what is written down of the people, after they were labelled."""

    def __call__(self, people: Table, amount: float, rng: np.random.Generator, *, train: bool) -> Table:
        """Return what the lender sees."""


class Labelled(Protocol):
    """Changes the labels that are written down."""

    def __call__(
        self, people: Table, repaid: Numbers, amount: float, rng: np.random.Generator, *, train: bool
    ) -> Numbers:
        """Return the labels, 0 or 1."""


class Scored(Protocol):
    """Changes the log-odds that the fitted lender gives."""

    def __call__(self, people: Table, logits: Numbers, amount: float) -> Numbers:
        """Return the log-odds."""


class Cuts(Protocol):
    """Says from which score on each person is approved."""

    def __call__(self, people: Table, amount: float) -> Numbers:
        """Return each person's cut."""


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One fault: what is planted, in which step, how strongly, and the metric that somebody would ask about.

    Attributes:
        kind: the cause, as `assay explain` would name it.
        way: what tells it from other plants of its kind; unique.
        meant: what was planted, in words.
        metric: the metric asked about.
        limit: its limit.
        amounts: of each strength; ``null`` alone for plants of the kind ``none``.
        rows: rows of the data.
        shares: share of group b in train and in the data.
        steep: how strongly repaying follows the merit.
        people, merit, recorded, labelled, scored, cuts: the steps that it changes; None leaves a step fair.
    """

    kind: str
    way: str
    meant: str
    metric: str = "demographic_parity_difference"
    limit: float = 0.05
    amounts: Mapping[Strength, float]
    rows: int = ROWS
    shares: Mapping[Strength, tuple[float, float]] = field(default_factory=dict)
    steep: float = 1.3
    people: People | None = None
    merit: Merit | None = None
    recorded: Recorded | None = None
    labelled: Labelled | None = None
    scored: Scored | None = None
    cuts: Cuts | None = None


@dataclass(frozen=True)
class Case:
    """Two tables with one plant, and the lender who scored them.

    Attributes:
        train: what the lender was fitted on: features, ``group``, ``repaid``.
        rows: what is asked about: the same, with ``score`` and ``approved``.
        lender: a scikit-learn pipeline over the named features; None where scores are not its own.
    """

    train: Table
    rows: Table
    lender: Pipeline | None


TILT = 0.3


def merit(people: Table) -> Numbers:
    """Return the fair world's merit: a weighted sum of standardised features."""
    return np.asarray(sum(weight * standard(people, name) for name, weight in WEIGHTS.items()), dtype=np.float64)


def standard(people: Table, name: str) -> Numbers:
    """Return a number in standard deviations from the fair world's mean."""
    middle, spread = SPREAD.get(name, (LATE, LATE**0.5))
    return np.asarray((people[name].to_numpy(dtype=float) - middle) / spread, dtype=np.float64)


def draw(rows: int, share: float, rng: np.random.Generator) -> Table:
    """Draw people of two groups who are alike in everything."""
    drawn: dict[str, Any] = {name: rng.normal(*spread, rows) for name, spread in SPREAD.items()}
    drawn["late_payments"] = rng.poisson(LATE, rows)
    for name, chances in WORDS.items():
        drawn[name] = rng.choice(list(chances), rows, p=list(chances.values()))
    drawn["group"] = np.where(rng.permutation(rows) < round(share * rows), "b", "a")
    return pd.DataFrame(drawn)


def lender() -> Pipeline:
    """Return an ordinary scorecard that does not see the group; gaps are filled with the mean, as most do."""
    numbers = make_pipeline(SimpleImputer(strategy="mean"), StandardScaler())
    columns = ColumnTransformer([("numbers", numbers, list(NUMBERS)), ("words", OneHotEncoder(), list(WORDS))])
    return Pipeline([("columns", columns), ("scorecard", LogisticRegression(max_iter=1000))])


def sigmoid(logits: Numbers) -> Numbers:
    """Return the chance at each log-odds."""
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float64)


def table(plant: Plant, strength: Strength, seed: int, *, train: bool) -> Table:
    """Return one table before anybody is scored: features, ``group``, ``repaid``."""
    amount = plant.amounts[strength]

    def stream(step: str) -> np.random.Generator:
        return np.random.default_rng([seed, int(train), zlib.crc32(step.encode())])

    share = plant.shares[strength][0 if train else 1] if strength in plant.shares else SHARE
    people = draw(ROWS if train else plant.rows, share, stream("people"))
    if plant.people is not None:
        people = plant.people(people, amount, train=train)
    worth = merit(people) if plant.merit is None else plant.merit(people, amount, train=train)
    repaid = (stream("repaid").random(len(people)) < sigmoid(plant.steep * worth + TILT)).astype(float)
    if plant.labelled is not None:
        repaid = plant.labelled(people, repaid, amount, stream("labelled"), train=train)
    if plant.recorded is not None:
        people = plant.recorded(people, amount, stream("recorded"), train=train)
    return people.assign(repaid=repaid.astype(int))


def build(plant: Plant, strength: Strength, seed: int) -> Case:
    """Return the two tables of one plant, scored and decided."""
    train, rows = (table(plant, strength, seed, train=train) for train in (True, False))
    fitted = lender().fit(train[list(FEATURES)], train["repaid"])
    logits = fitted.decision_function(rows[list(FEATURES)])
    amount = plant.amounts[strength]
    if plant.scored is not None:
        logits = plant.scored(rows, logits, amount)
    score = sigmoid(logits)
    cuts = np.full(len(rows), CUT) if plant.cuts is None else plant.cuts(rows, amount)
    decided = rows.assign(score=score, approved=(score >= cuts).astype(int))
    own = plant.scored is None
    return Case(train, decided, fitted if own else None)


def of_group_b(people: Table) -> NDArray[np.bool_]:
    """Return who is of the group that plants fall on."""
    return np.asarray(people["group"] == "b", dtype=np.bool_)
