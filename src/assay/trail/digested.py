"""What the trail takes of a verdict and of evidence beside the log, each parsed once and then known by its digest.

The bytes are at hand and compared with their digest whenever this is asked; what they say follows from the digest, so
it is parsed the first time alone. What is kept is what the trail shows: no finding, no person, no justification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from assay.attest.statement import EVIDENCE, VERDICT
from assay.records.canonical import parse_record
from assay.records.evidence import Evidence
from assay.records.tally import Frozen
from assay.records.verdict import Decision, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable


MOST = 50_000
"""So many of a kind are kept; then all are forgotten, and parsed again as they are asked for."""

T = TypeVar("T")


class VerdictSays(Frozen, kw_only=True):
    """What the trail takes of a verdict.

    Attributes:
        version: the version decided on.
        stage: what was decided on, where it was no release.
        decision: the word.
        consents: ids of the consents that counted.
        tier: the tier of materiality that the policy chose.
    """

    version: str
    stage: str | None
    decision: Decision
    consents: tuple[str, ...]
    tier: str | None


class EvidenceSays(Frozen, kw_only=True):
    """What the trail takes of evidence.

    Attributes:
        version: the version measured.
        measured_at: when.
        exposure: how much depends on the system.
        purpose: what it decides.
    """

    version: str
    measured_at: str
    exposure: str
    purpose: str


class _Known(Generic[T]):
    def __init__(self, parse: Callable[[bytes], T]) -> None:
        self._parse = parse
        self._held: dict[str, T] = {}

    def of(self, sha256: str, content: bytes) -> T:
        found = self._held.get(sha256)
        if found is None:
            found = self._parse(content)
            if len(self._held) >= MOST:
                self._held = {}
            self._held[sha256] = found
        return found


def _of_verdict(content: bytes) -> VerdictSays:
    verdict = parse_record(content, Verdict, name=VERDICT)
    staged = verdict.stage is not msgspec.UNSET and verdict.stage != "release"
    return VerdictSays(
        version=verdict.version,
        stage=str(verdict.stage) if staged else None,
        decision=verdict.decision,
        consents=tuple(use.id for use in verdict.consents if use.status in {"counted", "obeyed"}),
        tier=verdict.policy.tier,
    )


def _of_evidence(content: bytes) -> EvidenceSays:
    evidence = parse_record(content, Evidence, name=EVIDENCE)
    stated = evidence.materiality
    return EvidenceSays(
        version=evidence.model.version, measured_at=evidence.measured_at, exposure=stated.exposure,
        purpose=stated.purpose,
    )  # fmt: skip


_VERDICTS, _EVIDENCE = _Known(_of_verdict), _Known(_of_evidence)


def verdict_says(sha256: str, content: bytes) -> VerdictSays:
    """Return what a verdict says.

    Args:
        sha256: its digest, which the caller has compared.
        content: its bytes.

    Raises:
        DocumentError: when it is none.
    """
    return _VERDICTS.of(sha256, content)


def evidence_says(sha256: str, content: bytes) -> EvidenceSays:
    """Return what evidence says; otherwise as `verdict_says`."""
    return _EVIDENCE.of(sha256, content)
