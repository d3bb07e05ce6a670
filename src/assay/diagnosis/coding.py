"""Features as numbers that a linear fit can use, and as bins that can be counted.

A number stands as its standardised value, drawn in to four standard deviations; where bins of equal rows tell the score
better than a straight line does, the part that the line leaves stands beside it. A category stands as the mean score of
its people, the sides' difference within categories taken off first (target encoding, Micci-Barreca 2001, SIGKDD
Explorations 3(1):27-32), shrunk towards none where they are few. What is missing stands in the middle, with a column
of its own that says so.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.tabular.sql import literal

if TYPE_CHECKING:
    from assay.diagnosis.people import Feature, People

BINS = 20
"""Bins of equal rows that a number is counted in."""

MOST_CATEGORIES = 60
"""Categories that are told apart; the rarer ones count as one."""

AN_IDENTIFIER = 0.5
"""A text with a different value in more than half of the rows names people: nothing is learnt from it."""

SHRINK = 10.0
"""Rows of no effect that are added to each category, and to each bin."""

BENT = 0.01
"""Share of the score's variance that bins must add to a straight line before they are used."""

RARELY = 0.005
"""Share of missing values from which on they have a column of their own."""


@dataclass(frozen=True, slots=True)
class Code:
    """A column of the table ``coded``.

    Attributes:
        column: its name there.
        feature: the place of its feature in `Coded.features`.
        sql: how it is made from the feature's column.
        missing: whether it says that the value is missing.
    """

    column: str
    feature: int
    sql: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Coded:
    """The table ``coded``: rid, h, g, y, d, s, t, the codes, and for each feature its bin (-1: missing).

    Attributes:
        people: where it is from.
        features: the features looked at.
        bins: the column of bins of each.
        bin_sql: how each is made from the feature's column.
        edges: the values where bins begin (numbers), or the categories of the bins.
        codes: the columns of numbers.
        foretells: area under the ROC curve by which each feature tells focus from reference, 0.5 to 1.
        unseen: features that were left out for their number.
    """

    people: People
    features: tuple[Feature, ...]
    bins: tuple[str, ...]
    bin_sql: tuple[str, ...]
    edges: tuple[tuple[Any, ...], ...]
    codes: tuple[Code, ...]
    foretells: tuple[float, ...]
    unseen: tuple[str, ...]

    def codes_of(self, feature: int) -> list[int]:
        """Return the places of a feature's codes."""
        return [at for at, code in enumerate(self.codes) if code.feature == feature]


def code(people: People) -> Coded:
    """Make the table ``coded``."""
    chosen, unseen = _chosen(people)
    people.ask("DROP TABLE IF EXISTS coded")
    codes: list[Code] = []
    bins: list[str] = []
    bin_sql: list[str] = []
    edges: list[tuple[Any, ...]] = []
    selected: list[str] = []
    for at, feature in enumerate(chosen):
        cuts = _edges(people, feature)
        bin_of = _bin(feature, cuts)
        made, missing = _codes(people, feature, bin_of)
        for number, sql in enumerate(made):
            codes.append(Code(f"c{at}_{number}", at, sql))
            selected.append(f"{sql} AS c{at}_{number}")
        if missing:
            codes.append(Code(f"m{at}", at, f"CAST({feature.column} IS NULL AS INTEGER)::DOUBLE", missing=True))
            selected.append(f"CAST({feature.column} IS NULL AS INTEGER)::DOUBLE AS m{at}")
        bins.append(f"b{at}")
        bin_sql.append(f"CAST({bin_of} AS SMALLINT)")
        edges.append(cuts)
        selected.append(f"CAST({bin_of} AS SMALLINT) AS b{at}")
    columns = ", ".join(["rid, h, g, y, d, s, t", *selected])
    people.ask(f"CREATE TEMP TABLE coded AS SELECT {columns} FROM people ORDER BY rid")
    foretells = tuple(foretold(people, column) for column in bins)
    return Coded(
        people, tuple(chosen), tuple(bins), tuple(bin_sql), tuple(edges), tuple(codes), foretells, tuple(unseen)
    )


def _chosen(people: People) -> tuple[list[Feature], list[str]]:
    kept, unseen = [], []
    rows = sum(people.rows)
    for feature in people.features:
        if not feature.number:
            different = people.value(f"SELECT approx_count_distinct({feature.column}) FROM people")
            if different > AN_IDENTIFIER * rows and different > MOST_CATEGORIES:
                unseen.append(f"{feature.name}: almost every row has its own text in it")
                continue
        kept.append(feature)
    return kept, unseen


def _edges(people: People, feature: Feature) -> tuple[Any, ...]:
    """Return where bins begin, or the categories that are told apart."""
    x = feature.column
    if not feature.number:
        found = people.ask(
            f"SELECT {x} FROM people WHERE {x} IS NOT NULL GROUP BY {x} ORDER BY count(*) DESC, {x} LIMIT "
            f"{MOST_CATEGORIES}"
        )
        return tuple(row[0] for row in found)
    cuts = ", ".join(f"{at}/{BINS}::DOUBLE" for at in range(1, BINS))
    quantiles = people.value(f"SELECT quantile_disc({x}, [{cuts}]) FROM people WHERE {x} IS NOT NULL")
    least = people.value(f"SELECT min({x}) FROM people")
    return tuple(sorted({value for value in quantiles or () if value > least}))


