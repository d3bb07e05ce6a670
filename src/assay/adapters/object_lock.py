"""How long an object in write-once storage stays: S3 Object Lock's mode, date and legal hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import InputError

if TYPE_CHECKING:
    import datetime as dt

GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"
MODES = (GOVERNANCE, COMPLIANCE)
"""Weakest first. GOVERNANCE yields to who has ``s3:BypassGovernanceRetention``; COMPLIANCE to nobody, root included."""


@dataclass(frozen=True, slots=True)
class ObjectLock:
    """How long what is locked stays.

    Attributes:
        mode: ``GOVERNANCE`` for trials, ``COMPLIANCE`` for production.
        retain_until: with a zone; the end of the log's shard plus what the retention policy asks.
        legal_hold: also hold each new object until the hold is lifted, whatever its date.
    """

    mode: str
    retain_until: dt.datetime
    legal_hold: bool = False

    def __post_init__(self) -> None:
        """Refuse a mode that S3 does not know and a date without a zone.

        Raises:
            InputError: for either.
        """
        if self.mode not in MODES:
            raise InputError(f"object lock: expected mode GOVERNANCE or COMPLIANCE, found {self.mode!r}")
        if self.retain_until.tzinfo is None:
            raise InputError(f"object lock: expected a date with a zone, found {self.retain_until.isoformat()}")

    def covers(self, mode: str | None, until: dt.datetime | None) -> bool:
        """Return whether a lock that was found is at least this one (stores drop fractions of a second)."""
        if mode not in MODES or until is None:
            return False
        return MODES.index(mode) >= MODES.index(self.mode) and until >= self.retain_until.replace(microsecond=0)
