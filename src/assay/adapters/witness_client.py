"""Asking witnesses for cosignatures over a signed checkpoint, until the policy's quorum is there.

All witnesses of the policy are asked at once. One that never signed for the log, or that lags behind, answers 409 with
the size it knows; it is then asked again with a consistency proof from there. What comes back is verified before it
counts. A witness that is down, slow, garbled or lying is told by name and otherwise ignored: it can delay the quorum,
and never fake it.

When the quorum is missed, the entries are durable all the same; publishing waits, and the note with what was gathered
is in the error, so that the next try asks only those who have not signed.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.adapters.http_post import Answer, NoAnswerError, check_address, post
from assay.errors import AssayError, InputError
from assay.tlog.note import Note, parse_note
from assay.tlog.witness import (
    CONFLICT,
    OK,
    SIZE,
    TEXT,
    UNPROCESSABLE,
    AddCheckpoint,
    parse_cosignatures,
    parse_size,
)

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

    from assay.tlog.checkpoint import Checkpoint
    from assay.tlog.note import NoteSignature
    from assay.tlog.vkey import VerifierKey
    from assay.tlog.witness_policy import WitnessPolicy

TIMEOUT_SECONDS = 10.0
"""How long witnesses may take, all together."""

GRACE_SECONDS = 0.2
"""How long the others may still take when the quorum is there."""

MAX_ANSWER_BYTES = 64 * 1024
MAX_CONFLICTS = 3
"""How often one witness may name another size: others may submit the same log's checkpoints meanwhile."""


@dataclass(frozen=True, slots=True)
class WitnessFailure:
    """A witness that did not cosign.

    Attributes:
        witness: its names in the policy, or name.
        address: where it was asked; empty when the policy gives no address.
        reason: why, in words.
        contradicts: it says that it knows another history of this log, or a longer one. It may lie; if it does not,
            the log was forked, cut or restored. Look before you go on.
    """

    witness: str
    address: str
    reason: str
    contradicts: bool = False

    def __str__(self) -> str:
        """Return the failure as a line."""
        return f"{self.witness} ({self.address or 'no address'}): {self.reason}"


@dataclass(frozen=True, slots=True)
class Gathered:
    """A checkpoint with the cosignatures that came.

    Attributes:
        note: the checkpoint with the signatures it had and the new cosignatures.
        cosigned_by: names, in the policy, of the witnesses whose cosignatures it bears.
        failures: the witnesses that did not cosign.
    """

    note: bytes
    cosigned_by: tuple[str, ...]
    failures: tuple[WitnessFailure, ...]


class QuorumMissedError(AssayError):
    """Too few witnesses cosigned: publishing waits.

    Attributes:
        gathered: what came all the same; ask again with its note.
    """

    def __init__(self, gathered: Gathered, checkpoint: Checkpoint, quorum: str) -> None:
        self.gathered = gathered
        cosigned = ", ".join(gathered.cosigned_by) or "none"
        lines = "".join(f"\n  {failure}" for failure in gathered.failures)
        super().__init__(
            f"checkpoint of {checkpoint.origin} at size {checkpoint.size}: expected cosignatures that make the quorum "
            f"{quorum!r}, found {cosigned}. It is not published; the entries are kept. Ask again later.{lines}"
        )


@dataclass(slots=True)
class _Asked:
    """One address, and the witnesses that are to sign there: a witness may have a key of each kind."""

    address: str
    names: list[str]
    keys: list[VerifierKey]
    conflicts: int = 0
    old: int = 0

    def failure(self, reason: str, *, contradicts: bool = False) -> WitnessFailure:
        return WitnessFailure(", ".join(self.names), self.address, reason, contradicts)


