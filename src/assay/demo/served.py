"""Two weeks of applications that version 2 served, made from those of the study: no later ones were ever published.

A week is 1,500 of the study's applications, drawn by a seed, one and the same several times; each has a number of its
own. The first week is served as the study found them. In the second, interest has risen: what each applicant would
spend on the house, and on all debts, is six points of income more. The scorecard of the project decides on both, as it
would have. Labels there are none: what lenders would have decided in such a week, nobody knows.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.demo.applications import read_columns, write_predictions
from assay.demo.asking import load

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "served"
NUMBERS = ("housing_expense_ratio", "debt_ratio", "loan_to_price")
"""The columns that are held against those of the study."""

DRAWN = 1_500
DEARER = 6
"""Points of income that a house costs more in the second week: what a rise of interest from about 9 to 12 % does to a
payment that takes a quarter of an income (a loan over 30 years; 0.0080 and 0.0103 of it a month)."""

_ASKED = (
    *NUMBERS, "industry_unemployment", "self_employed", "cosigner", "public_record", "delinquent_60_days",
    "consumer_credit", "mortgage_history",
)  # fmt: skip


@dataclass(frozen=True)
class Week:
    """A week of served applications.

    Attributes:
        name: the window's name.
        seed: of the draw.
        dearer: points of income that a house costs more than in the study.
        words: what it is, in a sentence.
    """

    name: str
    seed: int
    dearer: int
    words: str


WEEKS = (
    Week("week-1", 20_261, 0, "people apply as they did in the study"),
    Week("week-2", 20_262, DEARER, "interest has risen: every house takes six points more of an income"),
)


def write_weeks(project: Path) -> None:
    """Write both weeks below a project, scored by its scorecard, and say how they were made.

    Raises:
        StorageError: when the disk is full.
    """
    table = project / "data" / "train.parquet"
    people = read_columns(table, {name: name for name in (*_ASKED, "race", "sex")})
    card = load(str(project / "model" / "scorecard.json"))
    for week in WEEKS:
        chosen = random.Random(week.seed).choices(range(len(people["race"])), k=DRAWN)  # noqa: S311 - a drawing, not a secret
        served = {name: [values[row] for row in chosen] for name, values in people.items()}
        for name in ("housing_expense_ratio", "debt_ratio"):
            served[name] = [None if value is None else value + week.dearer for value in served[name]]
        scores = [round(value, 4) for value in card({name: served[name] for name in _ASKED})]
        write_predictions(
            project / FOLDER / f"{week.name}.parquet",
            {
                "application": ("VARCHAR", [f"{week.name}-{number:04}" for number in range(1, DRAWN + 1)]),
                "predicted": ("TINYINT", [int(value >= 0.5) for value in scores]),  # noqa: PLR2004 - the recipe's threshold
                "p_approved": ("DOUBLE", scores),
                **{name: ("VARCHAR", served[name]) for name in ("race", "sex")},
                **{name: ("DOUBLE", served[name]) for name in NUMBERS},
            },
        )
    (project / FOLDER / "README.md").write_text(_readme(), encoding="utf-8")


def _readme() -> str:
    lines = [f"- `{week.name}.parquet` (seed {week.seed:,}): {week.words}.\n" for week in WEEKS]
    return (
        "# Applications that were served: made, not collected\n\n"
        "No applications later than the study's were ever published. These two weeks were made from those of the study "
        f"(`data/train.parquet`): {DRAWN:,} each, drawn by a seed, some of them several times, each with a number of "
        "its own.\n\n"
        f"{''.join(lines)}\n"
        f"In the second week `housing_expense_ratio` and `debt_ratio` are {DEARER} points of income higher, as a rise "
        "of interest from about 9 to 12 % makes them. `model/scorecard.json` decided on both weeks. There are no "
        "labels: what lenders would have decided nobody knows, and nobody has made it up.\n"
    )
