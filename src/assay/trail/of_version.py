"""What is about one version of a model, of which there may be very much: the newest of it, or all of some types.

An event is about a version where it names it, where it names its files and no version, or where it names neither and
goes on with an alert, a remediation or a consent that such an event began. `facts_about` says so of any trail; what is
here asks it of the few entries that the version's marks lead to (`assay.trail.marks`).
"""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from assay.trail.exploring import entry_types
from assay.trail.marks import FILES, links_of, together, version_mark
from assay.trail.narrowing import marked
from assay.trail.reading import CONSENT_DIGEST, NO_FILES
from assay.trail.view import CONSENTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from assay.trail.view import Fact, View

WINDOW = 256
"""So many entries are looked at together, from the newest on."""

_LINKS = ("alert", "remediation", "incident", "consent")
"""Fields by which later events name what earlier ones began."""


def facts_about(facts: Iterable[Fact], model: str, version: str, sha256: str) -> list[Fact]:
    """Return those of some events, in the log's order, that are about a version.

    Args:
        facts: the events; what began something comes before what goes on with it.
        model: the model's name.
        version: its version.
        sha256: root digest of its files.
    """
    begun: set[tuple[str, str]] = set()
    found = []
    for fact in facts:
        said = fact.said
        links = {(name, getattr(said, name)) for name in _LINKS if getattr(said, name, None) is not None}
        files = getattr(said, "model_sha256", None)
        named = (getattr(said, "model", None), getattr(said, "version", None))
        mine = files == sha256 if files is not None and named[1] is None else named == (model, version)
        if mine or (named == (None, None) and links & begun):
            begun |= links
            found.append(fact)
    return found


def named_facts(view: View, model: str, version: str, sha256: str, *, types: Collection[str]) -> list[Fact]:
    """Return all events of some types that name a version, or its files, in the log's order; as `facts_about`."""
    found = view.bearing(_marks(model, version, sha256), *types).facts(*types)
    return facts_about(found, model, version, sha256)


def newest_about(view: View, model: str, version: str, sha256: str, *, types: Collection[str], most: int) -> list[Fact]:
    """Return the newest events of some types that are about a version, in the log's order.

    Args:
        view: the whole trail.
        model: the model's name.
        version: its version.
        sha256: root digest of its files.
        types: the types.
        most: at most so many.
    """
    consents = _consents(view, sha256) if CONSENTS & set(types) else []
    candidates = _candidates(view, _marks(model, version, sha256), types, consents)
    held = dict.fromkeys(consents, CONSENT_DIGEST)
    found: list[Fact] = []
    while len(found) < most and (window := list(islice(candidates, WINDOW))):
        near = dict(window) | held
        begun = {link for fact in view.holding(near).facts(*types) for link in links_of(fact.event)}
        near |= marked(view.connection, together(view.connection, begun), types)
        mine = facts_about(view.holding(near).facts(*types), model, version, sha256)
        there = dict(window)
        found = [fact for fact in mine if fact.index in there] + found
    return found[-most:]


def _marks(model: str, version: str, sha256: str) -> tuple[str, str]:
    return version_mark(model, version), f"{FILES}{sha256}"


def _consents(view: View, sha256: str) -> list[int]:
    """Return the entries that are digests of consents which may be about some files."""
    if view.consents is not None:
        found = view.consents({sha256, NO_FILES})  # before there are files, a consent is to the evidence
        return sorted(index for index in found if index < view.size)
    query = "SELECT idx FROM event WHERE type = ? AND idx < ? ORDER BY idx"
    return [row[0] for row in view.connection.execute(query, (CONSENT_DIGEST, view.size))]


def _candidates(
    view: View, marks: Iterable[str], types: Collection[str], consents: Iterable[int]
) -> Iterator[tuple[int, str]]:
    """Yield the entries of some types that bear one of some marks, and those of consents, the newest first."""
    there = [kind for kind in entry_types(view.connection) if kind in types]
    query = "SELECT idx, type FROM mark WHERE mark = ? AND type = ? AND idx < ? ORDER BY idx DESC"
    ways = [view.connection.execute(query, (mark, kind, view.size)) for mark in marks for kind in there]
    digests = ((index, CONSENT_DIGEST) for index in sorted(consents, reverse=True))
    seen = -1
    for index, kind in merge(*ways, digests, reverse=True):
        if index != seen:
            seen = index
            yield index, kind
