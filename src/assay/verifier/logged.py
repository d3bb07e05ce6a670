"""Whether claims stand in a log: inclusion, checkpoint, cosignatures; and whether the checkpoints agree."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from .proof import open_proof
from .quorum import NO_QUORUM
from .strict import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .findings import Findings
    from .note import Checkpoint, NoteKey
    from .quorum import WitnessPolicy

_YEAR_10000 = 253402300800


def at_time(seconds: int) -> str:
    """Return a POSIX time as a person reads it."""
    if seconds >= _YEAR_10000:
        return f"{seconds} s after 1970"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class LogChecker:
    """Checks proofs against the logs and witnesses that are trusted."""

    def __init__(
        self, logs: Sequence[NoteKey], policy: WitnessPolicy | None, stamps: Mapping[bytes, str] | None = None
    ) -> None:
        """Take who is trusted, and what timestamps state: SHA-256 of a checkpoint's note to words."""
        self._logs, self._policy, self._stamps = logs, policy, stamps or {}
        self._seen: dict[tuple[str, int], Checkpoint] = {}

    def place(self, stem: str, entry: bytes, members: Mapping[str, bytes]) -> str | None:
        """Return where an entry stands in a log, in words, by the proofs beside it; None where there is none."""
        proof, stamped = members.get(f"{stem}.tlog-proof"), members.get(f"{stem}.stamped.tlog-proof")
        if proof is None:
            return None
        what = f"{stem}.dsse.json"
        words = self.check(what, entry, proof)
        return words if stamped is None else f"{words}; {self.check(what, entry, stamped, quorum=False)}"

    def check(self, what: str, entry: bytes, proof: bytes, *, quorum: bool = True) -> str:
        """Return where an entry stands in a log by one proof, in words; its checkpoint must have the quorum."""
        witnesses = [] if self._policy is None else list(self._policy.witnesses.values())
        try:
            opened, found = open_proof(proof, entry, self._logs, witnesses)
        except Refused as error:
            raise Refused(f"{what}: {error}") from None
        same = self._seen.setdefault((found.origin, found.size), found)
        if same.root != found.root:
            raise Refused(
                f"{what}: the log {found.origin} has signed two histories of size {found.size}: it has forked"
            )
        if quorum and self._policy is not None and not self._policy.met_by([key for key, _ in found.cosigned]):
            raise Refused(f"{what}: the witnesses that signed its checkpoint do not make {self._policy.quorum!r}")
        seen = "".join(f", cosigned by {key.name} at {at_time(time)}" for key, time in found.cosigned)
        seen += self._stamps.get(sha256(opened.checkpoint).digest(), "")
        return f"entry {opened.index} of the log {found.origin}, under its signed checkpoint of size {found.size}{seen}"

    def conclude(self, findings: Findings) -> None:
        """Say what the checkpoints could not show."""
        sizes: dict[str, list[int]] = {}
        for origin, size in sorted(self._seen):
            sizes.setdefault(origin, []).append(size)
        findings.not_checked += [
            f"{origin}: that the log of size {found[-1]} continues those of {found[:-1]}; ask for consistency proofs"
            for origin, found in sizes.items()
            if len(found) > 1
        ]
        if self._seen and (self._policy is None or self._policy.quorum == NO_QUORUM):
            findings.not_checked.append(
                "witnesses: no quorum was asked for; that the log shows everybody one history rests on its operator"
            )
