"""Report of serious incidents after Article 73 of Regulation (EU) 2024/1689, with their clocks, one section each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.documents import facts
from assay.reports.documents.asking import Answer, Asks, Form, Want, asks, found, people
from assay.reports.documents.form import Source, Table
from assay.reports.documents.standing import FRAMEWORK, NOTE, standing

if TYPE_CHECKING:
    from assay.reports.documents.asking import Sections
    from assay.reports.documents.material import Clock, IncidentFile, LogEvent, Material

LATE = ("lapsed", "reported-late")
ROUTINE = ("monitor.alert", "alert.delivered", "alert.undelivered")


def form() -> Form:
    """Return the written list of the report."""
    return Form(
        kind="serious-incident-report",
        title="Serious incidents: reports and their clocks",
        about=(
            (
                "What the log says of serious incidents of this system: from when each clock counts, when it ends, "
                "and what was reported. When several limits fit, the shortest is shown; that reading is ours."
            ),
            NOTE,
        ),
        law=("Articles 3(49) and 73",),
        framework=FRAMEWORK,
        sections=sections,
        warn=_warn,
    )


def _warn(material: Material) -> tuple[str, ...]:
    late = [f"{one.name}: {clock.clause}, due {clock.due_at}" for one in _serious(material) for clock in one.clocks
            if clock.status in LATE]  # fmt: skip
    return (f"A limit has passed without a report in time: {'; '.join(late)}.",) if late else ()


def _serious(material: Material) -> list[IncidentFile]:
    return [one for one in material.incidents if one.clocks]


def sections(material: Material) -> Sections:
    """Return the items: who reports, and a section for each serious incident; one that says so when there is none."""
    serious = _serious(material)
    listed: dict[str, tuple[Asks, ...]] = {"Who reports": (standing("serious-incident-report"), _provider())}
    if not serious:
        none = found("serious incidents", _none, "Keep a log: assay run")
        listed["Incidents"] = (asks("1", "Serious incidents of this system", "eu-ai-act:73(1)", none),)
    for one in serious:
        listed[f"Incident {one.name}"] = _incident(one)
    return listed


def _provider() -> Asks:
    return asks("1", "Provider and system", "eu-ai-act:73(1)",
                people("provider", "provider.name"), people("contact", "provider.contact"),
                found("version", facts.version, ""))  # fmt: skip


def _none(material: Material) -> Answer | None:
    if material.log is None:
        return None
    told = f"None is declared in the log's first {material.log.size} entries."
    return Answer(words=(told,), sources=(material.verdict_source,))


def _incident(one: IncidentFile) -> tuple[Asks, ...]:
    return (
        asks("2", "Class and clocks", tuple(dict.fromkeys(clock.clause for clock in one.clocks)),
             found("clocks", lambda _material: _clocks(one), ""),
             found("reports", lambda _material: _reports(one),
                   f"Report it: assay incident report {one.name}")),
        asks("3", "What happened", "eu-ai-act:73(5)",
             found("history", lambda _material: _history(one), ""),
             _said("place and Member State", one.name, "place"),
             _said("persons affected", one.name, "people"),
             _said("what happened", one.name, "happened"),
             _said("link to the system", one.name, "causal_link")),
        asks("4", "Investigation and measures", "eu-ai-act:73(6)",
             found("not altered before the authorities know", lambda material: _frozen(one, material), ""),
             _said("measures taken at once", one.name, "measures"),
             _said("root cause", one.name, "cause"),
             _said("corrective action", one.name, "correction")),
        asks("5", "Recipients", "eu-ai-act:73(1)", _said("who was told, with receipts", one.name, "recipients")),
    )  # fmt: skip


def _said(asked: str, incident: str, key: str) -> Want:
    def find(material: Material) -> Answer | None:
        said = material.dossier.incidents.get(incident)
        text = None if said is None else getattr(said, key)
        if text is None:
            return None
        name = f"{material.dossier_name} incidents.{incident}.{key}"
        return Answer(words=(text,), sources=(Source(kind="person", name=name, sha256=material.dossier.sha256),))

    return Want(asked=asked, find=find, by="people", remedy=f"Write incidents.{incident}.{key} in dossier.yaml")


def _clocks(one: IncidentFile) -> Answer:
    rows = tuple(
        (clock.clause, ", ".join(clock.harms), clock.aware_at, clock.due_at, clock.status) for clock in one.clocks
    )
    head = ("clause", "harm", "aware since", "due", "status")
    rules = tuple(dict.fromkeys(f"{clock.clause}: {clock.rule}" for clock in one.clocks if clock.rule))
    return Answer(
        words=rules, tables=(Table(caption="Clocks", head=head, rows=rows),),
        sources=tuple(clock.declared.source() for clock in one.clocks),
    )  # fmt: skip


def _reports(one: IncidentFile) -> Answer | None:
    told, sources, lacking = [], [], []
    for clock in one.clocks:
        for form_, event in (("initial", clock.initial), ("complete", clock.complete)):
            if event is not None:
                told.append(_report_words(form_, event, clock))
                sources.append(event.source())
        if clock.complete is None:
            lacking.append(f"{clock.clause}: no complete report yet, {clock.status}")
    lacks = f"{'; '.join(lacking)}. Report it: assay incident report {one.name}" if lacking else None
    return Answer(words=tuple(dict.fromkeys(told)), sources=tuple(sources), lacks=lacks)


def _report_words(form_: str, event: LogEvent, clock: Clock) -> str:
    intime = "within the limit" if event.at <= clock.due_at else "AFTER the limit"
    told = f"{form_} report to {event.fields['authority']} at {event.at}, {intime} ({clock.due_at})"
    return f"{told}; SHA-256 {event.fields['report_sha256']}."


def _history(one: IncidentFile) -> Answer:
    rows = tuple((event.at, event.type, ", ".join(event.by), str(event.index)) for event in one.events)
    head = ("claimed", "event", "signed by", "log entry")
    return Answer(
        tables=(Table(caption="What the log says was done", head=head, rows=rows),),
        sources=tuple(event.source() for event in one.events if event.type not in ROUTINE),
    )


def _frozen(one: IncidentFile, material: Material) -> Answer:
    """Say whether a version was deployed between awareness and the first report."""
    aware = min(clock.aware_at for clock in one.clocks)
    firsts = [event.at for clock in one.clocks for event in (clock.initial, clock.complete) if event is not None]
    until = min(firsts, default=None)
    deployed = [
        event
        for event in material.of("deployment.finished", "deployment.rolled_back")
        if event.at >= aware and (until is None or event.at < until)
    ]
    span = (
        f"between awareness ({aware}) and {f'the first report ({until})' if until else 'now: nothing is reported yet'}"
    )
    if not deployed:
        return Answer(words=(f"The log has no deployment {span}.",), sources=(one.clocks[0].declared.source(),))
    told = tuple(f"{event.type} of version {event.fields['version']} at {event.at}, {span}." for event in deployed)
    return Answer(words=told, sources=tuple(event.source() for event in deployed))
