"""The trail as pages: what was recorded, newest first, and each entry with its proof."""

from __future__ import annotations

import contextlib
from functools import partial
from string import hexdigits
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from assay.attest import dsse
from assay.errors import AssayError, NotThereError
from assay.records.tally import Frozen
from assay.server.page import page
from assay.server.permits import may
from assay.server.proving import EntryProof, prove_entry
from assay.server.serving import By, Here, Server
from assay.trail.answers import entries_words
from assay.trail.describing import meanings, summary
from assay.trail.events import TYPES, Times
from assay.trail.exploring import Filter, entries, entry_types
from assay.trail.reading import CONSENT_DIGEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.lifecycle.asking import Trail
    from assay.server.acting import Actor
    from assay.trail.reading import Read
    from assay.trail.view import View

SHA256_DIGITS, MOST_DIGITS = 64, 18
LIMIT, MOST_LOOKED = 50, 500
"""Entries of a page, and how many are looked through for those that somebody may see."""

PROOF_TYPE, BYTES_TYPE = "text/plain", "application/octet-stream"
READ = "record.read"


class FieldShown(Frozen, kw_only=True):
    """One field of an event.

    Attributes:
        name: its name.
        meaning: what it means.
        value: what it holds; a person by name, as far as known.
        sha256: the digest that it holds, so that whatever bears it can be looked for.
    """

    name: str
    meaning: str
    value: str
    sha256: str | None = None


class Asked(Frozen, kw_only=True):
    """What is asked of the trail; empty texts ask for nothing.

    Attributes:
        type: type of the event.
        model: the model's name.
        person: a person's name, or pseudonym.
        since: the first claimed day, or time.
        until: the last claimed day, or time.
        text: an entry's number, an event's id, or a digest of what it is about.
        before: entries below this one.
    """

    type: str = ""
    model: str = ""
    person: str = ""
    since: str = ""
    until: str = ""
    text: str = ""
    before: int | None = None

    @property
    def said(self) -> dict[str, str]:
        """What is asked for, without what is not."""
        found = {name: getattr(self, name).strip() for name in ("type", "model", "person", "since", "until", "text")}
        return {name: value for name, value in found.items() if value}

    def address(self, before: int | None) -> str:
        """Return the address of the page that begins below an entry."""
        query = urlencode(self.said | ({} if before is None else {"before": str(before)}))
        return f"/trail?{query}" if query else "/trail"


class EntryRow(Frozen, kw_only=True):
    """One entry in a list.

    Attributes:
        index: where it stands in the trail.
        type: type of the event.
        summary: what such an event says.
        about: the model and version, or what else it is about.
        at: when it was, as claimed.
        signed_by: who signed it.
        counts: whether a known key signed it.
    """

    index: int
    type: str
    summary: str
    about: str
    at: str | None
    signed_by: tuple[str, ...]
    counts: bool


class TrailPage(Frozen, kw_only=True):
    """What was recorded, newest first.

    Attributes:
        size: entries of the trail.
        wanted: what is asked for.
        rows: the entries found.
        before: where the next page begins; None when there is none.
        types: the types of events, to choose from.
        logs: the logs of the trail, whose names may be those of systems: for who has to do with all of them.
        vkey: verifier key of the log that takes entries now; for the same.
    """

    size: int
    wanted: Asked
    rows: tuple[EntryRow, ...]
    before: int | None
    types: tuple[str, ...]
    logs: tuple[str, ...]
    vkey: str


class EntryPage(Frozen, kw_only=True):
    """One entry of the trail, in words, with what it was signed with and what proves it.

    Attributes:
        row: the entry as in a list.
        place: where it stands, in words.
        size: entries of the trail.
        id: the event's id.
        said: what the event says, field by field.
        subjects: what it is about, name to SHA-256.
        times: when it was: claimed, recorded, proven before.
        told: why it is not an event, does not count, or is not wholly known.
        corrects: index of the entry that it corrects.
        corrected_by: index of the last entry that corrects it.
        batch: the import that it came with.
        statement: what was signed, letter by letter; of an entry that is no statement, its text.
        proof: what proves it.
    """

    row: EntryRow
    place: str
    size: int
    id: str | None
    said: tuple[FieldShown, ...]
    subjects: dict[str, str]
    times: Times
    told: str
    corrects: int | None
    corrected_by: int | None
    batch: str | None
    statement: str | None
    proof: EntryProof


