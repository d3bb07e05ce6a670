"""A tally's cells, merged into the groups that are compared: everybody, each attribute's values, intersections."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

from assay.errors import InputError, suggest
from assay.metrics.error_sums import ErrorSums, error_sums
from assay.metrics.histogram import Histogram, Points, cell_histograms, columns, points, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.tally import Cell, ClassValue, GroupValue, Tally

    _Typed: TypeAlias = tuple[tuple[type, GroupValue], ...]

CELLS = 9
"""Label (negative, positive, none) by prediction (negative, positive, none): cell ``3 * label + prediction``."""


class Group:
    """The counts of one group.

    Attributes:
        key: a value for each attribute of its grouping.
        rows: people.
        counts: rows by label and prediction (binary), see ``CELLS``.
        weights: sums of weights likewise, in ``SUM_UNIT``; None without weights.
        squares: sums of squared weights likewise; None where the tally lacks them.
        confusion: rows by (label, prediction) (multi-class).
        weighed: weights by (label, prediction) (multi-class).
        weighed_squares: squared weights by (label, prediction) (multi-class).
        scores: None without a score column.
        errors: None without errors (regression).
    """

    __slots__ = (
        "confusion",
        "counts",
        "errors",
        "key",
        "rows",
        "scores",
        "squares",
        "weighed",
        "weighed_squares",
        "weights",
    )

    def __init__(self, key: tuple[GroupValue, ...], tally: Tally) -> None:
        weighted = tally.roles.weight is not None
        squared = weighted and all(cell.weight_squares is not None for cell in tally.cells)
        self.key = key
        self.rows = 0
        self.counts = [0] * CELLS
        self.weights: list[int] | None = [0] * CELLS if weighted else None
        self.squares: list[int] | None = [0] * CELLS if squared else None
        self.confusion: dict[tuple[ClassValue, ClassValue], int] = {}
        self.weighed: dict[tuple[ClassValue, ClassValue], int] | None = {} if weighted else None
        self.weighed_squares: dict[tuple[ClassValue, ClassValue], int] | None = {} if squared else None
        self.scores: Histogram | None = None if tally.scores is None else Histogram()
        self.errors: ErrorSums | None = None if tally.errors is None else ErrorSums(weighted=weighted)

    def add(self, others: Sequence[Group]) -> None:
        """Add other groups' people to these."""
        every = [self, *others]
        self.rows = sum(each.rows for each in every)
        self.counts = columns(each.counts for each in every)
        if self.weights is not None:
            self.weights = columns(each.weights for each in every if each.weights is not None)
        if self.squares is not None:
            self.squares = columns(each.squares for each in every if each.squares is not None)
        for other in others:
            for mine, theirs in (
                (self.confusion, other.confusion),
                (self.weighed, other.weighed),
                (self.weighed_squares, other.weighed_squares),
            ):
                if mine is not None and theirs:
                    for pair, count in theirs.items():
                        mine[pair] = mine.get(pair, 0) + count
            if self.errors is not None and other.errors is not None:
                self.errors.add(other.errors)
        if self.scores is not None:
            self.scores = whole([each.scores for each in every if each.scores is not None])

    @property
    def known(self) -> bool:
        """Whether membership is known in every attribute."""
        return None not in self.key


class Grouping:
    """The groups of one attribute, of an intersection, or (no attribute) everybody.

    Attributes:
        attributes: names of the attributes, in the roles' order.
        groups: in the order of their values; unknown last.
    """

    __slots__ = ("attributes", "groups")

    def __init__(self, attributes: tuple[str, ...], groups: list[Group]) -> None:
        self.attributes = attributes
        self.groups = groups

    def named(self, group: Group) -> dict[str, GroupValue]:
        """Return a group as attribute to value."""
        return dict(zip(self.attributes, group.key, strict=True))


def _order(key: tuple[GroupValue, ...]) -> tuple[tuple[int, str, float, str], ...]:
    """Order values: booleans, numbers, texts, unknown."""
    return tuple(
        (3, "", 0.0, "")
        if value is None
        else (2, "", 0.0, value)
        if isinstance(value, str)
        else (0 if isinstance(value, bool) else 1, "", float(value), "")
        for value in key
    )


