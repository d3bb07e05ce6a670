"""What a check is given: the control as the policy states it, the terms it is judged under, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from assay.records.evidence import Evidence, Stage
from assay.records.verdict import ApprovalStep, Enforcement, Finding, Limit, Place, Provenance, Severity

if TYPE_CHECKING:
    from assay.records.tally import FileDigest

SmallGroups: TypeAlias = Literal["unknown", "report"]
"""What a group under the minimum size does: it leaves an unknown finding, or is reported and no more."""


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a policy; what was not written is not digested, so that a new option changes no old policy's digest."""


class Control(Written, frozen=True, kw_only=True):
    """A requirement stated once.

    Attributes:
        id: unique in the policy; lower-case words joined by ``-``.
        title: the requirement, in words.
        check: name of the check that tests it.
        metric: the metric compared, for checks that compare one.
        attributes: protected attributes compared. When these and the intersections are left out, those of
            ``coverage`` are; when that names none either, every attribute that was measured.
        intersections: combinations of attributes compared.
        columns: columns compared, for checks of what was observed by column; every one measured when left out.
        limit: the limit in every tier.
        limits: the limit by tier, in place of ``limit``.
        decide: whether the interval or the point decides; a point needs a source that says so.
        enforcement: what a fail or an unknown does to the decision.
        severity: how much it matters.
        stage: the stage of the life cycle that it applies to; every one when left out.
        clauses: ids of the clauses that this maps to, such as ``eu-ai-act:9(2)(a)``.
        unset: in place of a limit that no law fixes: what the organisation has to decide. Until it has, every finding
            of the control is unknown.
        provenance: who set the limit, when, on what authority and why.
        remedy: what to do when it fails.
        minimum_group: smallest group that decides, in people.
        small_groups: what a smaller group does.
        evidence_age_days: how old the evidence may be, in days (evidence-fresh).
        expression: a CEL expression over the evidence (rule).
        sections: sections of the card that must be there (documentation).
    """

    id: str
    title: str
    check: str
    metric: str | None = None
    attributes: tuple[str, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()
    columns: tuple[str, ...] = ()
    limit: Limit | None = None
    limits: dict[str, Limit] = {}
    unset: str | None = None
    decide: Literal["interval", "point"] = "interval"
    enforcement: Enforcement = "deny"
    severity: Severity = "high"
    stage: Stage | None = None
    clauses: tuple[str, ...] = ()
    provenance: Provenance | None = None
    remedy: str | None = None
    minimum_group: int | None = None
    small_groups: SmallGroups | None = None
    evidence_age_days: int | None = None
    expression: str | None = None
    sections: tuple[str, ...] = ()

    def limit_in(self, tier: str | None) -> Limit | None:
        """Return the limit that holds in a tier."""
        return self.limits.get(tier, self.limit) if tier is not None else self.limit


class Coverage(Written, frozen=True, kw_only=True):
    """What must have been measured, whatever its value.

    Attributes:
        attributes: protected attributes.
        intersections: combinations of attributes.
        metrics: metrics that must have a value, over each of the former.
    """

    attributes: tuple[str, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()
    metrics: tuple[str, ...] = ()

    @property
    def asked(self) -> bool:
        """Say whether anything is asked for."""
        return bool(self.attributes or self.intersections or self.metrics)


class Words(Written, frozen=True, kw_only=True):
    """What a favourable prediction and the people are called in this system: ``approvals``, ``applicants``."""

    favourable: str = "favourable predictions"
    people: str = "people"


NO_COVERAGE = Coverage()
PLAIN_WORDS = Words()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All that a control is judged under, beside the evidence; the policy has resolved it.

    Attributes:
        at: time of the decision, RFC 3339 in UTC.
        level: two-sided confidence that a decision needs.
        minimum_group: smallest group that decides, in people.
        small_groups: what a smaller group does.
        attributes: the attributes compared, each alone or several together; in the policy's order.
        limit: the limit that holds in the tier.
        evidence_age_days: how old the evidence may be; None for any age.
        coverage: what must have been measured.
        steps: approvals asked for, and who has given them.
        files_now: the model's files as they are at the decision; None when the gate was not given them.
        words: what people and favourable predictions are called.
        place: where the control stands.
    """

    at: str
    level: float = 0.95
    minimum_group: int = 30
    small_groups: SmallGroups = "unknown"
    attributes: tuple[tuple[str, ...], ...] = ()
    limit: Limit | None = None
    evidence_age_days: int | None = None
    coverage: Coverage = NO_COVERAGE
    steps: tuple[ApprovalStep, ...] = ()
    files_now: tuple[FileDigest, ...] | None = None
    words: Words = PLAIN_WORDS
    place: Place | None = None


Run: TypeAlias = Callable[[Control, Evidence, Terms], tuple[Finding, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One executable test of a control.

    Attributes:
        id: the name that policies use.
        title: what it tests, in one line.
        run: yields a finding for each thing compared; none at all is turned into an unknown.
        needs: keys of a control without which it cannot run.
        takes: further keys of a control that mean something to it.
        scope: kind of metric that it compares; None when it compares none.
        bounds: least and greatest value that its limit is held against, where no metric says so.
        metrics: the metrics that it compares, for a check of one family; any of its scope when empty.
    """

    id: str
    title: str
    run: Run
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    scope: Literal["group", "between", "observed", "any"] | None = None
    bounds: tuple[float, float] | None = None
    metrics: frozenset[str] = frozenset()


Checks: TypeAlias = Mapping[str, Check]
