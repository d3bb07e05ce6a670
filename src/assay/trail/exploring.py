"""The trail entry by entry, the newest first: a page at a time, and filtered, in a time that a page may take.

Pages go on from an index (*keyset*), so that a page far back costs what the first one costs, and an entry that comes
meanwhile shifts nothing. A time is found by blocks of entries, of which the projection keeps the earliest and the
latest claimed time.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from assay.errors import InputError
from assay.records.tally import Frozen
from assay.trail.marks import PERSON
from assay.trail.projection import BLOCK, require, select_indices
from assay.trail.reading import CONSENT_DIGEST, Read
from assay.trail.serving import moment
from assay.trail.view import CONSENTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from assay.trail.projection import Connection
    from assay.trail.view import View

MAX_LIMIT = 500
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Filter(Frozen, kw_only=True):
    """Which entries are wanted; None asks for nothing in particular.

    Attributes:
        types: types of events; ``deployment.`` stands for all that begin so.
        model: about this model.
        person: pseudonym of a person whom the event names.
        subject: a digest that it is about.
        id: the event's id.
        since: a day, or a time in UTC, from which on it is claimed to have been.
        until: a day, or a time in UTC, until which it is claimed to have been.
        counts: signed by a known key, or not.
    """

    types: tuple[str, ...] = ()
    model: str | None = None
    person: str | None = None
    subject: str | None = None
    id: str | None = None
    since: str | None = None
    until: str | None = None
    counts: bool | None = None


Seen: TypeAlias = Callable[[str, "str | None", "str | None"], bool]
"""Whether somebody may see an entry of a type that names a system and a model, or none."""


class EntryPage(Frozen, kw_only=True):
    """One page of entries, the newest first.

    Attributes:
        reads: the entries, as the log tells them; `View.told` adds what lies beside it.
        before: where the next page begins: ask for entries before this one; None on the last page.
        size: entries of the trail that were looked through.
    """

    reads: tuple[Read, ...]
    before: int | None
    size: int


def entries(
    view: View,
    wanted: Filter | None = None,
    *,
    before: int | None = None,
    limit: int = 50,
    seen: Seen | None = None,
    most: int | None = None,
) -> EntryPage:
    """Return a page of the entries that are wanted, the newest first, with what lies beside the log added.

    Args:
        view: the trail at a size.
        wanted: which; by default all.
        before: only entries before this index: the ``before`` of the page that came before this one.
        limit: at most so many, up to 500.
        seen: tells whether somebody may see an entry, by its type, and the system and the model that it names; others
            are left out. By default all are seen.
        most: look at most at about so many entries for that; the next page goes on where this one has stopped.

    Raises:
        InputError: for a page out of bounds, or a filter that nothing could be.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"expected a page of 1 to {MAX_LIMIT} entries, found {limit}")
    wanted = wanted or Filter()
    if wanted.subject is not None and not _DIGEST.match(wanted.subject):
        raise InputError(f"subject: expected a SHA-256, 64 lower-case hexadecimal digits, found {wanted.subject!r}")
    end = view.size if before is None else min(before, view.size)
    require(view.connection, view.size)
    chosen = _Chosen(view, wanted, seen)
    found: list[Read] = []
    looked, left, window = 0, True, limit if most is None else max(limit, most)
    while left and len(found) <= limit and (most is None or looked < most):
        indices = list(islice(_indices(view, wanted, end, window + 1), window + 1))
        reads = {read.index: read for read in select_indices(view.connection, indices)}
        found += islice(chosen.among(reads[index] for index in indices), limit + 1 - len(found))
        looked, left, end = looked + len(indices), len(indices) > window, indices[-1] if indices else 0
    goes_on = found[limit - 1].index if len(found) > limit else end if left else None
    return EntryPage(reads=tuple(found[:limit]), before=goes_on, size=view.size)


