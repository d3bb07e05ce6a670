"""Documents that regulators, validators and auditors ask for: the written list of them, each a file here.

A document is a list of items with their sources (`form`); `fill` makes one from `Material`, and `render` writes any of
them as Markdown, HTML, PDF or JSON.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.errors import InputError, suggest

if TYPE_CHECKING:
    from assay.reports.documents.asking import Form
    from assay.reports.documents.form import Document

KINDS: dict[str, str] = {
    "ll144": "ll144",
    "annex-iv": "annex_iv",
    "annex-v": "annex_v",
    "instructions-for-use": "instructions",
    "post-market-monitoring-plan": "market_plan",
    "post-market-monitoring-report": "market_report",
    "serious-incident-report": "incident_report",
    "fria": "rights",
    "qms-index": "quality",
    "validation": "validation",
    "nist-profile": "profile:nist_profile",
    "statement-of-applicability": "profile:statement_of_applicability",
}
"""Kind of document, to the file here that writes it down, and the function in it where a file writes several."""

Format: TypeAlias = Literal["markdown", "html", "pdf", "json"]

SUFFIXES: dict[str, Format] = {".md": "markdown", ".html": "html", ".pdf": "pdf", ".json": "json"}
"""How a file ends, to how it is written."""


def form_of(kind: str) -> Form:
    """Return the written list of a kind of document.

    Raises:
        InputError: when there is no such kind.
    """
    if kind not in KINDS:
        raise InputError(f"expected a document of {', '.join(KINDS)}, found {kind!r}{suggest(kind, KINDS)}")
    file, _, name = KINDS[kind].partition(":")
    form: Form = getattr(import_module(f"assay.reports.documents.{file}"), name or "form")()
    return form


def render(document: Document, form: Format) -> bytes:
    """Return a document as the bytes of a file; the same document gives the same bytes.

    Raises:
        MissingExtraError: for PDF, when Typst is not installed.
    """
    if form == "pdf":
        from assay.reports.documents.as_pdf import pdf  # noqa: PLC0415 - an extra, and only for PDF

        return pdf(document)
    if form == "html":
        from assay.reports.documents.as_html import html  # noqa: PLC0415 - a template engine, only for HTML

        return html(document).encode()
    if form == "markdown":
        from assay.reports.documents.as_markdown import markdown  # noqa: PLC0415 - only when asked for

        return markdown(document).encode()
    from assay.reports.documents.form import as_json  # noqa: PLC0415 - only when asked for

    return as_json(document).encode()