def _bin(feature: Feature, cuts: tuple[Any, ...]) -> str:
    """Return SQL of a value's bin."""
    x = feature.column
    if feature.number:
        over = " ".join(f"WHEN {x} < {literal(float(cut))} THEN {at}" for at, cut in enumerate(cuts))
        return f"CASE WHEN {x} IS NULL THEN -1 {over} ELSE {len(cuts)} END"
    same = " ".join(f"WHEN {x} = {literal(cut)} THEN {at}" for at, cut in enumerate(cuts))
    return f"CASE WHEN {x} IS NULL THEN -1 {same} ELSE {len(cuts)} END"


def _codes(people: People, feature: Feature, bin_of: str) -> tuple[list[str], bool]:
    """Return SQL of a feature's codes, and whether missing values have one of their own."""
    x = feature.column
    missing = people.value(f"SELECT avg(CAST({x} IS NULL AS INTEGER)) FROM people") > RARELY
    cells = people.ask(
        f"SELECT {bin_of} AS b, g, count(*), sum(t) FROM people WHERE t IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    side = _side_effect([cell for cell in cells if cell[0] >= 0])
    effect = f"(t - ({literal(side)}) * g)"
    mean = people.value(f"SELECT avg({effect}) FROM people WHERE {x} IS NOT NULL") or 0.0
    value = f", {x} AS x" if feature.number else ""
    inner = f"SELECT {bin_of} AS b, {effect} - ({literal(float(mean))}) AS e{value} FROM people"
    if not feature.number:
        levels = f"SELECT b, sum(e) / (count(*) + {SHRINK}) FROM ({inner}) WHERE b >= 0 GROUP BY b"
        return [_steps(people, levels, bin_of)], missing
    return _number_codes(people, x, inner, bin_of), missing


def _side_effect(cells: list[tuple[int, int, int, float]]) -> float:
    """Return the focus' mean score less the reference's at equal bins: least squares with a term for each bin."""
    bins: dict[int, dict[int, tuple[int, float]]] = {}
    for value, side, rows, total in cells:
        bins.setdefault(value, {})[side] = (rows, total)
    above = below = 0.0
    for sides in bins.values():
        (n1, s1), (n0, s0) = sides.get(1, (0, 0.0)), sides.get(0, (0, 0.0))
        if n1 and n0:
            weight = n1 * n0 / (n1 + n0)
            above += weight * (s1 / n1 - s0 / n0)
            below += weight
    return above / below if below else 0.0


def _number_codes(people: People, x: str, inner: str, bin_of: str) -> list[str]:
    """Return SQL of a number's codes: its line, and what the line leaves of its bins."""
    mean, spread = people.ask(f"SELECT avg({x}), stddev_pop({x}) FROM people")[0]
    if not spread:
        return []
    straight = f"coalesce(greatest(-4.0, least(4.0, ({x} - {literal(float(mean))}) / {literal(float(spread))})), 0.0)"
    slope, level, whole = people.ask(
        f"SELECT regr_slope(e, x), regr_intercept(e, x), var_pop(e) FROM ({inner}) WHERE x IS NOT NULL"
    )[0]
    if slope is None or not whole:
        return [straight]
    left = f"e - ({literal(float(slope))} * x + {literal(float(level))})"
    bent = f"SELECT b, sum({left}) / (count(*) + {SHRINK}) AS m, count(*) AS n FROM ({inner}) "
    bent += "WHERE x IS NOT NULL GROUP BY b"
    added = people.value(f"SELECT sum(n * m * m) / sum(n) FROM ({bent})") / whole
    if added < BENT or people.value(f"SELECT count(DISTINCT {x}) FROM people") < 3:  # noqa: PLR2004 - two values are a line
        return [straight]
    return [straight, _steps(people, f"SELECT b, m FROM ({bent})", bin_of)]


def _steps(people: People, sql: str, bin_of: str) -> str:
    """Return SQL of a step function of bins, in standard deviations."""
    levels = sorted(people.ask(sql))
    size = max((abs(level) for _, level in levels), default=0.0) or 1.0
    cases = " ".join(f"WHEN {at} THEN {literal(level / size)}" for at, level in levels)
    return f"CASE {bin_of} {cases} ELSE 0.0 END" if cases else "0.0"


def foretold(people: People, column: str, where: str = "TRUE") -> float:
    """Return the area under the ROC curve of the best use of one feature's bins to tell focus from reference.

    Found on one half of the rows and measured on the other (and the other way round), so that many categories of few
    people do not foretell by chance.
    """
    found = people.ask(f"SELECT {column}, h, g, count(*) FROM coded WHERE {where} GROUP BY ALL ORDER BY ALL")
    counts: dict[tuple[int, int], dict[int, int]] = {}
    for value, half, side, rows in found:
        counts.setdefault((half, side), {})[value] = rows
    areas = []
    for learn, test in ((0, 1), (1, 0)):
        inside, outside = counts.get((learn, 1), {}), counts.get((learn, 0), {})
        rank = {
            one: (inside.get(one, 0) + 0.5) / (inside.get(one, 0) + outside.get(one, 0) + 1)
            for one in {*inside, *outside}
        }
        areas.append(_area(counts.get((test, 1), {}), counts.get((test, 0), {}), rank))
    return max(0.5, sum(areas) / len(areas))


def _area(inside: dict[int, int], outside: dict[int, int], rank: dict[int, float]) -> float:
    by_rank: dict[float, list[int]] = {}
    for place, side in enumerate((inside, outside)):
        for value, rows in side.items():
            by_rank.setdefault(rank.get(value, 0.5), [0, 0])[place] += rows
    below = wins = 0.0
    for one in sorted(by_rank):
        mine, theirs = by_rank[one]
        wins += mine * (below + theirs / 2)
        below += theirs
    total = sum(inside.values()) * below
    return wins / total if total else 0.5
