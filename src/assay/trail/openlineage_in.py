"""OpenLineage events as pipelines send them: of a run, of a job and of a dataset, checked whole.

Source: OpenLineage 1 and 2 (https://openlineage.io/spec/2-0-2/OpenLineage.json). Every problem of a document is told at
once, each with its place. Facets may hold anything, known here or not, and are kept as they came; that a run begins or
ends only once is not asked for, since schedulers do not keep to it.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from assay.errors import DocumentError, Problem, suggest
from assay.records.canonical import parse_record
from assay.records.tally import Frozen
from assay.trail.openlineage import Job, LineageDataset, RunEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.trail.view import Fact, View

STATES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")

MAX_EVENT_BYTES = 5_000_000
"""Cap on one event, as in other receivers of OpenLineage (Google Dataplex: 5 MB)."""

MAX_BATCH_EVENTS = 1_000
"""Cap on the events of one batch."""

MAX_NAME = 4_000
"""Cap on a namespace's or a name's characters."""

MAX_SHOWN = 60
"""Characters of what was sent that a message quotes."""

KEPT_SCHEMA = "assay.lineage-event/v1"

_SCHEMA = re.compile(r"/(\d+)-\d+-\d+/OpenLineage\.json(#.*)?\Z")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")
_MAJORS = frozenset({"1", "2"})

_Problem: TypeAlias = tuple[str, str]


class JobEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of a job, apart from any run of it."""

    event_time: str
    job: Job
    inputs: tuple[LineageDataset, ...] = ()
    outputs: tuple[LineageDataset, ...] = ()
    producer: str
    schema_url: str = msgspec.field(name="schemaURL")


class DatasetEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of a dataset, apart from any run that reads or writes it."""

    event_time: str
    dataset: LineageDataset
    producer: str
    schema_url: str = msgspec.field(name="schemaURL")


LineageEvent: TypeAlias = RunEvent | JobEvent | DatasetEvent


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Literal["assay.lineage-event/v1"]
    salt: str
    event: msgspec.Raw


class Sent(Frozen, kw_only=True):
    """One event as it was sent.

    Attributes:
        about: what it is about.
        event: what it says.
        content: its bytes, as they came.
    """

    about: Literal["run", "job", "dataset"]
    event: Any
    content: bytes

    @property
    def namespace(self) -> str:
        """The job's namespace; of an event about a dataset, the dataset's."""
        found: str = self.event.dataset.namespace if self.about == "dataset" else self.event.job.namespace
        return found

    @property
    def run(self) -> str | None:
        """The run's id, as UUIDs are written; None where it is about no run."""
        return str(UUID(self.event.run.run_id)) if self.about == "run" else None

    @property
    def state(self) -> str | None:
        """The transition of the run, such as ``START``."""
        return self.event.event_type if self.about == "run" else None

    @property
    def at(self) -> datetime:
        """When it was, as it claims, in UTC."""
        return datetime.fromisoformat(self.event.event_time).astimezone(UTC)

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it one event, however often it is sent: its run, its transition and its time."""
        at = self.at.isoformat()
        if self.about == "run":
            return ("run", self.run or "", self.state or "", at)
        thing = self.event.dataset if self.about == "dataset" else self.event.job
        return (self.about, thing.namespace, thing.name, at)


def parse_event_sent(content: bytes, *, name: str = "event") -> Sent:
    """Parse one event.

    Raises:
        DocumentError: with every problem found.
    """
    return _parsed(content, name, "$")


def parse_events_sent(content: bytes, *, name: str = "batch") -> list[Sent]:
    """Parse a batch: a JSON array of events.

    Raises:
        DocumentError: with every problem of every event.
    """
    items = parse_record(content, list[msgspec.Raw], name=name)
    if not 1 <= len(items) <= MAX_BATCH_EVENTS:
        raise DocumentError([Problem(name, 0, 0, "$", f"expected 1 to {MAX_BATCH_EVENTS} events, found {len(items)}")])
    found: list[Sent] = []
    problems: list[Problem] = []
    for number, item in enumerate(items):
        try:
            found.append(_parsed(bytes(item), name, f"$[{number}]"))
        except DocumentError as error:
            problems += error.problems
    if problems:
        raise DocumentError(problems)
    return found


def salted(content: bytes, salt: str) -> bytes:
    """Return an event as it is kept beside the log: the bytes that came, under a salt."""
    return b'{"schema":"%b","salt":"%b","event":%b}' % (KEPT_SCHEMA.encode(), salt.encode(), content.strip())


def kept_event(document: bytes) -> bytes:
    """Return the event in a document that `salted` made.

    Raises:
        DocumentError: when it is no such document.
    """
    return bytes(parse_record(document, _Kept, name="lineage event").event)


def sent_in(view: View, fact: Fact) -> Sent | None:
    """Return the event that a pipeline sent, from beside the log; what an erasure left of it where there was one."""
    digest = fact.said.reported_sha256
    content = view.documents.get(digest)
    if content is None:
        after = view.erasures.after(digest)
        content = None if after is None else view.documents.get(after[0])
    try:
        return None if content is None else parse_event_sent(kept_event(content), name=view.place(fact.index))
    except DocumentError:
        return None  # an erasure took a word of it that it cannot do without


def _parsed(content: bytes, name: str, path: str) -> Sent:
    if len(content) > MAX_EVENT_BYTES:
        raise DocumentError([Problem(name, 0, 0, path, f"expected at most {MAX_EVENT_BYTES} bytes")])
    parse_record(content, dict[str, Any], name=name)  # duplicate keys, and what is no JSON
    document = json.loads(content)
    problems = [Problem(name, 0, 0, f"{path}{place}", message) for place, message in _problems(document)]
    if problems:
        raise DocumentError(problems)
    about: Literal["run", "job", "dataset"] = (
        "run" if "run" in document else "dataset" if "dataset" in document else "job"
    )
    kinds: dict[str, Any] = {"run": RunEvent, "job": JobEvent, "dataset": DatasetEvent}
    return Sent(about=about, event=msgspec.convert(document, kinds[about]), content=content)


def _problems(document: dict[str, Any]) -> Iterator[_Problem]:
    yield from _time(document.get("eventTime"))
    yield from _uri(document, "producer")
    yield from _uri(document, "schemaURL")
    yield from _schema(document.get("schemaURL"))
    if "run" in document:
        yield from _run(document)
    if "dataset" in document:
        if "job" in document or "run" in document:
            yield ".dataset", "expected an event about a dataset to name no job and no run, found both"
        yield from _dataset(document["dataset"], ".dataset", ("facets",))
    elif "job" in document or "run" in document:
        yield from _named(document.get("job"), ".job")
        yield from _facets(document.get("job"), ".job", ("facets",))
        yield from _datasets(document, "inputs", "inputFacets")
        yield from _datasets(document, "outputs", "outputFacets")
    else:
        yield "", "expected an event about a run (run and job), a job (job) or a dataset (dataset), found none of them"


def _time(given: object) -> Iterator[_Problem]:
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) and re.search("[Tt ]", given) else None
        if found is not None and found.tzinfo is not None:
            found.astimezone(UTC)
            return
    except (ValueError, OverflowError):
        pass
    yield ".eventTime", f"expected an RFC 3339 time with its zone, found {_shown(given)}"


def _uri(document: dict[str, Any], key: str) -> Iterator[_Problem]:
    given = document.get(key)
    if not isinstance(given, str) or not _URI.match(given):
        yield f".{key}", f"expected a URI, found {_shown(given)}"


def _schema(given: object) -> Iterator[_Problem]:
    match = _SCHEMA.search(given) if isinstance(given, str) else None
    if isinstance(given, str) and _URI.match(given) and (match is None or match[1] not in _MAJORS):
        known = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
        yield ".schemaURL", f"expected OpenLineage 1 or 2, such as {known}, found {_shown(given)}"


def _run(document: dict[str, Any]) -> Iterator[_Problem]:
    state = document.get("eventType", "OTHER")
    if state not in STATES:
        near = suggest(state, STATES) if isinstance(state, str) else ""
        yield ".eventType", f"expected one of {', '.join(STATES)}, found {_shown(state)}{near}"
    run = document["run"]
    if not isinstance(run, dict):
        yield ".run", f"expected an object with runId, found {_shown(run)}"
        return
    try:
        UUID(run["runId"]) if isinstance(run["runId"], str) else UUID("")
    except (KeyError, ValueError):
        yield ".run.runId", f"expected a UUID, found {_shown(run.get('runId'))}"
    yield from _facets(run, ".run", ("facets",))


def _named(given: object, path: str) -> Iterator[_Problem]:
    if not isinstance(given, dict):
        yield path, f"expected an object with namespace and name, found {_shown(given)}"
        return
    for key in ("namespace", "name"):
        value = given.get(key)
        if not isinstance(value, str) or not 1 <= len(value) <= MAX_NAME:
            yield f"{path}.{key}", f"expected a text of 1 to {MAX_NAME} characters, found {_shown(value)}"


def _facets(given: object, path: str, keys: Sequence[str]) -> Iterator[_Problem]:
    for key in keys:
        facets = given.get(key, {}) if isinstance(given, dict) else {}
        if not isinstance(facets, dict):
            yield f"{path}.{key}", f"expected an object of facets, found {_shown(facets)}"
            continue
        for name, facet in facets.items():
            if not isinstance(facet, dict):
                yield f"{path}.{key}.{name}", f"expected a facet, an object, found {_shown(facet)}"


def _datasets(document: dict[str, Any], key: str, facets: str) -> Iterator[_Problem]:
    given = document.get(key, [])
    if not isinstance(given, list):
        yield f".{key}", f"expected a list of datasets, found {_shown(given)}"
        return
    for number, dataset in enumerate(given):
        yield from _dataset(dataset, f".{key}[{number}]", ("facets", facets))


def _dataset(given: object, path: str, facets: Sequence[str]) -> Iterator[_Problem]:
    yield from _named(given, path)
    yield from _facets(given, path, facets)


def _shown(given: object) -> str:
    if given is None:
        return "none"
    shown = json.dumps(given)
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}..."