@page("/trail", template="trail.html", act="trail.read")
def trail(
    server: Here,
    actor: By,
    *,
    type: FromQuery[str] = "",  # noqa: A002 - the name in the address
    model: FromQuery[str] = "",
    person: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    text: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
) -> TrailPage:
    """Show what was recorded, newest first."""
    wanted = Asked(type=type, model=model, person=person, since=since, until=until, text=text, before=before)
    standing = server.inside.standing
    if standing.refresh() == 0:
        return TrailPage(size=0, wanted=wanted, rows=(), before=None, types=(), logs=(), vkey="")
    opened = standing.trail()
    view = opened.view()
    found, more = _theirs(server, actor, opened, wanted)
    return TrailPage(
        size=view.size,
        wanted=wanted,
        rows=tuple(_row(view, read) for read in found),
        before=more,
        types=entry_types(view.connection),
        logs=tuple(one.origin for one in view.shards) if actor.systems is None else (),
        vkey=str(opened.shards[-1].reader.key) if actor.systems is None else "",
    )


def _theirs(server: Server, actor: Actor, opened: Trail, wanted: Asked) -> tuple[tuple[Read, ...], int | None]:
    """Return the entries that are asked for and that somebody may see, and where the next page begins.

    Those of other systems, and of who read what, may stand close together: it is looked on, but not for ever.
    """
    view = opened.view()
    said = wanted.said
    text = said.get("text", "")
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        read = opened.at_index(int(text)) if int(text) < view.size else None
        told = None if read is None else view.told(read)
        return ((told,) if told is not None and _is_theirs(server, actor, told) else ()), None
    is_digest = len(text) == SHA256_DIGITS and set(text) <= set(hexdigits.lower())
    asked = Filter(
        types=(said["type"],) if "type" in said else (),
        model=said.get("model"),
        person=_pseudonym(view, said.get("person")),
        subject=text if is_digest else None,
        id=text if text and not is_digest else None,
        since=said.get("since"),
        until=said.get("until"),
    )
    all_of_it = actor.systems is None and may(actor, "reads.read")
    found = entries(
        view, asked, before=wanted.before, limit=LIMIT, most=None if all_of_it else MOST_LOOKED,
        seen=None if all_of_it else partial(_may_see, server, actor),
    )  # fmt: skip
    return found.reads, found.before


def _pseudonym(view: View, person: str | None) -> str | None:
    """Return the pseudonym of somebody who is asked for by name."""
    return next((code for code, name in view.people.items() if name == person), person)


@page("/trail/{index:int}", template="entry.html", act="trail.read", noted="entry")
def entry(server: Here, actor: By, index: FromPath[int]) -> EntryPage:
    """Show an entry of the trail, and prove it."""
    opened = server.inside.trail()
    proof = _proof(server, actor, index)
    view = opened.view()
    read = view.told(_read(opened, index))
    event = read.event
    return EntryPage(
        row=_row(view, read),
        place=entries_words(view.shards, (index,)),
        size=view.size,
        id=None if event is None else event.id,
        said=tuple(_said(view, read)),
        subjects={} if event is None else event.subjects,
        times=msgspec.structs.replace(view.times(index), claimed=None if event is None else event.claimed_at),
        told=read.told,
        corrects=None if event is None else event.corrects,
        corrected_by=view.holding({index: read.type}).corrected.get(index),
        batch=None if event is None else event.batch,
        statement=_statement(proof),
        proof=proof,
    )


@get("/trail/{index:int}/proof.json", opt={"act": "trail.read"}, sync_to_thread=True)
def proof(server: Here, actor: By, index: FromPath[int]) -> EntryProof:
    """Return an entry with all that it takes to prove it."""
    return _proof(server, actor, index)


@get("/trail/{index:int}/entry.tlog-proof", opt={"act": "trail.read"}, sync_to_thread=True)
def proof_file(server: Here, actor: By, index: FromPath[int]) -> Response[bytes]:
    """Return an entry's proof file (C2SP tlog-proof), to be checked anywhere."""
    return _saved(_proof(server, actor, index).tlog_proof(), PROOF_TYPE, f"{index}.tlog-proof")


