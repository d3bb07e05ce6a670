"""training-run: how many iterations of a monitored training run ended in one way, held against a limit."""

from __future__ import annotations

from assay.checks._observed import observed_check

CHECK = observed_check(
    "training-run",
    "The iterations of the training run went as they should",
    ("iterations_satisfied", "iterations_breached", "iterations_undecided", "iterations_failed"),
)
