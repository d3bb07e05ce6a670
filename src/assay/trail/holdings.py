"""What the trail holds about each system version: findings of its verdicts, and records by kind of evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from assay.records.status import Shown
from assay.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assay.trail.view import Fact, View

    AgeOf = Callable[[str | None], int | None]

T = TypeVar("T")

DECIDED, TESTED, CRITERIA = "gate.decision", "validation.result", "validation.criteria"

_OF_KINDS = {
    "robustness_report": ("robustness", "worst-slice"),
    "adversarial_test_report": ("evasion",),
    "drift_report": ("drift",),
    "representativeness_report": ("representation",),
    "performance_monitoring": ("prediction-drift", "concept-drift", "estimated-performance"),
    "monitoring_report": ("prediction-drift", "concept-drift", "estimated-performance", "fairness-over-time"),
    "bias_report": ("group-gap", "impact-ratio"),
    "data_quality_report": ("missingness", "duplicates", "schema", "label-noise", "label-consistency"),
    "data_gap_log": ("data-gaps",),
}

OF_CHECKS: dict[str, tuple[str, ...]] = {
    check: tuple(kind for kind, checks in _OF_KINDS.items() if check in checks)
    for check in dict.fromkeys(check for checks in _OF_KINDS.values() for check in checks)
}
"""Kinds of evidence that a decided finding of a check is."""

OF_EVENTS = {
    "model.registered": ("model_inventory_entry",), "deployment.finished": ("release_record",),
    "approval.granted": ("approval_record",), "monitor.alert": ("alert_record",),
    "incident.declared": ("incident_record",), "incident.reported": ("incident_report_submission",),
    "remediation.opened": ("findings_tracker",), "risk.recorded": ("risk_register",),
    "reasons.given": ("explanation_record",),
}  # fmt: skip
"""Kinds of evidence that an event about a version is."""


@dataclass
class Holding:
    """What is held about one version.

    Attributes:
        system: the AI system.
        model: the model's name.
        version: its version.
        model_sha256: root digest of its files.
        checks: findings by their check.
        cited: findings by each clause that they cite.
        records: what is held of each kind of evidence.
    """

    system: str
    model: str
    version: str
    model_sha256: str = ""
    checks: dict[str, tuple[Shown, ...]] = field(default_factory=dict)
    cited: dict[str, tuple[Shown, ...]] = field(default_factory=dict)
    records: dict[str, Shown] = field(default_factory=dict)

    def hold(self, kind: str, shown: Shown) -> None:
        """Hold a record; a later one takes the place of an earlier, unless it no longer counts."""
        if kind not in self.records or not shown.stale:
            self.records[kind] = msgspec.structs.replace(shown, name=kind)


class _Measured(msgspec.Struct, frozen=True):
    """The part of a measurement that is looked at."""

    group: dict[str, Any] = {}
    value: float | None = None


class _Commit(msgspec.Struct, frozen=True):
    commit: str | None = None


class _Evidence(msgspec.Struct, frozen=True):
    """The part of ``evidence.json`` that is looked at; its bytes are those that the verdict names by digest."""

    measured_at: str
    datasets: tuple[Any, ...] = ()
    measurements: tuple[_Measured, ...] = ()
    code: _Commit = _Commit()


@dataclass
class _Logged:
    """The trail's events, looked up once for all versions."""

    tests: dict[tuple[str, str], list[Fact]]
    tests_of: dict[str, list[Fact]]
    criteria: dict[tuple[str, str], list[Fact]]
    runs: dict[str, list[Fact]]
    starts: dict[str, Fact]
    events: dict[str, list[Fact]]

    @classmethod
    def of(cls, view: View, day: str) -> _Logged:
        def facts(*types: str) -> list[Fact]:
            return [fact for fact in view.facts_as_logged(*types) if fact.at[:10] <= day]

        found = cls({}, {}, {}, {}, {}, {})
        for fact in facts(TESTED):
            found.tests.setdefault((fact.said.model_sha256, fact.said.evidence_sha256 or ""), []).append(fact)
            found.tests_of.setdefault(fact.said.model_sha256, []).append(fact)
        for fact in facts(CRITERIA):
            found.criteria.setdefault((fact.said.model, fact.said.policy_sha256), []).append(fact)
        for fact in facts("run.finished"):
            for sha256 in fact.said.outputs.values():
                found.runs.setdefault(sha256, []).append(fact)
        found.starts = {fact.said.run: fact for fact in facts("run.started")}
        for fact in facts(*OF_EVENTS):
            model = getattr(fact.said, "model", None)
            sha256, version = getattr(fact.said, "model_sha256", None), getattr(fact.said, "version", None)
            about = sha256 or (f"{model} {version}" if version is not None else model)
            if about is not None:
                found.events.setdefault(about, []).append(fact)
        return found

    def about(self, one: Holding) -> list[Fact]:
        """Return the events about a version: by its files, by its name, or about every version of the model."""
        names = (one.model_sha256, f"{one.model} {one.version}", one.model)
        return [fact for name in dict.fromkeys(names) for fact in self.events.get(name, ())]


