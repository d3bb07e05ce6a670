"""The datasheet of a dataset: what people wrote in `datasheet.yaml`, and beside it what was measured.

The sections and questions follow Gebru et al. 2021, *Datasheets for Datasets*, Communications of the ACM 64(12):86-92
(https://arxiv.org/abs/1803.09010), section 3. A question that nobody answered says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.reports import words
from assay.reports.card import is_placeholder
from assay.reports.datasheet import Datasheet
from assay.reports.markdown import code, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.records.measurement import Measurement
    from assay.reports.release import Release

QUESTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "motivation": ("Motivation", {
        "purpose": "For what purpose was the dataset created?",
        "creators": "Who created it, on behalf of whom?",
        "funding": "Who funded it?",
    }),
    "composition": ("Composition", {
        "instances": "What does a row represent?",
        "sampling": "Is it a sample, and of what larger set?",
        "label": "What is the label, and who gave it?",
        "missing": "What is missing, and why?",
        "relationships": "Are relationships between rows made explicit?",
        "splits": "Which splits are recommended?",
        "errors": "Which errors, noise or redundancies are known?",
        "confidential": "What in it might be confidential?",
        "sensitive": "What in it is sensitive, and which groups does it name?",
    }),
    "collection_process": ("Collection process", {
        "acquisition": "How were the rows acquired?",
        "timeframe": "Over what time?",
        "collectors": "Who collected them, and how were they paid?",
        "consent": "Did people know, and did they consent?",
        "ethical_review": "Was there an ethical review?",
    }),
    "preprocessing": ("Preprocessing, cleaning, labelling", {
        "steps": "What was cleaned, binned or left out?",
        "labelling": "How were labels made?",
        "raw_kept": "Are the raw rows kept?",
    }),
    "uses": ("Uses", {
        "intended": "What is it meant for?",
        "earlier": "What has it been used for?",
        "out_of_scope": "What must it not be used for?",
        "risks": "What in it could lead to harm?",
    }),
    "distribution": ("Distribution", {
        "recipients": "To whom is it given?",
        "license": "Under which licence or terms?",
        "restrictions": "Which restrictions apply?",
    }),
    "maintenance": ("Maintenance", {
        "owner": "Who keeps it?",
        "contact": "How can they be reached?",
        "updates": "How is it updated?",
        "retention": "How long are rows kept?",
    }),
}  # fmt: skip
"""Section to its title, and each field to the question that it answers."""

NOBODY = "Nobody has answered this."
MOST = 8
"""Columns and groups that the datasheet names; the evidence holds all."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One question of the datasheet.

    Attributes:
        question: in words.
        answers: a paragraph each; none when nobody answered.
        measured: whether Assay measured it, rather than people saying so.
    """

    question: str
    answers: tuple[str, ...]
    measured: bool = False


def datasheet_sections(release: Release) -> list[tuple[str, list[Answered]]]:
    """Return the sections of a datasheet: title and questions, what people say first and what was measured after it."""
    written = release.datasheet or Datasheet()
    found = []
    for name, (title, questions) in QUESTIONS.items():
        section = getattr(written, name)
        asked = [Answered(question, _texts(getattr(section, field))) for field, question in questions.items()]
        if name == "composition":
            asked += _composition(release)
        found.append((title, asked))
    return found


def _texts(found: str | tuple[str, ...] | None) -> tuple[str, ...]:
    items = (found,) if isinstance(found, str) else found or ()
    return tuple(item for item in items if not is_placeholder(item))


def _composition(release: Release) -> Iterator[Answered]:
    for dataset in release.evidence.datasets:
        rows = "" if dataset.rows is None else f"{dataset.rows:,} rows; "
        told = f"{rows}{', '.join(one.name for one in dataset.files)}; SHA-256 {dataset.sha256}"
        yield Answered(f"How many rows are there: {dataset.role}?", (told,), measured=True)
    for question, metric, count in (
        ("How many rows are of each group?", "representation_share", None),
        ("How does that compare with the population?", "representation_ratio", None),
        ("How many labels are positive, by group?", "base_rate", None),
        ("Which values are missing?", "missing_share", MOST),
        ("Which rows are there twice?", "duplicate_share", None),
        ("Do rows with equal features have different labels?", "label_conflict_share", MOST),
        ("How many labels are probably wrong?", "label_noise_share", MOST),
        ("Which features tell a protected group?", "feature_attribute_auc", MOST),
    ):
        answers = _measured(release, metric, count)
        if answers:
            yield Answered(question, answers, measured=True)


def _measured(release: Release, metric: str, most: int | None) -> tuple[str, ...]:
    found = [one for one in release.evidence.measurements if one.metric == metric]
    known = [one for one in found if one.value is not None]
    if metric in {"missing_share", "feature_attribute_auc"}:
        known = sorted((one for one in known if one.value), key=lambda one: -(one.value or 0.0))
    told = [_one(one) for one in known[:most]]
    if most is not None and len(known) > most:
        told.append(f"{len(known) - most} more are in evidence.json")
    if not known and found:
        reasons = dict.fromkeys(one.reason for one in found if one.reason)
        told = [f"not measured: {reason}" for reason in reasons] or ["none"]
    return tuple(told)


def _one(one: Measurement) -> str:
    about = {} if one.about is msgspec.UNSET else one.about
    whom = [words.plain(name) for name in about.values()] + ([words.group_words(one.group)] if one.group else [])
    value = f"{words.number(one.value or 0.0)}"
    exact = one.interval is None or one.interval[0] == one.interval[1]
    span = "" if exact else f" ({words.interval_words(one.interval)} at {words.level_words(one.level)})"
    return f"{', '.join(whom) or 'all'}: {value}{span} of {one.n:,} rows"


def datasheet_markdown(release: Release) -> str:
    """Return the datasheet as Markdown."""
    verdict, evidence = release.verdict, release.evidence
    lines = [
        f"# Datasheet: {text(evidence.system)}, data of {text(verdict.model)} {text(verdict.version)}",
        "",
        f"After Gebru et al. 2021, *Datasheets for Datasets*. Measured {text(evidence.measured_at)}.",
        f"Decided: {verdict.decision}. What Assay measured is marked so; all else is what people say.",
        "",
    ]
    for title, asked in datasheet_sections(release):
        lines += [f"## {title}", ""]
        for one in asked:
            mark = " *(measured)*" if one.measured else ""
            lines += [f"**{text(one.question)}**{mark}", ""]
            lines += [f"- {text(answer)}" for answer in one.answers] or [f"- {NOBODY}"]
            lines.append("")
    lines += ["## Evidence", "", f"- evidence.json: {code(verdict.evidence_sha256)}", ""]
    return "\n".join(lines)