def base_groups(tally: Tally) -> tuple[list[Group], Points | None]:
    """Return the finest groups that the tally holds, and the points of its scores."""
    found: dict[_Typed, Group] = {}

    def group_of(key: tuple[GroupValue, ...]) -> Group:
        typed = _typed(key)
        if typed not in found:
            found[typed] = Group(key, tally)
        return found[typed]

    for cell in tally.cells:
        _add_cell(group_of(cell.group), cell, binary=tally.roles.task == "binary")
    axis = None
    if tally.scores is not None:
        axis = points(tally.scores, weighted=tally.roles.weight is not None)
        of_group: dict[_Typed, list[Histogram]] = {}
        for score_cell, histogram in zip(tally.scores.cells, cell_histograms(tally.scores, axis), strict=True):
            group_of(score_cell.group)
            of_group.setdefault(_typed(score_cell.group), []).append(histogram)
        for typed, histograms in of_group.items():
            found[typed].scores = whole(histograms)
    if tally.errors is not None:
        for error_cell in tally.errors.cells:
            group = group_of(error_cell.group)
            if group.errors is not None:
                group.errors.add(error_sums(error_cell, tally.errors, weighted=tally.roles.weight is not None))
            # Cells of a regression tally, where there are any, have counted these rows already.
            group.rows += 0 if tally.cells else error_cell.count
    return sorted(found.values(), key=lambda group: _order(group.key)), axis


def _typed(key: tuple[GroupValue, ...]) -> _Typed:
    """Return a key in which True and 1, equal in Python, stay two groups."""
    return tuple((type(value), value) for value in key)


def _add_cell(group: Group, cell: Cell, *, binary: bool) -> None:
    group.rows += cell.count
    if binary:
        place = 3 * _class_index(cell.label) + _class_index(cell.prediction)
        group.counts[place] += cell.count
        if group.weights is not None:
            group.weights[place] += cell.weight or 0
        if group.squares is not None:
            group.squares[place] += cell.weight_squares or 0
        return
    pair = (cell.label, cell.prediction)
    for sums, amount in (
        (group.confusion, cell.count),
        (group.weighed, cell.weight),
        (group.weighed_squares, cell.weight_squares),
    ):
        if sums is not None:
            sums[pair] = sums.get(pair, 0) + (amount or 0)


def _class_index(value: ClassValue) -> int:
    return 2 if value is None else int(value)


def merge(tally: Tally, groups: Sequence[Group], attributes: tuple[str, ...]) -> Grouping:
    """Return the groups of some attributes, merged from finer ones; no attributes: everybody, as one group."""
    if attributes == tally.roles.protected:
        return Grouping(attributes, list(groups))
    places = [tally.roles.protected.index(name) for name in attributes]
    members: dict[_Typed, list[Group]] = {} if attributes else {(): []}
    for group in groups:
        members.setdefault(_typed(tuple(group.key[place] for place in places)), []).append(group)
    found = []
    for typed, those in members.items():
        whole = Group(tuple(value for _, value in typed), tally)
        whole.add(those)
        found.append(whole)
    return Grouping(attributes, sorted(found, key=lambda group: _order(group.key)))


def intersections(tally: Tally, asked: bool | Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return the intersections to measure, each as names in the roles' order.

    Raises:
        InputError: when a name is no protected attribute of the tally, or an intersection has fewer than two.
    """
    names = tally.roles.protected
    if isinstance(asked, bool):
        pairs = list(combinations(names, 2)) if asked else []
        return pairs + ([names] if asked and len(names) > 2 else [])  # noqa: PLR2004 - two are a pair already
    found: list[tuple[str, ...]] = []
    for wanted in asked:
        if isinstance(wanted, str):
            raise InputError(f"expected an intersection as a list of attributes, found the text {wanted!r}")
        for name in wanted:
            if name not in names:
                raise InputError(
                    f"expected protected attributes in intersections, found {name!r}{suggest(name, names)}; "
                    f"the tally has {', '.join(names) or 'none'}"
                )
        ordered = tuple(name for name in names if name in wanted)
        if len(ordered) < 2:  # noqa: PLR2004 - one attribute is no intersection
            raise InputError(f"expected at least two different attributes in an intersection, found {list(wanted)!r}")
        if ordered not in found:
            found.append(ordered)
    return found
