"""Model validation report after SR 26-2 (17 April 2026), in the headings that SR 11-7 made usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports import words
from assay.reports.documents import facts, tested
from assay.reports.documents.asking import Answer, Asks, Form, asks, found, people
from assay.reports.documents.form import Source
from assay.reports.documents.market_plan import watched

if TYPE_CHECKING:
    from assay.reports.documents.material import Material

RUN = "Decide a release: assay run"
PROBE = "Probe the model: the section robustness of assay.yaml, and controls for it"
TRAINING = "Record the training run: assay.monitor in the training script, or assay run --stage training"


def form() -> Form:
    """Return the written list of the report."""
    return Form(
        kind="validation",
        title="Model validation report",
        about=(
            (
                "Tests are measured and stand in the log; what a validator judges is the validator's word. The "
                "guidance does not bind, and leaves generative and agentic AI out."
            ),
            (
                "SR 26-2 is cited by section as third parties map them; SR 11-7, whose headings are used as "
                "vocabulary, was rescinded on 17 April 2026 and is not cited."
            ),
        ),
        law=("OCC Bulletin 2026-13 / FDIC FIL-15-2026",),
        framework="sr-26-2",
        sections={
            "Identification and materiality": _identification(),
            "Soundness and tests": _tests(),
            "In use": _use(),
            "Findings and conclusion": _conclusion(),
        },
    )


def _sr(section: str) -> str:
    return f"sr-26-2:{section}"


def _identification() -> tuple[Asks, ...]:
    return (
        asks("1", "Identification", (_sr("VI.inventory"), _sr("II.definition")),
             found("model", facts.version, RUN),
             found("owner, developer, validator", who, "Name them (model.owner, model.author), and have it approved"),
             people("use and restrictions", "validation.use", "card:intended_use.primary_uses",
                    "card:intended_use.out_of_scope")),
        asks("2", "Materiality", _sr("III.materiality"),
             found("exposure, purpose, tier", materiality, RUN),
             people("why this rigour", "validation.materiality")),
    )  # fmt: skip


def _tests() -> tuple[Asks, ...]:
    return (
        asks("3", "Conceptual soundness", _sr("V.conceptual"),
             people("method", "card:model_details.type", "card:model_details.training"),
             people("theory", "validation.theory"),
             people("assumptions", "validation.assumptions"),
             people("alternatives", "validation.alternatives"),
             people("sensitivity", "validation.sensitivity")),
        asks("4", "Data", _sr("IV.development"),
             found("datasets", facts.datasets, RUN),
             found("what the data stage found", facts.data_quality, "Gate the data: assay run --stage data"),
             people("quality, proxies, adjustments", "validation.data", "card:training_data.description")),
        asks("5", "Development testing", _sr("IV.development"),
             found("limits fixed before the test", tested.criteria, RUN),
             found("limits and where they come from", tested.limits, RUN),
             found("tests", tested.tests, RUN),
             found("accuracy", tested.overall, RUN),
             found("groups", tested.by_groups, RUN),
             found("robustness", tested.robustness, PROBE)),
        asks("6", "Implementation", _sr("IV.use"),
             found("training run", facts.training, TRAINING),
             found("integrity of files", tested.integrity, RUN),
             people("production computes what was validated", "validation.implementation")),
    )  # fmt: skip


def _use() -> tuple[Asks, ...]:
    return (
        asks("7", "Outcomes analysis", _sr("V.outcomes"),
             people("back-tests", "validation.outcomes"),
             found("windows and alerts", facts.monitored, "Watch it in use: assay run --stage monitoring")),
        asks("8", "Ongoing monitoring", _sr("V.monitoring"),
             found("limits watched", watched, "Write controls with stage: monitoring in the policy"),
             people("cadence, overrides, triggers", "monitoring.review",
                    "card:caveats_and_recommendations.recommendations")),
        asks("9", "Parts bought or taken from others", _sr("VII.vendor"), people("examination", "validation.vendor")),
        asks("10", "Aggregate risk", _sr("III.aggregate"), people("shared with other models", "validation.aggregate")),
    )  # fmt: skip


def _conclusion() -> tuple[Asks, ...]:
    return (
        asks("11", "Findings and exceptions", _sr("VI.documentation"),
             found("failed or unknown", tested.open_findings, RUN),
             found("approvals and accepted risks", tested.approvals, "Have it approved: assay approve")),
        asks("12", "Effective challenge", _sr("III.challenge"),
             people("comments and what became of them", "validation.challenge")),
        asks("13", "Independence", _sr("III.challenge"),
             found("validator and developer", independence, "Name model.author, and have a validator approve"),
             people("why independent in fact", "validation.independence")),
        asks("14", "Conclusion", _sr("VI.governance"),
             people("conclusion", "validation.conclusion"),
             people("who, and when", "validation.signed"),
             people("next validation", "validation.next")),
    )  # fmt: skip


def who(material: Material) -> Answer | None:
    """Owner, developer and validator by the names of the trust file."""
    validators = _approvers(material)
    told = {
        "Owner": material.settings.owner,
        "Developer": material.evidence.model.author,
        "Approved by": ", ".join(validators) or None,
    }
    if None in told.values():
        return None
    sources = (
        material.evidence_source,
        *(one.source() for one in material.about("model.registered", "approval.granted")),
    )
    return Answer(words=tuple(f"{key}: {value}." for key, value in told.items()), sources=sources)


def _approvers(material: Material) -> list[str]:
    return [name for step in material.verdict.approvals for name in step.given]


def materiality(material: Material) -> Answer:
    """Exposure, purpose and the tier that the policy made of them."""
    said, tier = material.evidence.materiality, material.verdict.policy.tier
    told = f"Exposure {said.exposure}, purpose {said.purpose}; tier {tier or 'none'}. {said.justification}"
    return Answer(words=(words.plain(told),), sources=(material.evidence_source, material.verdict_source))


def independence(material: Material) -> Answer | None:
    """That whoever approved did not make the model, as far as names tell."""
    author, approvers = material.evidence.model.author, _approvers(material)
    if author is None or not approvers:
        return None
    same = [name for name in approvers if name == author]
    told = f"Made by {author}; approved by {', '.join(approvers)}."
    lacks = f"{author} made it and approved it: let somebody else validate" if same else None
    steps = tuple(Source(kind="event", name=one.type, entry=one.index) for one in material.about("approval.granted"))
    return Answer(words=(told,), sources=(material.verdict_source, *steps), lacks=lacks)
