"""Technical documentation after Annex IV of Regulation (EU) 2024/1689, item by item, in our own words."""

from __future__ import annotations

from assay.reports.documents import facts, tested
from assay.reports.documents.asking import Asks, Form, Want, asks, found, people
from assay.reports.documents.standing import FRAMEWORK, NOTE, standing

RUN = "Decide a release: assay run"
TRAINING = "Record the training run: assay.monitor in the training script, or assay run --stage training"
DATA = "Gate the data and write a datasheet: assay run --stage data"
PROBE = "Probe the model: the section robustness of assay.yaml, and controls for it"


def form() -> Form:
    """Return the written list of the technical documentation."""
    return Form(
        kind="annex-iv",
        title="Technical documentation (Annex IV)",
        about=(
            (
                "What Article 11 asks to be drawn up before a high-risk AI system is placed on the market, and kept "
                "up to date. Each item is filled from evidence, in the words of people, or named as missing. Nothing "
                "here says that the system conforms."
            ),
            NOTE,
        ),
        law=("Annex IV",),
        framework=FRAMEWORK,
        sections={
            "Before the list": (standing("annex-iv"),),
            "1 General description": _general(),
            "2 Elements and development": _development(),
            "3 to 9 In use, and through the life cycle": _life_cycle(),
        },
    )


def annex(number: str) -> str:
    """Return an item of the annex as policies cite it: ``eu-ai-act:annex-iv(2)(g)``."""
    return f"eu-ai-act:annex-iv{''.join(f'({part})' for part in number)}"


def _general() -> tuple[Asks, ...]:
    return (
        asks("1(a)", "Purpose, provider, version", annex("1a"),
             people("intended purpose", "system.purpose", "card:intended_use.primary_uses"),
             people("provider", "provider.name"),
             found("version", facts.version, RUN),
             found("earlier versions", facts.earlier_versions, RUN)),
        asks("1(b)", "Other hardware, software and AI that it works with", annex("1b"),
             people("interaction", "system.interaction")),
        asks("1(c)", "Versions of software and firmware", annex("1c"),
             found("software of the training run", facts.environment, TRAINING),
             people("updates that it needs", "system.updates")),
        asks("1(d)", "Forms in which it is provided", annex("1d"), people("forms", "system.market_forms")),
        asks("1(e)", "Hardware that it runs on", annex("1e"), people("hardware meant", "system.hardware")),
        asks("1(f)", "Photographs or drawings of the product", annex("1f"),
             people("pictures", "system.product_pictures")),
        asks("1(g)", "User interface of the deployer", annex("1g"), people("interface", "system.interface")),
        asks("1(h)", "Instructions for use", annex("1h"),
             people("for whom, and what not to use it for", "card:intended_use.primary_users",
                    "card:intended_use.out_of_scope"),
             found("the instructions", facts.companion("instructions-for-use"), "")),
    )  # fmt: skip


def _development() -> tuple[Asks, ...]:
    return (
        asks("2(a)", "Methods and steps of development, parts of others", annex("2a"),
             found("training run", facts.training, TRAINING),
             people("method", "card:model_details.type", "card:model_details.training"),
             people("pre-trained parts and tools of others", "design.third_party")),
        asks("2(b)", "Design: logic, choices, what is optimised, trade-offs", annex("2b"),
             people("logic", "design.logic"),
             people("choices, reasons and assumptions", "design.choices"),
             people("what it optimises", "design.optimises"),
             people("output and its quality", "design.output", "card:metrics.decision_thresholds"),
             people("trade-offs", "design.trade_offs")),
        asks("2(c)", "Architecture and computing", annex("2c"),
             people("architecture", "design.architecture"),
             found("machine of the training run", facts.computing, TRAINING),
             people("computing used", "design.computing")),
        asks("2(d)", "Data: provenance, scope, labelling, cleaning", annex("2d"),
             found("datasets", facts.datasets, RUN),
             found("what the data stage found", facts.data_quality, DATA),
             people("provenance and collection", "datasheet:collection_process.acquisition",
                    "card:training_data.description"),
             people("scope and sampling", "datasheet:composition.sampling", "datasheet:composition.instances"),
             people("labelling", "datasheet:preprocessing.labelling"),
             people("cleaning", "datasheet:preprocessing.steps", "card:evaluation_data.preprocessing"),
             people("special categories processed to find bias", "data.special_categories")),
        asks("2(e)", "Assessment of human oversight", annex("2e"),
             people("assessment", "oversight.assessment")),
        asks("2(f)", "Changes determined beforehand", annex("2f"), people("changes", "design.planned_changes")),
        asks("2(g)", "Validation and testing", annex("2g"),
             found("limits fixed before the test", tested.criteria, RUN),
             found("limits and where they come from", tested.limits, RUN),
             found("test report", tested.tests, RUN),
             found("approvals and accepted risks", tested.approvals, "Have it approved: assay approve"),
             people("who answers for the reports", "testing.responsible")),
        asks("2(h)", "Cybersecurity", annex("2h"),
             people("measures", "security.measures"),
             found("integrity of model and records", tested.integrity, RUN),
             found("adversarial probing", tested.evasion, PROBE)),
    )  # fmt: skip


def _life_cycle() -> tuple[Asks, ...]:
    return (
        asks("3", "Monitoring, functioning and control", annex("3"),
             found("accuracy overall", tested.overall, RUN),
             found("accuracy for persons and groups", tested.by_groups, RUN),
             people("capabilities and limits", "testing.limits", "card:caveats_and_recommendations.caveats"),
             people("unintended outcomes and sources of risk", "testing.unintended",
                    "card:ethical_considerations.risks_and_harms"),
             people("oversight measures", "oversight.measures"),
             Want(asked="input", find=facts.inputs, said=("system.inputs",), remedy=PROBE)),
        asks("4", "Why the metrics fit", annex("4"),
             people("reasons", "testing.metrics", "card:metrics.measures")),
        asks("5", "Risk management system", annex("5"),
             people("the system", "risk.system"),
             found("what failed or is unknown", tested.open_findings, RUN),
             people("residual risk", "risk.residual")),
        asks("6", "Changes through the life cycle", annex("6"),
             found("since the version before", facts.changes, "There is no version before this one"),
             people("changes by the provider, and whether substantial", "design.changes")),
        asks("7", "Standards applied, or solutions taken", annex("7"),
             people("harmonised standards", "standards.applied"),
             people("other solutions", "standards.solutions")),
        asks("8", "Copy of the EU declaration of conformity", annex("8"),
             found("the declaration", facts.companion("annex-v"), "")),
        asks("9", "Post-market monitoring", annex("9"),
             found("monitoring so far", facts.monitored, "Watch it in use: assay run --stage monitoring"),
             found("the plan", facts.companion("post-market-monitoring-plan"), "")),
    )  # fmt: skip
