"""The entries that a model's lineage is drawn from, found from digest to digest and not by reading the whole trail.

Forward from the model's files: the runs that used them, what those made, the tests and decisions on that. Backward from
all of it: the runs that made each thing, what they used, the datasets' registrations. A dataset that many models share
is followed to where it comes from, and not to the other models: what else was made of it is not this model's lineage.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assay.trail.marks import DATA, FILES, MADE, RUN, USED, reached
from assay.trail.reading import NO_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.trail.narrowing import Narrow
    from assay.trail.projection import Connection
    from assay.trail.view import Fact, View

_TESTS = ("validation.result", "gate.decision")


def drawn_from(view: View, model: str, types: tuple[str, ...]) -> View:
    """Narrow a view to the entries of some types that a model's lineage is drawn from.

    Args:
        view: the trail, whole or narrowed.
        model: the model's name.
        types: the types of events that a lineage is drawn from.
    """
    about = view.about(model)
    found = _Walk(view, about, types)
    found.forward({one.removeprefix(FILES) for one in _marks(about) if one.startswith(FILES)} - {NO_FILES})
    found.backward()
    return found.view


class _Walk:
    def __init__(self, view: View, about: View, types: tuple[str, ...]) -> None:
        self._types = types
        self._before: set[str] = set()
        narrow = about.narrow
        assert narrow is not None  # noqa: S101 - it was narrowed
        self._narrow: Narrow = narrow
        self.view = replace(view, narrow=replace(narrow, types=dict(narrow.types), held={}, disclosed={}))

    def _add(self, rows: Iterable[tuple[int, str]]) -> set[int]:
        """Take entries in; return those that are new."""
        held = self.view.narrow
        new = {index: kind for index, kind in rows if held is not None and index not in held.types}
        if held is not None:
            held.types.update(new)
        return set(new)

    def _facts(self, indices: set[int] | None = None) -> list[Fact]:
        return [fact for fact in self.view.facts(*self._types) if indices is None or fact.index in indices]

    def forward(self, digests: set[str]) -> None:
        """Take in what was made of some things, tested and decided on them, one after another."""
        seen: set[str] = set()
        known: set[int] | None = None
        while digests:
            seen |= digests
            connection = self.view.connection
            rows = _marked(connection, [*_runs(connection, USED, digests), *(f"{FILES}{one}" for one in digests)])
            self._add(rows)
            for kind in _TESTS:
                self._add(_tests_of(connection, digests, kind))
            facts = self._facts() if known is None else [one for one in self._facts() if one.index not in known]
            known = (known or set()) | {fact.index for fact in facts}
            digests = {one for fact in facts for one in _after(fact, seen)} - seen - {NO_FILES}

    def backward(self) -> None:
        """Take in what each thing was made of, one after another."""
        waiting = {one for fact in self._facts() for one in _before(fact)}
        seen: set[str] = set()
        connection = self.view.connection
        while waiting:
            seen |= waiting
            files = [f"{FILES}{one}" for one in sorted(waiting)]
            others = [one for one in files if one not in self._narrow.marks and _is_tied(connection, one)]
            marks = [*_runs(connection, MADE, waiting), *(f"{DATA}{one}" for one in waiting)]
            new = self._add(_marked(connection, [*marks, *(reached(connection, others) if others else ())]))
            waiting = {one for fact in self._facts(new) for one in _before(fact)} - seen - {NO_FILES}


def _marks(view: View) -> frozenset[str]:
    return frozenset() if view.narrow is None else view.narrow.marks


def _is_tied(connection: Connection, mark: str) -> bool:
    return connection.execute("SELECT 1 FROM tie WHERE mark = ? LIMIT 1", (mark,)).fetchone() is not None


def _runs(connection: Connection, way: str, digests: Iterable[str]) -> list[str]:
    """Return the marks of the runs that used some things, or made them."""
    marks = json.dumps([f"{way}{one}" for one in sorted(digests)])
    query = "SELECT DISTINCT other FROM tie WHERE mark IN (SELECT value FROM json_each(?)) AND substr(other, 1, 4) = ?"
    return [row[0] for row in connection.execute(query, (marks, RUN))]


def _marked(connection: Connection, marks: Iterable[str]) -> list[tuple[int, str]]:
    query = "SELECT idx, type FROM mark WHERE mark IN (SELECT value FROM json_each(?))"
    return connection.execute(query, (json.dumps(list(marks)),)).fetchall()


def _tests_of(connection: Connection, digests: Iterable[str], kind: str) -> list[tuple[int, str]]:
    query = (
        "SELECT event.idx, event.type FROM subject JOIN event ON event.idx = subject.idx"
        " WHERE subject.sha256 IN (SELECT value FROM json_each(?)) AND event.type = ?"
    )
    return connection.execute(query, (json.dumps(sorted(digests)), kind)).fetchall()


def _after(fact: Fact, seen: set[str]) -> Iterator[str]:
    """Yield the digests of what came of the things seen, as an event tells it."""
    said: Any = fact.said
    if fact.event.type == "run.finished":
        yield from said.outputs.values()
    elif fact.event.type in _TESTS:
        if said.evidence_sha256 is not None:
            yield said.evidence_sha256
        if seen & set(fact.event.subjects.values()):
            yield said.model_sha256


def _before(fact: Fact) -> Iterator[str]:
    """Yield the digests of what an event rests on."""
    said: Any = fact.said
    if fact.event.type == "run.started":
        yield from said.inputs.values()
    elif fact.event.type == "run.finished":
        yield from said.outputs.values()
    elif fact.event.type in _TESTS:
        yield from fact.event.subjects.values()
    elif fact.event.type == "dataset.registered":
        yield said.dataset_sha256
    for name in ("model_sha256", "evidence_sha256"):
        if (digest := getattr(said, name, None)) is not None:
            yield digest
