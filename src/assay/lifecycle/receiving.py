"""Receiving: a server takes the next entries of a project's log, once and in order, and decides again by itself.

Everything that a delivery does is fixed first (``intent.json``), then done, each step so that doing it twice is doing
it once: entries enter the log under event ids made of their own log's name and index. So a crash leaves nothing, or
what the next one finishes; what was acknowledged is durable. A delivery that comes again is acknowledged, and adds
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from assay.attest.trust import Trust
from assay.errors import InputError
from assay.lifecycle.deciding_again import Judge
from assay.lifecycle.people import is_coded, read_people
from assay.lifecycle.publishing import Submission
from assay.lifecycle.received import Kept, KeptReach, Place, Range, require_owner
from assay.lifecycle.receiving_checks import ForkError, check_release, grown, log_keys, require_scope
from assay.lifecycle.receiving_plan import Looked, make_intent, named_digests
from assay.lifecycle.setting import now
from assay.lifecycle.storing import keep_document
from assay.records.delivery import OutOfStepError, Taken, Unknown, parse_delivery
from assay.tlog.compact_range import CompactRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from assay.attest.bundle import Inclusion
    from assay.lifecycle.keyring import Keyring
    from assay.lifecycle.received import LogKept
    from assay.lifecycle.receiving_checks import Pipeline
    from assay.lifecycle.setting import Rules
    from assay.records.delivery import Asked, Delivery, Outcome, Reached


class IntakeLog(Protocol):
    """The server's log."""

    def append(self, entries: Sequence[bytes]) -> list[Inclusion]:
        """Append entries in order and return where each one is, with its proof."""
        ...

    def take(self, submissions: Sequence[Submission]) -> tuple[str, list[int]]:
        """Append entries, each once by its event id; return the log's name, and where each one is."""
        ...

    def entries(self, origin: str, first: int, end: int) -> list[bytes] | None:
        """Return entries that were taken; None where they stand in another log than the one that takes entries now."""
        ...