def holdings(view: View, day: str, age_of: AgeOf) -> tuple[tuple[Holding, ...], tuple[str, ...]]:
    """Return what is held about every version by a day, and a line for each decision that cannot be read.

    A verdict counts as the log has its digest: the file beside the log is compared with it.

    Args:
        view: the trail.
        day: the day; what was decided later is not looked at.
        age_of: how old evidence may be in a tier, in days; None for any age.
    """
    found: dict[tuple[str, str], Holding] = {}
    latest, problems = _verdicts(view, day)
    logged = _Logged.of(view, day)
    for (model, version, stage), (fact, verdict) in latest.items():
        one = found.setdefault((model, version), Holding(verdict.system, model, version))
        if stage == "release" or not one.model_sha256:
            one.model_sha256 = verdict.model_sha256
        evidence = _document(view, verdict.evidence_sha256, _Evidence)
        held = _take(one, fact, verdict, stage, evidence=evidence, day=day, age_of=age_of)
        if stage == "release":
            _of_release(one, view, logged, verdict, held)
    for one in found.values():
        _events(one, logged)
    return tuple(found.values()), tuple(problems)


def _verdicts(view: View, day: str) -> tuple[dict[tuple[str, str, str], tuple[Fact, Verdict]], list[str]]:
    """Return the last verdict of each version and stage, with the entry that has its digest."""
    latest: dict[tuple[str, str, str], tuple[Fact, Verdict]] = {}
    problems = []
    for fact in view.facts_as_logged(DECIDED):
        if fact.at[:10] > day:
            continue
        verdict = _document(view, fact.said.verdict_sha256 or "", Verdict)
        if verdict is None:
            problems.append(f"{view.place(fact.index)}: the verdict that it has the digest of is not at hand")
            continue
        stage = "release" if verdict.stage is msgspec.UNSET else verdict.stage
        latest[verdict.model, verdict.version, stage] = (fact, verdict)
    return latest, problems


def _document(view: View, sha256: str, kind: type[T]) -> T | None:
    """Return a document beside the log, which is compared with its digest; None when it is not at hand, or no such."""
    content = view.documents.get(sha256)
    try:
        return None if content is None else msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError:
        return None


def _take(
    one: Holding, fact: Fact, verdict: Verdict, stage: str, *, evidence: _Evidence | None, day: str, age_of: AgeOf
) -> Shown:
    """Take in a verdict: its findings, and what they and its evidence are records of; return how it is cited."""
    at = evidence.measured_at if evidence is not None else verdict.decided_at
    stale = _old(at[:10], day, age_of(verdict.policy.tier))
    held = Shown(
        kind="record", name="", says="held", sha256=fact.said.verdict_sha256, entry=fact.index, at=at, stale=stale
    )
    for finding in verdict.findings:
        if finding.status == "not-applicable":
            continue
        shown = msgspec.structs.replace(
            held, kind="finding", name=finding.id, says=finding.status, check=finding.check, at=verdict.decided_at
        )
        one.checks[finding.check] = (*one.checks.get(finding.check, ()), shown)
        for clause in dict.fromkeys(finding.clauses):
            one.cited[clause] = (*one.cited.get(clause, ()), shown)
        if finding.status in {"pass", "fail"}:
            for kind in OF_CHECKS.get(finding.check, ()):
                one.hold(kind, held)
    if evidence is not None:
        for kind in _of_evidence(evidence, verdict, stage):
            one.hold(kind, msgspec.structs.replace(held, sha256=verdict.evidence_sha256))
    return held


