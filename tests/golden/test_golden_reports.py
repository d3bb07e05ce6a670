"""The reports of one release, kept as files so that a change in what people read is seen in review.

After a wanted change, write them anew and look at the difference::

    ASSAY_WRITE_GOLDEN=1 .venv/bin/python -m pytest tests/golden/test_golden_reports.py && git diff tests/golden
"""

from __future__ import annotations

import os
import re
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from assay.reports.html import html
from assay.reports.huggingface import huggingface
from assay.reports.junit import junit
from assay.reports.markdown import markdown, measurements_markdown
from assay.reports.model_card import model_card
from assay.reports.plain import measurements_text, plain_text
from assay.reports.sarif import sarif
from assay.reports.starter_card import starter_card
from assay.reports.terminal import print_release
from unit.reports.mortgage_counts import measurements
from unit.reports.mortgage_release import release

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parent / "reports"


def page_without_drawings() -> str:
    """Drawings follow vl-convert's version, and the unit tests look at them."""
    page = re.sub(r"<figure>.*?</figure>", "<figure></figure>", html(release()), flags=re.DOTALL)
    return re.sub(r"<style>.*?</style>", "<style></style>", page, flags=re.DOTALL)


REPORTS: dict[str, Callable[[], str]] = {
    "release.txt": lambda: plain_text(release()),
    "measurements.txt": lambda: measurements_text(measurements()),
    "release.md": lambda: markdown(release()),
    "measurements.md": lambda: measurements_markdown(measurements()),
    "model-card.md": lambda: model_card(release()),
    "huggingface.yaml": lambda: huggingface(release()),
    "release.sarif": lambda: sarif(release()),
    "release.junit.xml": lambda: junit(release()),
    "release.html": page_without_drawings,
    "card.yaml": lambda: starter_card("mortgage-approval", ["race", "sex"]),
}


@pytest.mark.parametrize("name", REPORTS)
def test_report_is_the_one_that_was_reviewed(name: str) -> None:
    path = FOLDER / name
    written = REPORTS[name]()
    if os.environ.get("ASSAY_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


def test_terminal_without_colours_shows_the_plain_report() -> None:
    out = StringIO()
    print_release(release(), Console(file=out, width=80, no_color=True, force_terminal=False))
    assert out.getvalue() == (FOLDER / "release.txt").read_text(encoding="utf-8")


def test_terminal_colours_words_and_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = StringIO()
    print_release(release(), Console(file=out, width=80, force_terminal=True, color_system="standard"))
    assert "\x1b[1;31mDENY" in out.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()) == (FOLDER / "release.txt").read_text(encoding="utf-8")
