"""The trail as questions see it: a projection, up to a size of the log, with what lies beside the log."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from assay.attest.trust import Trust
from assay.trail.answers import Answer, Cited, Question, Sentence, ShardReach, entries_words, shard_of
from assay.trail.delivered import apart_among
from assay.trail.erasures import Erasures
from assay.trail.events import Event, Times
from assay.trail.marks import CONSENT, FILES, MODEL
from assay.trail.narrowing import Narrow
from assay.trail.projection import select
from assay.trail.reading import CONSENT_DIGEST, Read, disclose

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from assay.trail.projection import Connection
    from assay.trail.sayings import Sayings

CONSENTS = frozenset({"approval.granted", "waiver.granted", "approval.revoked"})
"""Types of what people sign; the log holds the digest, and what lies beside it tells which of them it is."""

SHOWN_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Anchor:
    """An outside proof that the log had a size by a time.

    Attributes:
        size: entries that it covers.
        at: the time, RFC 3339 in UTC.
        by: the witness or time stamp authority.
    """

    size: int
    at: str
    by: str


def times_by(
    anchors: Iterable[Anchor], recorded: Callable[[int], str | None] = lambda _index: None
) -> Callable[[int], Times]:
    """Return what tells when an entry was recorded, and by when an outsider has proven it to be there.

    Args:
        anchors: witnesses' and authorities' proofs, each verified by the caller.
        recorded: tells the sequencer's time of an entry, where it keeps one.
    """
    earliest = sorted(anchors, key=lambda one: (one.at, one.size, one.by))

    def times(index: int) -> Times:
        first = next((one for one in earliest if one.size > index), None)
        return Times(
            recorded=recorded(index),
            proven_before=None if first is None else first.at,
            proven_by=None if first is None else first.by,
        )

    return times


@dataclass(frozen=True, kw_only=True)
class Fact:
    """An event that counts, with the entry it came in."""

    read: Read
    event: Event

    @property
    def index(self) -> int:
        """Where the entry stands."""
        return self.read.index

    @property
    def said(self) -> Any:  # noqa: ANN401 - the fields of any type of event
        """What the event says."""
        return self.event.fields

    @property
    def at(self) -> str:
        """When it was, as claimed; empty when nobody claims a time."""
        return self.event.claimed_at or ""


@dataclass(frozen=True, kw_only=True)
class View:
    """The trail at a size.

    Attributes:
        connection: a projection that reaches the size.
        shards: the logs that it reaches, in order, and how far.
        documents: what lies beside the log, by SHA-256.
        trust: who people are.
        people: pseudonym or commitment to name, as far as they are not erased.
        key_names: key id to a name, for keys that the trust file does not know.
        times: what is known of when an entry was recorded and proven; by default nothing.
        erasures: what was erased, wherever in the log it is recorded: what is gone is gone at every size.
        consents: tells which entries that are digests of consents may be about some model files; None: any of them.
        sayings: tells of which kinds consents are; None: each is read for it.
        narrow: what it is narrowed to (`about`); None for all.
        gone: which of its entries were deleted by policy, a sentence each.
        attesters: people whose keys count for attestations, and for nothing else.
        again: attestations by their entries, as those keys tell them.
    """

    connection: Connection
    shards: tuple[ShardReach, ...]
    documents: Mapping[str, bytes] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)
    people: Mapping[str, str] = field(default_factory=dict)
    key_names: Mapping[str, str] = field(default_factory=dict)
    times: Callable[[int], Times] = lambda _index: Times()
    erasures: Erasures = field(default_factory=Erasures)
    consents: Callable[[Collection[str]], Collection[int]] | None = None
    sayings: Sayings | None = None
    narrow: Narrow | None = None
    gone: tuple[str, ...] = ()
    attesters: Trust = field(default_factory=Trust)
    again: Mapping[int, Read] = field(default_factory=dict)

    def about(self, *models: str, types: Collection[str] = ()) -> View:
        """Return the same trail narrowed to some models: to every entry that may bear on one of them, and few others.

        What is asked of one of these models is answered as by the whole trail, in a time that grows with what is
        about the model and not with the trail. Entries of which nobody can tell what they are about are in it.

        Args:
            models: the models' names.
            types: only entries of these types, none of which goes on with an alert or a remediation; by default all.
        """
        if types:
            marks = (f"{MODEL}{one}" for one in models)
            kinds = (MODEL, FILES, CONSENT)
            return replace(self, narrow=Narrow.around(self.connection, marks, self.consents, kinds=kinds, types=types))
        return self.around(*(f"{MODEL}{one}" for one in models))

    def bearing(self, marks: Iterable[str], *types: str) -> View:
        """Return the same trail narrowed to the entries of some types that bear one of some marks themselves.

        That is enough for what these entries say. What others say of the same, under another name, is not in it.
        """
        return replace(self, narrow=Narrow.bearing(self.connection, marks, types))

    def holding(self, types: Mapping[int, str]) -> View:
        """Return the same trail narrowed to some entries, each by its index with its type."""
        return replace(self, narrow=Narrow.holding(self.connection, types))

    def around(self, *marks: str) -> View:
        """Return the same trail narrowed to all that may bear on what some marks are about (`assay.trail.marks`)."""
        return replace(self, narrow=Narrow.around(self.connection, marks, self.consents))

    @property
    def size(self) -> int:
        """Entries that count, of all shards together."""
        return self.shards[-1].end

    @property
    def origin(self) -> str:
        """Name of the first log, which what is told of the trail is named after."""
        return self.shards[0].origin

    def place(self, index: int) -> str:
        """Return where an entry stands, in words: its number, and the log where there are several."""
        return entries_words(self.shards, (index,))

    @cached_property
    def corrected(self) -> dict[int, int]:
        """Index of each corrected entry, with the index of the last one that corrects it."""
        if self.narrow is not None:
            return self.narrow.corrected(self.size)
        query = (
            "SELECT later.corrects, later.idx FROM event AS later JOIN event AS earlier ON earlier.idx = later.corrects"
            " WHERE later.idx < ? AND later.idx > earlier.idx AND later.signature = 'holds'"
            " AND later.corrects IS NOT NULL AND later.type = earlier.type ORDER BY later.idx"
        )
        return dict(self.connection.execute(query, (self.size,)).fetchall())

    def reads(self, *types: str) -> list[Read]:
        """Return the entries of some types, disclosed as far as may be; those that do not count too."""
        wanted = {*types, CONSENT_DIGEST} if CONSENTS & set(types) else set(types)
        found = [self.again.get(read.index) or self._disclosed(read) for read in self._select(*sorted(wanted))]
        return [read for read in found if read.type in types or read.type == CONSENT_DIGEST]

    def _select(self, *types: str) -> Iterable[Read]:
        if self.narrow is not None:
            return self.narrow.select(types, self.size)
        return select(self.connection, *types, size=self.size)

    def narrow_to(self, kind: str) -> list[int]:
        """Return the indices of the entries of a type in what it is narrowed to; none where it is not."""
        held = {} if self.narrow is None else self.narrow.types
        return sorted(index for index, its in held.items() if its == kind and index < self.size)

    def told(self, read: Read) -> Read:
        """Return an entry with what lies beside the log, as far as it is at hand."""
        return disclose(read, self.documents, self.trust, self.erasures)

    def _disclosed(self, read: Read) -> Read:
        """Add what lies beside the log; once, where there are few entries."""
        if self.narrow is None:
            return self.told(read)
        if read.index not in self.narrow.disclosed:
            self.narrow.disclosed[read.index] = self.told(read)
        return self.narrow.disclosed[read.index]

    def facts(self, *types: str) -> list[Fact]:
        """Return the events of some types that count.

        They are signed by a known key, not corrected since, and not another log's that answer nothing here.
        """
        return self._counting(self.reads(*types))

    def facts_as_logged(self, *types: str) -> list[Fact]:
        """Return the events of some types that count, as the log alone tells them: quick, where there are many.

        What stands in documents beside the log, such as a version or a stage, is not looked up.
        """
        return self._counting(self._select(*sorted(types)))

    def unsigned(self, *types: str) -> list[Read]:
        """Return the events of some types that answer nothing only because nobody known has signed them."""
        found = [
            read
            for read in self.reads(*types)
            if read.event is not None and not read.counts and read.index not in self.corrected
        ]
        apart = apart_among(self.connection, [read.index for read in found], self.size)
        return [read for read in found if read.index not in apart]

    def attester(self, key_id: str) -> tuple[str, tuple[str, ...]] | None:
        """Return name and roles of who attests by a key; None where it is nobody's who is known."""
        return self.trust.identity_of(key_id) or self.attesters.identity_of(key_id)

    def _counting(self, reads: Iterable[Read]) -> list[Fact]:
        found = [
            Fact(read=read, event=read.event)
            for read in reads
            if read.event is not None and read.counts and read.index not in self.corrected
        ]
        apart = apart_among(self.connection, [fact.index for fact in found], self.size)
        return [fact for fact in found if fact.index not in apart] if apart else found

    def not_counted(self, *types: str, about: Collection[str | None] | None = None) -> list[str]:
        """Return a line for each entry of these types that answers nothing, and why.

        Args:
            types: the types asked for.
            about: digests of model files; entries that are about others are left out.
        """
        lines = []
        found = self.reads(*types)
        apart = apart_among(self.connection, [read.index for read in found], self.size)
        for read in found:
            digest = None if read.event is None else getattr(read.event.fields, "model_sha256", None)
            if about is not None and digest is not None and digest not in about:
                continue
            place = f"{self.place(read.index)} ({read.type})"
            if read.event is None:
                lines.append(f"{place}: {read.told}")
            elif not read.counts:
                lines.append(f"{place} answers nothing: {read.told or 'signed by nobody known'}")
            elif read.index in self.corrected:
                lines.append(f"{place} was corrected by {self.place(self.corrected[read.index])}")
            elif read.event.corrects is not None and read.event.corrects not in self.corrected:
                lines.append(
                    f"{place} says that it corrects entry {read.event.corrects}, which is not of its type: it corrects "
                    "nothing"
                )
            elif read.index in apart:
                lines.append(f"{place} came from another log, and answers nothing here: it is kept as evidence")
            elif read.told:
                lines.append(f"{place}: {read.told}")
        return lines

    def person(self, code: str | None, fact: Fact) -> str:
        """Return a name where it is disclosed, else the pseudonym, and that the name is not known."""
        if code is None:
            return "somebody not named"
        return fact.read.names.get(code) or self.person_named(code)

    def person_named(self, code: str) -> str:
        """Return the name that a pseudonym leads to, else the pseudonym, and that the name is not known."""
        name = self.people.get(code)
        if name is not None:
            return name
        erased = self.erasures.people.get(code)
        return f"{code[:SHOWN_DIGITS]}... ({'name not disclosed' if erased is None else f'name {erased.told}'})"

    def signers(self, read: Read) -> tuple[str, ...]:
        """Return who signed an entry: names where known, else key ids."""
        names = []
        for key in read.keys:
            known = self.attester(key)
            names.append(known[0] if known else self.key_names.get(key, key))
        return tuple(names)

    def when(self, fact: Fact) -> str:
        """Return when an event was, in words that say which of the three times it is."""
        known = self.times(fact.index)
        parts = [f"{fact.at} (claimed)" if fact.at else "a time that nobody claims"]
        if known.recorded:
            parts.append(f"recorded {known.recorded}")
        if known.proven_before:
            parts.append(f"proven before {known.proven_before} by {known.proven_by}")
        return ", ".join(parts)

    def answer(
        self,
        question: Question,
        asked: Mapping[str, str],
        sentences: Iterable[Sentence],
        *,
        rows: Iterable[Mapping[str, Any]],
        missing: Iterable[str],
        facts: Iterable[Fact],
    ) -> Answer:
        """Put an answer together; the caller adds the proofs of what it cites."""
        told = tuple(sentences)
        cited_indices = {index for sentence in told for index in sentence.entries}
        by_index = {fact.index: fact for fact in facts if fact.index in cited_indices}
        table = tuple(dict(row) for row in rows)
        return Answer(
            question=question,
            asked=dict(asked),
            origin=self.shards[-1].origin,
            size=self.size,
            root=self.shards[-1].root,
            shards=self.shards,
            answered=bool(table),
            sentences=told,
            rows=table,
            missing=tuple(dict.fromkeys((*self.gone, *missing))),
            cited=tuple(self._cited(by_index[index]) for index in sorted(by_index)),
        )

    def _cited(self, fact: Fact) -> Cited:
        shard = shard_of(self.shards, fact.index)
        return Cited(
            index=fact.index,
            shard=shard.origin,
            entry=fact.index - shard.first,
            type=fact.event.type,
            id=fact.event.id,
            leaf_sha256=fact.read.leaf_sha256,
            times=msgspec.structs.replace(self.times(fact.index), claimed=fact.event.claimed_at),
            signed_by=self.signers(fact.read),
            imported=fact.event.batch is not None,
            document_sha256=fact.read.waits_for,
        )


