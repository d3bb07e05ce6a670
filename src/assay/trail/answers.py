"""What a question is answered with: sentences, each linked to the log's entries that it rests on, and their proofs."""

from __future__ import annotations

from typing import Any, Literal

from assay.records.tally import Frozen
from assay.trail.events import Times


class Sentence(Frozen, kw_only=True):
    """One thing that the trail says.

    Attributes:
        text: in words.
        entries: indices of the entries that it rests on; empty when it says that there is none.
        imported: whether it rests on history that was imported: a claim, which the log did not witness.
    """

    text: str
    entries: tuple[int, ...] = ()
    imported: bool = False


class ShardReach(Frozen, kw_only=True):
    """One log of those that a trail is kept in, as far as it is looked at.

    Attributes:
        origin: the log's name.
        first: how many entries the shards before it hold; its own entry 0 is this one of the trail.
        size: entries of it.
        root: its root at that size, hexadecimal.
    """

    origin: str
    first: int
    size: int
    root: str

    @property
    def end(self) -> int:
        """Entries of the trail up to here."""
        return self.first + self.size


def shard_of(shards: tuple[ShardReach, ...], index: int) -> ShardReach:
    """Return the shard that an entry of a trail stands in."""
    return next(one for one in reversed(shards) if one.first <= index or one.first == 0)


def entries_words(shards: tuple[ShardReach, ...], indices: tuple[int, ...]) -> str:
    """Return entries in words; with the log's name for each where there are several logs."""
    if not indices:
        return "no entry"
    by_log: dict[str, list[int]] = {}
    for index in indices:
        shard = shard_of(shards, index)
        by_log.setdefault(f" of {shard.origin}" if len(shards) > 1 else "", []).append(index - shard.first)
    return "; ".join(
        f"{'entry' if len(found) == 1 else 'entries'} {', '.join(map(str, found))}{log}"
        for log, found in by_log.items()
    )


def logs_words(shards: tuple[ShardReach, ...]) -> str:
    """Return the logs in words, with sizes and roots."""
    told = [f"{one.origin}, size {one.size}, root {one.root[:16]}..." for one in shards]
    return f"Log {'; then log '.join(told)}"


class Cited(Frozen, kw_only=True):
    """An entry that an answer rests on.

    Attributes:
        index: where it stands in the trail.
        shard: name of the log that it stands in.
        entry: where it stands in that log; the same as the index unless logs came before.
        type: type of the event.
        id: the event's id.
        leaf_sha256: its leaf hash.
        times: when it was, as claimed, recorded and proven.
        signed_by: who signed it: names of known keys, or their ids.
        imported: whether it is imported history.
        document_sha256: what lies beside the log and was read with it.
    """

    index: int
    shard: str
    entry: int
    type: str
    id: str
    leaf_sha256: str
    times: Times
    signed_by: tuple[str, ...]
    imported: bool = False
    document_sha256: str | None = None


class InclusionProof(Frozen, kw_only=True):
    """The proof that an entry stands in its log at the size and root that the answer gives for it.

    Attributes:
        index: where it stands in the trail.
        shard: name of the log that it stands in.
        entry: where it stands in that log.
        leaf_sha256: its leaf hash.
        hashes: siblings from the leaf up, hexadecimal (RFC 6962 section 2.1.1).
    """

    index: int
    shard: str
    entry: int
    leaf_sha256: str
    hashes: tuple[str, ...]


Question = Literal[
    "production", "inventory", "decisions", "validations", "runs", "alerts", "remediations", "log", "report"
]  # fmt: skip


class Answer(Frozen, kw_only=True):
    """An answer: a function of the log at a size, and of the documents that the log names by digest.

    Attributes:
        schema: the record's version.
        question: what was asked.
        asked: the words that it was asked with.
        origin: the log's name; of several the last one's that it reaches.
        size: entries that it tells of, of all shards together.
        root: the root of the log named, at its size, hexadecimal.
        shards: the logs that it reaches, in order, and how far.
        answered: whether the trail says anything to it.
        sentences: the answer in words.
        rows: the answer as a table; ``entries`` of a row are the indices that it rests on.
        missing: what is not in the trail, or does not count, and why.
        cited: the entries that it rests on, in order.
        proofs: their proofs.
    """

    schema: Literal["assay.answer/v1"] = "assay.answer/v1"
    question: Question
    asked: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    origin: str
    size: int
    root: str
    shards: tuple[ShardReach, ...]
    answered: bool
    sentences: tuple[Sentence, ...]
    rows: tuple[dict[str, Any], ...] = ()
    missing: tuple[str, ...] = ()
    cited: tuple[Cited, ...] = ()
    proofs: tuple[InclusionProof, ...] = ()
