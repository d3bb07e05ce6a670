"""A realistic release for the tests of the reports: mortgage applications, a verdict with everything in it.

Group sizes are those of the Boston Fed study; rates, scores and the verdict are made up, from a seeded generator.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from assay.records.evidence import (
    Actor,
    Baseline,
    Code,
    Dataset,
    Documentation,
    Evidence,
    Materiality,
    ModelVersion,
    Tool,
)
from assay.records.measurement import Measurement, Over
from assay.records.tally import SCORE_BINS, Cell, FileDigest, Gap, Roles, ScoreCell, Scores, Source, Tally
from assay.records.verdict import (
    ApprovalStep,
    ConsentUse,
    Finding,
    Limit,
    Place,
    PolicyName,
    Provenance,
    Verdict,
)
from assay.reports.card import Card, read_card
from assay.reports.release import Release
from assay.reports.score_groups import wilson

if TYPE_CHECKING:
    from assay.records.tally import GroupValue

SIZES = {"white": 1681, "black": 197, "hispanic": 111}
SELECTED = {"white": 1567, "black": 137, "hispanic": 86}
SEX = {"male": 1607, "female": 367, None: 15}
SEX_SELECTED = {"male": 1448, "female": 330, None: 12}
ACTOR = Actor(identity="ci@lender.example", key="9f" * 32, runner="github.com/lender/mortgage run 1842")
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
    random_scores = random.Random(1990)  # noqa: S311 - scores for a picture, not a key
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


def evidence() -> Evidence:
    return Evidence(
        system="mortgage-approval",
        stage="release",
        model=ModelVersion(
            name="mortgage-approval",
            version="1",
            sha256="a1" * 32,
            files=(FileDigest(name="model.skops", sha256="b2" * 32, size=18_231),),
            author="dana@lender.example",
        ),
        materiality=Materiality(
            exposure="high", purpose="credit decision", justification="Decides who may buy a home."
        ),
        datasets=(
            Dataset(
                role="test",
                sha256="4e" * 32,
                files=(FileDigest(name="test.parquet", sha256="4e" * 32, size=48_213),),
                rows=1989,
            ),
            Dataset(
                role="train", sha256="5f" * 32, files=(FileDigest(name="train.parquet", sha256="5f" * 32, size=51_007),)
            ),
        ),
        measured_on="test",
        policy_sha256="c3" * 32,
        code=Code(commit="0123456789abcdef0123456789abcdef01234567", dirty=True),
        tally_sha256="d4" * 32,
        rows=1989,
        measurements=measurements(),
        gaps=(Gap(column="sex", kind="null", count=15),),
        documentation=Documentation(
            sha256="e5" * 32,
            present=("model_details", "intended_use"),
            missing=("ethical_considerations.mitigations",),
            placeholders=("$.ethical_considerations.mitigations",),
            contradictions=(
                "$.claims[0]: claims accuracy (everybody) of 0.95, but 0.893 was measured (n = 1,989; tolerance 0.005)",
            ),
        ),
        baseline=Baseline(name="mortgage-approval", version="0", evidence_sha256="f6" * 32, measurements=()),
        measured_at="2026-11-20T09:14:05Z",
        measured_by=ACTOR,
        tool=Tool(version="0.1.0", python="3.11.7", engine="duckdb 2.0.0"),
    )


FOUR_FIFTHS = Provenance(
    set_by="Fair lending committee",
    on="2026-05-04",
    source="29 CFR 1607.4(D)",
    why="A rate below four fifths of the highest is taken as evidence of adverse impact.",
)


def findings() -> tuple[Finding, ...]:
    fair = ("ecoa:1002.4(a)", "eu-ai-act:10(2)(f)")
    return (
        Finding(
            id="four-fifths/race=black",
            control="four-fifths",
            check="group_ratio",
            title="Each group is approved at four fifths of the highest rate, or more",
            status="fail",
            severity="critical",
            metric="impact_ratio",
            group={"race": "black"},
            over=Over(attribute="race"),
            measured=0.746,
            interval=(0.6762, 0.8118),
            n=197,
            limit=Limit(min=0.8),
            decide="point",
            reason="Black applicants are approved at 0.746 times the rate of white applicants; the limit is 0.8. "
            "The policy decides on the point because the rule is a point estimate.",
            people="About 10 more of the 197 black applicants would have to be approved to reach the limit.",
            remedy="Compare the features that push black applicants below the threshold: assay explain verdict.json four-fifths.",
            clauses=fair,
            provenance=FOUR_FIFTHS,
            place=Place(file="policy.yaml", line=14, column=5, path="$.controls[0]"),
        ),
        Finding(
            id="four-fifths/race=hispanic",
            control="four-fifths",
            check="group_ratio",
            title="Each group is approved at four fifths of the highest rate, or more",
            status="pass",
            severity="critical",
            metric="impact_ratio",
            group={"race": "hispanic"},
            over=Over(attribute="race"),
            measured=0.8311,
            interval=(0.7392, 0.9104),
            n=111,
            limit=Limit(min=0.8),
            decide="point",
            reason="0.831 is at least 0.8.",
            clauses=fair,
            provenance=FOUR_FIFTHS,
            place=Place(file="policy.yaml", line=14, column=5, path="$.controls[0]"),
        ),
        Finding(
            id="parity/race",
            control="parity",
            check="difference",
            title="Approval rates differ by at most 0.1 between groups",
            status="fail",
            metric="demographic_parity_difference",
            over=Over(attribute="race"),
            measured=0.2368,
            interval=(0.1741, 0.3032),
            n=1989,
            limit=Limit(max=0.1),
            decide="interval",
            reason="The difference is 0.237, and the whole interval lies above 0.1.",
            remedy="See four-fifths: one change mends both.",
            clauses=fair,
            place=Place(file="policy.yaml", line=27, column=5, path="$.controls[1]"),
            waiver="00aa11bb22cc33dd",
        ),
        Finding(
            id="parity/sex",
            control="parity",
            check="difference",
            title="Approval rates differ by at most 0.1 between groups",
            status="pass",
            metric="demographic_parity_difference",
            over=Over(attribute="sex"),
            measured=0.0019,
            interval=(-0.0312, 0.0391),
            n=1974,
            limit=Limit(max=0.1),
            decide="interval",
            reason="The whole interval lies below 0.1.",
            clauses=fair,
            place=Place(file="policy.yaml", line=27, column=5, path="$.controls[1]"),
        ),
        Finding(
            id="auc-by-sex/sex=None",
            control="auc-by-sex",
            check="group_floor",
            title="Ranking is good in each group",
            status="unknown",
            severity="medium",
            metric="roc_auc",
            group={"sex": None},
            n=15,
            limit=Limit(min=0.75),
            decide="interval",
            reason="15 people of unknown sex are fewer than the 30 that the policy asks for.",
            remedy="Find the sex of these applicants, or let the policy name the group as out of scope with a reason.",
            place=Place(file="policy.yaml", line=39, column=5, path="$.controls[2]"),
        ),
        Finding(
            id="auc",
            control="auc",
            check="floor",
            title="ROC AUC is at least 0.75",
            status="pass",
            severity="medium",
            metric="roc_auc",
            measured=0.812,
            interval=(0.779, 0.842),
            n=1989,
            limit=Limit(min=0.75),
            decide="interval",
            reason="The whole interval lies above 0.75.",
            place=Place(file="policy.yaml", line=48, column=5, path="$.controls[3]"),
        ),
        Finding(
            id="documentation",
            control="documentation",
            check="documentation",
            title="The model card is complete and true",
            status="fail",
            enforcement="warn",
            severity="low",
            reason="1 field is a placeholder and 1 claim contradicts the evidence.",
            remedy="Fill in ethical_considerations.mitigations and correct $.claims[0] in card.yaml.",
            place=Place(file="policy.yaml", line=55, column=5, path="$.controls[4]"),
        ),
        Finding(
            id="regression",
            control="regression",
            check="not_worse",
            title="No worse than the version in production",
            status="not-applicable",
            severity="low",
            reason="The version in production was measured on other columns.",
            place=Place(file="policy.yaml", line=61, column=5, path="$.controls[5]"),
        ),
    )


def verdict() -> Verdict:
    return Verdict(
        decision="deny",
        reason="1 critical finding fails: black applicants are approved at 0.746 times the highest rate, below the limit of 0.8.",
        system="mortgage-approval",
        model="mortgage-approval",
        version="1",
        model_sha256="a1" * 32,
        datasets={"test": "4e" * 32, "train": "5f" * 32},
        policy=PolicyName(name="lending", version="3", sha256="c3" * 32, tier="high"),
        evidence_sha256="07" * 32,
        trust_sha256="18" * 32,
        findings=findings(),
        approvals=(
            ApprovalStep(role="validator", needed=1, given=("vera@lender.example",)),
            ApprovalStep(role="risk-owner", needed=2, given=()),
        ),
        consents=(
            ConsentUse(
                id="00aa11bb22cc33dd",
                kind="waiver",
                by="rene@lender.example",
                role="risk-owner",
                status="obeyed",
                reason="The pilot is limited to 200 applications, each of them reviewed by two underwriters.",
                control="parity/race",
                expires="2027-01-31",
                compensating="Two people review every refusal.",
            ),
            ConsentUse(
                id="44ee55ff66aa77bb",
                kind="approval",
                by="vera@lender.example",
                role="validator",
                status="counted",
                reason="Bound to these digests.",
            ),
            ConsentUse(
                id="88cc99dd00ee11ff",
                kind="waiver",
                by=None,
                role="risk-owner",
                status="refused",
                reason="The key is not in the trust file.",
                control="four-fifths",
            ),
        ),
        decided_at="2026-11-20T09:14:06Z",
        decided_by=ACTOR,
    )


def release(*, with_tally: bool = True) -> Release:
    return Release(evidence=evidence(), verdict=verdict(), tally=tally() if with_tally else None, card=card())
