"""A document as one HTML page: no request, no script; readable on a phone, in the dark and on paper."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from assay.reports import words
from assay.reports.documents.as_markdown import header, source_words
from assay.reports.documents.form import FILLED

if TYPE_CHECKING:
    from assay.reports.documents.form import Document


def html(document: Document) -> str:
    """Return a document as one HTML page."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - only this report is a template
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    folder = files("assay.reports") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = words.plain
    heading, counted = document.banner()
    styles = "".join((folder / name).read_text(encoding="utf-8") for name in ("report.css", "document.css"))
    return environment.get_template("document.html.j2").render(
        document=document,
        heading=heading,
        counted=counted,
        header=list(header(document)),
        filled=FILLED,
        source_words=source_words,
        style=Markup(styles),  # noqa: S704 - our own files
    )
