"""The model card after Mitchell et al. 2019, *Model Cards for Model Reporting* (https://arxiv.org/abs/1810.03993).

All nine sections, always. What evidence can say comes from the evidence; what only people know comes from
``card.yaml``; what nobody said or measured is shown as that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports import words
from assay.reports.card import Card, is_placeholder
from assay.reports.huggingface import front_matter
from assay.reports.markdown import code, table, text
from assay.reports.matrix import about_everybody, between_groups, by_group, row_name, unmeasured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.measurement import Measurement
    from assay.reports.card import Words
    from assay.reports.matrix import Matrix
    from assay.reports.release import Release

UNSAID = "*Not stated: nobody has filled this in.*"
UNMEASURED = "*Not measured.*"


def model_card(release: Release) -> str:
    """Return the model card as Markdown, opened by Hugging Face metadata."""
    verdict = release.verdict
    card = release.card or Card()
    lines = [
        f"# Model card: {text(verdict.model)} {text(verdict.version)}",
        "",
        _decision(release),
        "",
        "Numbers are measured and bound by digest to model and data; sentences are what people wrote.",
        "",
        *_details(release, card),
        *_use_and_factors(release, card),
        *_metrics(release, card),
        *_datasets(release, card),
        *_analyses(release, card),
        *_ethics(card),
        *_caveats(release, card),
    ]
    return front_matter(release) + "\n" + "\n".join(lines).rstrip() + "\n"


def _decision(release: Release) -> str:
    verdict = release.verdict
    policy = f"{text(verdict.policy.name)} {text(verdict.policy.version)}"
    decided = f"Gate decision **{verdict.decision}** under policy {policy} on {text(verdict.decided_at)}"
    return f"{decided}: {text(verdict.reason)}"


def _said(title: str, found: Words) -> list[str]:
    """Return a titled statement of a person; lists become lists, and a placeholder says nothing."""
    items = (found,) if isinstance(found, str) else found or ()
    spoken = [text(item) for item in items if not is_placeholder(item)]
    if not spoken:
        return [f"**{title}.** {UNSAID}", ""]
    if isinstance(found, str):
        return [f"**{title}.** {spoken[0]}", ""]
    return [f"**{title}.**", "", *(f"- {item}" for item in spoken), ""]


def _optional(title: str, found: Words) -> list[str]:
    return _said(title, found) if found else []


def _details(release: Release, card: Card) -> list[str]:
    evidence, details = release.evidence, card.model_details
    code_version = code(evidence.code.commit) if evidence.code.commit else "not known"
    dirty = ", with changes that are not committed" if evidence.code.dirty else ""
    author = f", by {text(evidence.model.author)}" if evidence.model.author else ""
    name = f"{text(evidence.model.name)} {text(evidence.model.version)}{author}, of system {text(evidence.system)}"
    files = words.counted(len(evidence.model.files), "file")
    return [
        "## Model details",
        "",
        *_said("Developed by", details.developed_by),
        f"**Version.** {name}; measured {text(evidence.measured_at)}.",
        "",
        *_said("Type", details.type),
        *_optional("Training algorithms, parameters, fairness constraints and features", details.training),
        f"**Digest.** {code(evidence.model.sha256)} over {files}; code {code_version}{dirty}.",
        "",
        *_optional("Paper or other resource", details.paper),
        *_optional("Citation", details.citation),
        *_said("License", details.license),
        *_said("Questions and comments", details.contact),
    ]


def _use_and_factors(release: Release, card: Card) -> list[str]:
    use, factors, materiality = card.intended_use, card.factors, release.evidence.materiality
    compared = dict.fromkeys(name for found in release.evidence.measurements for name in found.group)
    measured = ", ".join(code(name) for name in compared) if compared else UNMEASURED
    stakes = f"Exposure {text(materiality.exposure)}, purpose {text(materiality.purpose)}"
    return [
        "## Intended use",
        "",
        *_said("Primary uses", use.primary_uses),
        *_said("Primary users", use.primary_users),
        *_said("Out of scope", use.out_of_scope),
        f"**Materiality.** {stakes}: {text(materiality.justification)}",
        "",
        "## Factors",
        "",
        *_said("Relevant factors", factors.relevant),
        f"**Evaluation factors.** {measured}",
        "",
        *_optional("Remarks on evaluation factors", factors.evaluation),
    ]


def _metrics(release: Release, card: Card) -> list[str]:
    names = dict.fromkeys(found.metric for found in release.evidence.measurements)
    methods = dict.fromkeys(
        f"{text(found.method)}, at {text(words.level_words(found.level))}"
        for found in release.evidence.measurements
        if isinstance(found.method, str) and found.interval
    )
    return [
        "## Metrics",
        "",
        f"**Measured.** {', '.join(code(name) for name in names) or UNMEASURED}",
        "",
        *_said("Why these measures", card.metrics.measures),
        *_said("Decision thresholds", card.metrics.decision_thresholds),
        f"**Uncertainty and variability.** {'; '.join(methods) or UNMEASURED}",
        "",
        *_optional("Remarks on variation", card.metrics.variation),
    ]


def _datasets(release: Release, card: Card) -> list[str]:
    evidence = release.evidence
    lines = ["## Evaluation data", "", *_digests(release, [evidence.measured_on])]
    lines += [f"**Rows.** {evidence.rows:,} were tallied.", ""]
    if evidence.gaps:
        lines += ["**Could not be counted.**", "", *(f"- {text(words.gap_words(gap))}" for gap in evidence.gaps), ""]
    lines += _optional("Description", card.evaluation_data.description)
    lines += _said("Motivation", card.evaluation_data.motivation)
    lines += _said("Preprocessing", card.evaluation_data.preprocessing)
    others = [dataset.role for dataset in evidence.datasets if dataset.role != evidence.measured_on]
    lines += ["## Training data", "", *_digests(release, others)]
    lines += _said("Description", card.training_data.description)
    return lines + _optional("Preprocessing", card.training_data.preprocessing)


def _digests(release: Release, roles: Sequence[str]) -> list[str]:
    found = [dataset for dataset in release.evidence.datasets if dataset.role in roles]
    if not found:
        return ["*No dataset was named.*", ""]
    return table(
        ("dataset", "files", "rows", "SHA-256"),
        [
            (
                text(dataset.role),
                ", ".join(code(file.name) for file in dataset.files),
                f"{dataset.rows:,}" if dataset.rows is not None else "not counted",
                code(dataset.sha256),
            )
            for dataset in found
        ],
    )


def _analyses(release: Release, card: Card) -> list[str]:
    everything = release.evidence.measurements
    matrices, remarks = by_group(everything), card.quantitative_analyses
    single, crossed = between_groups(everything, crossed=False), between_groups(everything, crossed=True)
    alone = [*([single] if single else []), *(one for one in matrices if len(one.attributes) == 1)]
    together = [*([crossed] if crossed else []), *(one for one in matrices if len(one.attributes) > 1)]
    unitary = [*_results(about_everybody(everything)), *_matrices(alone)]
    intersectional = _matrices(together)
    return [
        "## Quantitative analyses",
        "",
        "### Unitary results",
        "",
        *(unitary or [UNMEASURED, ""]),
        *_optional("Remarks", remarks.unitary),
        "### Intersectional results",
        "",
        *(intersectional or [UNMEASURED, ""]),
        *_optional("Remarks", remarks.intersectional),
    ]


def _results(found: Sequence[Measurement]) -> list[str]:
    if not found:
        return []
    return table(
        ("metric", "value", "interval", "people", "remark"),
        [
            (
                text(row_name(one)),
                words.number(one.value) if one.value is not None else "not measured",
                words.interval_words(one.interval) if one.interval else "",
                f"{one.n:,}",
                text(one.reason or ""),
            )
            for one in found
        ],
    )


def _matrices(matrices: Sequence[Matrix]) -> list[str]:
    lines = []
    for matrix in matrices:
        lines += [f"**{text(matrix.title)}** (value, interval, people)", ""]
        head = ["metric", *(text(group) for group in matrix.groups)]
        lines += table(head, [(text(name), *(_cell(one) for one in cells)) for name, cells in matrix.rows])
    for whom, metrics, reasons in unmeasured(
        [one for matrix in matrices for _, row in matrix.rows for one in row if one]
    ):
        lines += [f"- Not measured for {text(whom)}: {text(metrics)} ({text(reasons)})"]
    return [*lines, ""] if lines else []


def _cell(found: Measurement | None) -> str:
    if found is None:
        return ""
    if found.value is None:
        return "not measured"
    interval = f" ({words.interval_words(found.interval)})" if found.interval else ""
    ends = f", {text(words.range_words(found))}" if words.range_words(found) else ""
    return f"{words.number(found.value)}{interval}" + (f", n {found.n:,}{ends}" if found.unit != "count" else "")


def _ethics(card: Card) -> list[str]:
    ethics = card.ethical_considerations
    return [
        "## Ethical considerations",
        "",
        *_said("Sensitive data", ethics.sensitive_data),
        *_said("Human life", ethics.human_life),
        *_said("Mitigations", ethics.mitigations),
        *_said("Risks and harms", ethics.risks_and_harms),
        *_optional("Fraught uses", ethics.fraught_uses),
    ]


def _caveats(release: Release, card: Card) -> list[str]:
    lines = ["## Caveats and recommendations", ""]
    lines += _said("Caveats", card.caveats_and_recommendations.caveats)
    lines += _said("Recommendations", card.caveats_and_recommendations.recommendations)
    open_findings = release.with_status("fail", "unknown")
    if open_findings:
        lines += ["**What the gate found.**", ""]
        for finding in open_findings:
            waived = f" Accepted by a waiver; {words.stays_words(finding)}." if finding.waiver else ""
            lines.append(f"- {words.STATUSES[finding.status]}: {text(finding.title)}. {text(finding.reason)}{waived}")
        lines.append("")
    return lines
