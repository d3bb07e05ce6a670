"""A realistic release for the tests of the reports: a verdict with fails, an unknown, a waiver and a gap."""

from __future__ import annotations

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
from assay.records.measurement import Over
from assay.records.tally import FileDigest, Gap
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
from assay.reports.release import Release
from unit.reports.mortgage_counts import card, measurements, tally

ACTOR = Actor(identity="ci@lender.example", key="9f" * 32, runner="github.com/lender/mortgage run 1842")


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
            contradictions=("$.claims[0]: claims accuracy (everybody) of 0.95, but 0.893 was measured (n = 1,989)",),
        ),
        baseline=Baseline(name="mortgage-approval", version="0", evidence_sha256="f6" * 32, measurements=()),
        measured_at="2026-11-20T09:14:05Z",
        measured_by=ACTOR,
        tool=Tool(version="0.1.0", python="3.11.7", engine="duckdb 2.0.0"),
    )


FOUR_FIFTHS = Provenance(
    set_by="Fair lending committee",
    when="2026-05-04",
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
            people="About 10 more of the 197 black applicants would have to be approved.",
            remedy="Compare what pushes black applicants below the threshold: assay explain verdict.json four-fifths.",
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
        reason="1 critical finding fails: black applicants are approved at 0.746 times the highest rate, below 0.8.",
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
