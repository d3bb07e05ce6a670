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


class Cited(Frozen, kw_only=True):
    """An entry that an answer rests on.

    Attributes:
        index: where it stands.
        type: type of the event.
        id: the event's id.
        leaf_sha256: its leaf hash.
        times: when it was, as claimed, recorded and proven.
        signed_by: who signed it: names of known keys, or their ids.
        imported: whether it is imported history.
        document_sha256: what lies beside the log and was read with it.
    """

    index: int
    type: str
    id: str
    leaf_sha256: str
    times: Times
    signed_by: tuple[str, ...]
    imported: bool = False
    document_sha256: str | None = None


class InclusionProof(Frozen, kw_only=True):
    """The proof that an entry stands in the log at the answer's size and root.

    Attributes:
        index: where it stands.
        leaf_sha256: its leaf hash.
        hashes: siblings from the leaf up, hexadecimal (RFC 6962 section 2.1.1).
    """

    index: int
    leaf_sha256: str
    hashes: tuple[str, ...]


Question = Literal["production", "inventory", "decisions", "validations", "runs", "alerts", "remediations"]


class Answer(Frozen, kw_only=True):
    """An answer: a function of the log at a size, and of the documents that the log names by digest.

    Attributes:
        schema: the record's version.
        question: what was asked.
        asked: the words that it was asked with.
        origin: the log's name.
        size: entries of the log that it tells of.
        root: the log's root at that size, hexadecimal.
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
    answered: bool
    sentences: tuple[Sentence, ...]
    rows: tuple[dict[str, Any], ...] = ()
    missing: tuple[str, ...] = ()
    cited: tuple[Cited, ...] = ()
    proofs: tuple[InclusionProof, ...] = ()