@dataclass(slots=True)
class _Gathering:
    note: Note
    checkpoint: Checkpoint
    policy: WitnessPolicy
    prove: Callable[[int, int], Sequence[bytes]]
    sizes: MutableMapping[str, int]
    until: float
    grace_s: float
    waiting: dict[str, _Asked] = field(default_factory=dict)
    failures: list[WitnessFailure] = field(default_factory=list)
    signed_by: set[VerifierKey] = field(default_factory=set)
    cosignatures: list[NoteSignature] = field(default_factory=list)
    answers: queue.SimpleQueue[tuple[str, Answer | AssayError]] = field(default_factory=queue.SimpleQueue)

    def run(self) -> Gathered:
        for asked in self._to_ask():
            self.waiting[asked.address] = asked
            asked.old = min(self.sizes.get(asked.address, 0), self.checkpoint.size)
            self._ask(asked)
        met = False
        while self.waiting:
            if not met and self.policy.satisfied_by(self.signed_by):
                met, self.until = True, min(self.until, time.monotonic() + self.grace_s)
            try:
                address, answer = self.answers.get(timeout=max(0.0, self.until - time.monotonic()))
            except queue.Empty:
                break
            self._hear(self.waiting[address], answer)
        self.failures += [asked.failure("no answer in time") for asked in self.waiting.values()]
        return self._gathered()

    def _gathered(self) -> Gathered:
        names = tuple(name for name, key in self.policy.witnesses.items() if key in self.signed_by)
        came = {(each.name, each.key_id): each for each in self.cosignatures}
        ordered = [came[key.name, key.id] for key in self.policy.witnesses.values() if (key.name, key.id) in came]
        note = Note(self.note.text, (*self.note.signatures, *ordered))  # in the policy's order, not that of the race
        return Gathered(note.content(), names, tuple(self.failures))

    def _to_ask(self) -> list[_Asked]:
        found: dict[str, _Asked] = {}
        for name, key in self.policy.witnesses.items():
            if key in self.signed_by:
                continue
            address = self.policy.addresses.get(name, "").rstrip("/")
            if not address:
                self.failures.append(WitnessFailure(name, "", "the policy gives no address to ask it at"))
                continue
            asked = found.setdefault(address, _Asked(address, [], []))
            asked.names.append(name)
            asked.keys.append(key)
        return list(found.values())

    def _ask(self, asked: _Asked) -> None:
        """Ask in a thread; proofs are made here, in the caller's own, since they may need its database."""
        proof = tuple(self.prove(asked.old, self.checkpoint.size)) if 0 < asked.old < self.checkpoint.size else ()
        body = AddCheckpoint(asked.old, proof, self.note.content()).content()
        seconds = max(0.001, self.until - time.monotonic())
        thread = threading.Thread(target=_post, args=(asked.address, body, seconds, self.answers), daemon=True)
        thread.start()

    def _hear(self, asked: _Asked, answer: Answer | AssayError) -> None:
        known = None
        try:
            if isinstance(answer, AssayError):
                raise answer
            if answer.status == CONFLICT and answer.content_type == SIZE:
                known = parse_size(answer.body)
            elif answer.status == OK:
                self._take(asked, parse_cosignatures(answer.body, self.note.text, asked.keys))
            else:
                self._drop(asked, answer.words(), contradicts=answer.status == UNPROCESSABLE)
        except AssayError as error:
            self._drop(asked, str(error))
        if known is not None:
            self._again(asked, known)  # outside: a log that cannot prove its own history is no fault of a witness

    def _take(self, asked: _Asked, cosigned: Note) -> None:
        del self.waiting[asked.address]
        self.sizes[asked.address] = self.checkpoint.size
        self.cosignatures += cosigned.signatures
        by = {(each.name, each.key_id) for each in cosigned.signatures}
        for name, key in zip(asked.names, asked.keys, strict=True):
            if (key.name, key.id) in by:
                self.signed_by.add(key)
            else:
                self.failures.append(WitnessFailure(name, asked.address, "answered without a cosignature by its key"))

    def _again(self, asked: _Asked, known: int) -> None:
        asked.conflicts += 1
        if known > self.checkpoint.size:
            self._drop(
                asked,
                f"says that it cosigned {known} entries of this log, this checkpoint has {self.checkpoint.size}: was "
                "the log cut, or restored from a backup?",
                contradicts=True,
            )
        elif known == asked.old or asked.conflicts > MAX_CONFLICTS:
            self._drop(asked, f"says again and again that it knows another size, now {known}")
        else:
            asked.old = known
            self._ask(asked)

    def _drop(self, asked: _Asked, reason: str, *, contradicts: bool = False) -> None:
        del self.waiting[asked.address]
        self.sizes.pop(asked.address, None)
        self.failures.append(asked.failure(reason, contradicts=contradicts))


