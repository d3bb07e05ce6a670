"""A challenge as one self-contained HTML page: for whom it is better, for whom worse, with charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports import challenge_words, words
from assay.reports.challenge_figures import challenge_charts
from assay.reports.page import page

if TYPE_CHECKING:
    from assay.records.challenge import Challenge

_TONES = {"better-or-equal": "allow", "worse": "deny", "undecided": "undecided"}
_TAGS = {"worse": "fail", "better": "pass", "no difference": "pass"}


def challenge_html(challenge: Challenge) -> str:
    """Return a challenge as one HTML document."""
    decided = challenge.decided
    return page(
        "challenge.html.j2",
        challenge=challenge,
        words=words,
        told=challenge_words,
        tone="" if decided is None else _TONES[decided.outcome],
        tags=_TAGS,
        charts=challenge_charts(challenge),
    )
