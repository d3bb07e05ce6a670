"""The mortgage release with its explanation, for the tests of the reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from assay.diagnosis.mending import Ground
from assay.diagnosis.of_verdict import explain_of
from assay.records.canonical import digest
from assay.records.explanation import Explanation
from unit.reports.hostile import attack, hostile_release
from unit.reports.mortgage_release import release

if TYPE_CHECKING:
    from assay.reports.release import Release

OWN_WORDS = ("examined", "kind", "status", "schema")


def explained_release() -> Release:
    """Return the release, explained from its own records."""
    found = release()
    ground = Ground(verdict=found.verdict, evidence=found.evidence, tally=found.tally)
    return replace(found, explanation=explain_of(ground, verdict_sha256=digest(found.verdict)))


def hostile_explained(poison: str) -> Release:
    """Return the explained release with an attack in every free word."""
    told: Any = msgspec.to_builtins(explained_release().explanation)
    examined = told.pop("examined")
    poisoned = {**attack(told, poison), "examined": examined}
    return replace(hostile_release(poison), explanation=msgspec.convert(poisoned, Explanation))