class Receiver:
    """What takes deliveries into a server's state folder. Any number of threads and processes may use one.

    Args:
        state: the server's state folder (``HOME/.assay``).
        log: its log.
        keyring: the keys that sign here.
        key: name of the key that signs what the server says and decides.
        rules_for: today's policy and people of a system; None where nobody has adopted a policy for it.
        was_adopted: says whether a system's people adopted the policy of a digest at some time; by default that of
            today alone.
        clock: the time, RFC 3339 in UTC.
    """

    def __init__(
        self,
        state: Path,
        log: IntakeLog,
        keyring: Keyring,
        *,
        rules_for: Callable[[str], Rules | None],
        was_adopted: Callable[[str, str], bool] = lambda _system, _sha256: False,
        key: str = "default",
        clock: Callable[[], str] = now,
    ) -> None:
        self._state, self._log, self._keyring, self._key = state, log, keyring, key
        self._rules_for, self._clock = rules_for, clock
        self.kept = Kept(state)
        self.judge = Judge(self.kept, log, keyring, rules_for=rules_for, was_adopted=was_adopted, key=key)

    def reached(self, origin: str) -> Reached:
        """Return how far a log is taken; what a crash interrupted is finished first."""
        with self.kept.log(origin) as log:
            self._finish(log)
            return log.reached()

    def system_of(self, origin: str) -> str | None:
        """Return the system whose log this is; None while nothing of it was delivered."""
        with self.kept.log(origin) as log:
            found = log.reach()
            return None if found is None else found.system

    def unknown(self, origin: str, digests: Iterable[str]) -> tuple[str, ...]:
        """Return which documents are to be sent, of some that are asked about, in their order."""
        with self.kept.log(origin) as log:
            return tuple(
                one for one in dict.fromkeys(digests)
                if not self.kept.has_document(one) and log.ahead(one) is None
            )  # fmt: skip

    def take(self, content: bytes, pipeline: Pipeline) -> Taken:
        """Take a delivery: all of it, or nothing.

        Args:
            content: the delivery as it came.
            pipeline: who delivers.

        Returns:
            What is durable now.

        Raises:
            DocumentError: when it is not a delivery, or was changed on the way.
            RefusedError: for a system that is none of the pipeline's.
            OutOfStepError: when entries before it are missing.
            ForkError: when the log was cut, forked or rewritten.
            VerificationError: when a signature, a digest or a proof does not hold.
            InputError: for what else is wrong.
            StorageError: when the disk refuses; it is to be sent again then.
        """
        delivery = parse_delivery(content)
        with self.kept.log(delivery.origin) as log:
            self._finish(log)
            kept = log.reach()
            require_scope(delivery, pipeline, kept)
            if _may_be_repeated(delivery, kept) and any(one.delivery == delivery.sha256 for one in log.ranges()):
                return Taken(reached=log.reached(), new=0, outcomes=self._outcomes(delivery))
            try:
                looked = self._look(delivery, pipeline, log, kept)
            except ForkError as error:
                keep_document(self._state, error.note.encode())  # with the checkpoint that is kept it convicts the log
                raise
            if not looked.new and not looked.releases:
                log.put_ahead(delivery.documents)
                self.judge.know((), delivery.people)
                return Taken(reached=log.reached(), new=0)
            for one in looked.releases:
                self.kept.claim(one.delivered.model, delivery.system)
            self.kept.keep_documents(looked.documents)
            log.drop_ahead(set(looked.documents))
            signer = self._keyring.signer(self._key)
            log.write_intent(make_intent(looked, pipeline, kept, signer, owner=self.kept.owner, at=self._clock()))
            self._finish(log)
            return Taken(reached=log.reached(), new=len(looked.new), outcomes=self._outcomes(delivery))

    def finish_all(self) -> None:
        """Finish what a crash interrupted, of every log: what a server does when it starts."""
        for origin in self.kept.origins():
            self.reached(origin)

    # Looking at a delivery; nothing is written.

    def _look(self, delivery: Delivery, pipeline: Pipeline, log: LogKept, kept: KeptReach | None) -> Looked:
        before = CompactRange() if kept is None else kept.tree
        if delivery.entries and delivery.first > before.size:
            raise OutOfStepError(
                f"log {delivery.origin}: expected its next entry, {before.size}, found a delivery that begins at "
                f"{delivery.first}. Deliver from {before.size} on",
                log.reached(),
            )
        keys = log_keys(delivery, pipeline, kept)
        there = max(min(before.size - delivery.first, len(delivery.entries)), 0)
        self._require_same(delivery, there, log)
        new = delivery.entries[there:]
        tree = grown(delivery, keys, before, new)

        def read(sha256: str) -> bytes | None:
            found = delivery.documents.get(sha256)
            return found if found is not None else log.ahead(sha256) or self.kept.document(sha256)

        def entry(index: int) -> bytes | None:
            return new[index - before.size] if index >= before.size else self._entry(index, log)

        rules = self._rules_for(delivery.system)
        releases = []
        for one in delivery.releases:
            owner = self.kept.owner(one.model) or delivery.system
            require_owner(one.model, owner, delivery.system)
            releases.append(
                check_release(
                    one, delivery, pipeline, keys=keys, read=read, entry=_within(entry, tree.size, one.model),
                    trust=rules.trust if rules else Trust(), beside=self._state.parent / ".incoming",
                )
            )  # fmt: skip
        self._require_people(delivery)
        wanted = [name for name in named_digests(delivery, new) if not self.kept.has_document(name)]
        documents = {name: found for name in wanted if (found := read(name)) is not None}
        return Looked(
            delivery=delivery, new=new, tree=tree, keys=keys, releases=tuple(releases), documents=documents
        )  # fmt: skip

    def _require_same(self, delivery: Delivery, count: int, log: LogKept) -> None:
        """Compare entries that were taken before with what comes now."""
        for position, entry in enumerate(delivery.entries[:count]):
            held = self._entry(delivery.first + position, log)
            if held is None:
                raise OutOfStepError(
                    f"log {delivery.origin}: expected a delivery from {log.reached().size} on, found one from "
                    f"{delivery.first}. What was before is taken",
                    log.reached(),
                )
            if held != entry:
                raise ForkError(
                    f"log {delivery.origin}: its entry {delivery.first + position} is another one than was delivered "
                    "before: the log was rewritten or forked. Nothing was taken",
                    delivery.checkpoint,
                )

    def _entry(self, index: int, log: LogKept) -> bytes | None:
        """Return an entry of a project's log that was taken, as it stands in the log here."""
        for one in log.ranges():
            if one.first <= index < one.first + one.count:
                at = one.index + index - one.first
                found = self._log.entries(one.log, at, at + 1)
                return None if found is None else found[0]
        return None

    def _require_people(self, delivery: Delivery) -> None:
        known = read_people(self._state) if delivery.people else {}
        wrong = [code for code, name in delivery.people.items() if known.get(code, name) != name]
        if wrong or not all(map(is_coded, delivery.people)):
            raise InputError(
                f"people: expected each pseudonym to stand for one person, found {len(wrong)} that stand for another "
                "one at this server. Deliver without names"
            )

    # Doing it; each step may be done twice.

    def _finish(self, log: LogKept) -> None:
        """Do what was fixed and is not done yet, and decide on what waits to be."""
        intent = log.intent()
        if intent is not None:
            origin, indices = self._log.take([Submission(content, name) for name, content in intent.entries])
            self.judge.know(intent.releases, intent.people)
            for one in intent.releases:
                self.kept.write_release(one)
            log.add_range(
                Range(delivery=intent.delivery, first=intent.first, count=intent.new, log=origin, index=indices[0])
            )
            log.write_reach(intent.reach)
            log.end_intent()
        reach = log.reach()
        if reach is not None and reach.undecided:
            for place in reach.undecided:
                self.judge.decide(place)
            log.write_reach(msgspec.structs.replace(reach, undecided=()))

    def _outcomes(self, delivery: Delivery) -> tuple[Outcome, ...]:
        found = (
            self.kept.release(Place(model=one.model, version=one.version, within=one.within))
            for one in delivery.releases
        )
        return tuple(one.outcome for one in found if one is not None)


@dataclass(frozen=True)
class AtHand:
    """A receiver in this process, as who delivers sees a server (`assay.lifecycle.delivering.Server`)."""

    receiver: Receiver
    pipeline: Pipeline

    def reached(self, origin: str) -> Reached:
        """Return how far a log is taken."""
        return self.receiver.reached(origin)

    def unknown(self, asked: Asked) -> Unknown:
        """Return which documents are to be sent."""
        return Unknown(sha256=self.receiver.unknown(asked.origin, asked.sha256))

    def deliver(self, content: bytes) -> Taken:
        """Deliver; return once it is durable."""
        return self.receiver.take(content, self.pipeline)


def _may_be_repeated(delivery: Delivery, kept: KeptReach | None) -> bool:
    return kept is not None and (delivery.first < kept.size or not delivery.entries)


def _within(entry: Callable[[int], bytes | None], size: int, model: str) -> Callable[[int], bytes | None]:
    def looked_up(index: int) -> bytes | None:
        if index >= size:
            raise InputError(
                f"release of {model}: expected its entries to be delivered before it or with it, found entry {index} "
                f"of {size}"
            )
        return entry(index)

    return looked_up
