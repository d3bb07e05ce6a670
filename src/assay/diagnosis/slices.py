"""model.slice: a part of the features' space in which the gap lives, and outside which it is nearly gone.

Slices are sought on one half of the rows and measured on the other, so that the best of thousands is not taken for
granted (Slice Finder: Chung et al. 2019, ICDE, "Slice Finder: Automated Data Slicing for Model Validation", section 3;
their alpha-investing is replaced by the honest half). A plain gap is larger wherever people stand near the cut,
whatever made it; so what is sought in is what one correction for a whole side leaves: decisions that the side's own
cut does not explain, or scores that features and side do not.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from assay.diagnosis.accounts import LEAST_AREA
from assay.diagnosis.case import Suspect, confidence
from assay.diagnosis.cuts import own_cut
from assay.diagnosis.sides import FALSE_POSITIVE, SELECTED, TRUE_POSITIVE
from assay.records.explanation import Cause, Clue
from assay.tabular.sql import literal

if TYPE_CHECKING:
    from assay.diagnosis.case import Case
    from assay.diagnosis.worlds import Calibrations, Gap
    from assay.records.explanation import CauseKind

LEAST_PART, MOST_PART = 0.02, 0.55
"""A slice has this share of the focus' people: fewer are single people, more are no slice."""

ALL_OVER = 0.6
"""Share of what is off (in areas under the ROC curve, in decisions that follow no cut) that is left outside of a slice
when it is all over."""

HARDLY = 0.35
"""Share of a difference that is left where it is hardly there."""

LEAST_PEOPLE = 15
"""People of each side in a slice, in each half."""

LEAST_SHARE = 0.45
"""Outside of a slice the gap must be nearly gone."""

LEAST_VARIANCE = 0.001
"""Of a person's value: where hardly any differ, few people tell nothing."""

MOST_VALUES = 8
"""Values of a category that are joined to one slice."""

DEEP = 12
"""Features that are crossed with each other: those with the strongest slices of one condition."""

Cells = dict[tuple[int, int], tuple[int, float]]
"""(side, bin or place) to people and sum of the value."""


class Condition(NamedTuple):
    """Bins of a feature: a run of a number's from ``low`` to ``high``, both within, or a set of a category's."""

    feature: int
    low: int
    high: int
    among: tuple[int, ...] = ()


class Slice(NamedTuple):
    """One or two conditions, and how far the gap inside differs from that outside, in standard errors."""

    conditions: tuple[Condition, ...]
    z: float


class Channel(NamedTuple):
    """What a slice is sought in.

    Attributes:
        value: SQL of a person's value.
        decisions: whether it is of decisions; else of scores.
    """

    value: str
    decisions: bool


def find_slices(case: Case) -> list[Suspect]:
    """Return the slice in which the gap lives."""
    if not case.coded.features:
        return []
    return [one for channel in _channels(case) for one in _found_in(case, channel)]


def _found_in(case: Case, channel: Channel) -> list[Suspect]:
    search = _Search(case, channel)
    found = [one for at in range(len(case.coded.features)) if (one := search.best_of_one(at)) is not None]
    deep = [one.conditions[0].feature for one in sorted(found, key=lambda one: (-one.z, one.conditions))[:DEEP]]
    for at, a in enumerate(deep):
        for b in deep[at + 1 :]:
            pair = search.best_of_two(a, b)
            if pair is not None:
                found.append(pair)
    if not found:
        return []
    # A second condition has to earn its place: a standard error more.
    best = max(found, key=lambda one: (one.z - len(one.conditions), one.conditions))
    return _measured(case, search, best)


