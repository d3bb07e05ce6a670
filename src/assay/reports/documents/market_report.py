"""Post-market monitoring report: what watching a version has shown so far, from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.documents import facts
from assay.reports.documents.asking import Answer, Asks, Form, asks, found, people
from assay.reports.documents.form import Table
from assay.reports.documents.market_plan import RUN, differences
from assay.reports.documents.standing import FRAMEWORK, NOTE, standing

if TYPE_CHECKING:
    from assay.reports.documents.material import Material

WATCH = "Watch it in use: assay run --stage monitoring"


def form() -> Form:
    """Return the written list of the report."""
    return Form(
        kind="post-market-monitoring-report",
        title="Post-market monitoring report",
        about=("What watching this version in use has shown, up to the size of the log named below.", NOTE),
        law=("Article 72",),
        framework=FRAMEWORK,
        sections={"Before the list": (standing("post-market-monitoring-plan"),), "The report": _items()},
    )


def _items() -> tuple[Asks, ...]:
    active = "eu-ai-act:72(2)"
    return (
        asks("1", "System, version, deployments", active,
             found("version", facts.version, RUN),
             found("deployments", facts.deployments, "Record them: assay trail append deployment.finished")),
        asks("2", "Windows and alerts", active, found("what was found", facts.monitored, WATCH)),
        asks("3", "The plan against what ran", "eu-ai-act:72(3)", found("differences", differences, WATCH)),
        asks("4", "What was done about alerts", active, found("acts", handled, WATCH)),
        asks("5", "Feedback of deployers and users", active, people("feedback", "monitoring.collection")),
        asks("6", "Risks met in the field", "eu-ai-act:9(2)(c)", people("what they change", "risk.system")),
        asks("7", "Corrective action", "eu-ai-act:20(1)", people("taken", "monitoring.correction")),
        asks("8", "Conclusion", "eu-ai-act:72(1)", people("by the person who reviewed", "monitoring.conclusion")),
    )  # fmt: skip


def handled(material: Material) -> Answer | None:
    """Each alert and incident with how it stands; none where nothing was ever watched."""
    windows = [one for one in material.about("gate.decision") if one.fields.get("stage") == "monitoring"]
    mine = [one for one in material.incidents if one.version == material.verdict.version]
    if not mine:
        if not windows:
            return None
        return Answer(words=("No alert was raised and no incident declared.",), sources=(windows[-1].source(),))
    rows = tuple((one.name, one.severity, one.since, one.status, str(len(one.events))) for one in mine)
    head = ("alert or incident", "severity", "since", "status", "events")
    sources = tuple(one.events[-1].source() for one in mine if one.events)
    return Answer(tables=(Table(caption="Alerts and incidents", head=head, rows=rows),), sources=sources)
