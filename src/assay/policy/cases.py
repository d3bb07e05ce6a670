"""Unit tests for policies: a case is evidence and what a policy should make of it.

A case names an evidence file, or writes the evidence short: only what the case is about, the rest is filled in by
values that nothing objects to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from assay.checks import known_metrics
from assay.errors import InputError
from assay.policy.consents import subject_of
from assay.policy.decision import decide
from assay.records.canonical import digest, parse_record, sha256_hex
from assay.records.consent import Approval, SignedConsent, Waiver
from assay.records.document import load_yaml_with_positions
from assay.records.evidence import (
    Actor,
    Baseline,
    Code,
    Documentation,
    Evidence,
    Materiality,
    ModelVersion,
    Stage,
    Tool,
)
from assay.records.measurement import Measurement, Over, Unit
from assay.records.tally import FileDigest, Gap, GroupValue
from assay.records.verdict import Decision, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assay.policy.form import Policy
    from assay.records.consent import Bound
    from assay.records.document import Positions
    from assay.records.verdict import Finding, Verdict

NOW = "2026-11-23T12:00:00Z"
"""The time of a case that names none; its evidence was measured then."""

_NOBODY = Actor(identity="policy-test", key="0" * 64)


class Short(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a file of cases; unknown keys are refused."""


class ShortMeasurement(Short, frozen=True, kw_only=True):
    """A measurement, written short: ``over`` is the attribute, the unit is the metric's."""

    metric: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    n: int = 1000
    group: dict[str, GroupValue] = msgspec.field(default_factory=dict)
    over: str | None = None
    level: float = 0.95
    minimum_group: int | None = None
    left_out: tuple[dict[str, GroupValue], ...] = ()
    reason: str | None = None
    bound: float | None = None
    about: dict[str, str] | None = None

    def record(self) -> Measurement:
        """Return the measurement as evidence holds it."""
        known = known_metrics().get(self.metric)
        unit: Unit = known.unit if known is not None else "score"
        unset = msgspec.UNSET
        compares = self.over is not None and not self.group
        return Measurement(
            metric=self.metric, group=self.group, over=Over(attribute=self.over) if self.over else unset,
            value=self.value, interval=self.interval, level=self.level, n=self.n, unit=unit,
            reason=self.reason or (None if self.value is not None else "the case gives no value"),
            minimum_group=(self.minimum_group or 30) if compares else self.minimum_group or unset,
            left_out=self.left_out if compares else unset,
            bound=unset if self.bound is None else self.bound,
            about=unset if self.about is None else self.about,
        )  # fmt: skip


class ShortBaseline(Short, frozen=True, kw_only=True):
    """The version in production, written short."""

    version: str = "1"
    measurements: tuple[ShortMeasurement, ...] = ()


