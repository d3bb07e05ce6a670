"""Verify where a release's attestations stand in a log, and what others say of that log: witnesses, time, and history.

A receipt brings an inclusion proof under a checkpoint that the log's key signed. That the log shows everybody the same
history, only others can say: witnesses that cosigned the checkpoint, the log itself where it is at hand, and
checkpoints of it that the verifier got elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.attest.bundle import leaf_sha256
from assay.errors import AssayError, VerificationError
from assay.lifecycle.outside_times import OutsideTimes, cosigned_times, outside_times, stamped_times
from assay.lifecycle.retired import Retirement
from assay.tlog.merkle import hash_leaf
from assay.tlog.proof import parse_proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.attest.bundle import Inclusion
    from assay.lifecycle.log_files import Archived, LogFiles
    from assay.lifecycle.log_trust import LogTrust
    from assay.tlog.checkpoint import Checkpoint
    from assay.tlog.signed_checkpoint import SignedCheckpoint
    from assay.trail.view import Anchor

RECEIPT = "receipt.json"


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """Where an attestation stands in a log, proven.

    Attributes:
        origin: the log.
        index: the entry.
        size: size of the checkpoint that it is proven under.
        cosigned: the witnesses of that checkpoint, with the times that they state.
        proven_before: the earliest time by which an outsider has seen it; None when none has.
        proven_by: that outsider.
    """

    origin: str
    index: int
    size: int
    cosigned: tuple[tuple[str, str], ...]
    proven_before: str | None
    proven_by: str | None


@dataclass(slots=True)
class LogFindings:
    """What was found about the log: sentences, and the entries that were proven."""

    problems: list[str] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    logged: list[LoggedEntry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _History:
    """What outsiders have said of the history, and further checkpoints that cover the receipt's entries."""

    times: OutsideTimes
    others: tuple[SignedCheckpoint, ...]


@dataclass(frozen=True, slots=True)
class _Under:
    position: int
    entry: bytes
    index: int
    signed: SignedCheckpoint


def check_receipt(
    entries: Sequence[bytes],
    inclusions: Sequence[Inclusion],
    trust: LogTrust,
    *,
    log: LogFiles | Retirement | None = None,
    seen: Sequence[Archived] = (),
) -> LogFindings:
    """Check that entries stand in a log, as their receipt says.

    Args:
        entries: the attestations.
        inclusions: the receipt, one an attestation.
        trust: whom to believe about logs.
        log: the log itself, where it is at hand; or that its entries were deleted by policy.
        seen: checkpoints that the verifier got elsewhere, with the timestamps over them.
    """
    found = LogFindings()
    if not trust.logs:
        found.problems.append(f"{RECEIPT}: no verifier key of the log is known; give it with --vkey")
        return found
    if len(entries) != len(inclusions):
        found.problems.append(
            f"{RECEIPT}: expected {len(entries)} inclusions, one an attestation, found {len(inclusions)}"
        )
        return found
    opened: list[_Under] = []
    for position, (entry, inclusion) in enumerate(zip(entries, inclusions, strict=True)):
        try:
            signed = included(trust, entry, inclusion, f"{RECEIPT}: inclusion {position}")
            opened.append(_Under(position, entry, inclusion.index, signed))
        except AssayError as error:
            found.problems += error.diagnostics().split("\n")
    history = _histories(found, trust, opened, _same_log(found, opened, log), seen)
    problems = bool(found.problems)
    for one in opened:
        _tell(found, trust, one, history if not problems else _History(OutsideTimes(), ()))
    _leave(found, trust, opened)
    return found


def included(trust: LogTrust, entry: bytes, inclusion: Inclusion, where: str) -> SignedCheckpoint:
    """Return the checkpoint under which an entry is proven to stand in a log.

    Args:
        trust: whom to believe about logs.
        entry: the entry.
        inclusion: where it is said to stand, with the proof.
        where: what the user calls the proof.

    Raises:
        VerificationError: when it does not hold.
    """
    if inclusion.leaf_sha256 != leaf_sha256(entry):
        raise VerificationError(f"{where}: is about another entry than the attestation in its place")
    try:
        proof = parse_proof(inclusion.proof.encode())
        signed = trust.open(proof.checkpoint)
        proof.verify_under(signed, hash_leaf(entry))
    except VerificationError as error:
        raise VerificationError(f"{where}: {error}") from None
    agrees = (proof.index, signed.checkpoint.origin) == (inclusion.index, inclusion.origin)
    if not agrees or proof.extra is not None:
        raise VerificationError(f"{where}: origin and index are not those of its proof, or bytes in it prove nothing")
    return signed


def _histories(
    found: LogFindings, trust: LogTrust, opened: Sequence[_Under], log: LogFiles | None, seen: Sequence[Archived]
) -> _History:
    """Compare every checkpoint of the log with every other one: two that do not fit together are a split view."""
    before = len(found.problems)
    elsewhere = _brought(found, trust, opened, seen)
    checkpoints = [(one.signed.checkpoint, f"{RECEIPT}: inclusion {one.position}") for one in opened]
    checkpoints += [(signed.checkpoint, one.name) for one, signed in elsewhere]
    _compare_roots(found, checkpoints)
    times = OutsideTimes()
    if log is not None:
        try:
            times = outside_times(log)
            found.problems += [one for one in (log.contradiction(*pair) for pair in checkpoints) if one is not None]
        except AssayError as error:
            found.problems += [f"log at {log.folder}: {line}" for line in error.diagnostics().split("\n")]
    found.problems += times.problems
    found.not_checked += times.not_checked
    if len(found.problems) > before:
        return _History(OutsideTimes(), ())
    known = [one.signed.checkpoint for one in opened]
    others = [] if log is None else [log.signed]
    others += [signed for _, signed in elsewhere if signed.checkpoint in known]
    heard = [one for one in elsewhere if log is not None or one[1].checkpoint in known]
    if opened and len(heard) < len(elsewhere):
        found.not_checked.append(
            f"that {', '.join(one.name for one, _ in elsewhere)} and the receipt are of one history: the log is not at "
            "hand; assay log check --old does that where it is"
        )
    return _History(OutsideTimes((*times.anchors, *_heard(found, trust, heard))), tuple(others))


