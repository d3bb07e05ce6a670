"""One self-contained HTML page from a template: no request, no script, every text escaped."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from assay.reports import words
from assay.reports.charts import svg

if TYPE_CHECKING:
    from assay.reports.charts import Chart


def page(template: str, *styles: str, **given: object) -> str:
    """Return a page.

    Args:
        template: its file among the templates.
        styles: further style sheets there, after the one that all pages share.
        given: what the template names; ``style`` and ``draw`` (a chart as a picture) are given to all.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - only pages are templates
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    folder = files("assay.reports") / "templates"

    def read(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    def draw(chart: Chart) -> Markup:
        return Markup(svg(chart))  # noqa: S704 - vl-convert escapes text, and so does the opening

    environment = Environment(
        loader=FunctionLoader(read), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["plain"] = words.plain
    environment.filters["paragraph"] = words.paragraph
    style = Markup("".join(map(read, ("report.css", *styles))))  # noqa: S704 - our own files
    return environment.get_template(template).render(style=style, draw=draw, **given)