class _Search:
    """The search on one half, by counts of bins."""

    def __init__(self, case: Case, channel: Channel) -> None:
        self.case, self.channel = case, channel
        self.value = channel.value
        self.orders: dict[int, list[int]] = {}
        self.where = case.sides.rate.where
        rows = case.coded.people.ask(
            f"SELECT g, count(*), sum(v), sum(v * v) FROM (SELECT g, {self.value} AS v FROM coded WHERE h = 0 "
            f"AND {self.where}) GROUP BY g"
        )
        self.whole = {g: (n, float(v or 0.0), float(v2 or 0.0)) for g, n, v, v2 in rows}
        # Towards which side decisions differ; of right and wrong ones either may be it.
        signed = self.case.sides.rate in {SELECTED, TRUE_POSITIVE, FALSE_POSITIVE}
        self.sign = (1.0 if case.worlds.now.value > 0 else -1.0) if signed else 0.0

    def _z(self, inside: list[tuple[int, float]]) -> float:
        """Return how far the gap inside differs from that outside, towards the whole gap's sign."""
        gaps, variance = [0.0, 0.0], 0.0
        for side, sign in ((1, 1.0), (0, -1.0)):
            n, v, v2 = self.whole.get(side, (0, 0.0, 0.0))
            n_in, v_in = inside[side]
            n_out = n - n_in
            if n_in < LEAST_PEOPLE or n_out < LEAST_PEOPLE:
                return 0.0
            if side == 1 and not LEAST_PART * n <= n_in <= MOST_PART * n:
                return 0.0
            spread = max(v2 / n - (v / n) ** 2, LEAST_VARIANCE)
            variance += spread / n_in + spread / n_out
            gaps[0] += sign * v_in / n_in
            gaps[1] += sign * (v - v_in) / n_out
        sign = self.sign or math.copysign(1.0, gaps[0])
        if sign * gaps[0] <= abs(gaps[1]):
            return 0.0
        return sign * (gaps[0] - gaps[1]) / math.sqrt(variance)

    def _runs(self, feature: int, *, coarse: bool) -> list[tuple[int, int]]:
        """Return the runs of places that are tried: of numbers every run, of categories each one and the first few."""
        if not self.case.coded.features[feature].number:
            values = len(self.orders.get(feature, ()))
            first = range(1, min(values, MOST_VALUES))
            last = () if self.sign else range(1, min(values, MOST_VALUES))
            ones = [(at, at) for at in range(min(values, 40))]
            return [*ones, *((0, at) for at in first), *((values - 1 - at, values - 1) for at in last)]
        bins = len(self.case.coded.edges[feature]) + 1
        step = 2 if coarse and bins > 10 else 1  # noqa: PLR2004 - tenths are fine enough for two conditions
        edges = list(range(0, bins, step))
        return [
            (low, min(high + step, bins) - 1)
            for i, low in enumerate(edges)
            for high in edges[i:]
            if (low, high) != (0, edges[-1])
        ]

    def _condition(self, feature: int, low: int, high: int) -> Condition:
        """Return a run of places as bins: a number's run, or a category's set."""
        if self.case.coded.features[feature].number:
            return Condition(feature, low, high)
        among = tuple(sorted(self.orders[feature][low : high + 1]))
        return Condition(feature, among[0], among[-1], among if len(among) > 1 else ())

    def best_of_one(self, feature: int) -> Slice | None:
        """Return the strongest slice of one condition."""
        column = self.case.coded.bins[feature]
        rows = self.case.coded.people.ask(
            f"SELECT g, {column}, count(*), sum({self.value}) FROM coded WHERE h = 0 AND {self.where} GROUP BY 1, 2"
        )
        cells = {(g, b): (n, float(v or 0.0)) for g, b, n, v in rows}
        if not self.case.coded.features[feature].number:
            self.orders[feature] = self._order(cells)
        placed = {(g, self._place(feature, b)): cell for (g, b), cell in cells.items() if b >= 0}
        best: Slice | None = None
        for low, high in self._runs(feature, coarse=False):
            z = self._z([_sum(placed, side, low, high) for side in (0, 1)])
            if z > (best.z if best else 0.0):
                best = Slice((self._condition(feature, low, high),), z)
        return best

    def _order(self, cells: Cells) -> list[int]:
        """Return the values of a category that both sides have, those with the largest gap first."""
        gaps = []
        for value in sorted({b for _, b in cells if b >= 0}):
            (n1, v1), (n0, v0) = cells.get((1, value), (0, 0.0)), cells.get((0, value), (0, 0.0))
            if n1 and n0:
                gaps.append((v1 / n1 - v0 / n0, value))
        return [value for _, value in sorted(gaps, key=lambda one: (-(self.sign or 1.0) * one[0], one[1]))]

    def _place(self, feature: int, value: int) -> int:
        """Return where a bin stands: a number's in its own order, a category's by its gap; -1 for nowhere."""
        order = self.orders.get(feature)
        return value if order is None else order.index(value) if value in order else -1

    def best_of_two(self, a: int, b: int) -> Slice | None:
        """Return the strongest slice of two conditions."""
        x, y = self.case.coded.bins[a], self.case.coded.bins[b]
        rows = self.case.coded.people.ask(
            f"SELECT g, {x}, {y}, count(*), sum({self.value}) FROM coded WHERE h = 0 AND {self.where} GROUP BY 1, 2, 3"
        )
        tables = [
            _Corner([(self._place(a, i), self._place(b, j), n, float(v or 0.0)) for g, i, j, n, v in rows if g == side])
            for side in (0, 1)
        ]
        best: Slice | None = None
        for low, high in self._runs(a, coarse=True):
            for bottom, top in self._runs(b, coarse=True):
                inside = [table.of(low, high, bottom, top) for table in tables]
                if inside[1][0] < LEAST_PEOPLE or inside[0][0] < LEAST_PEOPLE:
                    continue
                z = self._z(inside)
                if z > (best.z if best else 0.0):
                    best = Slice((self._condition(a, low, high), self._condition(b, bottom, top)), z)
        return best


