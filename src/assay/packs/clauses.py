"""Which clauses there are: what a policy cites as ``framework:clause`` is one of them, or it leads nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assay.packs.form import Pack, PackControl
    from assay.packs.shelf import Shelf

_LAST = re.compile(r"(\([^()]*\)|\.[A-Za-z0-9-]+)\Z")


def above(clause: str) -> Iterator[str]:
    """Yield a clause and every one above it: 9(2)(a), 9(2), 9."""
    while clause:
        yield clause
        shorter = _LAST.sub("", clause)
        if shorter == clause:
            return
        clause = shorter


def covers(cited: str, control: PackControl) -> bool:
    """Say whether a clause that somebody cites speaks of a control: it is the control's, or one above it."""
    return cited in above(control.id) or cited in above(control.cited)


@dataclass(frozen=True)
class Clauses:
    """Clauses by framework, of every version on a shelf.

    Attributes:
        known: framework to clause to the versions that have it.
        shelf: where they come from.
        others: further frameworks that there are packs of, which nobody asked for.
    """

    known: Mapping[str, Mapping[str, tuple[str, ...]]]
    shelf: Shelf
    others: tuple[str, ...] = ()

    def wrong(self, cited: str) -> str | None:
        """Return what is wrong with a clause that somebody cites; None when it exists."""
        framework, _, clause = cited.partition(":")
        if framework not in self.known:
            names = tuple(dict.fromkeys((*self.known, *self.others)))
            known = f"{suggest(framework, names)}; there are: {', '.join(names)}"
            return f"no pack of {framework!r}{known}. Packs of your own: --packs DIR"
        if clause not in self.known[framework]:
            return f"{framework} has no clause {clause!r}{suggest(clause, self.known[framework])}"
        return None

    def past(self, cited: str, day: str) -> str | None:
        """Return why a clause that exists is not one to cite on a day; None when it is.

        It was superseded, or the version that counts on the day has it no longer.
        """
        framework, _, clause = cited.partition(":")
        versions = self.shelf.versions(framework)
        last = versions[-1]
        if last.superseded is not None and last.superseded.on <= day:
            now = self._successor(framework, last.superseded.by, clause)
            return f"{framework} was superseded on {last.superseded.on}; cite {now} instead"
        counting = next((one for one in versions if one.counts_on(day)), None)
        if counting is not None and counting.version not in self.known[framework][clause]:
            return f"{counting.name} has no {clause} any more ({', '.join(self.known[framework][clause])} had)"
        return None

    def _successor(self, old: str, new: str, clause: str) -> str:
        for crosswalk in self.shelf.crosswalks:
            if (crosswalk.left, crosswalk.right) == (old, new):
                for row in crosswalk.rows:
                    if clause in above(row.left):
                        return f"{new}:{row.right}"
        return new


def _clauses(pack: Pack) -> Iterator[str]:
    for control in pack.controls:
        yield from above(control.id)
        yield from above(control.cited)


def clauses_of(shelf: Shelf, *, others: tuple[str, ...] = ()) -> Clauses:
    """Return every clause of a shelf's packs, each with all that stand above it.

    Args:
        shelf: the packs.
        others: further frameworks that there are packs of, for near names.
    """
    known: dict[str, dict[str, tuple[str, ...]]] = {}
    for pack in shelf.packs:
        there = known.setdefault(pack.framework, {})
        for clause in dict.fromkeys(_clauses(pack)):
            there[clause] = (*there.get(clause, ()), pack.version)
    return Clauses(known, shelf, others)