class _Chosen:
    """Chooses entries by what they say, and reads what lies beside the log only for those that may be wanted."""

    def __init__(self, view: View, wanted: Filter, seen: Seen | None) -> None:
        self._view, self._wanted, self._seen = view, wanted, seen

    def among(self, reads: Iterable[Read]) -> Iterator[Read]:
        """Yield those of some entries that are wanted, and seen, told with what lies beside the log."""
        for logged in reads:
            if self._may_be(logged):
                read = self._view.told(logged)
                if (logged.type in self._wanted.types or _is_of(read, self._wanted.types)) and self._sees(read):
                    yield read

    def _may_be(self, logged: Read) -> bool:
        """Say from the log alone, or by the index of what lies beside it, whether an entry may be one of them."""
        if logged.type != CONSENT_DIGEST:
            return self._sees(logged)
        sayings = self._view.sayings
        said = None if sayings is None or logged.waits_for is None else sayings.said(logged.waits_for)
        if said is None:
            return True
        kind, model = said
        listed = logged.type in self._wanted.types or _is_kind(kind, self._wanted.types)
        return listed and (self._seen is None or self._seen(kind, None, model or None))

    def _sees(self, read: Read) -> bool:
        if self._seen is None:
            return True
        said = None if read.event is None else read.event.fields
        return self._seen(read.type, getattr(said, "system", None), getattr(said, "model", None))


def _is_of(read: Read, types: Collection[str]) -> bool:
    """Say whether an entry is of one of some types, now that what lies beside the log is known."""
    return _is_kind(read.type, types)


def _is_kind(kind: str, types: Collection[str]) -> bool:
    return not types or any(kind == one or (one.endswith(".") and kind.startswith(one)) for one in types)


def entry_types(connection: Connection) -> tuple[str, ...]:
    """Return the types of entries that there are, each found by the index and not by looking through all."""
    found: list[str] = []
    row = connection.execute("SELECT min(type) FROM event").fetchone()
    while row[0] is not None:
        found.append(row[0])
        row = connection.execute("SELECT min(type) FROM event WHERE type > ?", (row[0],)).fetchone()
    return tuple(found)


def _indices(view: View, wanted: Filter, end: int, limit: int) -> Iterator[int]:
    """Yield the indices of the entries that are wanted, from the newest on; of each span of blocks at most a page."""
    types = _types(view.connection, wanted.types)
    if wanted.types and not types:
        return
    narrowed = None if wanted.model is None else view.about(wanted.model)
    marks = [] if narrowed is None else _borne(view.connection, narrowed)
    consents = [] if narrowed is None else narrowed.narrow_to(CONSENT_DIGEST)
    of_types = [_of_type(view, wanted, one, end, limit) for one in types]
    ways = list(_ways(wanted, marks, of_types, types, consents))
    for first, last in _spans(view.connection, wanted, end):
        found = [view.connection.execute(query, (*values, first, last, limit)) for query, values in ways]
        seen = -1
        for (index,) in merge(*found, reverse=True):
            if index != seen:
                seen = index
                yield index


def _types(connection: Connection, asked: Collection[str]) -> list[str]:
    """Return the types as the log has them: a consent is there as its digest alone."""
    known = (*entry_types(connection), *CONSENTS) if any(one.endswith(".") for one in asked) else ()
    found = {name for one in asked for name in ([one] if not one.endswith(".") else known) if name.startswith(one)}
    return sorted(found | ({CONSENT_DIGEST} if found & CONSENTS else set()))


def _borne(connection: Connection, narrowed: View) -> list[str]:
    """Return the marks of a model that any entry bears: most of its ties lead to entries that bear its name."""
    ends = [] if narrowed.narrow is None else sorted(narrowed.narrow.marks)
    query = "SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM mark WHERE mark = value)"
    return [row[0] for row in connection.execute(query, (json.dumps(ends),))]


