"""By when outsiders have seen how much of a log: cosignatures of witnesses, and timestamps, each of them verified.

A witness that cosigns a checkpoint, and an authority that puts a time to it, both state that it existed: so everything
that it covers existed before. Neither the log nor whoever signs an event can move these times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assay.errors import AssayError, MissingExtraError, VerificationError
from assay.lifecycle.log_files import log_files
from assay.lifecycle.log_trust import trust_beside
from assay.trail.view import Anchor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assay.lifecycle.log_files import Archived, LogFiles
    from assay.lifecycle.log_trust import LogTrust
    from assay.tlog.signed_checkpoint import SignedCheckpoint


@dataclass(frozen=True, slots=True)
class OutsideTimes:
    """What outsiders have seen of a log.

    Attributes:
        anchors: verified sizes and times.
        problems: what does not hold, a sentence each.
        not_checked: what was not looked at, and why.
    """

    anchors: tuple[Anchor, ...] = ()
    problems: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """Return what each outsider has seen, the earliest first."""
        ordered = sorted(self.anchors, key=lambda one: (one.at, one.size, one.by))
        return [f"{one.size} entries existed before {one.at}, by {one.by}" for one in ordered]

    def told(self) -> list[str]:
        """Return a line for each outsider's word, and for each that could not be checked."""
        return [*self.words(), *(f"not checked: {one}" for one in self.not_checked)]

    def before(self, index: int) -> Anchor | None:
        """Return the earliest proof that an entry was in the log; None when there is none."""
        covering = [one for one in self.anchors if one.size > index]
        return min(covering, key=lambda one: (one.at, one.size, one.by), default=None)


def cosigned_times(signed: SignedCheckpoint, trust: LogTrust) -> list[Anchor]:
    """Return what the witnesses of a checkpoint state."""
    return [Anchor(signed.checkpoint.size, at, f"the witness {name}") for name, at in trust.cosigners(signed)]


def stamped_times(
    signed: SignedCheckpoint, tokens: Mapping[str, bytes], trust: LogTrust
) -> tuple[list[Anchor], list[str], list[str]]:
    """Verify the timestamps over a checkpoint.

    Args:
        signed: the checkpoint.
        tokens: file name to RFC 3161 response.
        trust: whose certificates must stand behind them.

    Returns:
        What they state, what does not hold, and what could not be checked.
    """
    from assay.tlog.timestamp import parse_roots, verify_timestamp  # noqa: PLC0415 - few have timestamps to check

    found: list[Anchor] = []
    problems: list[str] = []
    for name, token in tokens.items():
        if not trust.roots:
            return [], [], [f"{', '.join(tokens)}: timestamps; no certificate of an authority is trusted here"]
        try:
            stamp = verify_timestamp(signed.note, token, parse_roots(trust.roots))
        except MissingExtraError as error:
            return [], [], [f"{', '.join(tokens)}: timestamps; {error}"]
        except VerificationError as error:
            problems.append(f"{name}: {error}")
            continue
        found.append(Anchor(signed.checkpoint.size, stamp.before(), f"the timestamp authority {stamp.authority}"))
    return found, problems, []


def anchors_of(folder: Path) -> OutsideTimes:
    """Return what outsiders have said of a log, by what its operator has put beside its folder.

    Raises:
        VerificationError: when something of it does not hold: the log has two histories, or a token is not over it.
    """
    log = log_files(folder, trust_beside(folder))
    times = OutsideTimes() if log is None else outside_times(log)
    if times.problems:
        raise VerificationError("\n".join(times.problems))
    return times


def check_times(folder: Path, trust: LogTrust) -> OutsideTimes:
    """Check what outsiders have said of the log in a folder, and whether the quorum has cosigned its checkpoint.

    Returns:
        Nothing, when the log's checkpoint itself does not hold: whoever checks the log tells that.
    """
    log = log_files(folder, trust)
    try:
        if log is None or not log.signed.checkpoint.size:
            return OutsideTimes()
    except VerificationError:
        return OutsideTimes()
    times = outside_times(log)
    if trust.is_witnessed(log.signed):
        return times
    names = ", ".join(name for name, _ in trust.cosigners(log.signed)) or "none"
    missing = (
        f"checkpoint: of size {log.signed.checkpoint.size}: expected cosignatures that make the quorum {trust.asks()}, "
        f"found {names}"
    )
    return replace(times, problems=(missing, *times.problems))


def outside_times(log: LogFiles) -> OutsideTimes:
    """Verify every cosignature and timestamp kept with a log, and that the log continues each archived checkpoint.

    Raises:
        VerificationError: when the log's current checkpoint does not hold.
    """
    anchors = cosigned_times(log.signed, log.trust)
    problems: list[str] = []
    not_checked: list[str] = []
    for one in log.archived():
        try:
            signed = _continued(log, one)
            found, wrong, left = stamped_times(signed, one.timestamps, log.trust)
        except AssayError as error:
            problems += error.diagnostics().split("\n")
            continue
        anchors += [*cosigned_times(signed, log.trust), *found]
        problems += wrong
        not_checked += left
    return OutsideTimes(tuple(anchors), tuple(problems), tuple(not_checked))


def _continued(log: LogFiles, one: Archived) -> SignedCheckpoint:
    try:
        signed = log.trust.open(one.note)
    except VerificationError as error:
        raise VerificationError(f"{one.name}: {error}") from None
    wrong = log.contradiction(signed.checkpoint, one.name)
    if wrong is not None:
        raise VerificationError(wrong)
    return signed
