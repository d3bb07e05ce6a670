"""Assessment of the impact on fundamental rights after Article 27 of Regulation (EU) 2024/1689, before first use."""

from __future__ import annotations

from assay.reports.documents import facts, tested
from assay.reports.documents.asking import Asks, Form, asks, found, people
from assay.reports.documents.standing import FRAMEWORK, NOTE, standing

RUN = "Decide a release: assay run"


def form() -> Form:
    """Return the written list of the assessment."""
    return Form(
        kind="fria",
        title="Fundamental rights impact assessment",
        about=(
            (
                "What a deployer that is a public body, gives public services, or uses one of Annex III point 5(b) or "
                "(c) assesses before first use. The official template was not found; the outline is our own."
            ),
            NOTE,
        ),
        law=("Article 27",),
        framework=FRAMEWORK,
        sections={
            "Before the list": _before(),
            "The assessment": _assessment(),
            "Around it": _around(),
        },
    )


def _before() -> tuple[Asks, ...]:
    return (
        standing("fria"),
        asks("27(1)", "Whether one is due", _art("(1)"), people("why, or why not", "rights.applies")),
    )  # fmt: skip


def _assessment() -> tuple[Asks, ...]:
    return (
        asks("(a)", "Process in which it is used", _art("(1)(a)"),
             people("process", "rights.process"),
             people("intended purpose, by the provider", "system.purpose", "card:intended_use.primary_uses")),
        asks("(b)", "Period and frequency of use", _art("(1)(b)"),
             people("meant", "rights.period"),
             found("since when it is deployed", facts.deployments,
                   "Record it: assay trail append deployment.finished")),
        asks("(c)", "Persons and groups affected", _art("(1)(c)"),
             people("who", "rights.people", "system.affected"),
             found("how it treats groups", tested.by_groups, RUN)),
        asks("(d)", "Specific risks of harm", _art("(1)(d)"),
             people("harms, with the version of the instructions read", "rights.harms"),
             people("what the provider says", "card:ethical_considerations.risks_and_harms"),
             found("what failed or is unknown", tested.open_findings, RUN)),
        asks("(e)", "Human oversight in practice", _art("(1)(e)"), people("oversight", "rights.oversight")),
        asks("(f)", "Measures when risks come true", _art("(1)(f)"),
             people("governance and complaints", "rights.measures")),
    )  # fmt: skip


def _around() -> tuple[Asks, ...]:
    return (
        asks("27(2)", "Updates", _art("(2)"),
             found("versions since", facts.earlier_versions, RUN)),
        asks("27(3)", "Notice to the authority", _art("(3)"), people("notice and receipt", "rights.notice")),
        asks("27(4)", "Data protection impact assessment", _art("(4)"),
             people("parts taken over", "rights.protection")),
    )  # fmt: skip


def _art(number: str) -> str:
    return f"eu-ai-act:27{number}"
