"""Scores of a tally as points and rows, by group and class: what two tallies' scores are compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from assay.records.tally import SCORE_BINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.records.tally import ClassValue, GroupValue, ScoreCell, Scores, Tally

Group: TypeAlias = tuple["GroupValue", ...]
Points: TypeAlias = dict[float, int]


def incomparable(then: Scores | None, now: Scores | None) -> str | None:
    """Return why two tallies' scores cannot be compared; None when they can."""
    for where, scores in (("the release's", then), ("this window's", now)):
        if scores is None or not any(cell.count for cell in scores.cells):
            return f"{where} rows have no scores (columns.score)"
    if then is None or now is None or (then.low, then.high) != (now.low, now.high):
        return "the scores of the two are not of one range, so their bins are not the same"
    return None


def all_exact(*scores: Scores | None) -> bool:
    """Say whether tallies keep every score by its value."""
    return all(cell.values is not None for one in scores if one is not None for cell in one.cells)


def score_points(tally: Tally, names: tuple[str, ...], *, exact: bool) -> dict[Group, dict[ClassValue, Points]]:
    """Return rows by group, class and score.

    Args:
        tally: the counts.
        names: attributes that make the groups; none for everybody.
        exact: take each score itself; else the middle of its bin.
    """
    found: dict[Group, dict[ClassValue, Points]] = {}
    places = [tally.roles.protected.index(name) for name in names]
    for cell in tally.scores.cells if tally.scores is not None else ():
        into = found.setdefault(tuple(cell.group[place] for place in places), {}).setdefault(cell.label, {})
        for at, rows in _points(cell, tally.scores, exact=exact):
            into[at] = into.get(at, 0) + rows
    return found


def _points(cell: ScoreCell, scores: Scores | None, *, exact: bool) -> Iterator[tuple[float, int]]:
    if scores is None:
        return
    if exact:
        yield from cell.values or ()
        return
    width = (scores.high - scores.low) / SCORE_BINS
    binned = cell.bins
    if cell.values is not None:
        binned = tuple(
            (min(int((at - scores.low) / width), SCORE_BINS - 1) if width else 0, n) for at, n in cell.values
        )
    for number, rows in binned:
        yield scores.low + (number + 0.5) * width, rows


def together(classes: dict[ClassValue, Points]) -> Points:
    """Return the points of all classes added up."""
    found: Points = {}
    for points in classes.values():
        for at, rows in points.items():
            found[at] = found.get(at, 0) + rows
    return found