def sentence(text: str, *facts: Fact | None) -> Sentence:
    """Return a sentence that rests on some events; one on imported history says so."""
    there = [fact for fact in facts if fact is not None]
    imported = any(fact.event.batch is not None for fact in there)
    return Sentence(
        text=f"{text} (imported: a claim about the past)" if imported else text,
        entries=tuple(sorted({fact.index for fact in there})),
        imported=imported,
    )


def short(sha256: str | None) -> str:
    """Return the start of a digest, for reading; the whole one stands in the answer's rows."""
    return f"{sha256[:SHOWN_DIGITS]}..." if sha256 else "not known"


def of_releases(facts: Iterable[Fact]) -> list[Fact]:
    """Return the events without tests and decisions of other stages: only a release's decision lets a version out.

    A denial's entry does not say its stage by itself; the test result on the same evidence does.
    """
    kept = list(facts)
    others = {_tested(fact) for fact in kept if _stage(fact) is not None and fact.said.evidence_sha256 is not None}
    return [
        fact for fact in kept
        if fact.event.type not in _STAGED or (_stage(fact) is None and _tested(fact) not in others)
    ]  # fmt: skip


def _tested(fact: Fact) -> tuple[str, str | None]:
    return fact.said.model_sha256, fact.said.evidence_sha256


_STAGED = ("validation.result", "gate.decision")


def _stage(fact: Fact) -> str | None:
    found: str | None = getattr(fact.said, "stage", None) if fact.event.type in _STAGED else None
    return found
