"""Where the controls of one framework meet those of another, as crosswalks say, and whose reading that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.packs.form import Crosswalk, PackControl, Relation
    from assay.packs.shelf import Shelf

OURS = "our own reading"
_TURNED: dict[Relation, Relation] = {"subset": "superset", "superset": "subset"}


@dataclass(frozen=True)
class Meeting:
    """One control of another framework that a control meets.

    Attributes:
        clause: ``framework:clause``.
        relation: what the control asks is equal to, part of, more than, or overlaps what that one asks.
        source: who published it, or `OURS`.
    """

    clause: str
    relation: Relation
    source: str


def meetings(shelf: Shelf, framework: str, control: PackControl) -> tuple[Meeting, ...]:
    """Return what a control meets, read from crosswalks that begin and from those that end at its framework."""
    return tuple(one for crosswalk in shelf.crosswalks for one in _of(crosswalk, framework, control))


def _of(crosswalk: Crosswalk, framework: str, control: PackControl) -> Iterator[Meeting]:
    for row in crosswalk.rows:
        source = row.source or OURS
        if crosswalk.left == framework and row.left in {control.id, control.cited}:
            yield Meeting(f"{crosswalk.right}:{row.right}", row.relation, source)
        if crosswalk.right == framework and row.right in {control.id, control.cited}:
            yield Meeting(f"{crosswalk.left}:{row.left}", _TURNED.get(row.relation, row.relation), source)
