"""The judge of candidates: rows counted, measured and held against the policy, as the gate does it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from assay.diagnosis.mitigation.answered import FittedScorer, answered_rows
from assay.lifecycle.assessment import measure_for
from assay.lifecycle.project import Project
from assay.lifecycle.robustness_section import ScorerSection
from assay.policy import find, plan
from assay.tabular import tally_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.mitigation.plan import Plan
    from assay.diagnosis.mitigation.trying import Answers
    from assay.policy import Policy
    from assay.probing.scorer import Scorer
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.tally import Roles, Tally
    from assay.records.verdict import Finding, Status

LATER = ("approvals", "documentation", "evidence-fresh", "files-unchanged")
"""Checks that ask something else than rows and model: of people, of files; they wait until there is a version."""

CANDIDATE = "candidate"

_ORDER: tuple[Status, ...] = ("fail", "unknown", "pass")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A candidate as the policy sees it.

    Attributes:
        tally: the counts.
        measurements: everything measured.
        findings: the limits that rows and model can tell of.
    """

    tally: Tally
    measurements: tuple[Measurement, ...]
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> Status:
        """The worst status of what denies."""
        return holds(self.findings)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Holds candidates against a policy.

    Attributes:
        policy: the policy.
        evidence: the denied version's: everything but what is measured anew is taken over.
        roles: which column means what.
        at: the time of the search.
        project: where the model is to be probed too, the project that says how; None otherwise.
        features: what a model is asked with.
    """

    policy: Policy
    evidence: Evidence
    roles: Roles
    at: str
    project: Project | None = None
    features: tuple[str, ...] = ()

    def judge(self, rows: Any, scorer: Scorer | None = None, asks: Sequence[str] = ()) -> Judged:  # noqa: ANN401 - any table
        """Count, measure and judge.

        Args:
            rows: the rows reported, with a candidate's predictions.
            scorer: the candidate itself, to be probed where the project asks for it.
            asks: protected attributes that it must be given beside the features.
        """
        tally = tally_rows(rows, self.roles, name="the candidate's predictions")
        probed = self._probed(scorer, asks)
        measurements = (*measure_for(tally, plan(self.policy, self.evidence.materiality)), *probed)
        return Judged(tally=tally, measurements=measurements, findings=self.findings(tally, measurements, self.policy))

    def widened(self, judged: Judged, count: int) -> Status:
        """Return what the limits come to with intervals as wide as ``count`` candidates on one set of rows ask for.

        Bonferroni: each interval at 1 - (1 - level) / count. Only what the counts tell is asked again.
        """
        level = 1 - (1 - self.policy.level) / max(count, 1)
        policy = msgspec.structs.replace(self.policy, level=level)
        measurements = measure_for(judged.tally, plan(policy, self.evidence.materiality))
        found = self.findings(judged.tally, measurements, policy)
        counted = {one.id for one in judged.findings if one.of is msgspec.UNSET and one.status != "not-applicable"}
        return holds([one for one in found if one.id in counted and one.metric is not None])

    def findings(self, tally: Tally, measurements: tuple[Measurement, ...], policy: Policy) -> tuple[Finding, ...]:
        """Return what the policy finds, of what rows and model can tell."""
        evidence = msgspec.structs.replace(
            self.evidence,
            model=msgspec.structs.replace(self.evidence.model, version=CANDIDATE, files=()),
            rows=tally.rows,
            measurements=measurements,
            gaps=tally.gaps,
            measured_at=self.at,
        )
        found = find(policy, evidence, at=self.at)
        return tuple(one for one in found if one.check not in LATER and one.status != "not-applicable")

    def _probed(self, scorer: Scorer | None, asks: Sequence[str]) -> tuple[Measurement, ...]:
        """Probe a candidate as the project probes its model; nothing where it does not."""
        if self.project is None or self.project.config.robustness is None or scorer is None:
            return ()
        from assay.lifecycle.robustness import probe  # noqa: PLC0415 - only where a model is probed

        config = self.project.config
        section = msgspec.structs.replace(
            config.robustness,  # type: ignore[type-var] # it is there, as was asked above
            model=ScorerSection(kind="scikit-learn", path=CANDIDATE),
            features=tuple(dict.fromkeys((*self.features, *asks))),
        )
        there = Project(root=self.project.root, config=msgspec.structs.replace(config, robustness=section))
        with contextlib.chdir(self.project.root):
            found, _told = probe(there, lambda _section, _positive: scorer, level=self.policy.level)
        return found


@dataclass(frozen=True)
class Judging:
    """Judges what a candidate answered, in the process that tries candidates.

    Attributes:
        judge: the judge.
        plan: the rows.
    """

    judge: Judge
    plan: Plan

    def __call__(self, answers: Answers) -> Judged:
        """Judge the predictions and, where the project probes its model, the fitted estimator."""
        scorer = FittedScorer(answers, self.plan.learnt) if self.judge.project is not None else None
        rows = answered_rows(self.plan.reported, answers, self.judge.roles)
        return self.judge.judge(rows, scorer, answers.asks)


def holds(findings: Sequence[Finding]) -> Status:
    """Return the worst status of the findings that deny; unknown when there is none."""
    found = {one.status for one in findings if one.enforcement == "deny"}
    return next((status for status in _ORDER if status in found), "unknown")
