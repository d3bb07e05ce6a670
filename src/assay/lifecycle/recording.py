"""Recording events: wrapped in a statement, signed, appended once.

A log holds an event's id once: the same event again gives the entry that is there, another event under the same id is
refused. What is there is looked up in a projection that reaches the whole log, just before appending, by one recorder
at a time (`one_recorder`): two on different machines would need a log that knows ids.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, get_args, get_origin

import msgspec

from assay.attest import dsse
from assay.errors import DocumentError, InputError, Problem
from assay.lifecycle.people import is_coded, pseudonym
from assay.lifecycle.project import read_file
from assay.lifecycle.storing import list_model, storage_errors
from assay.records.canonical import parse_record, sha256_hex
from assay.trail.events import TYPES, Event, event_statement, make_event
from assay.trail.fields import Count, Person
from assay.trail.openlineage import parse_run_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.attest.keys import Signer
    from assay.lifecycle.project import Project
    from assay.lifecycle.setting import Log
    from assay.trail.reading import Read

LOCK = "trail.lock"
"""The file in the state folder that a recorder locks."""

MAX_IMPORT_EVENTS = 100_000
"""Cap on the events of one imported file."""


class Known(Protocol):
    """Where events are looked up by id: a projection that reaches the whole log."""

    @property
    def first(self) -> int:
        """Entries of the logs before the one that takes entries now."""
        ...

    def with_id(self, identity: str) -> Read | None:
        """Return the entry whose event has an id; None when there is none."""
        ...

    def at_index(self, index: int) -> Read | None:
        """Return the entry at an index; None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where an event stands.

    Attributes:
        event: the event.
        index: index of its entry, counted through all logs of the trail.
        new: whether it was appended now; False when it stood there already.
        first: entries of the logs before the one that takes entries now.
    """

    event: Event
    index: int
    new: bool
    first: int = 0

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        if not 0 < self.first <= self.index:
            return f"entry {self.index} of the log"
        return f"entry {self.index - self.first} of the log that goes on ({self.index} of the trail)"


@contextlib.contextmanager
def one_recorder(state: Path) -> Iterator[None]:
    """Wait until nobody else records in a state folder, so that what is looked up still holds when it is appended.

    Raises:
        StorageError: when the folder cannot be written.
    """
    with storage_errors(state):
        state.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def record(events: Sequence[Event], log: Log, signer: Signer, known: Known) -> list[Recorded]:
    """Append events that are not in the log yet, in order, all of them or none; they are durable afterwards.

    Args:
        events: what is to be recorded.
        log: where.
        signer: who acts, or who takes it in on their behalf (``signed_by`` of the event says which).
        known: what is in the log already.

    Raises:
        InputError: when an id stands for another event, here or in the log, an event is too long, or corrects an entry
            that is not of its type.
        StorageError: when the disk refuses; nothing is recorded then.
    """
    payloads: dict[str, bytes] = {}
    there: dict[str, int] = {}
    for event in events:
        payload = event_statement(event)
        _require_correctable(event, known)
        if payloads.setdefault(event.id, payload) != payload:
            raise InputError(f"event {event.id}: expected an id to stand for one event, found two with this one")
        found = known.with_id(event.id)
        if found is not None:
            _require_same(event, payload, found)
            there[event.id] = found.index
    new = [identity for identity in payloads if identity not in there]
    if new:
        entries = [dsse.sign(payloads[identity], [signer]).content() for identity in new]
        there |= dict(zip(new, (known.first + one.index for one in log.append(entries)), strict=True))
    return [Recorded(event, there[event.id], event.id in new, known.first) for event in events]


def _require_correctable(event: Event, known: Known) -> None:
    """Refuse a correction that would correct nothing: an event takes the place of one of its own type."""
    if event.corrects is None:
        return
    found = known.at_index(event.corrects)
    if found is None or found.type != event.type:
        held = "none" if found is None else f"a {found.type}"
        raise InputError(
            f"event {event.id}: expected entry {event.corrects}, which it corrects, to be a {event.type}, found {held}"
        )


def _require_same(event: Event, payload: bytes, found: Read) -> None:
    if found.statement_sha256 != sha256_hex(payload):
        raise InputError(
            f"event {event.id}: entry {found.index} of the log has this id and says something else. Give this one an "
            f"id of its own; to correct the entry, say that it corrects {found.index}"
        )


_LINE_KEYS = {"type", "id", "claimed_at", "subjects", "fields"}


def batch_id(content: bytes) -> str:
    """Return the id of the ``import.batch`` of a file: the same file is the same import."""
    return f"import_{sha256_hex(content)[:32]}"


def imported_events(
    content: bytes, *, source: str, form: str, importer: str, name: str, at: str, role: str | None = None
) -> list[Event]:
    """Read a file of old history as claims: first the ``import.batch``, then the events that came with it.

    A file of the form ``assay-events`` has an event a line: ``{"type": ..., "claimed_at": ..., "fields": {...}}``, with
    ``id`` and ``subjects`` where they are known. A file of the form ``openlineage`` stays beside the log whole, since
    its facets may hold anything; the log holds its digest.

    Args:
        content: the file.
        source: the system it comes from.
        form: ``assay-events`` or ``openlineage``.
        importer: pseudonym of who imports.
        name: what the user calls the file.
        at: the time of the import.
        role: in which role.

    Raises:
        DocumentError: with every problem in the file.
    """
    digest = sha256_hex(content)
    batch = batch_id(content)
    if form == "openlineage":
        claimed = sorted(one.event_time for one in parse_run_events(content, name=name))
        count, events = len(claimed), []
        span: tuple[str | None, str | None] = (None, None)  # OpenLineage times may have zones and fractions
    else:
        events = _lines(content, batch, name)
        count = len(events)
        times = sorted(event.claimed_at or "" for event in events)
        span = (times[0], times[-1])
    fields = {
        "source": source, "source_sha256": digest, "form": form, "events": count, "earliest": span[0],
        "latest": span[1], "importer": importer, "importer_role": role,
    }  # fmt: skip
    return [make_event("import.batch", fields, claimed_at=at, identity=batch), *events]


def _lines(content: bytes, batch: str, name: str) -> list[Event]:
    problems: list[Problem] = []
    events: list[Event] = []
    lines = [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    if not 1 <= len(lines) <= MAX_IMPORT_EVENTS:
        message = f"expected 1 to {MAX_IMPORT_EVENTS} events, one a line, found {len(lines)}"
        raise DocumentError([Problem(name, 0, 0, "", message)])
    for number, line in lines:
        try:
            events.append(_imported(parse_record(line, dict[str, Any], name=name), batch))
        except DocumentError as error:
            problems += [Problem(name, number, 1, one.path, one.message) for one in error.problems]
    if problems:
        raise DocumentError(problems)
    return events


def _imported(document: Mapping[str, Any], batch: str) -> Event:
    unknown = sorted(document.keys() - _LINE_KEYS)
    problems = [
        Problem("", 0, 0, f"$.{key}", f"expected one of {', '.join(sorted(_LINE_KEYS))}, found this") for key in unknown
    ]
    for key, kind in (("type", str), ("claimed_at", str), ("fields", dict)):
        if not isinstance(document.get(key), kind):
            told = json.dumps(document.get(key))[:60]
            problems.append(Problem("", 0, 0, f"$.{key}", f"expected a {kind.__name__}, found {told}"))
    if problems:
        raise DocumentError(problems)
    if document["type"] == "import.batch":
        raise DocumentError([Problem("", 0, 0, "$.type", "an import is recorded when it happens, not imported")])
    return make_event(
        document["type"],
        document["fields"],
        claimed_at=document["claimed_at"],
        subjects=document.get("subjects"),
        identity=document.get("id"),
        signed_by="ingest",
        batch=batch,
    )


class Nothing:
    """What a log that is not there yet holds."""

    first = 0

    def with_id(self, identity: str) -> Read | None:  # noqa: ARG002 - as `Known`
        """Return None."""
        return None

    def at_index(self, index: int) -> Read | None:  # noqa: ARG002 - as `Known`
        """Return None."""
        return None


def typed_fields(kind: str, pairs: Sequence[tuple[str, str]], project: Project) -> dict[str, Any]:
    """Read fields from a command line as what their type asks for.

    ``@PATH`` is the digest of a file, or of a folder as a model's files; a name in a field for people becomes their
    pseudonym; ``NAME.KEY`` is an entry of a map, and a list is joined by commas.

    Raises:
        InputError: when a file is missing, or a field is given twice.
    """
    expected = {one.name: one.type for one in msgspec.structs.fields(TYPES[kind])} if kind in TYPES else {}
    found: dict[str, Any] = {}
    for given, text in pairs:
        name, dot, key = given.partition(".")
        as_type = expected.get(name)
        options = {get_origin(one) or one for one in (as_type, *get_args(as_type))}
        value = _value(text, as_type, project)
        if dot and dict in options:
            held = found.setdefault(name, {})
            if key in held:
                raise InputError(f"--field {given}: expected once, found twice")
            held[key] = value
            continue
        if given in found:
            raise InputError(f"--field {given}: expected once, found twice")
        found[given] = [part.strip() for part in text.split(",")] if tuple in options else value
    return found


def _value(text: str, as_type: Any, project: Project) -> Any:  # noqa: ANN401 - any type of a field
    if text.startswith("@"):
        path = Path(text[1:])
        return list_model(path)[1] if path.is_dir() else sha256_hex(read_file(path, "a file to take the digest of"))
    options = (as_type, *get_args(as_type))
    if Person in options and not is_coded(text):
        return pseudonym(project.state, text)
    if Count in options and text.isascii() and text.isdigit():
        return int(text)
    return text
