"""Serious incidents with their clocks: in time, late, incomplete, and a version changed before the authorities knew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.reports.documents import form_of
from assay.reports.documents.asking import fill
from assay.reports.documents.material import Clock, IncidentFile, LogEvent, LogReach
from unit.reports.documents_material import material

if TYPE_CHECKING:
    from assay.reports.documents.form import Document, Part

AWARE, DUE = "2026-10-01T08:00:00Z", "2026-10-11T08:00:00Z"
LOG = LogReach(origin="assay.invalid/x", size=9, root="0" * 64)


def event(kind: str, index: int, at: str, **fields: object) -> LogEvent:
    return LogEvent(index=index, type=kind, at=at, by=("rosa",), fields=fields)


DECLARED = event("incident.declared", 4, AWARE)


def incident(status: str, *, initial: str | None = None, complete: str | None = None) -> IncidentFile:
    def report(at: str | None, index: int) -> LogEvent | None:
        said = {"authority": "msa.example", "report_sha256": "ef" * 32}
        return None if at is None else event("incident.reported", index, at, **said)

    clock = Clock(
        clause="eu-ai-act:73(4)", rule="Death: at most ten days.", aware_at=AWARE, due_at=DUE, harms=("death",),
        status=status, declared=DECLARED, initial=report(initial, 5), complete=report(complete, 6),
    )  # fmt: skip
    return IncidentFile(
        name="a-1", version="1", status="open", severity="critical", since=AWARE, events=(DECLARED,), clocks=(clock,)
    )


def told(one: IncidentFile, *events: LogEvent, dossier: str = "") -> Document:
    found = material(dossier, log=LOG, incidents=(one,), events=events)
    return fill(form_of("serious-incident-report"), found)


def part(document: Document, asked: str) -> Part:
    return next(one for one in document.parts if one.asked == asked)


def test_without_an_incident_it_says_that_none_is_declared_up_to_the_size() -> None:
    document = fill(form_of("serious-incident-report"), material(log=LOG))
    assert part(document, "serious incidents").words == ("None is declared in the log's first 9 entries.",)
    without = fill(form_of("serious-incident-report"), material())
    assert part(without, "serious incidents").filled == "missing"


def test_a_report_in_time_is_told_with_its_digest() -> None:
    document = told(incident("reported", complete="2026-10-05T08:00:00Z"))
    assert part(document, "clocks").tables[0].rows[0] == ("eu-ai-act:73(4)", "death", AWARE, DUE, "reported")
    assert "within the limit" in part(document, "reports").words[0]
    assert part(document, "reports").filled == "evidence"
    assert not any("limit has passed" in one for one in document.warnings)


def test_a_late_or_absent_report_stands_above_everything() -> None:
    for one in (incident("lapsed"), incident("reported-late", complete="2026-10-20T08:00:00Z")):
        assert any("A limit has passed without a report in time: a-1" in warning for warning in told(one).warnings)
    assert part(told(incident("lapsed")), "reports").filled == "missing"
    late = part(told(incident("reported-late", complete="2026-10-20T08:00:00Z")), "reports")
    assert "AFTER the limit" in late.words[0]


def test_an_incomplete_report_still_lacks_the_complete_one() -> None:
    document = told(incident("complete-outstanding", initial="2026-10-05T08:00:00Z"))
    assert part(document, "reports").filled == "missing"
    assert "no complete report yet" in str(part(document, "reports").remedy)


def test_a_deployment_before_the_first_report_is_told() -> None:
    changed = event("deployment.finished", 5, "2026-10-02T08:00:00Z", version="2", environment="production")
    later = event("deployment.finished", 7, "2026-10-09T08:00:00Z", version="2", environment="production")
    one = incident("reported", complete="2026-10-05T08:00:00Z")
    asked = "not altered before the authorities know"
    assert "deployment.finished of version 2" in part(told(one, changed), asked).words[0]
    assert "no deployment between awareness" in part(told(one, later), asked).words[0]


def test_people_say_what_only_they_can() -> None:
    dossier = "incidents: {a-1: {happened: A person was hurt., cause: TODO}}"
    document = told(incident("running"), dossier=dossier)
    assert part(document, "what happened").filled == "people"
    assert part(document, "root cause").filled == "missing"
    assert msgspec.to_builtins(document)["sections"]
