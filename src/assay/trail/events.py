"""The vocabulary of the trail: every type of event, its version and its fields; statements made of it and read back.

An event is an in-toto statement (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) whose subjects
are digests and whose predicate says who claims what, and when::

    {"_type": "https://in-toto.io/Statement/v1",
     "subject": [{"name": "mortgage-approval", "digest": {"sha256": "5ec5..."}}],
     "predicateType": "https://assay/event/deployment.finished/v1",
     "predicate": {"id": "e_1f0c...", "claimed_at": "2026-10-01T09:30:00Z", "signed_by": "actor",
                   "batch": null, "corrects": null, "fields": {"model": "mortgage-approval", ...}}}

Time is three things, which are never mixed: *claimed* by the event, *recorded* by the log, *proven before* by a witness
or a time stamp (`Times`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import msgspec

from assay.attest.statement import Statement, make_statement
from assay.errors import DocumentError, InputError, Problem, suggest
from assay.records.canonical import digest, sha256_hex
from assay.records.tally import Frozen
from assay.trail.families import FAMILIES as FAMILIES  # noqa: PLC0414 - part of this vocabulary
from assay.trail.fields import Count, Fields, Label, Name, Sha256, Time, is_day, is_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "https://assay/event/"

TYPES: dict[str, type[Fields]] = {name: kind for family in FAMILIES.values() for name, kind in family.items()}

VERSIONS = dict.fromkeys(TYPES, 1) | {"approval.granted": 2, "waiver.granted": 2, "approval.revoked": 2}
"""Version of each type. Version 1 of the three is what a person signs (`assay.attest.consent`): it names the person, so
it is kept beside the log, and the log holds its digest."""

MAX_STATEMENT_BYTES = 45_000
"""Cap on an event's statement: in base64, with its signatures, it fits the 65,535 bytes of a log entry."""


class Event(Frozen, kw_only=True):
    """One thing that somebody says has happened.

    Attributes:
        type: which type, such as ``deployment.finished``.
        id: the event's id; a log holds an id once.
        claimed_at: when it happened, as whoever signs it claims; None where a foreign statement does not say it.
        subjects: what it is about, name to SHA-256; at least one.
        signed_by: whether who acted signs, or who took it in on their behalf.
        batch: id of the ``import.batch`` that it came with; then it is a claim about the past.
        corrects: index of an earlier entry that this one corrects.
        fields: what the type says.
    """

    type: str
    id: Name
    claimed_at: Time | None
    subjects: dict[Label, Sha256]
    signed_by: Literal["actor", "ingest"] = "actor"
    batch: Name | None = None
    corrects: Count | None = None
    fields: Any


class Times(Frozen, kw_only=True):
    """When an event was, in the three ways in which that can be known; RFC 3339, None where it is not known.

    Attributes:
        claimed: by whoever signed it.
        recorded: by the log's sequencer.
        proven_before: by a witness or a time stamp authority: it was in the log by then.
        proven_by: which of them.
    """

    claimed: str | None = None
    recorded: str | None = None
    proven_before: str | None = None
    proven_by: str | None = None


class _Predicate(Frozen, kw_only=True):
    id: Name
    claimed_at: Time
    signed_by: Literal["actor", "ingest"]
    batch: Name | None
    corrects: Count | None
    fields: dict[str, Any]


_Subjects: TypeAlias = dict[Name, Sha256]
_TIME_LENGTHS = (len("2026-11-23"), len("2026-11-23T00:00:00Z"))
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z\Z")


def predicate_type(kind: str) -> str:
    """Return the URI of a type of event."""
    return f"{PREFIX}{kind}/v{VERSIONS[kind]}"


