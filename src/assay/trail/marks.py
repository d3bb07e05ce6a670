"""Which model an event is about: the marks by which it is found, and the ties that lead from one mark to another.

An event that names its model bears the mark ``model:<name>``. One that names an alert, a remediation, a consent or a
model's files, and no model, bears the mark of the model that this was tied to by an earlier entry; where none was, that
of what it names. Ties are kept, so that all that may bear on one model is found from its name (`reached`): names that
share files, or an alert's id, are told apart by nobody, and come together.

Beside these it bears the marks by which the page of one version, or of one alert, finds what is its own: that of the
version that it names, or that began what it goes on with, and those of the alert, remediation or consent itself.

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
VERSION, REMEDIATION, CONSENT, MENDING = "version:", "remediation:", "consent:", "mending:"

OWNERS = 8
"""Of an event that names no model, the most models that it is marked with; what leads to more is not told apart."""

ENDS = (RUN, VERDICT)
"""Marks that lead nowhere else: a run may use the data of many models, and belongs to none of them."""

_FILES = ("model_sha256", "to_model_sha256", "new_model_sha256")
_STAGED = ("validation.result", "gate.decision")
_LINKS = {"alert": ALERT, "incident": ALERT, "remediation": REMEDIATION, "consent": CONSENT}
LINKS = (ALERT, REMEDIATION, CONSENT)
"""Marks of what one event begins and later ones go on with."""

TABLES = """
CREATE TABLE mark (
  mark TEXT NOT NULL,
  idx INTEGER NOT NULL REFERENCES event (idx),
  type TEXT NOT NULL,
  PRIMARY KEY (mark, type, idx)
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
        near, bound = self._near(event)
        self._rows += [(mark, index, event.type) for mark in dict.fromkeys([*marks, *near])]
        for mark, other in (*ties, *bound):
            self._ties.setdefault(mark, set()).add(other)
        return about

    def flush(self) -> None:
        """Write what was taken in."""
        self._connection.executemany("INSERT INTO mark VALUES (?, ?, ?)", self._rows)
        ties = sorted((mark, other) for mark, others in self._ties.items() for other in others)
        self._connection.executemany("INSERT OR IGNORE INTO tie VALUES (?, ?)", ties)
        self._rows, self._ties = [], {}

    def _near(self, event: Event) -> tuple[list[str], list[tuple[str, str]]]:
        """Return the marks by which the page of one version, or of one alert, finds an event, and what they tie.

        An event that names neither a model nor files is of every version that began what it goes on with.
        """
        said = event.fields
        links = links_of(event)
        ties = [(links[0], link) for link in links[1:]]
        name, version = getattr(said, "model", None), getattr(said, "version", None)
        files = getattr(said, "model_sha256", None)
        near = list(links)
        if name is not None and version is not None:
            of = version_mark(name, version)
            near.append(of)
            ties += [(link, of) for link in links]
            if event.type == "remediation.opened" and said.verdict_sha256 is not None:
                near.append(f"{MENDING}{name} {version}")
        elif name is None and version is None and files is None:
            begun = [*self._tied_to(links, VERSION), *self._tied_to(links, FILES)]
            near += begun
            ties += [(link, of) for link in links for of in begun]
        if files is not None and version is None:
            near.append(f"{FILES}{files}")
            ties += [(link, f"{FILES}{files}") for link in links]
        return near, ties

    def _owners(self, marks: Iterable[str]) -> list[str]:
        """Return the models that some marks are tied to; none when there are more than can be told apart."""
        found = self._tied_to(marks, MODEL, OWNERS + 1)
        return found if len(found) <= OWNERS else []

    def _tied_to(self, marks: Iterable[str], kind: str, most: int = -1) -> list[str]:
        """Return what some marks are tied to of one kind; of each mark at most so many."""
        query = "SELECT other FROM tie WHERE mark = ? AND other >= ? AND other < ? ORDER BY other LIMIT ?"
        found: set[str] = set()
        for mark in marks:
            rows = self._connection.execute(query, (mark, *_all_of(kind), most)).fetchall()
            found.update(row[0] for row in rows)
            found.update(one for one in self._ties.get(mark, ()) if one.startswith(kind))
        return sorted(found)


def version_mark(model: str, version: str) -> str:
    """Return the mark of a version of a model; no name has a space in it."""
    return f"{VERSION}{model} {version}"


def links_of(event: Event) -> list[str]:
    """Return the marks of what an event begins, or goes on with: an alert, an incident, a remediation, a consent."""
    return [one for one in dict.fromkeys(_links(event)) if one.startswith(LINKS)]


def _all_of(kind: str) -> tuple[str, str]:
    """Return what marks of a kind stand from on, and before."""
    return kind, f"{kind[:-1]};"


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
        "SELECT other FROM tie WHERE mark IN (SELECT value FROM json_each(?1)) AND NOT (other >= ?2 AND other < ?3) "
        "UNION SELECT mark FROM tie WHERE other IN (SELECT value FROM json_each(?1))"
    )
    while waiting:
        found |= waiting
        rows = connection.execute(query, (json.dumps(_followed(waiting)), *_all_of(VERSION))).fetchall()
        waiting = {row[0] for row in rows} - found
    return found


def _followed(marks: Iterable[str]) -> list[str]:
    """Return the marks whose ties are followed from some marks: from files also to runs that made or used them."""
    asked = [one for one in marks if not one.startswith(ENDS)]
    return asked + [f"{way}{one.removeprefix(FILES)}" for one in asked if one.startswith(FILES) for way in (MADE, USED)]


def together(connection: Connection, start: Iterable[str], kinds: Iterable[str] = LINKS) -> set[str]:
    """Return the marks of some kinds that some marks are tied to, one after another, through such marks alone.

    Args:
        connection: the projection.
        start: marks.
        kinds: which kinds; by default what events begin and go on with: an alert with its remediations.
    """
    found: set[str] = set()
    waiting = set(start)
    one_way = "SELECT other FROM tie WHERE mark IN (SELECT value FROM json_each(?1)) AND other >= '{}' AND other < '{}'"
    back = "SELECT mark FROM json_each(?1) CROSS JOIN tie ON other = value AND mark >= '{}' AND mark < '{}'"
    query = " UNION ".join(way.format(*_all_of(kind)) for kind in kinds for way in (one_way, back))
    while waiting:
        found |= waiting
        rows = connection.execute(query, (json.dumps(sorted(_followed(waiting))),)).fetchall()
        waiting = {row[0] for row in rows} - found
    return found


def named_by(event: Event) -> set[str]:
    """Return the marks of what an event names, from which all is reached that it may bear on."""
    name = getattr(event.fields, "model", None)
    run = getattr(event.fields, "run", None)
    if name is not None or run is not None:
        return {f"{RUN}{run}" if name is None else f"{MODEL}{name}"}
    return {*_links(event), *_looked_up(event)}
