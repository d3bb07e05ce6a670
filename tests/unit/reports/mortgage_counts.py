"""What was counted and measured in the release that the tests of the reports read, and what people said of it.

Group sizes are those of the Boston Fed study; rates, scores and the verdict are made up, from a seeded generator.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from assay.records.measurement import Measurement, Over
from assay.records.tally import SCORE_BINS, Cell, FileDigest, Gap, Roles, ScoreCell, Scores, Source, Tally
from assay.reports.card import Card, read_card
from assay.reports.score_groups import wilson

if TYPE_CHECKING:
    from assay.records.tally import GroupValue

SIZES = {"white": 1681, "black": 197, "hispanic": 111}
SELECTED = {"white": 1567, "black": 137, "hispanic": 86}
SEX = {"male": 1607, "female": 367, None: 15}
SEX_SELECTED = {"male": 1448, "female": 330, None: 12}
METHOD = "Wilson score interval (Wilson 1927)"

CARD = """\
model_details:
  developed_by: Lender Bank, credit modelling team
  type: logistic regression
  license: apache-2.0
  contact: models@lender.bank
  citation: Munnell et al. 1996, Mortgage Lending in Boston
intended_use:
  primary_uses: Ranks mortgage applications for a human underwriter.
  primary_users: [Underwriters who passed the lending course, "Their reviewers"]
  out_of_scope: [Automatic refusal, Loans to companies]
factors:
  relevant: Race, sex and marital status; the town the house stands in is not measured.
metrics:
  measures: Approval rates, because a refusal is what harms an applicant. The selection rate for race black is 0.70.
  decision_thresholds: Approve at a score above 0.5, chosen by the credit committee.
evaluation_data:
  motivation: The applications that a regulator studied.
  preprocessing: Rows without an outcome were removed.
training_data:
  description: Applications of 1990 in Boston; nobody who was discouraged from applying is in it.
ethical_considerations:
  sensitive_data: Race and sex are held for this test and are not features.
  human_life: A wrong refusal costs a family its home; refusals can be appealed.
  mitigations: Thresholds were reviewed by the fair lending officer.
  risks_and_harms: The labels are past decisions of people, and carry their bias.
caveats_and_recommendations:
  caveats: 197 people settle little.
  recommendations: Measure again every quarter.
claims:
  - {metric: accuracy, value: 0.893}
"""


def card() -> Card:
    return read_card(CARD.encode(), "card.yaml")


def rate(metric: str, group: dict[str, GroupValue], positives: int, n: int) -> Measurement:
    return Measurement(
        metric=metric, group=group, value=positives / n, interval=wilson(positives, n), n=n, unit="rate", method=METHOD
    )


def measurements() -> tuple[Measurement, ...]:
    found = [rate("selection_rate", {}, 1790, 1989), rate("accuracy", {}, 1776, 1989)]
    found += [rate("selection_rate", {"race": race}, SELECTED[race], n) for race, n in SIZES.items()]
    found += [rate("selection_rate", {"sex": sex}, SEX_SELECTED[sex], n) for sex, n in SEX.items()]
    found += [rate("true_positive_rate", {"race": race}, int(n * 0.7), int(n * 0.74)) for race, n in SIZES.items()]
    found += [
        Measurement(
            metric="roc_auc", value=0.812, interval=(0.779, 0.842), n=1989, unit="score", bound=0.0004, method="DeLong"
        ),
        Measurement(
            metric="roc_auc",
            group={"sex": None},
            value=None,
            n=15,
            unit="score",
            reason="15 people, fewer than the 30 asked for",
        ),
        Measurement(
            metric="demographic_parity_difference",
            over=Over(attribute="race"),
            value=0.2368,
            interval=(0.1741, 0.3032),
            n=1989,
            unit="difference",
            method="Newcombe (1998) method 10",
            minimum_group=30,
            lowest={"race": "black"},
            highest={"race": "white"},
        ),
        Measurement(
            metric="demographic_parity_difference",
            over=Over(attribute="sex"),
            value=0.0019,
            interval=(-0.0312, 0.0391),
            n=1974,
            unit="difference",
            method="Newcombe (1998) method 10",
            minimum_group=30,
            left_out=({"sex": None},),
            lowest={"sex": "female"},
            highest={"sex": "male"},
        ),
        Measurement(
            metric="impact_ratio",
            group={"race": "black"},
            over=Over(attribute="race"),
            value=0.746,
            interval=(0.6762, 0.8118),
            n=197,
            unit="ratio",
            method="log ratio (Katz 1978)",
            minimum_group=30,
        ),
        Measurement(
            metric="impact_ratio",
            group={"race": "hispanic"},
            over=Over(attribute="race"),
            value=0.8311,
            interval=(0.7392, 0.9104),
            n=111,
            unit="ratio",
            method="log ratio (Katz 1978)",
            minimum_group=30,
        ),
    ]
    return tuple(found)


def tally() -> Tally:
    """Return cells and score histograms whose groups have the right sizes; scores from a seeded generator."""
    random_scores = random.Random(1990)
    cells: Counter[tuple[str, GroupValue, int, int]] = Counter()
    bins: dict[tuple[str, GroupValue, int], Counter[int]] = {}
    sexes: list[GroupValue] = [sex for sex, n in SEX.items() for _ in range(n)]
    random_scores.shuffle(sexes)
    races = [race for race, n in SIZES.items() for _ in range(n)]
    for race, sex in zip(races, sexes, strict=True):
        score = random_scores.betavariate(7, 1.6) if race == "white" else random_scores.betavariate(3.2, 1.9)
        label = int(random_scores.random() < min(0.5 + score / 2, 0.98))
        cells[race, sex, label, int(score > 0.5)] += 1
        bins.setdefault((race, sex, label), Counter())[min(int(score * SCORE_BINS), SCORE_BINS - 1)] += 1
    return Tally(
        roles=Roles(label="approved", prediction="predicted", score="p_approved", protected=("race", "sex")),
        rows=1989,
        cells=tuple(
            Cell(group=(race, sex), label=label, prediction=prediction, count=count)
            for (race, sex, label, prediction), count in sorted(cells.items(), key=str)
        ),
        scores=Scores(
            low=0.0,
            high=1.0,
            cells=tuple(
                ScoreCell(
                    group=(race, sex),
                    label=label,
                    bins=tuple(sorted(found.items())),
                    count=found.total(),
                    total=0,
                    squares=0,
                )
                for (race, sex, label), found in sorted(bins.items(), key=str)
            ),
        ),
        gaps=(Gap(column="sex", kind="null", count=15),),
        sources=(
            Source(
                files=(FileDigest(name="test.parquet", sha256="4e" * 32, size=48_213),),
                engine="duckdb 2.0.0",
                sql="SELECT 1",
            ),
        ),
    )