def make_event(
    kind: str,
    fields: Mapping[str, Any],
    *,
    claimed_at: str,
    subjects: Mapping[str, str] | None = None,
    identity: str | None = None,
    signed_by: str = "actor",
    batch: str | None = None,
    corrects: int | None = None,
) -> Event:
    """Check what is said, strictly, and return it as an event.

    Args:
        kind: the type of event.
        fields: what it says.
        claimed_at: when it happened.
        subjects: what it is about; by default the digests among the fields, each by the field's name, and where there
            is none the digest of the fields themselves.
        identity: the event's id; by default made of all the rest, so that saying the same twice is one event.
        signed_by: ``actor`` or ``ingest``.
        batch: the import that it came with.
        corrects: index of the entry that it corrects.

    Raises:
        DocumentError: with every problem found.
    """
    if kind not in TYPES:
        known = f"{suggest(kind, TYPES)}. The types: {', '.join(TYPES)}"
        raise DocumentError([Problem("event", 0, 0, "$.type", f"expected a type of event, found {kind!r}{known}")])
    about = dict(subjects) if subjects else _digests(fields)
    head = {"claimed_at": claimed_at, "signed_by": signed_by, "batch": batch, "corrects": corrects}
    predicate = {"id": identity or "e_", **head, "fields": dict(fields)}
    event = _checked(kind, about or {"fields": "0" * 64}, predicate, name=kind)
    said = msgspec.to_builtins(event.fields)  # every field, so that a default that is given is the one that is not
    about = about or {"fields": digest(said)}
    named = identity or f"e_{digest({'type': kind, 'subjects': about, **head, 'fields': said})[:32]}"
    return msgspec.structs.replace(event, id=named, subjects=about)


def event_statement(event: Event) -> bytes:
    """Return an event's statement, as it is signed.

    Raises:
        InputError: when it is longer than a log entry can hold.
    """
    document = msgspec.to_builtins(event)
    subjects, kind = document.pop("subjects"), document.pop("type")
    content = make_statement(subjects, predicate_type(kind), document)
    if len(content) > MAX_STATEMENT_BYTES:
        raise InputError(
            f"event {event.id}: expected a statement of at most {MAX_STATEMENT_BYTES} bytes, found {len(content)}. "
            "Keep what is large beside the log and put its digest into the event"
        )
    return content


def statement_sha256(event: Event) -> str:
    """Return the SHA-256 of an event's statement: two events with the same id must have the same."""
    return sha256_hex(event_statement(event))


def parse_event(statement: Statement, *, name: str = "event") -> Event:
    """Read an event from a statement, strictly.

    Raises:
        DocumentError: when the type, or its version, is unknown, or a field is not what it should be.
    """
    kind, slash, version = statement.predicate_type.removeprefix(PREFIX).rpartition("/")
    if not statement.predicate_type.startswith(PREFIX) or not slash or kind not in TYPES:
        message = f"expected a type of event, found {statement.predicate_type!r}{suggest(kind, TYPES)}"
        raise DocumentError([Problem(name, 0, 0, "$.predicateType", message)])
    if version != f"v{VERSIONS[kind]}":
        message = f"expected version v{VERSIONS[kind]} of {kind}, found {version!r}"
        raise DocumentError([Problem(name, 0, 0, "$.predicateType", message)])
    return _checked(kind, statement.digests(), statement.predicate, name=name)


def event_json(event: Event) -> bytes:
    """Return an event as JSON with sorted keys, read back by `event_from_json`."""
    return msgspec.json.encode(event, order="sorted")


def event_from_json(content: bytes) -> Event:
    """Return the event that `event_json` printed."""
    found = msgspec.json.decode(content, type=Event)
    return msgspec.structs.replace(found, fields=msgspec.convert(found.fields, TYPES[found.type]))


def _digests(fields: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.removesuffix("_sha256"): value
        for name, value in sorted(fields.items())
        if name.endswith("_sha256") and isinstance(value, str)
    }


def _checked(kind: str, subjects: Mapping[str, str], predicate: Mapping[str, Any], *, name: str) -> Event:
    """Read an event; what has no problem is read at once, and only what has one is looked through for all of them."""
    try:
        head, about = msgspec.convert(predicate, _Predicate), msgspec.convert(dict(subjects), _Subjects)
        said = msgspec.convert(head.fields, TYPES[kind])
    except msgspec.ValidationError:
        return _checked_one_by_one(kind, subjects, predicate, name)
    if not about or _has_no_such_time(predicate):
        return _checked_one_by_one(kind, subjects, predicate, name)
    return _event(kind, head, about, said)


