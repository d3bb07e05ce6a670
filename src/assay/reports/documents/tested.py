"""What the gate's findings and measurements say to the wants of several documents."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from assay.reports import words
from assay.reports.documents.asking import Answer
from assay.reports.documents.form import Table
from assay.reports.matrix import between_groups, by_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding
    from assay.reports.documents.material import Material
    from assay.reports.matrix import Matrix

_SHOWN = (
    "selection_rate", "impact_ratio", "accuracy", "true_positive_rate", "false_positive_rate", "false_negative_rate",
    "precision", "roc_auc", "brier_score", "expected_calibration_error", "mean_absolute_error", "r2",
)  # fmt: skip
"""The metrics that documents tell by group, where they were measured."""


def findings_tables(caption: str, findings: Sequence[Finding]) -> tuple[Table, ...]:
    """Return findings as tables: one row a control, and each that failed or is unknown by itself.

    What does not apply at the stage is counted by `tests`, and shown nowhere else.
    """
    shown = [one for one in findings if one.status != "not-applicable"]
    by_control: dict[str, list[Finding]] = {}
    for one in shown:
        by_control.setdefault(one.control, []).append(one)
    rows = tuple(
        (name, some[0].title, words.limit_words(some[0].limit) if some[0].limit else "", _range(some), _counted(some))
        for name, some in by_control.items()
    )
    head = ("control", "requirement", "limit", "measured", "findings")
    summary = Table(caption=caption, head=head, rows=rows)
    left = [one for one in shown if one.status in {"fail", "unknown"}]
    return (summary, findings_table(f"{caption}: failed or unknown", left)) if left else (summary,)


def _range(findings: Sequence[Finding]) -> str:
    values = [one.measured for one in findings if one.measured is not None]
    if not values:
        return "no number"
    low, high = words.number(min(values)), words.number(max(values))
    return low if low == high else f"{low} to {high}"


def _counted(findings: Sequence[Finding]) -> str:
    counts = Counter(words.STATUSES[one.status] for one in findings)
    waived = sum(one.waiver is not None for one in findings)
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    return f"{told} ({waived} accepted by a waiver)" if waived else told


def findings_table(caption: str, findings: Sequence[Finding]) -> Table:
    """Return findings as a table: finding, measured with interval, limit, people, status, why."""
    rows = []
    for one in findings:
        value = words.number(one.measured, beside=one.limit) if one.measured is not None else "no number"
        interval = f" ({words.interval_words(one.interval)})" if one.interval else ""
        waived = "; accepted by a waiver" if one.waiver else ""
        people = f"{one.n:,}" if one.n is not None else ""
        limit = words.limit_words(one.limit) if one.limit else ""
        rows.append((one.id, value + interval, limit, people, words.STATUSES[one.status] + waived, one.reason))
    head = ("finding", "measured (interval)", "limit", "people", "status", "why")
    return Table(caption=caption, head=head, rows=tuple(rows))


def tests(material: Material) -> Answer:
    """Every finding of the gate, with its limit and how it was decided."""
    verdict = material.verdict
    counts = {status: sum(one.status == status for one in verdict.findings) for status in words.STATUSES}
    told = ", ".join(f"{count} {words.STATUSES[status]}" for status, count in counts.items() if count)
    policy = f"policy {verdict.policy.name} {verdict.policy.version} (SHA-256 {verdict.policy.sha256})"
    return Answer(
        words=(
            (
                f"Held against {policy} on {material.evidence.rows:,} rows of the {material.evidence.measured_on} "
                f"data, measured {material.evidence.measured_at}, decided {verdict.decided_at}: {verdict.decision}. "
                f"{told}."
            ),
        ),
        tables=findings_tables("Findings", verdict.findings),
        sources=(material.evidence_source, material.verdict_source),
    )


def some_tests(material: Material, caption: str, *, checks: Sequence[str], told: str = "") -> Answer | None:
    """Return the findings of some checks; None where none of them was run."""
    chosen = [one for one in material.verdict.findings if one.check in checks]
    if not chosen:
        return None
    words_ = (told,) if told else ()
    return Answer(words=words_, tables=findings_tables(caption, chosen), sources=material.finding_sources(chosen))


def by_groups(material: Material) -> Answer | None:
    """Performance for persons and groups: the metrics by group, with intervals and people."""
    tables = [
        table
        for matrix in by_group([one for one in material.evidence.measurements if one.metric in _SHOWN])
        if (table := _matrix(matrix)) is not None
    ]
    if not tables:
        return None
    return Answer(tables=tuple(tables), sources=(material.evidence_source,))


def overall(material: Material) -> Answer | None:
    """Performance about everybody, with intervals, and between groups."""
    shown = [
        one
        for one in material.evidence.measurements
        if not one.group and not one.over and one.value is not None and not one.about
    ]
    rows = tuple(
        (
            words.metric_words(one.metric),
            words.number(one.value or 0.0),
            words.interval_words(one.interval),
            f"{one.n:,}",
        )
        for one in shown
        if one.unit != "count"
    )
    if not rows:
        return None
    tables = [Table(caption="About everybody", head=("metric", "value", "interval", "people"), rows=rows)]
    between = between_groups(material.evidence.measurements)
    crossed = None if between is None else _matrix(between)
    tables += [] if crossed is None else [crossed]
    return Answer(tables=tuple(tables), sources=(material.evidence_source,))


def _matrix(matrix: Matrix) -> Table | None:
    rows = tuple((name, *(_cell(one) for one in cells)) for name, cells in matrix.rows)
    if not rows:
        return None
    return Table(caption=f"{matrix.title} (value, interval, people)", head=("metric", *matrix.groups), rows=rows)


def _cell(found: Measurement | None) -> str:
    if found is None:
        return ""
    if found.value is None:
        return "not measured"
    interval = f" ({words.interval_words(found.interval)})" if found.interval else ""
    return f"{words.number(found.value)}{interval}, n {found.n:,}"


def criteria(material: Material) -> Answer | None:
    """That the limits were in the log before the tests were run: the order of two entries."""
    results = material.about("validation.result")
    known = [
        one
        for one in material.about("validation.criteria")
        if one.fields["policy_sha256"] == material.verdict.policy.sha256
        and results and one.index < results[-1].index
    ]  # fmt: skip
    if not known:
        return None
    first, last = known[-1], results[-1]
    told = (
        f"The criteria (policy {first.fields['policy']}, SHA-256 {first.fields['policy_sha256']}) entered the log as "
        f"entry {first.index}, claimed {first.at} by {first.fields['by']}; the test result is entry {last.index}. The "
        "order of the log proves that the limits came first."
    )
    return Answer(words=(told,), sources=(first.source(), last.source()))


def limits(material: Material) -> Answer | None:
    """Each limit of the policy with who set it, when, after what and why."""
    seen: dict[str, Finding] = {}
    for one in material.verdict.findings:
        if one.provenance is not None:
            seen.setdefault(one.control, one)
    rows = tuple(
        (name, words.limit_words(one.limit), p.set_by, p.when, p.source, p.why)
        for name, one in seen.items()
        if (p := one.provenance) is not None
    )
    if not rows:
        return None
    head = ("control", "limit", "set by", "on", "after", "why")
    return Answer(
        tables=(Table(caption="Limits and where they come from", head=head, rows=rows),),
        sources=(material.verdict_source,),
    )


def approvals(material: Material) -> Answer | None:
    """Who approved, and who accepted which risk until when."""
    told = [words.approval_words(step) for step in material.verdict.approvals]
    told += [words.consent_words(use) for use in material.verdict.consents]
    if not told:
        return None
    events = material.about("approval.granted", "waiver.granted")
    return Answer(words=tuple(told), sources=(material.verdict_source, *(one.source() for one in events)))


def open_findings(material: Material) -> Answer:
    """What failed or is unknown; waivers leave it what it is."""
    chosen = [one for one in material.verdict.findings if one.status in {"fail", "unknown"}]
    if not chosen:
        return Answer(words=("Nothing failed and nothing is unknown.",), sources=(material.verdict_source,))
    remedies = tuple(f"{one.id}: {one.remedy}" for one in chosen if one.remedy)
    return Answer(
        words=remedies, tables=(findings_table("Failed or unknown", chosen),),
        sources=material.finding_sources(chosen),
    )  # fmt: skip


def robustness(material: Material) -> Answer | None:
    """How predictions stand small changes of the input, and attacks, where that was probed."""
    checks = ("robustness", "evasion", "counterfactual-flips", "worst-slice")
    return some_tests(material, "Robustness", checks=checks)


def evasion(material: Material) -> Answer | None:
    """How predictions stand someone who tries to evade them, where that was probed."""
    return some_tests(material, "Adversarial probing", checks=("evasion",))


def integrity(material: Material) -> Answer | None:
    """What keeps the records from being changed unseen: digests, signatures and the log."""
    if material.log is None:
        return None
    reach = material.log
    files = [one for one in material.verdict.findings if one.check == "files-unchanged"]
    told = (
        (
            "Model, data, policy and evidence are bound by SHA-256; evidence and verdict are signed and stand in the "
            f"log {reach.origin}, which was looked at up to {reach.size} entries (root {reach.root})."
        ),
    )
    tables = findings_tables("Files at the gate", files) if files else ()
    return Answer(words=told, tables=tables, sources=(material.evidence_source, material.verdict_source))
