"""Instructions for use after Article 13(3) of Regulation (EU) 2024/1689; numbers are those of the evidence."""

from __future__ import annotations

from assay.reports.documents import facts, tested
from assay.reports.documents.asking import Asks, Form, Want, asks, found, people
from assay.reports.documents.standing import FRAMEWORK, NOTE, standing

RUN = "Decide a release: assay run"
PROBE = "Probe the model: the section robustness of assay.yaml, and controls for it"


def form() -> Form:
    """Return the written list of the instructions."""
    return Form(
        kind="instructions-for-use",
        title="Instructions for use",
        about=("What a deployer of this version has to know. Numbers are measured, on the data named.", NOTE),
        law=("Article 13",),
        framework=FRAMEWORK,
        sections={"Before the list": (standing("instructions-for-use"),), "What a deployer has to know": _items()},
    )


def _items() -> tuple[Asks, ...]:
    return (
        asks("(a)", "Provider", _art("(a)"),
             people("name", "provider.name"), people("contact", "provider.contact", "card:model_details.contact"),
             people("authorised representative", "provider.representative")),
        asks("(b)(i)", "Intended purpose", _art("(b)(i)"),
             people("purpose", "system.purpose", "card:intended_use.primary_uses"),
             people("what it is not for", "card:intended_use.out_of_scope"),
             found("version", facts.version, RUN)),
        asks("(b)(ii)", "Accuracy, robustness, cybersecurity", _art("(b)(ii)"),
             found("accuracy", tested.overall, RUN),
             found("robustness", tested.robustness, PROBE),
             people("cybersecurity", "security.measures"),
             people("what changes them", "card:caveats_and_recommendations.caveats", "testing.limits")),
        asks("(b)(iii)", "Circumstances and misuse that bring risk", _art("(b)(iii)"),
             people("risks", "card:ethical_considerations.risks_and_harms", "testing.unintended"),
             people("misuse", "system.misuse")),
        asks("(b)(iv)", "How far it explains its output", _art("(b)(iv)"),
             people("explanation", "system.explanation")),
        asks("(b)(v)", "Performance for persons and groups", _art("(b)(v)"),
             found("by group", tested.by_groups, RUN),
             found("failed or not settled", tested.open_findings, RUN)),
        asks("(b)(vi)", "Input, and the data behind it", _art("(b)(vi)"),
             Want(asked="input", find=facts.inputs, said=("system.inputs",), remedy=PROBE),
             found("datasets", facts.datasets, RUN),
             people("training data", "card:training_data.description", "datasheet:composition.instances")),
        asks("(b)(vii)", "How to read the output", _art("(b)(vii)"),
             people("reading", "system.interpretation"),
             people("decision threshold", "card:metrics.decision_thresholds")),
        asks("(c)", "Changes determined beforehand", _art("(c)"), people("changes", "design.planned_changes")),
        asks("(d)", "Human oversight", _art("(d)"), people("measures", "oversight.measures")),
        asks("(e)", "Resources, lifetime, maintenance", _art("(e)"),
             people("hardware", "system.hardware"), people("lifetime", "system.lifetime"),
             people("maintenance", "system.maintenance", "card:caveats_and_recommendations.recommendations")),
        asks("(f)", "Logs", _art("(f)"), people("how to collect, keep and read them", "system.logs")),
    )  # fmt: skip


def _art(letter: str) -> str:
    return f"eu-ai-act:13(3){letter}"
