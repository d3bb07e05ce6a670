"""Findings and the verdict: what was checked, what came of it, and on what grounds."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import msgspec

from assay.records.evidence import Actor, Stage
from assay.records.measurement import Over
from assay.records.tally import Frozen, GroupValue

Decision: TypeAlias = Literal["allow", "warn", "deny", "undecided"]
Status: TypeAlias = Literal["pass", "fail", "unknown", "not-applicable"]
Enforcement: TypeAlias = Literal["deny", "warn", "audit"]
Severity: TypeAlias = Literal["low", "medium", "high", "critical"]


class Limit(Frozen, kw_only=True):
    """A limit: at most ``max``, at least ``min``, or both."""

    max: float | None = None
    min: float | None = None


class Provenance(Frozen, kw_only=True):
    """Who set a limit, when, on what authority and why."""

    RENAMED: ClassVar[dict[str, tuple[str, str]]] = {"on": ("when", "YAML 1.1 readers and editors take `on` for true")}

    set_by: str
    when: str
    source: str
    why: str


class Place(Frozen, kw_only=True):
    """Where a control stands in its policy file; line and column count from 1."""

    file: str
    line: int
    column: int
    path: str


class Finding(Frozen, kw_only=True):
    """What one check found.

    Attributes:
        id: ``<control>`` or ``<control>/<what it is about>``; unique in a verdict.
        control: the control's id in the policy.
        check: the check's name.
        title: the requirement, in words.
        status: unknown never passes.
        enforcement: what a fail or an unknown does to the decision.
        severity: how much it matters.
        metric: the metric compared, for checks that compare one.
        group: the group concerned; empty for everybody.
        over: the comparison concerned.
        measured: the value compared.
        interval: its interval.
        n: the people it rests on.
        limit: what it was held against.
        decide: whether the interval or the point decided.
        reason: what was measured, against what, and what follows; one or two sentences.
        people: what it means in people, where that can be said.
        remedy: what to do about it.
        clauses: ids of the clauses that this maps to.
        provenance: of the limit.
        place: where the control stands.
        waiver: id of the waiver that accepts this finding; the status stays what it is.
        of: what an observed metric is about beside groups, such as ``{"column": "income"}``; absent otherwise.
    """

    id: str
    control: str
    check: str
    title: str
    status: Status
    enforcement: Enforcement = "deny"
    severity: Severity = "high"
    metric: str | None = None
    group: dict[str, GroupValue] = {}
    over: Over | None = None
    measured: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    limit: Limit | None = None
    decide: Literal["interval", "point"] | None = None
    reason: str
    people: str | None = None
    remedy: str | None = None
    clauses: tuple[str, ...] = ()
    provenance: Provenance | None = None
    place: Place | None = None
    waiver: str | None = None
    of: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class PolicyName(Frozen, kw_only=True):
    """A policy by name, version and digest of its resolved form; ``tier`` is the one that materiality chose."""

    name: str
    version: str
    sha256: str
    tier: str | None = None


class ApprovalStep(Frozen, kw_only=True):
    """One ordered step of consent that the policy asks for, and who has given it."""

    role: str
    needed: int
    given: tuple[str, ...] = ()


class ConsentUse(Frozen, kw_only=True):
    """An approval, waiver or revocation that was presented, and what became of it.

    Attributes:
        id: first 16 hexadecimal digits of the SHA-256 of its statement.
        kind: what it is.
        by: identity of the signer; None when the key is unknown.
        role: the role it claims; empty for a revocation, which claims none.
        status: ``counted`` (approval), ``obeyed`` (waiver, revocation), or ``refused``.
        reason: why, in words.
        control: the control a waiver is about.
        expires: when a waiver ends.
        compensating: the compensating control of a waiver.
    """

    id: str
    kind: Literal["approval", "waiver", "revocation"]
    by: str | None
    role: str
    status: Literal["counted", "obeyed", "refused"]
    reason: str
    control: str | None = None
    expires: str | None = None
    compensating: str | None = None


class Verdict(Frozen, kw_only=True):
    """The decision about one model version under one policy, with its grounds.

    Attributes:
        schema: the record's version.
        decision: the word.
        reason: the decision in one or two sentences.
        stage: the stage of the life cycle that was decided; absent for a release, the one that lets a version out.
        system: the AI system.
        model: name of the model.
        version: version of the model.
        model_sha256: its root digest.
        datasets: role to digest.
        policy: the policy decided under.
        evidence_sha256: the evidence decided on.
        trust_sha256: digest of the trust file that named the people; None when there was none.
        findings: every check's, in the policy's order.
        approvals: the steps asked for.
        consents: every approval and waiver presented.
        decided_at: RFC 3339 time in UTC, whole seconds.
        decided_by: who ran the gate.
    """

    schema: Literal["assay.verdict/v1"] = "assay.verdict/v1"
    decision: Decision
    reason: str
    stage: Stage | msgspec.UnsetType = msgspec.UNSET
    system: str
    model: str
    version: str
    model_sha256: str
    datasets: dict[str, str]
    policy: PolicyName
    evidence_sha256: str
    trust_sha256: str | None = None
    findings: tuple[Finding, ...]
    approvals: tuple[ApprovalStep, ...] = ()
    consents: tuple[ConsentUse, ...] = ()
    decided_at: str
    decided_by: Actor