@get("/trail/{index:int}/entry", opt={"act": "trail.read"}, sync_to_thread=True)
def entry_bytes(server: Here, actor: By, index: FromPath[int]) -> Response[bytes]:
    """Return an entry, byte for byte."""
    found = _proof(server, actor, index)
    return _saved(dsse.decode_base64(found.entry, "entry"), BYTES_TYPE, f"{index}.entry")


def _proof(server: Server, actor: Actor, index: int) -> EntryProof:
    opened = server.inside.trail()
    if not _is_theirs(server, actor, _read(opened, index)):
        raise NotThereError("expected an entry that you may see, found none of this number")
    return prove_entry(opened, server.home.log_folder, index)


def _read(opened: Trail, index: int) -> Read:
    read = opened.at_index(index) if 0 <= index < opened.size else None
    if read is None:
        raise NotThereError(f"expected an entry from 0 to {opened.size - 1}, found {index}")
    return read


def _is_theirs(server: Server, actor: Actor, read: Read) -> bool:
    """Say whether an entry is for somebody."""
    said = None if read.event is None else read.event.fields
    return _may_see(server, actor, read.type, getattr(said, "system", None), getattr(said, "model", None))


def _may_see(server: Server, actor: Actor, kind: str, system: str | None, model: str | None) -> bool:
    """Say whether an entry is for somebody: about a system of theirs; who read what is for auditors alone.

    What tells no system is for those who have to do with all.
    """
    if kind == READ and not may(actor, "reads.read"):
        return False
    if actor.systems is None:
        return True
    return (server.inside.system_of(model) if system is None and model is not None else system) in actor.systems


def _saved(content: bytes, kind: str, name: str) -> Response[bytes]:
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def _statement(proof: EntryProof) -> str | None:
    """Return what was signed, as text; of what is no envelope, the entry itself; None of bytes that are no text."""
    content = dsse.decode_base64(proof.entry, "entry")
    with contextlib.suppress(AssayError):  # what is no envelope is shown as it is
        content = dsse.decode_base64(dsse.parse(content, name="entry").payload, "entry")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _row(view: View, read: Read) -> EntryRow:
    event = read.event
    kind = read.type if read.type in TYPES else ""
    return EntryRow(
        index=read.index,
        type=read.type,
        summary=summary(kind) if kind else _unread(read),
        about=_about(read),
        at=None if event is None else event.claimed_at,
        signed_by=view.signers(read),
        counts=read.counts or read.type == CONSENT_DIGEST,
    )


def _unread(read: Read) -> str:
    return "The digest of a consent, which is kept beside the log." if read.type == CONSENT_DIGEST else read.told


_NAMED = (
    ("model", "version"), ("model",), ("dataset",), ("job",), ("alert",), ("run",), ("system",), ("report",),
    ("remediation",), ("incident",), ("origin",), ("role",),
)  # fmt: skip
_WORDS = ("decision", "outcome", "state", "control")


def _about(read: Read) -> str:
    """Return in a few words what an event is about, and how it ended."""
    said = None if read.event is None else read.event.fields
    named = ([getattr(said, name, None) for name in names] for names in _NAMED)
    about = next((" ".join(map(str, one)) for one in named if all(isinstance(value, str) for value in one)), "")
    words = next((value for name in _WORDS if isinstance(value := getattr(said, name, None), str)), "")
    return f"{about}: {words}" if about and words else about or words


def _said(view: View, read: Read) -> list[FieldShown]:
    if read.event is None:
        return []
    known = meanings(read.type)
    fields: Mapping[str, object] = msgspec.to_builtins(read.event.fields)
    return [
        FieldShown(
            name=name,
            meaning=known.get(name, "").replace("`", ""),
            value=_value(view, read, value),
            sha256=value if name.endswith("_sha256") and isinstance(value, str) else None,
        )
        for name, value in fields.items()
        if value not in (None, (), [], {})
    ]


def _value(view: View, read: Read, value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in sorted(value.items()))
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    name = (read.names.get(value) or view.people.get(value)) if isinstance(value, str) else None
    return str(value) if name is None else f"{name} ({value})"


ROUTES = (trail, entry, proof, proof_file, entry_bytes)