def _sum(cells: Cells, side: int, low: int, high: int) -> tuple[int, float]:
    parts = [cells.get((side, at), (0, 0.0)) for at in range(low, high + 1)]
    return sum(n for n, _ in parts), sum(v for _, v in parts)


class _Corner:
    """Sums from the corner of a table of bins, so that each rectangle is four look-ups (Crow 1984, SIGGRAPH)."""

    def __init__(self, rows: list[tuple[int, int, int, float]]) -> None:
        wide = max((i for i, *_ in rows), default=0) + 2
        tall = max((j for _, j, *_ in rows), default=0) + 2
        self.n = [[0] * (tall + 1) for _ in range(wide + 1)]
        self.v = [[0.0] * (tall + 1) for _ in range(wide + 1)]
        for i, j, n, v in rows:
            if i >= 0 and j >= 0:
                self.n[i + 1][j + 1] += n
                self.v[i + 1][j + 1] += v
        n_, v_ = self.n, self.v
        for i in range(1, wide + 1):
            for j in range(1, tall + 1):
                n_[i][j] += n_[i - 1][j] + n_[i][j - 1] - n_[i - 1][j - 1]
                v_[i][j] += v_[i - 1][j] + v_[i][j - 1] - v_[i - 1][j - 1]
        self.wide, self.tall = wide, tall

    def of(self, low: int, high: int, bottom: int, top: int) -> tuple[int, float]:
        """Return people and sum of the values in a rectangle."""
        a, b = min(low, self.wide), min(high + 1, self.wide)
        c, d = min(bottom, self.tall), min(top + 1, self.tall)
        n, v = self.n, self.v
        return n[b][d] - n[a][d] - n[b][c] + n[a][c], v[b][d] - v[a][d] - v[b][c] + v[a][c]


def _channels(case: Case) -> list[Channel]:
    """Return what slices are sought in: decisions that no cut explains, scores that no line of features does."""
    found = []
    if case.coded.people.has_score and case.question.roles.prediction is not None and not case.worlds.scored:
        own = own_decision(case)
        if own is not None:
            found.append(Channel(f"CAST(d - {own} AS DOUBLE)", decisions=True))
    if case.surrogate is not None:
        found.append(Channel(f"(t - ({case.surrogate.sql()}))", decisions=False))
    return found


def own_decision(case: Case) -> str | None:
    """Return SQL of the decision that each side's own cut of the score makes; None where they have none."""
    cuts = [own_cut(case, side) for side in (1, 0)]
    if cuts[0] is None or cuts[1] is None:
        return None
    focus, reference = (literal(float(one.cut)) for one in cuts if one is not None)
    return f"CAST(s >= CASE WHEN g = 1 THEN {focus} ELSE {reference} END AS INTEGER)"


def _screened(case: Case, outside: Calibrations | None) -> tuple[CauseKind, ...]:
    """Return what is off on average because of the slice: with it taken away, hardly so."""
    if case.calibrations is None or outside is None:
        return ()
    found: list[CauseKind] = []
    here, there = (
        abs(one.apart.coefficients[3]) + abs(one.apart.coefficients[4]) for one in (case.calibrations, outside)
    )
    if there <= HARDLY * here:
        found.append("model.calibration")
    areas = _areas(case, outside)
    if areas is not None and abs(areas[1]) <= max(HARDLY * abs(areas[0]), LEAST_AREA):
        found.append("model.error_gap")
    return tuple(found)


def _areas(case: Case, outside: Calibrations | None) -> tuple[float, float] | None:
    """Return the difference in areas under the ROC curve, focus less reference: of all, and outside of a slice."""
    if case.calibrations is None or case.calibrations.areas is None or outside is None or outside.areas is None:
        return None
    return case.calibrations.areas[0] - case.calibrations.areas[1], outside.areas[0] - outside.areas[1]


def _off_all_over(case: Case, inside: str) -> bool:
    """Say whether decisions about the focus follow no cut as often outside of a slice: then it is a symptom."""
    own = own_decision(case)
    everywhere, elsewhere = case.coded.people.ask(
        f"SELECT avg(abs(d - {own})), avg(abs(d - {own})) FILTER (NOT ({inside})) FROM coded WHERE g = 1"
    )[0]
    return bool(elsewhere) and elsewhere >= ALL_OVER * everywhere