def _ways(
    wanted: Filter, marks: list[str], of_types: list[_Way], types: list[str], consents: list[int]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the queries, each by the index that leaves least, which together find all; each the newest first."""
    if wanted.id is not None:
        ways = [_Way("id", "event AS e", "e.id = ?", wanted.id)]
    elif wanted.model is not None:
        ways = [_Way("model", _MARKED, "m.mark = ?", mark) for mark in marks]
        ways.append(_Way("model", "event AS e", f"e.idx {_LISTED}", json.dumps(consents)))
    elif wanted.person is not None:
        ways = [_Way("person", _MARKED, "m.mark = ?", f"{PERSON}{wanted.person}")]
    elif wanted.subject is not None:
        ways = [_Way("subject", _ABOUT, "s.sha256 = ?", wanted.subject)]
    elif types:
        ways = of_types
    else:
        ways = [_Way("all", "event AS e", "? = 'all'", "all")]
    for way in ways:
        yield _query(way, wanted, marks, [] if way.by == "type" else types)


def _of_type(view: View, wanted: Filter, kind: str, end: int, limit: int) -> _Way:
    """Return the way to the entries of a type; where digests of consents stand for some kinds, to those of these."""
    if kind != CONSENT_DIGEST or kind in wanted.types or view.sayings is None:
        return _Way("type", "event AS e", "e.type = ?", kind)
    among = view.sayings.of_kinds([one for one in CONSENTS if _is_kind(one, wanted.types)])
    last = bisect_left(among, end)
    return _Way("type", "event AS e", f"e.idx {_LISTED}", json.dumps(among[max(last - limit, 0) : last]))


class _Way(NamedTuple):
    """By which index entries are found."""

    by: str
    source: str
    first: str
    value: str


_LISTED = "IN (SELECT value FROM json_each(?))"
_MARKED = "mark AS m CROSS JOIN event AS e ON e.idx = m.idx"
_ABOUT = "subject AS s CROSS JOIN event AS e ON e.idx = s.idx"


def _query(way: _Way, wanted: Filter, marks: list[str], types: list[str]) -> tuple[str, tuple[str, ...]]:
    """Return a query and its values, but for the span and the limit that come last."""
    parts, given, by = [way.first], [way.value], way.by
    place = "m" if way.source == _MARKED else "s" if way.source == _ABOUT else "e"
    for asked, part, value in (
        (types, f"{'m' if place == 'm' else 'e'}.type {_LISTED}", json.dumps(types)),
        (by == "id" and wanted.model is not None, f"{_BEARS} mark {_LISTED})", json.dumps(marks)),
        (by != "person" and wanted.person is not None, f"{_BEARS} mark = ?)", f"{PERSON}{wanted.person}"),
        (by != "subject" and wanted.subject is not None, f"{_NAMES} sha256 = ?)", wanted.subject or ""),
        (wanted.since is not None, "e.claimed_at >= ?", moment(wanted.since)[0] if wanted.since else ""),
        (wanted.until is not None, "e.claimed_at <= ?", moment(wanted.until)[1] if wanted.until else ""),
    ):
        if asked:
            parts.append(part)
            given.append(value)
    if wanted.counts is not None:
        parts.append(f"e.signature {'=' if wanted.counts else '<>'} 'holds'")
    order = f"{place}.idx >= ? AND {place}.idx < ? ORDER BY {place}.idx DESC LIMIT ?"
    return f"SELECT {place}.idx FROM {way.source} WHERE {' AND '.join(parts)} AND {order}", tuple(given)  # noqa: S608


_BEARS = "EXISTS (SELECT 1 FROM mark WHERE mark.type = e.type AND mark.idx = e.idx AND"
_NAMES = "EXISTS (SELECT 1 FROM subject WHERE subject.idx = e.idx AND"


def _spans(connection: Connection, wanted: Filter, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of entries that may have been claimed in the time asked for, the newest first."""
    if wanted.since is None and wanted.until is None:
        yield 0, end
        return
    first = moment(wanted.since)[0] if wanted.since is not None else ""
    last = moment(wanted.until)[1] if wanted.until is not None else "~"
    query = "SELECT block FROM block WHERE latest >= ? AND earliest <= ? AND block <= ? ORDER BY block DESC"
    blocks = [row[0] for row in connection.execute(query, (first, last, end // BLOCK))]
    start = 0
    for place, block in enumerate(blocks):
        if place + 1 == len(blocks) or blocks[place + 1] != block - 1:
            yield block * BLOCK, min((blocks[start] + 1) * BLOCK, end)
            start = place + 1
