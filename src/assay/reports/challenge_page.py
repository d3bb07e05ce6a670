"""A challenge as one self-contained HTML page: for whom it is better, for whom worse, with charts."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from assay.reports import challenge_words, words
from assay.reports.challenge_figures import challenge_charts
from assay.reports.charts import svg

if TYPE_CHECKING:
    from assay.records.challenge import Challenge

_TONES = {"better-or-equal": "allow", "worse": "deny", "undecided": "undecided"}
_TAGS = {"worse": "fail", "better": "pass", "no difference": "pass"}


def challenge_html(challenge: Challenge) -> str:
    """Return a challenge as one HTML document."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - only a page is a template
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    folder = files("assay.reports") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda template: (folder / template).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = words.plain
    decided = challenge.decided
    return environment.get_template("challenge.html.j2").render(
        challenge=challenge,
        words=words,
        told=challenge_words,
        tone="" if decided is None else _TONES[decided.outcome],
        tags=_TAGS,
        style=Markup((folder / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        charts=challenge_charts(challenge),
        draw=lambda chart: Markup(svg(chart)),  # noqa: S704 - vl-convert escapes text, and so does the opening
    )
