"""Explaining a verdict: each finding that is not a pass, in words, with what would have to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from assay.records.explanation import Explanation


def explain_verdict(verdict: Path | str | None, finding: str | None = None) -> Explanation:
    """Explain a verdict's findings.

    Raises:
        InputError: always, so far.
    """
    raise InputError(
        f"explaining a verdict ({verdict}, {finding}) is not built yet; name rows with --data FILE instead"
    )