def _of_evidence(evidence: _Evidence, verdict: Verdict, stage: str) -> Iterator[str]:
    documented = {finding.status for finding in verdict.findings if finding.check == "documentation"}
    if documented == {"pass"}:
        yield "datasheet" if stage == "data" else "model_card"
    yield from ("dataset_snapshot_hash",) if evidence.datasets else ()
    if stage == "data":
        yield "dataset_profile"
        return
    if stage != "release":
        return
    yield "eval_results"
    if any(one.group and one.value is not None for one in evidence.measurements):
        yield "subgroup_metrics"
    if evidence.code.commit is not None:
        yield "code_commit"


def _of_release(one: Holding, view: View, logged: _Logged, verdict: Verdict, held: Shown) -> None:
    """Take in what a release's decision itself is a record of."""
    kinds = ["model_version_record"]
    kinds += ["materiality_tiering"] if verdict.policy.tier is not None else []
    kinds += ["approval_record"] if any(use.status == "counted" for use in verdict.consents) else []
    kinds += ["artifact_signature", "release_record"] if verdict.decision in {"allow", "warn"} else []
    for kind in kinds:
        one.hold(kind, held)
    tests = logged.tests.get((verdict.model_sha256, verdict.evidence_sha256), [])
    if tests:
        one.hold("test_report_signed", _record(tests[-1], held.stale))
        first = _fixed_before(logged, verdict, tests[0])
        if first is not None:
            one.hold("metric_threshold_predeclaration", _record(first, held.stale))
    proof = Shown(kind="record", name="", says="held", sha256=view.shards[-1].root, entry=view.size - 1)
    one.hold("log_integrity_proof", proof)


def _fixed_before(logged: _Logged, verdict: Verdict, test: Fact) -> Fact | None:
    """Return the criteria that were in the log before a version was tested under them; None when there are none.

    Criteria that came after the same files had been tested under others were not fixed beforehand.
    """
    others = [
        fact.index
        for fact in logged.tests_of.get(verdict.model_sha256, ())
        if fact.said.policy_sha256 != verdict.policy.sha256 and fact.said.stage is None
    ]
    for fact in logged.criteria.get((verdict.model, verdict.policy.sha256), ()):
        if fact.index < test.index:
            return fact if all(fact.index < other for other in others) else None
    return None


def _events(one: Holding, logged: _Logged) -> None:
    """Take in the events about a version."""
    for fact in logged.runs.get(one.model_sha256, ()):
        one.hold("training_run_record", _record(fact))
        start = logged.starts.get(fact.said.run)
        if start is not None and start.said.inputs:
            one.hold("dataset_lineage", _record(start))
    risks: dict[str, int] = {}
    for fact in logged.about(one):
        for kind in OF_EVENTS[fact.event.type]:
            one.hold(kind, _record(fact))
        if fact.event.type == "risk.recorded":
            risks[fact.said.risk] = risks.get(fact.said.risk, 0) + 1
            for kind in _of_risk(fact.said, risks[fact.said.risk]):
                one.hold(kind, _record(fact))


def _of_risk(said: object, times: int) -> Iterator[str]:
    yield "hazard_analysis"
    if times > 1:
        yield "risk_review_record"
    if getattr(said, "measure", "none") != "none":
        yield "control_record"
    if getattr(said, "accepted", "") in {"yes", "no"}:
        yield "residual_risk_signoff"


def _record(fact: Fact, stale: str = "") -> Shown:
    return Shown(
        kind="record", name="", says="held", sha256=fact.read.statement_sha256, entry=fact.index, at=fact.at or None,
        stale=stale,
    )  # fmt: skip


def _old(measured: str, day: str, age: int | None) -> str:
    """Return why evidence no longer counts on a day; empty while it does."""
    if age is None:
        return ""
    last = (date.fromisoformat(measured) + timedelta(days=age)).isoformat()
    return f"measured on {measured}; the policy lets evidence count for {age} days" if last < day else ""
