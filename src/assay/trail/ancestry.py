"""The entries that a model's lineage is drawn from, found from digest to digest and not by reading the whole trail.

Forward from the model's files: the runs that used them, what those made, the tests and decisions on that. Backward from
all of it: the runs that made each thing, what they used, the datasets' registrations. A dataset that many models share
is followed to where it comes from, and not to the other models: what else was made of it is not this model's lineage.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assay.trail.marks import DATA, FILES, MADE, MODEL, RUN, USED, together
from assay.trail.narrowing import Narrow, marked
from assay.trail.reading import NO_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.trail.projection import Connection
    from assay.trail.view import Fact, View

_KINDS = (MODEL, FILES, RUN)
"""Marks that a lineage is followed by: what shares an alert with a model is no part of what that was made of."""

_TESTS = ("validation.result", "gate.decision")


Names = dict[str, tuple[str, str | None]]
"""Of which model and version some files are, by their digest."""


def names_by_digest(facts: Iterable[Fact]) -> Names:
    """Return what files are: as the first entry says that tells their version, or the first one where none does."""
    found: Names = {}
    for fact in facts:
        digest = getattr(fact.said, "model_sha256", None)
        if digest is not None and digest != NO_FILES and (digest not in found or found[digest][1] is None):
            found[digest] = (fact.said.model, fact.said.version)
    return found


def drawn_from(view: View, model: str, types: tuple[str, ...], version: str | None = None) -> tuple[View, Names]:
    """Narrow a view to the entries of some types that a model's lineage is drawn from.

    Args:
        view: the trail, whole or narrowed.
        model: the model's name.
        types: the types of events that a lineage is drawn from.
        version: of which version; by default all. Tests of others are left out, unless they were made of this one.

    Returns:
        The narrowed view, and what the model's files are by all that is said of them, by what is left out, too.
    """
    narrow = Narrow.around(view.connection, (f"{MODEL}{model}",), lambda _files: (), kinds=_KINDS, types=types)
    found = _Walk(replace(view, narrow=narrow), types)
    every = {one.removeprefix(FILES) for one in narrow.marks if one.startswith(FILES)} - {NO_FILES}
    named = names_by_digest(found.view.facts(*types))
    told = {one: of for one, of in named.items() if of[1] is not None}
    wanted = {one for one in every if version is None or told.get(one, (model, version)) == (model, version)}
    found.leave_out(every - found.forward(wanted))
    found.backward()
    return found.view, {one: named[one] for one in every & named.keys()}


class _Walk:
    def __init__(self, about: View, types: tuple[str, ...]) -> None:
        self._types = types
        narrow = about.narrow
        assert narrow is not None  # noqa: S101 - it was narrowed
        self._narrow: Narrow = narrow
        self.view = replace(about, narrow=replace(narrow, types=dict(narrow.types), held={}, disclosed={}))

    def _add(self, rows: Iterable[tuple[int, str]]) -> set[int]:
        """Take entries in; return those that are new."""
        held = self.view.narrow
        new = {index: kind for index, kind in rows if held is not None and index not in held.types}
        if held is not None:
            held.types.update(new)
        return set(new)

    def _facts(self, indices: set[int] | None = None) -> list[Fact]:
        found = self.view.facts_as_logged(*self._types)  # which say all that leads from one to another
        return found if indices is None else [fact for fact in found if fact.index in indices]

    def leave_out(self, digests: set[str]) -> None:
        """Leave out the tests and decisions that are about some files."""
        held = self.view.narrow
        for fact in self._facts() if held is not None and digests else ():
            if fact.event.type in _TESTS and fact.said.model_sha256 in digests and held is not None:
                del held.types[fact.index]

    def forward(self, digests: set[str]) -> set[str]:
        """Take in what was made of some things, tested and decided on them, one after another; return all of them."""
        seen: set[str] = set()
        runs: set[str] = set()
        while digests:
            seen |= digests
            connection = self.view.connection
            used = _runs(connection, USED, digests)
            runs.update(used)
            self._add(marked(connection, [*used, *(f"{FILES}{one}" for one in digests)], self._types).items())
            for kind in _TESTS:
                self._add(_tests_of(connection, digests, kind))
            digests = {one for fact in self._facts() for one in _after(fact, seen, runs)} - seen - {NO_FILES}
        return seen

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
            marks += together(connection, others, _KINDS) if others else ()
            new = self._add(marked(connection, marks, self._types).items())
            waiting = {one for fact in self._facts(new) for one in _before(fact)} - seen - {NO_FILES}


def _is_tied(connection: Connection, mark: str) -> bool:
    return connection.execute("SELECT 1 FROM tie WHERE mark = ? LIMIT 1", (mark,)).fetchone() is not None


def _runs(connection: Connection, way: str, digests: Iterable[str]) -> list[str]:
    """Return the marks of the runs that used some things, or made them."""
    marks = json.dumps([f"{way}{one}" for one in sorted(digests)])
    query = "SELECT DISTINCT other FROM tie WHERE mark IN (SELECT value FROM json_each(?)) AND substr(other, 1, 4) = ?"
    return [row[0] for row in connection.execute(query, (marks, RUN))]


def _tests_of(connection: Connection, digests: Iterable[str], kind: str) -> list[tuple[int, str]]:
    query = (
        "SELECT event.idx, event.type FROM subject JOIN event ON event.idx = subject.idx"
        " WHERE subject.sha256 IN (SELECT value FROM json_each(?)) AND event.type = ?"
    )
    return connection.execute(query, (json.dumps(sorted(digests)), kind)).fetchall()


def _after(fact: Fact, seen: set[str], runs: set[str]) -> Iterator[str]:
    """Yield the digests of what came of the things seen, or of the runs that used them, as an event tells it."""
    said: Any = fact.said
    if fact.event.type == "run.finished" and f"{RUN}{said.run}" in runs:
        yield from said.outputs.values()
    elif fact.event.type in _TESTS and seen & {said.model_sha256, *fact.event.subjects.values()}:
        yield said.model_sha256
        if said.evidence_sha256 is not None:
            yield said.evidence_sha256


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
