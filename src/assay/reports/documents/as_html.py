"""A document as one HTML page: no request, no script; readable on a phone, in the dark and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.documents.as_markdown import header, source_words
from assay.reports.documents.form import FILLED
from assay.reports.page import page

if TYPE_CHECKING:
    from assay.reports.documents.form import Document


def html(document: Document) -> str:
    """Return a document as one HTML page."""
    heading, counted = document.banner()
    return page(
        "document.html.j2",
        "document.css",
        document=document,
        heading=heading,
        counted=counted,
        header=list(header(document)),
        filled=FILLED,
        source_words=source_words,
    )