def _worse_all_over(case: Case, outside: Calibrations | None) -> bool:
    """Say whether the score ranks one side worse outside of a slice, too: then the slice is a symptom."""
    areas = _areas(case, outside)
    return areas is not None and abs(areas[1]) >= max(ALL_OVER * abs(areas[0]), LEAST_AREA) and areas[0] * areas[1] > 0


def sql_of(case: Case, found: Slice) -> str:
    """Return SQL that is true in a slice."""
    return " AND ".join(
        f"{case.coded.bins[one.feature]} IN ({', '.join(map(str, one.among))})"
        if one.among
        else f"{case.coded.bins[one.feature]} BETWEEN {one.low} AND {one.high}"
        for one in found.conditions
    )


def words_of(case: Case, found: Slice) -> str:
    """Return a slice in words."""
    told = []
    for feature, low, high, among in found.conditions:
        name, edges = case.coded.features[feature].name, case.coded.edges[feature]
        if among:
            told.append(f"{name} is one of " + ", ".join(repr(edges[one]) for one in among if one < len(edges)))
        elif not case.coded.features[feature].number:
            told.append(f"{name} = {edges[low]!r}" if low < len(edges) else f"{name} is a rare one")
        elif low == 0:
            told.append(f"{name} < {edges[high]:.6g}")
        elif high >= len(edges):
            told.append(f"{name} >= {edges[low - 1]:.6g}")
        else:
            told.append(f"{edges[low - 1]:.6g} <= {name} < {edges[high]:.6g}")
    return " and ".join(told)


def _measured(case: Case, search: _Search, best: Slice) -> list[Suspect]:
    """Measure the slice on the other half, and the gap without it on all rows."""
    inside, words = sql_of(case, best), words_of(case, best)
    rows = case.coded.people.ask(
        f"SELECT g, {inside} AS i, count(*), avg(v), var_samp(v) FROM (SELECT *, {search.value} AS v FROM coded "
        f"WHERE h = 1 AND {search.where}) WHERE ({inside}) IS NOT NULL GROUP BY 1, 2"
    )
    cells = {(g, bool(i)): (n, m, max(v or 0.0, LEAST_VARIANCE)) for g, i, n, m, v in rows}
    if len(cells) < 4:  # noqa: PLR2004 - two sides, within and without
        return []
    effect = sum(s * cells[g, i][1] for g, i, s in ((1, True, 1), (0, True, -1), (1, False, -1), (0, False, 1)))
    z = (search.sign or math.copysign(1.0, effect)) * effect / math.sqrt(sum(v / n for n, _, v in cells.values()))
    within, without = case.worlds.gap(inside), case.worlds.gap(f"NOT ({inside})")
    if search.channel.decisions:
        own = own_decision(case)
        mended = case.worlds.gap(decision=f"CASE WHEN {inside} THEN {own} ELSE d END")
        share = case.worlds.closed(mended)
    else:
        mended = case.worlds.decided_by(f"t - {literal(effect)} * g * CAST(({inside}) AS INTEGER)")
        share = case.worlds.closed(mended, case.before)
    outside = case.worlds.calibrations(where=f"NOT ({inside})")
    if search.channel.decisions and _off_all_over(case, inside):
        return []
    if share < LEAST_SHARE or z <= 0 or case.worlds.closed(without) < LEAST_SHARE / 2 or _worse_all_over(case, outside):
        return []
    detail = _detail(case, (within, without, mended), words, decisions=search.channel.decisions)
    clues = (
        Clue(what=f"gap where {words}", value=within.value, n=sum(within.rows), source="Chung et al. 2019, ICDE"),
        Clue(what="gap elsewhere", value=without.value, n=sum(without.rows)),
        Clue(what="effect within less effect elsewhere, on rows not searched, in standard errors", value=z),
        Clue(what="gap without it", value=mended.value),
    )
    cause = Cause(kind="model.slice", share=share, confidence=confidence(z), detail=detail, evidence=clues)
    names = ",".join(case.coded.features[one.feature].name for one in best.conditions)
    return [Suspect(cause, feature=names, screens=_screened(case, outside))]


def _detail(case: Case, gaps: tuple[Gap, Gap, Gap], words: str, *, decisions: bool) -> str:
    """Say where the gap lives; the gaps are those within, without, and of all with the slice mended."""
    within, without, mended = gaps
    part = within.rows[0] / max(within.rows[0] + without.rows[0], 1)
    what = (
        "decisions that the cut of the score does not explain" if decisions else "scores that features do not explain"
    )
    return (
        f"Where {words} the gap in {case.sides.rate.words} is {abs(within.value):.3f}, elsewhere "
        f"{abs(without.value):.3f}; the slice holds {part:.0%} of the people of {case.sides.named(True)} that "
        f"the metric "
        f"is about, who have {what} there. Without that the gap would be {abs(mended.value):.3f}."
    )
