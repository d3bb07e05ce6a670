"""The tables of a bias audit under Local Law 144: rates by category, and impact ratios from unrounded rates.

Source: Rules of the City of New York, title 6, section 5-301 (https://rules.cityofnewyork.us/rule/automated-employment-
decision-tools-updated/): selection rate = selected / assessed; scoring rate = share scored above the sample's median;
impact ratio = rate / rate of the category with the highest rate in the same table. Nothing is rounded before it is
divided. The rule sets no limit, so no table says pass or fail.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.metrics.intervals.fisher import fisher_exact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assay.records.tally import ClassValue, GroupValue, Tally

SMALL = 0.02
"""Share of the data below which the rule lets the independent auditor leave a category out of the ratios."""


@dataclass(frozen=True, slots=True)
class Row:
    """One category of a table.

    Attributes:
        category: its name.
        people: people assessed.
        hits: those selected, or scored above the median.
        share: its share of all people assessed.
        ratio: its impact ratio; None where the auditor left it out, or nobody in the table has a hit.
        p: two-sided p of Fisher's exact test against the category with the highest rate; None for that one.
        left_out: why the auditor left it out.
    """

    category: str
    people: int
    hits: int
    share: float
    ratio: float | None
    p: float | None
    left_out: str | None = None

    @property
    def rate(self) -> float:
        """The rate, unrounded; a category in a table has people."""
        return self.hits / self.people


def impact_table(
    counts: Mapping[str, tuple[int, int]], *, assessed: int, left_out: Mapping[str, str] | None = None
) -> tuple[Row, ...]:
    """Return the rows of one table; the highest rate is that of the same table.

    Args:
        counts: category to (people, hits).
        assessed: all people assessed, those of unknown category too.
        left_out: category to the reason for which the independent auditor left it out of the ratios.
    """
    out = left_out or {}
    inside = {name: pair for name, pair in counts.items() if pair[0] and name not in out}
    top = max(inside, key=lambda name: (inside[name][1] / inside[name][0], inside[name][0]), default=None)
    best, best_n = (0, 0) if top is None else (inside[top][1], inside[top][0])
    rows = []
    for name, (people, hits) in counts.items():
        if not people:
            continue
        counted = name in inside and best > 0
        ratio = (hits / people) / (best / best_n) if counted else None
        p = fisher_exact(hits, people, best, best_n) if counted and name != top else None
        rows.append(Row(name, people, hits, people / assessed, ratio, p, out.get(name)))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class Assessed:
    """People by their groups, with how many of them were selected, or scored above the median.

    Attributes:
        outcome: what counts as a hit, in words.
        groups: values of the tally's attributes, to (people, hits).
        without: people who have no outcome.
    """

    outcome: str
    groups: Mapping[tuple[GroupValue, ...], tuple[int, int]]
    without: int

    @property
    def people(self) -> int:
        """People assessed."""
        return sum(people for people, _ in self.groups.values())

    def by(self, name_of: Callable[[tuple[GroupValue, ...]], str | None]) -> tuple[dict[str, tuple[int, int]], int]:
        """Return people and hits by category, in order of name, and how many people are of no known category."""
        found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        unknown = 0
        for key, (people, hits) in self.groups.items():
            name = name_of(key)
            if name is None:
                unknown += people
                continue
            found[name][0] += people
            found[name][1] += hits
        return {name: (people, hits) for name, (people, hits) in sorted(found.items())}, unknown


def selected(tally: Tally) -> list[Assessed]:
    """Return who was selected; of a tool that classifies into several classes, one for each class."""
    binary = tally.roles.task == "binary"
    classes: Sequence[ClassValue] = (
        (1 if tally.favourable_is_positive else 0,)
        if binary
        else sorted({cell.prediction for cell in tally.cells if cell.prediction is not None}, key=str)
    )
    found = []
    for one in classes:
        groups: defaultdict[tuple[GroupValue, ...], list[int]] = defaultdict(lambda: [0, 0])
        without = 0
        for cell in tally.cells:
            if cell.prediction is None:
                without += cell.count
                continue
            groups[cell.group][0] += cell.count
            groups[cell.group][1] += cell.count if cell.prediction == one else 0
        named = "selected" if binary else f"classified as {one}"
        found.append(Assessed(named, {key: (n, hits) for key, (n, hits) in groups.items()}, without))
    return found


def scored_above_median(tally: Tally) -> Assessed | None:
    """Return who scored strictly above the median of all scores, people of unknown category included.

    Returns:
        None without scores, and where the tally keeps bins alone: a rate out of bins would be an estimate.
    """
    if tally.scores is None or any(cell.values is None for cell in tally.scores.cells):
        return None
    counts: Counter[float] = Counter()
    for cell in tally.scores.cells:
        for value, rows in cell.values or ():
            counts[value] += rows
    middle = _median(counts)
    if middle is None:
        return None
    groups: defaultdict[tuple[GroupValue, ...], list[int]] = defaultdict(lambda: [0, 0])
    for cell in tally.scores.cells:
        groups[cell.group][0] += cell.count
        groups[cell.group][1] += sum(rows for value, rows in cell.values or () if value > middle)
    kept = {key: (n, hits) for key, (n, hits) in groups.items()}
    return Assessed(
        f"scored above the sample's median of {middle:g}", kept, tally.rows - sum(n for n, _ in kept.values())
    )


def _median(counts: Mapping[float, int]) -> float | None:
    """Return the middle value, or the mean of the two middle ones."""
    total, seen, lower = sum(counts.values()), 0, None
    for value in sorted(counts):
        seen += counts[value]
        if lower is not None:
            return (lower + value) / 2
        if 2 * seen > total:
            return value
        if 2 * seen == total:
            lower = value
    return None
