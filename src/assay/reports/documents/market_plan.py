"""Post-market monitoring plan after Article 72 of Regulation (EU) 2024/1689, and what the plan is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports import words
from assay.reports.documents import facts
from assay.reports.documents.asking import Answer, Asks, Form, asks, found, people
from assay.reports.documents.form import Source, Table
from assay.reports.documents.standing import FRAMEWORK, NOTE, standing

if TYPE_CHECKING:
    from assay.checks.control import Control
    from assay.reports.documents.material import Material

RUN = "Decide a release: assay run"
CONTROLS = "Write controls with stage: monitoring in the policy, or add: section monitoring in assay.yaml"


def form() -> Form:
    """Return the written list of the plan."""
    return Form(
        kind="post-market-monitoring-plan",
        title="Post-market monitoring plan",
        about=(
            (
                "How the provider watches this version in use. The Commission's template is due by 2 September 2027; "
                "until then the outline is our own."
            ),
            NOTE,
        ),
        law=("Article 72",),
        framework=FRAMEWORK,
        sections={"Before the list": (standing("post-market-monitoring-plan"),), "The plan": _items()},
    )


def _items() -> tuple[Asks, ...]:
    plan, system = "eu-ai-act:72(3)", "eu-ai-act:72(1)"
    return (
        asks("1", "System, version, deployments", system,
             found("version", facts.version, RUN),
             found("deployments", facts.deployments, "Record them: assay trail append deployment.finished"),
             people("deployers and settings", "monitoring.deployers"),
             people("who answers for it", "monitoring.owner")),
        asks("2", "What is claimed, and how each claim is watched", plan,
             found("limits watched", watched, CONTROLS),
             found("what is compared with what", settings, "Write the section monitoring of assay.yaml")),
        asks("3", "Data from deployers and users", "eu-ai-act:72(2)",
             people("collection and feedback", "monitoring.collection")),
        asks("4", "Interaction with other AI systems", "eu-ai-act:72(2)",
             people("how it is watched", "monitoring.other_systems")),
        asks("5", "Feedback into risk management", "eu-ai-act:9(2)(c)", people("how", "risk.system")),
        asks("6", "Serious incidents", "eu-ai-act:73(1)", people("procedure", "quality.incidents")),
        asks("7", "Corrective action", "eu-ai-act:20(1)", people("what is done on a breach", "monitoring.correction")),
        asks("8", "Review, reports, retention", plan,
             people("review", "monitoring.review"), people("retention", "monitoring.retention")),
        asks("9", "The plan against what runs", plan, found("differences", differences, CONTROLS)),
    )  # fmt: skip


def controls_of(material: Material) -> list[Control]:
    """Return the controls that hold in monitoring; none where the policy is not at hand."""
    policy = material.policy
    return [] if policy is None else [one for one in policy.controls if one.stage == "monitoring"]


def policy_source(material: Material) -> Source:
    """Return the policy as a source."""
    policy = material.verdict.policy
    return Source(
        kind="file", name=f"policy {policy.name}", sha256=policy.sha256, entry=material.entry_of(policy.sha256)
    )


def watched(material: Material) -> Answer | None:
    """Each limit that monitoring holds windows against."""
    controls = controls_of(material)
    if not controls:
        return None
    tier = material.verdict.policy.tier
    rows = tuple(
        (one.id, one.title, one.metric or one.check, words.limit_words(one.limit_in(tier)), one.decide, one.enforcement)
        for one in controls
    )
    head = ("control", "claim", "indicator", "limit", "decided by", "on a breach")
    return Answer(
        tables=(Table(caption="Claims and their limits", head=head, rows=rows),), sources=(policy_source(material),)
    )


def settings(material: Material) -> Answer | None:
    """What the project says of monitoring: reference, window, labels."""
    said = material.settings.monitoring
    if not said:
        return None
    table = Table(caption="Settings of monitoring", head=("what", "value"), rows=tuple(said.items()))
    return Answer(tables=(table,), sources=(Source(kind="file", name="assay.yaml monitoring"),))


def differences(material: Material) -> Answer | None:
    """Controls of the plan that no window was held against yet."""
    controls = controls_of(material)
    windows = [one for one in material.about("validation.result") if one.fields.get("stage") == "monitoring"]
    if not controls:
        return None
    seen = {
        str(name).partition("/")[0]
        for event in windows
        for key in ("passed", "warned", "failed")
        for name in event.fields.get(key) or ()
    }
    never = [one.id for one in controls if one.id not in seen]
    told = f"{len(windows)} windows were decided. Never held against a window: {', '.join(never) or 'none'}."
    lacks = "Watch it in use: assay run --stage monitoring" if never else None
    return Answer(
        words=(told,), sources=(policy_source(material), *(one.source() for one in windows[-1:])), lacks=lacks
    )