class ShortEvidence(Short, frozen=True, kw_only=True):
    """Evidence, written short."""

    stage: Stage = "release"
    exposure: str = "high"
    purpose: str = "test"
    author: str | None = None
    rows: int = 1000
    measured_at: str = NOW
    measurements: tuple[ShortMeasurement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    documentation: Documentation = Documentation(sha256="0" * 64, present=("intended use",))
    baseline: ShortBaseline | None = None
    files: tuple[FileDigest, ...] = ()
    facts: dict[str, Any] = msgspec.field(default_factory=dict)

    def record(self) -> Evidence:
        """Return the evidence with everything that the case leaves out filled in."""
        baseline = None
        if self.baseline is not None:
            baseline = Baseline(
                name="case", version=self.baseline.version, evidence_sha256="0" * 64,
                measurements=tuple(m.record() for m in self.baseline.measurements),
            )  # fmt: skip
        return Evidence(
            system="case", stage=self.stage, measured_on="test", policy_sha256="0" * 64, tally_sha256="0" * 64,
            model=ModelVersion(name="case", version="2", sha256="0" * 64, files=self.files, author=self.author),
            materiality=Materiality(exposure=self.exposure, purpose=self.purpose, justification="a case of a test"),
            datasets=(), code=Code(reason="a case of a test"), rows=self.rows,
            measurements=tuple(m.record() for m in self.measurements), gaps=self.gaps,
            documentation=self.documentation, baseline=baseline, facts=self.facts,
            measured_at=self.measured_at, measured_by=Actor(identity="case", key="1" * 64),
            tool=Tool(version="0", python="0", engine="none"),
        )  # fmt: skip


class ExpectedFinding(Short, frozen=True, kw_only=True):
    """What a finding should be: its id, its status, and words that its reason should hold."""

    id: str
    status: Status
    reason: str | None = None


class ShortApproval(Short, frozen=True, kw_only=True):
    """An approval of exactly this case, by somebody whom the trust file gives the role."""

    role: str
    by: str
    at: str = NOW

    def signed(self, bound: Bound) -> SignedConsent:
        """Return the approval as if its signature had been looked at."""
        act = Approval(role=self.role, by=self.by, bound=bound, at=self.at)
        return SignedConsent(id=digest(act)[:16], signer=self.by, roles=(self.role,), act=act)


class ShortWaiver(Short, frozen=True, kw_only=True):
    """A waiver of exactly this case, by somebody whom the trust file gives the role."""

    control: str
    role: str
    by: str
    expires: str
    reason: str = "a case of a test"
    compensating: str = "a case of a test"
    at: str = NOW

    def signed(self, bound: Bound, evidence: Evidence) -> SignedConsent:
        """Return the waiver as if its signature had been looked at."""
        act = Waiver(
            model=evidence.model.name, version=evidence.model.version, control=self.control, role=self.role, by=self.by,
            reason=self.reason, compensating=self.compensating, expires=self.expires, bound=bound, at=self.at,
        )  # fmt: skip
        return SignedConsent(id=digest(act)[:16], signer=self.by, roles=(self.role,), act=act)


class Case(Short, frozen=True, kw_only=True):
    """One case: evidence (a file, or written short), and what should come of it.

    Attributes:
        name: what the case shows.
        evidence: a JSON file of evidence relative to the case file, or the evidence written short.
        at: the time of the decision.
        decision: the decision expected; None when the case is about findings only.
        findings: findings expected; others may be there too, unless ``only``.
        only: whether these are all the findings that may fail or be unknown.
        files_now: the model's files at the decision, for files-unchanged.
        approvals: approvals given.
        waivers: waivers given.
    """

    name: str
    evidence: str | ShortEvidence = ShortEvidence()
    at: str = NOW
    decision: Decision | None = None
    findings: tuple[ExpectedFinding, ...] = ()
    only: bool = False
    files_now: tuple[FileDigest, ...] | None = None
    approvals: tuple[ShortApproval, ...] = ()
    waivers: tuple[ShortWaiver, ...] = ()


class Cases(Short, frozen=True, kw_only=True):
    """A file of cases for one policy; the policy's file is relative to this one."""

    schema: Literal["assay.policy-tests/v1"] = "assay.policy-tests/v1"
    policy: str | None = None
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What came of a case: the verdict, and each way in which it is not as expected; none when it is."""

    case: Case
    verdict: Verdict
    differences: tuple[str, ...]


def parse_cases(content: bytes, name: str) -> Cases:
    """Read a file of cases.

    Raises:
        DocumentError: with every mistake in it.
    """

    def examine(part: object, path: str, _: Positions) -> Iterator[tuple[str, str]]:
        if isinstance(part, Case) and part.decision is None and not part.findings:
            yield path, "the case expects nothing; write `decision`, `findings` or both"
        if isinstance(part, Cases) and not part.cases:
            yield f"{path}.cases", "expected at least one case, found none"
        if isinstance(part, ShortMeasurement) and part.metric not in known_metrics():
            yield f"{path}.metric", f"no such metric: {part.metric!r}"

    return load_yaml_with_positions(content, Cases, name=name, examine=examine)[0]


def run_cases(policy: Policy, cases: Cases, read: Callable[[str], bytes]) -> tuple[CaseOutcome, ...]:
    """Decide every case and compare with what it expects.

    Args:
        policy: the policy under test.
        cases: the cases.
        read: gives the bytes of an evidence file that a case names.

    Raises:
        DocumentError: when an evidence file cannot be read as evidence.
    """
    return tuple(_run_case(policy, case, read) for case in cases.cases)


def _run_case(policy: Policy, case: Case, read: Callable[[str], bytes]) -> CaseOutcome:
    if isinstance(case.evidence, str):
        try:
            content = read(case.evidence)
        except OSError as error:
            found = f"case {case.name!r}: expected evidence at {case.evidence}, cannot read it: {error.strerror}"
            raise InputError(found) from None
        evidence, sha256 = parse_record(content, Evidence, name=case.evidence), sha256_hex(content)
    else:
        evidence = case.evidence.record()
        sha256 = digest(evidence)
    bound = subject_of(policy, evidence, evidence_sha256=sha256, author_keys=(), at=case.at).bound
    consents = [given.signed(bound) for given in case.approvals]
    consents += [given.signed(bound, evidence) for given in case.waivers]
    verdict = decide(
        policy, evidence, evidence_sha256=sha256, consents=consents, at=case.at, by=_NOBODY, files_now=case.files_now
    )
    return CaseOutcome(case, verdict, tuple(_differences(case, verdict)))


def _differences(case: Case, verdict: Verdict) -> Iterator[str]:
    if case.decision is not None and case.decision != verdict.decision:
        yield f"expected the decision {case.decision}, found {verdict.decision}: {verdict.reason}"
    found = {finding.id: finding for finding in verdict.findings}
    for expected in case.findings:
        yield from _finding_differences(expected, found)
    if case.only:
        listed = {expected.id for expected in case.findings}
        for finding in verdict.findings:
            if finding.status in {"fail", "unknown"} and finding.id not in listed:
                yield f"not expected: {finding.id} is {finding.status}: {finding.reason}"


def _finding_differences(expected: ExpectedFinding, found: dict[str, Finding]) -> Iterator[str]:
    finding = found.get(expected.id)
    if finding is None:
        yield f"expected a finding {expected.id}, found none of that id; there are: {', '.join(found) or 'none'}"
        return
    if finding.status != expected.status:
        yield f"{expected.id}: expected {expected.status}, found {finding.status}: {finding.reason}"
    if expected.reason is not None and expected.reason not in finding.reason:
        yield f"{expected.id}: expected a reason with {expected.reason!r}, found: {finding.reason}"
