"""A log whose entries were deleted when their retention was over, and that says so: not one that was lost.

Of a retired log there stay its final checkpoint, what stood beside its folder, and ``LOG.retired``: a ``.tlog-proof``
of the event ``log.retired`` in the log that goes on, with the event in its ``extra`` line. So whoever misses the
entries can check offline that the trail itself says which log was deleted, at which size and root, why, and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import InputError, VerificationError
from assay.lifecycle.log_trust import beside, trust_beside
from assay.lifecycle.project import read_file
from assay.tlog.merkle import hash_leaf
from assay.tlog.proof import parse_proof

if TYPE_CHECKING:
    from pathlib import Path

    from assay.lifecycle.log_trust import LogTrust
    from assay.tlog.signed_checkpoint import SignedCheckpoint

CHECKPOINT, RETIRED = "checkpoint", "retired"


@dataclass(frozen=True)
class Retirement:
    """What a trail says of a log that was retired, verified.

    Attributes:
        final: the checkpoint that stays.
        at: when, as claimed, RFC 3339 in UTC.
        ground: why.
        log: origin of the log that says so.
        entry: the entry of that log.
    """

    final: SignedCheckpoint
    at: str
    ground: str
    log: str
    entry: int

    def words(self) -> str:
        """Return what became of its entries, in words."""
        now = self.final.checkpoint
        return (
            f"the {now.size} entries of the log {now.origin} were deleted by policy on {self.at} ({self.ground}), as "
            f"entry {self.entry} of the log {self.log} says"
        )


def is_retired(folder: Path) -> bool:
    """Return whether a log is said to be retired; whether that holds, `retirement` tells."""
    return beside(folder, RETIRED).is_file()


def deleted(folder: Path) -> InputError:
    """Return what to raise where entries, or the key, of a retired log are asked for."""
    return InputError(f"{folder}: was retired, its entries deleted. See: assay log check {folder}")


def retirement(folder: Path, trust: LogTrust | None = None) -> Retirement | None:
    """Return what the trail says of a retired log; None when it is not retired.

    Args:
        folder: where it was.
        trust: whom to believe about it and the logs that go on after it; by default what stands beside them.

    Raises:
        InputError: when the final checkpoint is gone.
        VerificationError: when no entry of a log that goes on says so, or it is about another log than this checkpoint.
    """
    if not is_retired(folder):
        return None
    from assay.trail.events import Event  # noqa: PLC0415 - few logs are retired
    from assay.trail.log_events import LogRetired  # noqa: PLC0415 - as above
    from assay.trail.own_acts import OwnKeys  # noqa: PLC0415 - as above
    from assay.trail.reading import read_entry  # noqa: PLC0415 - as above

    name = beside(folder, RETIRED).name
    trust = trust_beside(folder) if trust is None else trust
    final = trust.open(read_file(folder / CHECKPOINT, "the last checkpoint (LOG.checkpoints has a copy)"))
    try:
        proof = parse_proof(read_file(beside(folder, RETIRED), "the proof of a log's retirement"))
        signed = trust.open(proof.checkpoint)
        proof.verify_under(signed, hash_leaf(proof.extra or b""))
    except VerificationError as error:
        raise VerificationError(f"{name}: {error}") from None
    keys = next(one for one in trust.logs if one.origin == signed.checkpoint.origin)
    read = read_entry(proof.index, proof.extra or b"", frozenset(), own=OwnKeys(keys))
    said = read.event.fields if read.counts and isinstance(read.event, Event) else None
    now = final.checkpoint
    found = (said.retired, said.size, said.root) if isinstance(said, LogRetired) else None
    if not isinstance(said, LogRetired) or read.event is None or found != (now.origin, now.size, now.root.hex()):
        raise VerificationError(
            f"{name}: expected an event log.retired about {now.origin} of size {now.size}, signed by the log "
            f"{signed.checkpoint.origin} that goes on, found another: its entries are missing, and nothing says why"
        )
    return Retirement(
        final, read.event.claimed_at or "an unknown day", said.ground, signed.checkpoint.origin, proof.index
    )
