"""OpenLineage run events (https://openlineage.io/spec/2-0-2/OpenLineage.json), in and out, as files.

What is used is typed; facets that are not known are kept as they came. A file holds one event, a list of events, or an
event a line.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from assay.errors import DocumentError, Problem
from assay.records.canonical import parse_record

RUN_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"

MAX_RUN_EVENTS = 100_000
"""Cap on the events of one file."""


class Job(msgspec.Struct, frozen=True, omit_defaults=True):
    """A job: what is run, by namespace and name."""

    namespace: str
    name: str
    facets: dict[str, Any] = {}


class Run(msgspec.Struct, frozen=True, omit_defaults=True, rename={"run_id": "runId"}):
    """A run of a job."""

    run_id: str
    facets: dict[str, Any] = {}


class LineageDataset(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A dataset that a run reads or writes, by namespace and name."""

    namespace: str
    name: str
    facets: dict[str, Any] = {}
    input_facets: dict[str, Any] = {}
    output_facets: dict[str, Any] = {}


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A state of a run. Fields that OpenLineage may add later are let pass, as its specification asks.

    Attributes:
        event_type: the transition; OTHER when it is not said.
        event_time: when, RFC 3339 with any zone.
        run: the run.
        job: what is run.
        inputs: what it reads.
        outputs: what it writes.
        producer: what made the event, a URI.
        schema_url: the specification that it follows.
    """

    event_type: Literal["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"] = msgspec.field(
        name="eventType", default="OTHER"
    )
    event_time: str = msgspec.field(name="eventTime")
    run: Run
    job: Job
    inputs: tuple[LineageDataset, ...] = ()
    outputs: tuple[LineageDataset, ...] = ()
    producer: str
    schema_url: str = msgspec.field(name="schemaURL")


def parse_run_events(content: bytes, *, name: str) -> list[RunEvent]:
    """Parse a file of run events: one, a list, or one a line.

    Raises:
        DocumentError: with every problem found.
    """
    stripped = content.strip()
    if stripped.startswith(b"["):
        found = list(parse_record(stripped, tuple[RunEvent, ...], name=name))
    else:
        found = _lines(stripped, name)
    if not 1 <= len(found) <= MAX_RUN_EVENTS:
        raise DocumentError([Problem(name, 0, 0, "", f"expected 1 to {MAX_RUN_EVENTS} run events, found {len(found)}")])
    return found


def _lines(content: bytes, name: str) -> list[RunEvent]:
    try:
        return [parse_record(content, RunEvent, name=name)]
    except DocumentError as whole:
        lines = [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
        if len(lines) <= 1 or not all(
            line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") for _, line in lines
        ):
            raise whole from None
    found: list[RunEvent] = []
    problems: list[Problem] = []
    for number, line in lines:
        try:
            found.append(parse_record(line, RunEvent, name=name))
        except DocumentError as error:
            problems += [Problem(name, number, 1, one.path, one.message) for one in error.problems]
    if problems:
        raise DocumentError(problems)
    return found


def print_run_events(events: list[RunEvent]) -> bytes:
    """Return run events as JSON, an event a line, keys in order."""
    return b"".join(msgspec.json.encode(event, order="sorted") + b"\n" for event in events)
