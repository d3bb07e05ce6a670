"""Judges of candidates that another process can load."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.diagnosis.mitigation.trying import Answers


def counted(answers: Answers) -> int:
    """Count the positive decisions."""
    return int(answers.decisions.sum())


class Asleep:
    """A judge that comes to no end."""

    def __call__(self, _answers: Answers) -> None:
        """Sleep."""
        sleep(3600)
