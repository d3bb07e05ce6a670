"""A search for a remedy as one self-contained HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports import mitigation_words as told
from assay.reports import words
from assay.reports.mitigation_figures import pareto
from assay.reports.page import page

if TYPE_CHECKING:
    from assay.records.mitigation import Mitigation

TONES = {"pass": "allow", "unknown": "undecided", "fail": "deny"}
WORDS = {
    "pass": "A remedy keeps every limit",
    "unknown": "A remedy is named, and more people are needed to settle it",
    "fail": "No remedy tried keeps every limit",
}

BREACHED = "The one that is named breaches a limit; others do not, or are not settled"


def mitigation_html(found: Mitigation) -> str:
    """Return a search as one HTML document: no request, no script."""
    trial = None if found.recommended is None else found.trial(found.recommended)
    status = "fail" if trial is None or trial.performance is None else trial.performance.holds
    others = [one for one in told.measured(found) if one.performance is not None and one.performance.holds != "fail"]
    return page(
        "mitigation.html.j2",
        found=found,
        told=told,
        words=words,
        chart=pareto(found),
        measured=told.measured(found),
        unmeasured=told.unmeasured(found),
        tone=TONES[status],
        headline=BREACHED if status == "fail" and others else WORDS[status],
    )
