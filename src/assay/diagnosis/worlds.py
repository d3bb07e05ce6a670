"""What the gap would be if one thing were otherwise: the same people, decided by another cut, score or curve.

Each world changes one thing and keeps the share of people selected, so that a gap that closes does so because of that
one thing and not because more are selected. The part of the gap that goes away is the thing's share.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.diagnosis.arithmetic import Curve, tail_of_chi
from assay.diagnosis.sides import CALIBRATED, DISTANT
from assay.tabular.sql import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.coding import Coded
    from assay.diagnosis.sides import Sides

GRID = 6
"""Bins of the score in one unit of ``t`` (log odds, or standard deviations)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference of the two sides' rates, focus less reference.

    Attributes:
        value: the difference; 0 where a side has no rows.
        error: its standard error.
        rows: of focus and reference.
    """

    value: float
    error: float
    rows: tuple[int, int]

    @property
    def z(self) -> float:
        """Return the difference in standard errors."""
        return self.value / self.error if self.error else 0.0


@dataclass(frozen=True, slots=True)
class Calibrations:
    """How the label follows the score on each side.

    Attributes:
        common: the curve of both sides: terms 1, t, t^2.
        apart: the curve with terms for the focus: 1, t, t^2, g, g*t.
        square: likelihood ratio of both.
        p: its probability where both sides follow one curve (2 degrees of freedom, one where t is a decision).
        areas: area under the ROC curve of focus and reference; None where one has one label only.
        areas_error: standard error of their difference if there were none (Hanley and McNeil 1982, Radiology
            143:29-36).
    """

    common: Curve
    apart: Curve
    square: float
    p: float
    areas: tuple[float, float] | None
    areas_error: float | None


class Worlds:
    """Gaps as they are, and as they would be.

    Attributes:
        now: the gap in the rows looked at.
        cut: the gap when all are decided by one cut of the score; None without score and decision.
    """

    def __init__(self, coded: Coded, sides: Sides) -> None:
        self.coded, self.sides = coded, sides
        self.rate = sides.rate
        self.scored = self.rate in {CALIBRATED, DISTANT}
        self.now = self.gap()
        self.cut: Gap | None = None
        if coded.people.has_score and (self.scored or self.rate_of_decisions > 0):
            self.cut = self.decided_by("t")

    @property
    def rate_of_decisions(self) -> float:
        """Share of decisions that are positive."""
        return self.coded.people.value("SELECT avg(d) FROM coded") or 0.0

    def gap(self, where: str = "TRUE", decision: str | None = None, score: str | None = None) -> Gap:
        """Return the gap among some rows, with decisions or scores as SQL in place of what they are."""
        replaced = [f"CAST({decision} AS INTEGER) AS d"] if decision else []
        replaced += [f"{score} AS s"] if score else []
        source = f"(SELECT * REPLACE ({', '.join(replaced)}) FROM coded)" if replaced else "coded"
        return self._read(f"SELECT g, count(*), avg({self.rate.value}), var_samp({self.rate.value}) FROM {source} "
                          f"WHERE ({self.rate.where}) AND ({where}) GROUP BY g")  # fmt: skip

    def _read(self, sql: str) -> Gap:
        found = {side: (rows, mean, variance) for side, rows, mean, variance in self.coded.people.ask(sql)}
        if 0 not in found or 1 not in found:
            return Gap(0.0, math.inf, (found.get(1, (0,))[0], found.get(0, (0,))[0]))
        (n1, m1, v1), (n0, m0, v0) = found[1], found[0]
        gap = float(m1) - float(m0)
        # As if there were no gap, of all rows together: few rows that are all alike are no certainty (a score test).
        within = (n1 * float(v1 or 0.0) + n0 * float(v0 or 0.0)) / (n1 + n0)
        variance = max(within + n1 * n0 * (gap / (n1 + n0)) ** 2, 0.25 / (n1 + n0 + 2))
        return Gap(gap, math.sqrt(variance * (1 / n1 + 1 / n0)), (n1, n0))

    def decided_by(self, score: str, where: str = "TRUE") -> Gap:
        """Return the gap when all are decided by one cut of a score, on the scale of ``t``, as many selected as now."""
        if not self.coded.people.has_score:  # decisions as they are, less a line's parts: shares of people, not cuts
            return self._read(f"SELECT g, count(*), avg({score}), var_samp({score}) FROM coded "
                              f"WHERE ({self.rate.where}) AND ({where}) GROUP BY g")  # fmt: skip
        if self.scored:
            return self.gap(where, score=f"(1 / (1 + exp(-({score}))))" if self.coded.people.odds else score)
        return self.gap(where, decision=self.decision(score))

    def decision(self, score: str) -> str:
        """Return SQL of decisions by one cut of a score, as many selected as now."""
        rate = self.rate_of_decisions
        cut = self.coded.people.value(
            f"SELECT quantile_cont({score}, {literal(1 - rate)}) FROM coded WHERE t IS NOT NULL"
        )
        return f"(({score}) >= {literal(float(cut))})"

    def closed(self, gap: Gap, before: Gap | None = None) -> float:
        """Return which share of the gap goes away from one world to another, 0 to 1."""
        whole = abs(self.now.value)
        start = abs((before or self.now).value)
        return min(max((start - abs(gap.value)) / whole, 0.0), 1.0) if whole else 0.0

    def carried(self, gap: Gap, before: Gap) -> float:
        """Return which share of the gap something carries that, taken away, leaves another gap: all, if it turns it."""
        whole = self.now.value
        return min(max((before.value - gap.value) / whole, 0.0), 1.0) if whole else 0.0

    def calibrations(self, score: str = "t", where: str = "TRUE") -> Calibrations | None:
        """Return how the label follows a score, on the scale of ``t``, on each side; None without score or label."""
        if not self.coded.people.has_score:
            return None
        cells = self.coded.people.ask(
            f"SELECT g, round(({score}) * {GRID}) / {GRID} AS b, count(*), sum(y), avg({score}) FROM coded "
            f"WHERE y IS NOT NULL AND t IS NOT NULL AND ({where}) GROUP BY g, b ORDER BY g, b"
        )
        sides = {side for side, *_ in cells}
        positive, rows = sum(cell[3] for cell in cells), sum(cell[2] for cell in cells)
        if len(sides) < 2 or not 0 < positive < rows or len(cells) < 4:  # noqa: PLR2004 - a curve a side
            return None
        ys, ns = [float(cell[3]) for cell in cells], [float(cell[2]) for cell in cells]
        plain = [[1.0, cell[4], cell[4] ** 2] for cell in cells]
        apart = [[*terms, float(cell[0]), cell[0] * cell[4]] for terms, cell in zip(plain, cells, strict=True)]
        common, both = Curve(plain, ys, ns), Curve(apart, ys, ns)
        square = max(common.deviance - both.deviance, 0.0)
        areas, error = _areas([[cell for cell in cells if cell[0] == side] for side in (1, 0)])
        return Calibrations(
            common=common, apart=both, square=square, p=tail_of_chi(square, 2), areas=areas, areas_error=error
        )


def recalibrated(found: Calibrations, score: str = "t") -> str:
    """Return SQL of the score that each side's own curve makes of it, as log odds of the label."""
    one, t, square, g, slope = (literal(float(c)) for c in found.apart.coefficients)
    x = f"({score})"
    return f"({one} + {t} * {x} + {square} * {x} * {x} + {g} * g + {slope} * g * {x})"


