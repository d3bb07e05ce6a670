"""What a document is, whatever it is about: sections of items, each of parts that are filled, or named as missing.

A part is filled from evidence (with where it stands), or in the words of people (with where they wrote them); a named
person says that it does not apply; or it is missing, and says what would fill it. No renderer knows any document, and
no document knows a renderer.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, TypeAlias

import msgspec

from assay.records.canonical import canonical_json, digest
from assay.records.tally import Frozen

Filled: TypeAlias = Literal["evidence", "people", "not-applicable", "contradicted", "missing"]

FILLED: dict[Filled, str] = {
    "evidence": "from evidence",
    "people": "written by people",
    "not-applicable": "said not to apply",
    "contradicted": "contradicted by the evidence",
    "missing": "missing",
}
"""What is said of a part, in words."""


class Source(Frozen, kw_only=True):
    """Where what a part says comes from.

    Attributes:
        kind: what it is: a record, a finding, an event of the log, a file of the project, a page of people's words.
        name: which one: a file, a finding's id, an event's type, a path in ``dossier.yaml``.
        sha256: digest of the record or file.
        entry: index of the log entry that holds it; None where nothing in the log does.
    """

    kind: Literal["record", "finding", "event", "file", "person"]
    name: str
    sha256: str | None = None
    entry: int | None = None


class Table(Frozen, kw_only=True):
    """A table: cells are words, numbers already written as words."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Part(Frozen, kw_only=True):
    """One thing that an item asks for.

    Attributes:
        asked: what is asked, in a few words.
        filled: how it is filled.
        words: paragraphs, or the points of a list.
        tables: tables.
        sources: where it comes from.
        remedy: what would fill it, where it is missing; what to mend, where it is contradicted.
    """

    asked: str
    filled: Filled
    words: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    sources: tuple[Source, ...] = ()
    remedy: str | None = None


class Item(Frozen, kw_only=True):
    """One item of a document's written list.

    Attributes:
        id: as the law or the outline numbers it.
        title: in our own words.
        clauses: what it maps to.
        parts: what it asks for, at least one.
    """

    id: str
    title: str
    clauses: tuple[str, ...] = ()
    parts: tuple[Part, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing in it is missing or contradicted."""
        return all(part.filled not in {"missing", "contradicted"} for part in self.parts)


class Section(Frozen, kw_only=True):
    """Items that belong together."""

    title: str
    items: tuple[Item, ...]


class Made(Frozen, kw_only=True):
    """What a document was made from, by digest; together with its kind it decides every byte.

    Attributes:
        evidence_sha256: the evidence.
        verdict_sha256: the verdict.
        dossier_sha256: what people wrote; None where there is no file.
        log: the log's origin; None where there is none.
        size: entries of the log that were looked at.
        root: the log's root at that size.
        tool: name and version of what wrote it.
    """

    evidence_sha256: str
    verdict_sha256: str
    dossier_sha256: str | None = None
    log: str | None = None
    size: int | None = None
    root: str | None = None
    tool: str

    @property
    def sha256(self) -> str:
        """The digest of all of it: what a document came from, in one word."""
        return digest(self)

    def mark(self, kind: str) -> str:
        """Return what a file bears of its origin, so that an altered copy is told from one that nobody recorded."""
        size = "none" if self.size is None else str(self.size)
        return f"assay-document {kind} size={size} verdict={self.verdict_sha256} from={self.sha256[:32]}"


class Document(Frozen, kw_only=True):
    """A document, before it is rendered.

    Attributes:
        schema: the record's version.
        kind: its name on the command line.
        title: its title.
        about: what it is and what it is not, a paragraph each.
        law: what it is written after, with the state of the text.
        system: the AI system.
        subject: name of the model.
        version: version of the model.
        subject_sha256: digest of the model's files.
        decision: what the gate decided about the version.
        at: the time of the records it tells of, RFC 3339 in UTC; never that of a clock.
        made: what it was made from.
        warnings: what a reader must know before anything else, a sentence each.
        sections: the list.
    """

    schema: Literal["assay.document/v1"] = "assay.document/v1"
    kind: str
    title: str
    about: tuple[str, ...] = ()
    law: tuple[str, ...] = ()
    system: str
    subject: str
    version: str
    subject_sha256: str
    decision: str
    at: str
    made: Made
    warnings: tuple[str, ...] = ()
    sections: tuple[Section, ...]

    @property
    def items(self) -> list[Item]:
        """All items, in order."""
        return [item for section in self.sections for item in section.items]

    @property
    def parts(self) -> list[Part]:
        """All parts, in order."""
        return [part for item in self.items for part in item.parts]

    @property
    def counts(self) -> dict[Filled, int]:
        """How many parts are filled in which way."""
        found = Counter(part.filled for part in self.parts)
        return {filled: found[filled] for filled in FILLED}

    @property
    def finished(self) -> bool:
        """Whether nothing is missing, nothing contradicted."""
        return all(item.whole for item in self.items)

    @property
    def mark(self) -> str:
        """What the file bears of its origin."""
        return self.made.mark(self.kind)

    def banner(self) -> tuple[str, str]:
        """Return what stands above everything: a heading and the counts in words."""
        counts, items = self.counts, self.items
        told = [f"{counts[filled]} {words}" for filled, words in FILLED.items() if counts[filled]]
        whole = sum(item.whole for item in items)
        of_items = f"{whole} of {len(items)} items are whole"
        counted = f"{of_items}. Of {len(self.parts)} parts asked for: {', '.join(told)}."
        if self.finished:
            return "Every part is filled; whether it is right is for people to judge", counted
        return f"NOT FINISHED: {len(items) - whole} of {len(items)} items lack something", counted


def as_json(document: Document) -> str:
    """Return a document as JSON, with its counts and its mark; for programs."""
    told: dict[str, Any] = msgspec.to_builtins(document)
    told |= {"counts": document.counts, "finished": document.finished, "mark": document.mark}
    return canonical_json(told).decode()
