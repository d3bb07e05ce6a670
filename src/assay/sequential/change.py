"""When did it begin: cumulative sums at thinned points of the stream, and the likeliest change among them."""

from __future__ import annotations

from typing import NamedTuple

from assay.sequential.sequence import Sums

PER_LEVEL = 8
FEW_PER_LEVEL = 2
_CUT = 7.352
"""95 % quantile of the likelihood ratio of a change's place: 2 times its logarithm has the distribution function
(1 - exp(-x/2))**2 (Hansen 2000, Econometrica 68(3):575-603, theorem 2; Yao 1987, Annals of Statistics 15:1321-1328)."""


class Point(NamedTuple):
    """The stream after a row: what it added up to."""

    row: int
    sums: Sums


class Change(NamedTuple):
    """Where a change is likeliest, and where it may be.

    Attributes:
        after: the last row before the change; 0 when the stream may have been so from its start.
        low: least such row of the 95 % likelihood set, to the resolution of the points kept.
        high: greatest such row.
    """

    after: int
    low: int
    high: int


class Track:
    """Sums of one comparison, now and at points of the past that lie the closer together the younger they are.

    Points are kept as in an exponential histogram (Datar, Gionis, Indyk and Motwani 2002, SIAM Journal on Computing
    31(6):1794-1813): at most `PER_LEVEL` of each level; of the two oldest one goes, and one rises a level. So there are
    ``PER_LEVEL * log2(blocks)`` of them.
    """

    def __init__(self, sums: Sums = Sums(), levels: list[list[Point]] | None = None) -> None:  # noqa: B008 - immutable
        self.sums = sums
        self.levels: list[list[Point]] = levels or []

    def add(self, block: Sums, row: int, *, per_level: int) -> None:
        """Add a block, which began after ``row``: the point before it is kept."""
        self._keep(Point(row, self.sums), 0, per_level)
        self.sums = Sums(*(now + more for now, more in zip(self.sums, block, strict=True)))

    def _keep(self, point: Point, level: int, per_level: int) -> None:
        if level == len(self.levels):
            self.levels.append([])
        points = self.levels[level]
        points.append(point)
        if len(points) > per_level:
            points.pop(0)
            self._keep(points.pop(0), level + 1, per_level)

    def points(self) -> list[Point]:
        """Return the points that are kept, oldest first."""
        return [point for level in reversed(self.levels) for point in level]

    def change(self) -> Change:
        """Return where the gap changed its level, among the points kept.

        One change of a mean with equal variance before and after: the profile likelihood of its place, and the places
        whose likelihood ratio to the best is under the 95 % cut. When the start of the stream is among them, no change
        is claimed. The alert that asks is itself chosen by the data, so the set is approximate.
        """
        whole = self.sums
        gap, weight = whole.high - whole.low, whole.weight
        spread = whole.high_spread + whole.low_spread
        if weight <= 0 or spread <= 0:
            return Change(0, 0, 0)
        variance = spread / weight
        found = [(gap * gap / weight, Point(0, Sums()))]
        for point in self.points():
            after = whole.since(point.sums)
            if point.sums.weight <= 0 or after.weight <= 0:
                continue
            before_gap, after_gap = point.sums.high - point.sums.low, after.high - after.low
            if after_gap / after.weight > before_gap / point.sums.weight:  # a rise
                found.append((before_gap**2 / point.sums.weight + after_gap**2 / after.weight, point))
        best = max(fit for fit, _ in found)
        inside = [point.row for fit, point in found if (best - fit) / variance <= _CUT]
        after_row = next(point.row for fit, point in found if fit == best)
        return Change(0 if 0 in inside else after_row, *self._around(min(inside), max(inside)))

    def _around(self, low: int, high: int) -> tuple[int, int]:
        """Return the points kept on either side: between two of them nothing is known of the place."""
        rows = [0, *(point.row for point in self.points())]
        return max((row for row in rows if row < low), default=0), min(
            (row for row in rows if row > high), default=high
        )

    def at(self, row: int) -> Sums:
        """Return the sums as they were after a row that is kept; nothing for the start."""
        return next((point.sums for point in self.points() if point.row == row), Sums())
