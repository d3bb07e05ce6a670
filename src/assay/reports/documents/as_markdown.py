"""A document as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.documents.form import FILLED
from assay.reports.markdown import code, table, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.reports.documents.form import Document, Item, Part, Source


def markdown(document: Document) -> str:
    """Return a document as Markdown: the banner first, then every item with what fills it or what is missing."""
    heading, counted = document.banner()
    lines = [f"# {text(document.title)}", "", f"**{text(heading)}.** {text(counted)}", ""]
    lines += [f"> **{text(one)}**" for one in document.warnings] + ([""] if document.warnings else [])
    lines += [line for one in document.about for line in (text(one), "")]
    lines += table(("what", "value"), [(text(what), _value(what, value)) for what, value in header(document)])
    for section in document.sections:
        lines += [f"## {text(section.title)}", ""]
        for item in section.items:
            lines += _item(item)
    lines += ["---", "", f"<!-- {document.mark} -->"]
    return "\n".join(lines).rstrip() + "\n"


def header(document: Document) -> Iterator[tuple[str, str]]:
    """Yield what a reader is told before the list: what it is about and what it was made from."""
    made = document.made
    yield "system", document.system
    yield "model version", f"{document.subject} {document.version}"
    yield "SHA-256 of the model", document.subject_sha256
    yield "decision of the gate", document.decision
    for one in document.law:
        yield "written after", one
    yield "as of (time of the last record)", document.at
    if made.log is not None:
        yield "log", f"{made.log}, {made.size} entries"
        yield "root of the log", made.root or ""
    yield "SHA-256 of evidence.json", made.evidence_sha256
    yield "SHA-256 of verdict.json", made.verdict_sha256
    yield "SHA-256 of people's words", made.dossier_sha256 or "nobody wrote any"
    yield "written by", made.tool


def _value(what: str, value: str) -> str:
    return code(value) if what.startswith(("SHA-256", "root")) and " " not in value else text(value)


def _item(item: Item) -> list[str]:
    number = "" if item.id == item.title else f"{text(item.id)} "
    lines = [f"### {number}{text(item.title)}", ""]
    if item.clauses:
        lines += [f"Maps to {', '.join(code(clause) for clause in item.clauses)}.", ""]
    for part in item.parts:
        lines += _part(part)
    return lines


def _part(part: Part) -> list[str]:
    mark = FILLED[part.filled]
    loud = part.filled in {"missing", "contradicted"}
    lines = [f"**{text(part.asked[:1].upper() + part.asked[1:])}** ({f'**{mark.upper()}**' if loud else mark})", ""]
    lines += [f"- {text(one)}" for one in part.words] if len(part.words) > 1 else [text(one) for one in part.words]
    lines += [""] if part.words else []
    if part.remedy:
        lines += [f"{text(part.remedy)}.", ""]
    for one in part.tables:
        lines += [f"*{text(one.caption)}*", ""]
        lines += table([text(cell) for cell in one.head], [[text(cell) for cell in row] for row in one.rows])
    if part.sources:
        lines += [f"Source: {'; '.join(text(source_words(one)) for one in part.sources)}.", ""]
    return lines


def source_words(source: Source) -> str:
    """Return a source in words: ``finding four-fifths``, ``evidence.json (SHA-256 c772..., log entry 36)``."""
    named = {"finding": f"finding {source.name}", "event": f"event {source.name}"}.get(source.kind, source.name)
    parts = [f"SHA-256 {source.sha256[:16]}..."] if source.sha256 else []
    parts += [f"log entry {source.entry}"] if source.entry is not None else []
    return f"{named} ({', '.join(parts)})" if parts else named
