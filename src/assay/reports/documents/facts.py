"""What evidence says to the wants of several documents: the version, its runs, its data, its tests, its people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from assay.reports import words
from assay.reports.documents.asking import Answer, fill
from assay.reports.documents.form import Source, Table
from assay.reports.documents.tested import findings_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.reports.documents.material import LogEvent, Material


def version(material: Material) -> Answer:
    """Name, version and digest of the model, and of its system."""
    model, evidence = material.evidence.model, material.evidence
    by = f", made by {model.author}" if model.author else ""
    told = f"{model.name}, version {model.version}, of the system {evidence.system}{by}."
    files = words.counted(len(model.files), "file")
    return Answer(
        words=(told, f"Root digest over {files}: SHA-256 {model.sha256}."), sources=(material.evidence_source,)
    )


def earlier_versions(material: Material) -> Answer | None:
    """What was decided about each version that the log knows."""
    rows, used = [], []
    last: dict[str, LogEvent] = {}
    for event in material.of("gate.decision"):
        if event.fields.get("stage") is None and event.fields.get("version"):
            last[str(event.fields["version"])] = event
    for number, event in last.items():
        mark = " (this one)" if number == material.verdict.version else ""
        digest = str(event.fields["model_sha256"])[:16]
        rows.append((f"{number}{mark}", str(event.fields["decision"]), event.at, digest, str(event.index)))
        used.append(event.source())
    if not rows:
        return None
    head = ("version", "last decision", "decided", "digest of its files", "log entry")
    table = Table(caption="Versions that a gate decided about", head=head, rows=tuple(rows))
    return Answer(tables=(table,), sources=tuple(used))


def changes(material: Material) -> Answer | None:
    """What differs between this version and the one decided about before it: hyperparameters, data, findings."""
    mine = material.about("validation.result")
    before = [
        event
        for event in material.of("validation.result")
        if event.fields.get("stage") is None and event.fields["model_sha256"] != material.verdict.model_sha256
        and mine and event.index < mine[0].index
    ]  # fmt: skip
    if not before or not mine:
        return None
    old, new = before[-1], mine[-1]

    def open_in(event: LogEvent) -> set[str]:
        return {str(name) for key in ("failed", "warned") for name in event.fields.get(key) or ()}

    mended, fresh = sorted(open_in(old) - open_in(new)), sorted(open_in(new) - open_in(old))
    told = (
        (
            f"Version {old.fields.get('version') or 'before'} was held against policy {old.fields['policy']} "
            f"({str(old.fields['policy_sha256'])[:16]}), this one against {new.fields['policy']} "
            f"({str(new.fields['policy_sha256'])[:16]})."
        ),
        f"No longer failing or unknown: {', '.join(mended) or 'none'}.",
        f"Newly failing or unknown: {', '.join(fresh) or 'none'}.",
    )
    return Answer(words=told, sources=(old.source(), new.source()))


def environment(material: Material) -> Answer | None:
    """Software and machine of the training run, as captured."""
    captured = material.captured
    if captured is None or not captured.environment:
        return None
    table = Table(
        caption="Environment of the training run",
        head=("what", "value"),
        rows=tuple(sorted(captured.environment.items())),
    )
    tool = material.evidence.tool
    told = f"Measured with {tool.name} {tool.version}, Python {tool.python}, {tool.engine}."
    source = Source(kind="record", name="run record", sha256=captured.sha256, entry=captured.event.index)
    return Answer(words=(told,), tables=(table,), sources=(source, material.evidence_source))


def computing(material: Material) -> Answer | None:
    """Machine and system that the training run saw."""
    captured = material.captured
    wanted = ("machine", "processors", "memory_mib", "accelerators", "gpu", "system")
    rows = [(key, captured.environment[key]) for key in wanted if key in captured.environment] if captured else []
    if captured is None or not rows:
        return None
    table = Table(caption="Machine of the training run", head=("what", "value"), rows=tuple(rows))
    source = Source(kind="record", name="run record", sha256=captured.sha256, entry=captured.event.index)
    return Answer(tables=(table,), sources=(source,))


def training(material: Material) -> Answer | None:
    """The training run: job, inputs, hyperparameters, seed, code."""
    made = [
        event
        for event in material.of("run.finished")
        if material.verdict.model_sha256 in event.fields.get("outputs", {}).values()
    ]
    if not made:
        return None
    end = made[-1]
    begun = next((one for one in material.of("run.started") if one.fields["run"] == end.fields["run"]), None)
    captured = material.captured
    settings = captured.hyperparameters if captured else (begun.fields["hyperparameters"] if begun else {})
    rows = [(str(key), str(value)) for key, value in sorted(settings.items())]
    inputs = [f"{name} (SHA-256 {digest})" for name, digest in (begun.fields["inputs"] if begun else {}).items()]
    code, seed = material.evidence.code, captured.seed if captured else None
    told = [
        f"Job {end.fields['job']}, run {end.fields['run']}, ended {end.fields['outcome']}.",
        f"Inputs: {'; '.join(inputs) or 'none named'}.",
        f"Code: commit {code.commit}{', with changes not committed' if code.dirty else ''}."
        if code.commit
        else f"Code: not known ({code.reason or 'no reason given'}).",
        f"Seed: {seed}." if seed else "Seed: none was captured.",
    ]
    tables = (Table(caption="Hyperparameters", head=("name", "value"), rows=tuple(rows)),) if rows else ()
    kept = (
        (Source(kind="record", name="run record", sha256=captured.sha256, entry=captured.event.index),)
        if captured
        else ()
    )
    return Answer(
        words=tuple(told), tables=tables,
        sources=(*(one.source() for one in (begun, end) if one is not None), *kept),
    )  # fmt: skip


def datasets(material: Material) -> Answer | None:
    """The datasets by digest, with rows."""
    rows = []
    for one in material.evidence.datasets:
        entry = material.entry_of(one.sha256)
        counted = f"{one.rows:,}" if one.rows is not None else _rows_of(one.sha256, material)
        names = ", ".join(file.name for file in one.files)
        rows.append((one.role, names, counted, one.sha256, "" if entry is None else str(entry)))
    if not rows:
        return None
    table = Table(caption="Datasets", head=("role", "files", "rows", "SHA-256", "log entry"), rows=tuple(rows))
    told = tuple(f"Could not be counted in full: {words.gap_words(gap)}." for gap in material.evidence.gaps)
    return Answer(words=told, tables=(table,), sources=(material.evidence_source,))


def _rows_of(sha256: str, material: Material) -> str:
    known = [e.fields["rows"] for e in material.of("dataset.registered") if e.fields["dataset_sha256"] == sha256]
    counted = [rows for rows in known if rows is not None]
    return f"{counted[-1]:,}" if counted else "not counted"


def data_quality(material: Material) -> Answer | None:
    """What the data stage found."""
    if material.data is None:
        return None
    verdict = material.data.verdict
    told = f"Decided {verdict.decision} at {verdict.decided_at}, for version {verdict.version}: {verdict.reason}"
    source = material.record("evidence.json of the data stage", verdict.evidence_sha256)
    return Answer(words=(told,), tables=findings_tables("Findings about the data", verdict.findings), sources=(source,))


def inputs(material: Material) -> Answer | None:
    """The features that the model was asked with, where it was probed."""
    fact = material.evidence.facts.get("robustness")
    features = fact.get("features") if isinstance(fact, dict) else None
    if not features:
        return None
    told = f"Features that the model takes, as it was probed: {', '.join(map(str, features))}."
    return Answer(words=(told,), sources=(material.evidence_source,))


def deployments(material: Material) -> Answer | None:
    """Where this version was deployed, as the log says."""
    events = material.about("deployment.started", "deployment.finished", "deployment.rolled_back")
    if not events:
        return None
    rows = tuple(
        (one.type.partition(".")[2], str(one.fields["environment"]), str(one.fields.get("outcome", "")), one.at,
         str(one.index))
        for one in events
    )  # fmt: skip
    head = ("deployment", "environment", "outcome", "claimed", "log entry")
    return Answer(
        tables=(Table(caption="Deployments", head=head, rows=rows),), sources=tuple(one.source() for one in events)
    )


def companion(kind: str) -> Callable[[Material], Answer]:
    """Return what tells how far another document about this version is: finished and recorded, or what it lacks."""

    def find(material: Material) -> Answer:
        from assay.reports.documents import form_of  # noqa: PLC0415 - the list of documents stands above each of them

        made = fill(form_of(kind), material)
        missing = sum(part.filled in {"missing", "contradicted"} for part in made.parts)
        written = [
            one
            for one in material.of("report.issued")
            if str(one.fields["report"]).partition(".")[0] == kind
            and one.fields.get("verdict_sha256") == material.verdict_sha256
        ][-3:]
        told = [f"{one.fields['report']}, recorded {one.at}: SHA-256 {one.fields['report_sha256']}" for one in written]
        lacks = f"Its draft lacks {missing} of {len(made.parts)} parts: assay report {kind}" if missing else None
        if lacks is None and not written:
            lacks = f"Nothing is missing in it; write and record it: assay report {kind} -o {kind}.pdf"
        return Answer(words=tuple(told), sources=tuple(one.source() for one in written), lacks=lacks)

    return find


def monitored(material: Material) -> Answer | None:
    """What monitoring has decided about windows of this version, and its alerts."""
    windows = [one for one in material.about("gate.decision") if one.fields.get("stage") == "monitoring"]
    alerts = material.about("monitor.alert")
    if not windows and not alerts:
        return None
    counts = Counter(str(one.fields["decision"]) for one in windows)
    told = [f"Windows decided: {', '.join(f'{count} {word}' for word, count in sorted(counts.items())) or 'none'}."]
    rows = tuple(
        (str(one.fields["alert"]), str(one.fields["metric"]), _where(one), str(one.fields["measured"]),
         str(one.fields["limit"]), str(one.fields["severity"]), one.at, str(one.index))
        for one in alerts
    )  # fmt: skip
    head = ("alert", "metric", "about", "measured", "limit", "severity", "claimed", "log entry")
    tables = (Table(caption="Alerts", head=head, rows=rows),) if rows else ()
    sources = tuple(one.source() for one in (*windows[-1:], *alerts))
    return Answer(words=tuple(told), tables=tables, sources=sources)


def _where(alert: LogEvent) -> str:
    group = ", ".join(f"{key}: {value}" for key, value in (alert.fields.get("group") or {}).items())
    return group or str(alert.fields.get("column") or "everybody")