def _heard(found: LogFindings, trust: LogTrust, heard: Sequence[tuple[Archived, SignedCheckpoint]]) -> list[Anchor]:
    """Return what outsiders have said of checkpoints that the verifier brought, and that are of the proven history."""
    anchors: list[Anchor] = []
    for one, signed in heard:
        stamped, wrong, left = stamped_times(signed, one.timestamps, trust)
        anchors += [*cosigned_times(signed, trust), *stamped]
        found.problems += wrong
        found.not_checked += left
    return anchors


def _same_log(found: LogFindings, opened: Sequence[_Under], log: LogFiles | Retirement | None) -> LogFiles | None:
    """Return the log at hand, if it is the one of the receipt."""
    if log is None or isinstance(log, Retirement):
        found.not_checked += [] if log is None else [f"the log that the receipt is of: {log.words()}"]
        return None
    try:
        if {one.signed.checkpoint.origin for one in opened} <= {log.signed.checkpoint.origin}:
            return log
    except AssayError as error:
        found.problems += [f"log at {log.folder}: {line}" for line in error.diagnostics().split("\n")]
        return None
    found.not_checked.append(f"the log at {log.folder}: it is another one than the receipt's")
    return None


def _brought(
    found: LogFindings, trust: LogTrust, opened: Sequence[_Under], seen: Sequence[Archived]
) -> list[tuple[Archived, SignedCheckpoint]]:
    """Open the checkpoints that the verifier brought; they must be of the receipt's log."""
    origins = {one.signed.checkpoint.origin for one in opened}
    brought: list[tuple[Archived, SignedCheckpoint]] = []
    for one in seen:
        try:
            brought.append((one, trust.open(one.note)))
        except VerificationError as error:
            found.problems.append(f"{one.name}: {error}")
            continue
        origin = brought[-1][1].checkpoint.origin
        if opened and origin not in origins:
            found.problems.append(f"{one.name}: is a checkpoint of {origin}, not of the receipt's log")
    return brought


def _compare_roots(found: LogFindings, checkpoints: Sequence[tuple[Checkpoint, str]]) -> None:
    roots: dict[tuple[str, int], tuple[bytes, str]] = {}
    for one, name in checkpoints:
        root, earlier = roots.setdefault((one.origin, one.size), (one.root, name))
        if root != one.root:
            found.problems.append(
                f"{name}: split view: the log {one.origin} has signed two histories of size {one.size}, this one and "
                f"that of {earlier}. Keep both: together they convict it"
            )


def _tell(found: LogFindings, trust: LogTrust, one: _Under, history: _History) -> None:
    """Say where one attestation stands, who has cosigned that, and by when it was there."""
    signed = one.signed
    if not trust.is_witnessed(signed):  # others cover the same entry: the log continues the receipt's checkpoint
        signed = next((other for other in history.others if trust.is_witnessed(other)), signed)
    now, cosigned = signed.checkpoint, trust.cosigners(signed)
    if not trust.is_witnessed(signed):
        names = ", ".join(name for name, _ in cosigned) or "none"
        found.problems.append(
            f"{RECEIPT}: inclusion {one.position}: expected cosignatures of the checkpoint of size {now.size} that "
            f"make the quorum {trust.asks()}, found {names}: nobody else has seen this history of {now.origin}, and it "
            "may be shown to you alone. If the witnesses were away, ask them now: assay log checkpoint LOG"
        )
        return
    own = OutsideTimes((*cosigned_times(signed, trust), *history.times.anchors)).before(one.index)
    at, by = (None, None) if own is None else (own.at, own.by)
    witnessed = f", cosigned by {_listed(cosigned)}" if cosigned else ""
    existed = "" if at is None else f" It existed before {at}, by {by}."
    found.proven.append(
        f"Attestation {one.position} is entry {one.index} of the log {now.origin}, by an inclusion proof under the "
        f"checkpoint of size {now.size} that the log's key has signed{witnessed}.{existed}"
    )
    found.logged.append(LoggedEntry(now.origin, one.index, now.size, cosigned, at, by))


def _listed(cosigned: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} at {at}" for name, at in cosigned)


def _leave(found: LogFindings, trust: LogTrust, opened: Sequence[_Under]) -> None:
    """Say what nobody has proven."""
    if found.logged and trust.asks():
        found.proven.append(
            f"The quorum {trust.asks()} of witnesses, {trust.source}, has seen the history that these entries stand in."
        )
    elif found.logged:
        found.not_checked.append(
            "witnesses: no quorum was asked for; that the log shows everybody the same history rests on its operator. "
            "Ask with --trust and a tlog-policy"
        )
    ignored = sorted({name for one in opened for name in one.signed.ignored})
    if ignored:
        found.not_checked.append(f"{', '.join(ignored)}: signatures in {RECEIPT} by keys that are not known here")
    if any(one.proven_before is None for one in found.logged):
        found.not_checked.append(
            "time: no outsider has stated when these entries were there; every time told here is claimed by who signed"
        )