def _post(
    address: str, body: bytes, seconds: float, answers: queue.SimpleQueue[tuple[str, Answer | AssayError]]
) -> None:
    try:
        answer = post(f"{address}/add-checkpoint", body, TEXT, timeout_s=seconds, cap=MAX_ANSWER_BYTES)
    except AssayError as error:
        answers.put((address, error))
    except Exception as error:  # noqa: BLE001 - told by name: a thread's exception would go unheard
        answers.put((address, NoAnswerError(f"no answer: {type(error).__name__}: {error}")))
    else:
        answers.put((address, answer))


def check_addresses(policy: WitnessPolicy) -> None:
    """Check that each address in a policy can be asked.

    Raises:
        InputError: names the witness whose address cannot.
    """
    for name, address in policy.addresses.items():
        try:
            check_address(address)
        except InputError as error:
            raise InputError(f"witness {name}: {error}") from None


def gather(
    note: bytes,
    policy: WitnessPolicy,
    prove: Callable[[int, int], Sequence[bytes]],
    *,
    timeout_s: float = TIMEOUT_SECONDS,
    grace_s: float = GRACE_SECONDS,
    sizes: MutableMapping[str, int] | None = None,
) -> Gathered:
    """Ask the policy's witnesses to cosign a checkpoint, until its quorum is there.

    Args:
        note: the checkpoint, signed by a log of the policy; cosignatures that it bears count.
        policy: witnesses, their addresses, and the quorum.
        prove: given an old and the checkpoint's size, returns the consistency proof between them; called in this
            thread alone.
        timeout_s: seconds for everything together.
        grace_s: seconds that further witnesses may take once the quorum is there.
        sizes: address to the size last cosigned there, which saves a round trip; kept up to date here. It may be lost
            or wrong: a witness says what it knows.

    Returns:
        The note that the policy accepts, and who failed.

    Raises:
        InputError: when an address cannot be asked.
        VerificationError: when no log of the policy has signed the note, a signature in it fails, or (from ``prove``)
            the log cannot prove its own history.
        QuorumMissedError: when too few cosigned in time.
    """
    check_addresses(policy)
    signed = policy.open_signed(note)
    gathering = _Gathering(
        note=parse_note(note),
        checkpoint=signed.checkpoint,
        policy=policy,
        prove=prove,
        sizes={} if sizes is None else sizes,
        until=time.monotonic() + timeout_s,
        grace_s=grace_s,
        signed_by=set(signed.cosigned_by),
    )
    gathered = gathering.run()
    if policy.quorum is not None and not policy.satisfied_by(gathering.signed_by):
        raise QuorumMissedError(gathered, signed.checkpoint, policy.quorum)
    policy.open(gathered.note)
    return gathered


class Witnesses:
    """A policy's witnesses as the publisher asks them: note and prover in, note that the policy accepts out.

    What came of a missed quorum is kept in memory, so that the next try over the same checkpoint asks only the rest.
    """

    def __init__(
        self,
        policy: WitnessPolicy,
        *,
        timeout_s: float = TIMEOUT_SECONDS,
        grace_s: float = GRACE_SECONDS,
        tell: Callable[[WitnessFailure], None] | None = None,
    ) -> None:
        """Take the policy.

        Args:
            policy: witnesses, their addresses, and the quorum.
            timeout_s: seconds for everything together.
            grace_s: seconds that further witnesses may take once the quorum is there.
            tell: called with each witness that failed although the quorum was made; a missed one raises.

        Raises:
            InputError: when an address cannot be asked.
        """
        check_addresses(policy)
        self._policy, self._timeout_s, self._grace_s, self._tell = policy, timeout_s, grace_s, tell
        self._sizes: dict[str, int] = {}
        self._kept: Note | None = None

    def __call__(self, note: bytes, prove: Callable[[int, int], Sequence[bytes]]) -> bytes:
        """Return the note with cosignatures that make the quorum.

        Raises:
            VerificationError: as `gather` does.
            QuorumMissedError: when too few cosigned in time.
        """
        asked = parse_note(note)
        if self._kept is not None and self._kept.text == asked.text:
            asked = Note(asked.text, tuple(dict.fromkeys(asked.signatures + self._kept.signatures)))
        try:
            gathered = gather(
                asked.content(), self._policy, prove,
                timeout_s=self._timeout_s, grace_s=self._grace_s, sizes=self._sizes,
            )  # fmt: skip
        except QuorumMissedError as missed:
            self._kept = parse_note(missed.gathered.note)
            raise
        self._kept = None
        for failure in gathered.failures:
            if self._tell is not None:
                self._tell(failure)
        return gathered.note
