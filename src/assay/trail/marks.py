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
    from collections.abc import Callable, Iterable, Iterator

    from assay.trail.events import Event
    from assay.trail.projection import Connection

MODEL, FILES, ALERT, RUN, VERDICT = "model:", "files:", "alert:", "run:", "verdict:"
MADE, USED, DATA, PERSON = "made:", "used:", "data:", "person:"

OWNERS = 8
"""Of an event that names no model, the most models that it is marked with; what leads to more is not told apart."""

_AFTER_MODELS = MODEL[:-1] + ";"

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


class Marker:
    """Puts the marks of events, and what they tie together, beside their rows, in the caller's transaction.

    Args:
        connection: the projection; the events before the first have theirs.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[tuple[str, int, str]] = []
        self._ties: dict[str, set[str]] = {}  # those that are not written yet

    def add(self, index: int, event: Event) -> list[str]:
        """Take in the next event; `flush` writes it.

        Args:
            index: where it stands in the trail.
            event: what it says.

        Returns:
            The marks of what it is about, from which all is reached that it may bear on.
        """
        marks, about, ties = _marks_and_ties(event, self._owners)
        self._rows += [(mark, index, event.type) for mark in marks]
        for mark, other in ties:
            self._ties.setdefault(mark, set()).add(other)
        return about

    def flush(self) -> None:
        """Write what was taken in."""
        self._connection.executemany("INSERT INTO mark VALUES (?, ?, ?)", self._rows)
        ties = sorted((mark, other) for mark, others in self._ties.items() for other in others)
        self._connection.executemany("INSERT OR IGNORE INTO tie VALUES (?, ?)", ties)
        self._rows, self._ties = [], {}

    def _owners(self, marks: Iterable[str]) -> list[str]:
        """Return the models that some marks are tied to; none when there are more than can be told apart."""
        query = "SELECT other FROM tie WHERE mark = ? AND other >= ? AND other < ? ORDER BY other LIMIT ?"
        found: set[str] = set()
        for mark in marks:
            rows = self._connection.execute(query, (mark, MODEL, _AFTER_MODELS, OWNERS + 1)).fetchall()
            found.update(row[0] for row in rows)
            found.update(one for one in self._ties.get(mark, ()) if one.startswith(MODEL))
        return sorted(found) if len(found) <= OWNERS else []


def _marks_and_ties(
    event: Event, owners_of: Callable[[Iterable[str]], list[str]]
) -> tuple[list[str], list[str], set[tuple[str, str]]]:
    """Return an event's marks, those of what it is about among them, and what it ties together."""
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
        owners = [f"{MODEL}{name}"] if name is not None else owners_of([*links, *ends])
        about = [*(owners or links), *ends]
        ties.update((link, owner) for link in [*links, *ends] for owner in owners)
        if not owners:
            ties.update((link, links[0]) for link in links[1:])
    return list(dict.fromkeys([*about, *found])), about, ties


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
