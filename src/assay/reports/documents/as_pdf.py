"""A document as PDF, set by Typst with the fonts that it carries; the same document gives the same bytes.

Typst is handed the document as data and a template of ours: nothing that people wrote is ever read as markup. The date
in the file is that of the records, not of a clock. Each file is PDF/A-2a, for keeping it ten years, and PDF/UA-1, for
readers who hear it; Typst refuses to write one that is not. Source: https://typst.app/docs/reference/model/document/,
https://typst.app/docs/reference/pdf/.
"""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from assay.errors import MissingExtraError
from assay.reports.documents.as_markdown import header, source_words
from assay.reports.documents.form import FILLED
from assay.reports.words import plain

if TYPE_CHECKING:
    from assay.reports.documents.form import Document, Part, Table

_WIDEST, _PADDING, _NARROW = 60, 4, 10
_BREAKABLE = 24
"""A word longer than this, such as a digest, may be broken anywhere."""


def pdf(document: Document) -> bytes:
    """Return a document as PDF.

    Raises:
        MissingExtraError: when Typst is not installed.
    """
    return compiled(laid_out(document))


class _LaidOut(msgspec.Struct):
    at: int
    document: msgspec.Raw


def laid_out(document: Document) -> bytes:
    """Return all that Typst is handed of a document, as JSON: `compiled` may run in a process of its own."""
    at = int(datetime.fromisoformat(document.at).timestamp())
    return msgspec.json.encode({"at": at, "document": _as_data(document)})


def compiled(content: bytes) -> bytes:
    """Return what `laid_out` gave as PDF.

    Raises:
        MissingExtraError: when Typst is not installed.
    """
    try:
        import typst  # noqa: PLC0415 - an extra, and only for PDF
    except ImportError:
        raise MissingExtraError("typst, which writes PDF,", "pdf") from None
    given = msgspec.json.decode(content, type=_LaidOut)
    template = (files("assay.reports") / "templates" / "document.typ").read_bytes()
    return typst.compile(
        template,
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=["a-2a", "ua-1"],
        timestamp=given.at,
        sys_inputs={"document": bytes(given.document).decode()},
    )  # type: ignore[no-any-return, unused-ignore]


def _as_data(document: Document) -> dict[str, object]:
    """Return what the template lays out: words alone, each made plain."""
    heading, counted = document.banner()
    return {
        "title": plain(document.title),
        "subject": plain(f"{document.system}: {document.subject} {document.version}"),
        "mark": document.mark,
        "finished": document.finished,
        "heading": plain(heading),
        "counted": plain(counted),
        "warnings": [plain(one) for one in document.warnings],
        "about": [plain(one) for one in document.about],
        "header": [[plain(what), _breaking(value)] for what, value in header(document)],
        "sections": [
            {
                "title": plain(section.title),
                "items": [
                    {
                        "title": plain(item.title if item.id == item.title else f"{item.id} {item.title}"),
                        "clauses": [plain(clause) for clause in item.clauses],
                        "parts": [_part(part) for part in item.parts],
                    }
                    for item in section.items
                ],
            }
            for section in document.sections
        ],
    }


def _part(part: Part) -> dict[str, object]:
    return {
        "asked": plain(part.asked[:1].upper() + part.asked[1:]),
        "filled": part.filled,
        "mark": FILLED[part.filled],
        "words": [_breaking(one) for one in part.words],
        "remedy": plain(part.remedy or ""),
        "tables": [
            {
                "caption": plain(one.caption),
                "widths": _widths(one),
                "head": [plain(cell) for cell in one.head],
                "rows": [[_breaking(cell) for cell in row] for row in one.rows],
            }
            for one in part.tables
        ],
        "sources": "; ".join(_breaking(source_words(one)) for one in part.sources),
    }


def _widths(one: Table) -> list[int]:
    """Return how wide each column is beside the others: as its longest cell, within bounds; 0: no wider than that."""
    longest = [max(len(cell) for cell in cells) for cells in zip(one.head, *one.rows, strict=True)]
    wide = [min(length, _WIDEST) + _PADDING if length > _NARROW else 0 for length in longest]
    return wide if any(wide) else [1, *wide[1:]]


def _breaking(text: str) -> str:
    """Return text in which long words may be broken: a zero-width space every few characters."""
    return " ".join(
        "\u200b".join(word[at : at + 8] for at in range(0, len(word), 8)) if len(word) > _BREAKABLE else word
        for word in plain(text).split(" ")
    )