def _areas(
    sides: Sequence[list[tuple[int, float, int, int, float]]],
) -> tuple[tuple[float, float] | None, float | None]:
    """Return the areas under the ROC curves of two sides from bins, and the standard error of their difference.

    The error is that of equal areas, at their mean by pairs: that of an area near one among few people is next to none.
    """
    known = [_area(cells) for cells in sides]
    pairs = [positive * negative for _, positive, negative in known]
    if not all(pairs):
        return None, None
    mean = sum(area * n for (area, _, _), n in zip(known, pairs, strict=True)) / sum(pairs)
    q1, q2 = mean / (2 - mean), 2 * mean**2 / (1 + mean)
    variance = sum(
        (mean * (1 - mean) + (positive - 1) * (q1 - mean**2) + (negative - 1) * (q2 - mean**2)) / (positive * negative)
        for _, positive, negative in known
    )
    return (known[0][0], known[1][0]), math.sqrt(max(variance, 1e-9))


def _area(cells: list[tuple[int, float, int, int, float]]) -> tuple[float, int, int]:
    """Return the area under the ROC curve from bins, and the people with either label; 0.5 where there is one only."""
    positive = sum(cell[3] for cell in cells)
    negative = sum(cell[2] for cell in cells) - positive
    if not positive or not negative:
        return 0.5, positive, negative
    below = wins = 0.0
    for _, _, n, y, _ in sorted(cells, key=lambda cell: cell[1]):
        wins += y * (below + (n - y) / 2)
        below += n - y
    return wins / (positive * negative), positive, negative
