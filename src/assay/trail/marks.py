"""Which model an event is about: the marks by which it is found, and the ties that lead from one mark to another.

An event that names its model bears the mark ``model:<name>``. One that names an alert, a remediation, a consent or a
model's files, and no model, bears the mark of the model that this was tied to by an earlier entry; where none was, that
of what it names. Ties are kept, so that all that may bear on one model is found from its name (`reached`): names that
share files, or an alert's id, are told apart by nobody, and come together.

Everything here follows from the log's entries alone. A consent's words stand beside the log, so the entry that is its
digest bears no mark (`assay.trail.narrowing`).
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from assay.trail.fields import Person
from assay.trail.reading import NO_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.trail.events import Event
    from assay.trail.projection import Connection

MODEL, FILES, ALERT, RUN, VERDICT = "model:", "files:", "alert:", "run:", "verdict:"
MADE, USED, DATA, PERSON = "made:", "used:", "data:", "person:"

OWNERS = 8
"""Of an event that names no model, the most models that it is marked with; what leads to more is not told apart."""

_ENDS = (RUN, VERDICT)
"""Marks that lead nowhere else: a run may use the data of many models, and belongs to none of them."""

_FILES = ("model_sha256", "to_model_sha256", "new_model_sha256")
_STAGED = ("validation.result", "gate.decision")
_LINKS = {"alert": ALERT, "incident": ALERT, "remediation": "remediation:", "consent": "consent:"}

TABLES = """
CREATE TABLE mark (
  mark TEXT NOT NULL,
  idx INTEGER NOT NULL REFERENCES event (idx),
  type TEXT NOT NULL,
  PRIMARY KEY (mark, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE tie (
  mark TEXT NOT NULL,
  other TEXT NOT NULL,
  PRIMARY KEY (mark, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX tie_other ON tie (other, mark);
"""


def add_marks(connection: Connection, index: int, event: Event) -> list[str]:
    """Put the marks of an event, and what it ties together, beside its row, in the caller's transaction.

    Args:
        connection: the projection; the events before this one have theirs.
        index: where it stands in the trail.
        event: what it says.

    Returns:
        The marks of what it is about, from which all is reached that it may bear on.
    """
    said = event.fields
    found = [f"{PERSON}{code}" for code in sorted(_people(event.type, said))]
    if event.type == "dataset.registered":
        found.append(f"{DATA}{said.dataset_sha256}")
    about: list[str] = []
    ties: set[tuple[str, str]] = set()
    name, links = getattr(said, "model", None), list(_links(event))
    if name is None and (run := getattr(said, "run", None)) is not None:
        about = [f"{RUN}{run}"]
        ties.update(_run_ties(f"{RUN}{run}", said))
    else:
        ends = list(_looked_up(event))
        owners = [f"{MODEL}{name}"] if name is not None else _owners(connection, [*links, *ends])
        about = [*(owners or links), *ends]
        ties.update((link, owner) for link in [*links, *ends] for owner in owners)
        if not owners:
            ties.update((link, links[0]) for link in links[1:])
    rows = [(mark, index, event.type) for mark in dict.fromkeys([*about, *found])]
    connection.executemany("INSERT INTO mark VALUES (?, ?, ?)", rows)
    if ties:
        connection.executemany("INSERT OR IGNORE INTO tie VALUES (?, ?)", sorted(ties))
    return about


def _links(event: Event) -> Iterator[str]:
    """Yield what an event names that belongs to one model: its files, an alert, a remediation, a consent."""
    said = event.fields
    for field in _FILES:
        digest = getattr(said, field, None)
        if digest is not None and (digest != NO_FILES or event.type not in _STAGED):
            yield f"{FILES}{digest}"
    for field, prefix in _LINKS.items():
        value = getattr(said, field, None)
        if isinstance(value, str):
            yield f"{prefix}{value}"
    if event.type == "remediation.opened" and said.verdict_sha256 is None:
        yield f"{ALERT}{said.finding}"


def _looked_up(event: Event) -> Iterator[str]:
    """Yield what an event names that may belong to several models: a message's alerts, a report's verdict."""
    for name in getattr(event.fields, "alerts", ()):
        yield f"{ALERT}{name}"
    verdict = getattr(event.fields, "verdict_sha256", None) or event.subjects.get("verdict.json")
    if verdict is not None:
        yield f"{VERDICT}{verdict}"


def _run_ties(run: str, said: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - the fields of any event of a run
    """Yield what a run is tied to: the models that its job is named after, or it made, and the data it read or made."""
    job = getattr(said, "job", None)
    names = set() if job is None else {job, job.removeprefix("train-"), job.partition("/")[0]}
    names |= set(getattr(said, "outputs", ()))
    yield from ((run, f"{MODEL}{name}") for name in names)
    yield from ((f"{USED}{digest}", run) for digest in getattr(said, "inputs", {}).values())
    yield from ((f"{MADE}{digest}", run) for digest in getattr(said, "outputs", {}).values())


@cache
def _person_fields(kind: str) -> tuple[str, ...]:
    from assay.trail.events import TYPES  # noqa: PLC0415 - the vocabulary's modules know this one's forms

    return tuple(
        field.name for field in msgspec.structs.fields(TYPES[kind]) if Person in (field.type, *get_args(field.type))
    )


def _people(kind: str, said: Any) -> set[str]:  # noqa: ANN401 - the fields of any type
    return {code for name in _person_fields(kind) if (code := getattr(said, name)) is not None}


def _owners(connection: Connection, marks: Iterable[str]) -> list[str]:
    """Return the models that some marks are tied to; none when there are more than can be told apart."""
    listed = json.dumps(list(marks))
    query = (
        "SELECT DISTINCT other FROM tie WHERE mark IN (SELECT value FROM json_each(?)) AND other >= ? AND other < ? "
        "ORDER BY other LIMIT ?"
    )
    rows = connection.execute(query, (listed, MODEL, MODEL[:-1] + ";", OWNERS + 1)).fetchall()
    return [row[0] for row in rows] if len(rows) <= OWNERS else []


def reached(connection: Connection, start: Iterable[str]) -> set[str]:
    """Return the marks that may bear on the same models as some marks: all that ties lead to, one after another.

    From a model's files its runs are reached, those that made them and those that used them; from a run nothing else.

    Args:
        connection: the projection.
        start: marks, such as ``model:credit``.
    """
    found: set[str] = set()
    waiting = set(start)
    query = (
        "SELECT other FROM tie WHERE mark IN (SELECT value FROM json_each(?1)) UNION "
        "SELECT mark FROM tie WHERE other IN (SELECT value FROM json_each(?1))"
    )
    while waiting:
        found |= waiting
        asked = [one for one in waiting if not one.startswith(_ENDS)]
        asked += [f"{way}{one.removeprefix(FILES)}" for one in asked if one.startswith(FILES) for way in (MADE, USED)]
        rows = connection.execute(query, (json.dumps(asked),)).fetchall()
        waiting = {row[0] for row in rows} - found
    return found


def named_by(event: Event) -> set[str]:
    """Return the marks of what an event names, from which all is reached that it may bear on."""
    name = getattr(event.fields, "model", None)
    run = getattr(event.fields, "run", None)
    if name is not None or run is not None:
        return {f"{RUN}{run}" if name is None else f"{MODEL}{name}"}
    return {*_links(event), *_looked_up(event)}