def _event(kind: str, head: _Predicate, about: dict[str, str], said: Any) -> Event:  # noqa: ANN401 - any type's fields
    return Event(
        type=kind, id=head.id, claimed_at=head.claimed_at, subjects=about, signed_by=head.signed_by, batch=head.batch,
        corrects=head.corrects, fields=said,
    )  # fmt: skip


def _checked_one_by_one(kind: str, subjects: Mapping[str, str], predicate: Mapping[str, Any], name: str) -> Event:
    problems: list[Problem] = []

    def read(what: Any, as_type: Any, path: str) -> Any:  # noqa: ANN401 - any record of the vocabulary
        try:
            return msgspec.convert(what, as_type)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `$")
            problems.append(Problem(name, 0, 0, f"{path}{place.rstrip('`')}", _explained(message, as_type)))
            return None

    head = read(predicate, _Predicate, "$")
    raw = predicate.get("fields")
    said = _read_fields(kind, raw if isinstance(raw, dict) else {}, read, problems, name)
    about = read(dict(subjects), _Subjects, "$.subjects")
    if about is not None and not about:
        problems.append(
            Problem(name, 0, 0, "$.subjects", "expected at least one digest that this is about, found none")
        )
    problems += [Problem(name, 0, 0, path, message) for path, message in _no_such_time(predicate, "$")]
    if problems or head is None:
        raise DocumentError(problems)
    return _event(kind, head, about, said)


@cache
def _fields_of(kind: str) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(TYPES[kind])}


def _read_fields(kind: str, raw: dict[str, Any], read: Any, problems: list[Problem], name: str) -> Any:  # noqa: ANN401 - as above
    """Read the fields one by one, so that every problem in them is told at once."""
    expected = _fields_of(kind)
    for key in raw:
        if key not in expected:
            known = f"{suggest(key, expected)}. Its fields: {', '.join(expected)}"
            problems.append(Problem(name, 0, 0, f"$.fields.{key}", f"{kind} has no such field{known}"))
    values = {}
    for key, field in expected.items():
        if key in raw:
            values[key] = read(raw[key], field.type, f"$.fields.{key}")
        elif field.required:
            problems.append(Problem(name, 0, 0, f"$.fields.{key}", f"expected this field of {kind}, found none"))
    return None if problems else TYPES[kind](**values)


def _explained(message: str, expected: Any) -> str:  # noqa: ANN401 - any type of a field
    """Put the form that a field must have in words, in the place of its pattern."""
    for pattern, words in _FORMS.items():
        if repr(pattern) in message:
            return f"expected {words}"
    if message.startswith("Invalid enum value"):
        choices = [choice for option in (expected, *get_args(expected)) for choice in get_args(option)]
        return f"expected one of {', '.join(map(str, choices or get_args(expected)))}, found {message[19:]}"
    return message.replace("`", "")


def _forms() -> dict[str, str]:
    found = {}
    for kind in (Name, Sha256, Time, Count, *_annotated()):
        for meta in getattr(kind, "__metadata__", ()):
            if meta.pattern:
                found[meta.pattern] = meta.description
    return found


def _annotated() -> Iterator[Any]:
    from assay.trail import fields  # noqa: PLC0415 - the module as a list of its forms

    yield from (fields.Label, fields.Decimal, fields.Setting, fields.Day, fields.Person, fields.Commitment)


_FORMS = _forms()


def _has_no_such_time(value: Any) -> bool:  # noqa: ANN401 - JSON
    """Say whether `_no_such_time` finds anything: of nearly every event it does not."""
    if isinstance(value, dict):
        return any(_has_no_such_time(one) for one in value.values() if isinstance(one, dict | str))
    return len(value) in _TIME_LENGTHS and next(_no_such_time(value, "$"), None) is not None


def _no_such_time(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Yield (path, problem) for each time that looks like one and is none, such as 30 February."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _no_such_time(inner, f"{path}.{key}")
    if isinstance(value, str) and len(value) in _TIME_LENGTHS:
        formed = _TIME.match(value) or _DAY.match(value)
        if formed and not is_time(value) and not is_day(value):
            yield path, f"expected a time of the calendar, found {value!r}"
