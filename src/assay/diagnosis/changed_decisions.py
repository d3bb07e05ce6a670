"""How many decisions would have to be others: changed in the tally one by one, and judged as the gate judges.

What a limit asks in people is more than bringing the number to it: where the interval decides, the whole of it has to
be within. Decisions are changed in favour of the groups that are short, as few as it takes: all of them are brought to
one target rate, the least that passes. Nobody's decision is made worse, and who they are is not said: that is
arithmetic, and no advice to decide by group.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.checks._people import OF_ONE, RATES
from assay.diagnosis.requirement import hold
from assay.metrics.catalogue import METRICS
from assay.records.verdict import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assay.diagnosis.recut import Key
    from assay.diagnosis.requirement import Requirement
    from assay.records.tally import Cell, GroupValue, Tally

Lever = Literal["favourable", "unfavourable", "found", "cleared", "right", "undone"]
"""What is changed: decisions to the favourable or the other outcome; positives found; negatives cleared; decisions set
right; wrong positive predictions undone."""

_TINY = 1e-9
_CLOSE = 1e-7


@dataclass(frozen=True, slots=True)
class Changed:
    """Changed decisions of one group.

    Attributes:
        group: attribute to value; empty for everybody.
        lever: what was changed.
        count: decisions changed.
        of: people whom the rate is about.
        before: the rate in question before.
        after: and afterwards.
    """

    group: dict[str, GroupValue]
    lever: Lever
    count: int
    of: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class _Group:
    """A group's hits and people for one lever, and how many of its decisions could be changed."""

    key: Key
    lever: Lever
    hits: int
    people: int
    room: int

    @property
    def rate(self) -> float:
        return self.hits / self.people

    def count_to(self, target: float) -> int:
        """Return how many changes bring the rate to a target, at most all that can be changed."""
        if self.lever == "undone":
            wanted = ceil(self.people - self.hits / target - _TINY) if target > 0 else 0
        else:
            wanted = ceil(target * self.people - self.hits - _TINY)
        return min(max(wanted, 0), self.room)

    def room_below(self, top: float) -> int:
        """Return the most changes that leave the rate at or under a top."""
        if self.lever == "undone":
            most = floor(self.people - self.hits / top + _TINY) if top > 0 else 0
        else:
            most = floor(top * self.people - self.hits + _TINY)
        return min(max(most, 0), self.room)


def changes_to_pass(
    tally: Tally, requirement: Requirement, *, by_point: bool = False, level: float = 0.95
) -> tuple[Changed, ...] | None:
    """Return the fewest changed decisions, group by group, with which a requirement passes.

    Args:
        tally: the counts; of whole people, for a count of weights is no count of decisions.
        requirement: what has to hold.
        by_point: bring the value within its limit, whatever its interval says; else pass as the gate judges.
        level: two-sided confidence of the intervals.

    Returns:
        None when no number of them does it, or the metric is no rate of people; empty when it passes as it is.
    """
    levers = _levers(requirement)
    if requirement.metric == "demographic_parity_ratio" and not tally.favourable_is_positive:
        return None  # it compares rates of what is bad for people: nobody is to get more of it
    if not levers or tally.roles.task != "binary" or tally.roles.weight is not None:
        return None
    table = [group for lever in levers for group in _groups(tally, requirement, lever)]
    if not table:
        return None
    one_group = bool(requirement.group) or not requirement.attributes

    asked = at_limit(requirement) if by_point else requirement

    def passes(counts: Sequence[int]) -> bool:
        held = hold(_applied(tally, requirement, table, counts), (asked,), level=level)[0]
        return (held.by_point if by_point else held.status) == "pass"

    none = [0] * len(table)
    if passes(none):
        return ()
    best = {lever: max((group.rate for group in table if group.lever == lever), default=0.0) for lever in levers}
    targets = {lever: _point_target(requirement, lever, best[lever]) for lever in levers}
    counts = _counts(requirement, table, targets)
    if not by_point:
        counts = _least(requirement, table, targets, best, passes)
    if not passes(counts):
        return None
    names = requirement.attributes if not one_group else tuple(requirement.group)
    return tuple(
        Changed(
            group=dict(zip(names, group.key, strict=True)),
            lever=group.lever,
            count=count,
            of=group.people,
            before=group.rate,
            after=_after(group, count),
        )
        for group, count in zip(table, counts, strict=True)
        if count
    )


def _levers(requirement: Requirement) -> tuple[Lever, ...]:
    """Return what moves a metric towards its limit."""
    if requirement.metric in RATES:
        rates = [(rate.metric, rate.mend) for rate in RATES[requirement.metric]]
    elif requirement.metric in OF_ONE:
        rate = OF_ONE[requirement.metric]
        floor = requirement.limit.min is not None
        rates = [(rate.metric, rate.mend if rate.mend == "undone" else "more" if floor else "fewer")]
    else:
        return ()
    known: dict[tuple[str, str], Lever] = {
        ("selection_rate", "more"): "favourable",
        ("selection_rate", "fewer"): "unfavourable",
        ("true_positive_rate", "more"): "found",
        ("false_negative_rate", "fewer"): "found",
        ("false_positive_rate", "fewer"): "cleared",
        ("true_negative_rate", "more"): "cleared",
        ("accuracy", "more"): "right",
        ("precision", "undone"): "undone",
    }
    found = [known.get(rate) for rate in rates]
    return tuple(lever for lever in found if lever is not None)


def _reach(lever: Lever, tally: Tally) -> Callable[[Cell], bool | None]:
    """Return what says of a cell whether it is a hit (True), could be made one (False), or is not concerned (None)."""
    good = 1 if tally.favourable_is_positive else 0
    wanted = good if lever == "favourable" else 1 - good

    def of(cell: Cell) -> bool | None:
        label, prediction = cell.label, cell.prediction
        if prediction is None or (lever not in {"favourable", "unfavourable"} and label is None):
            return None
        if lever in {"favourable", "unfavourable"}:
            return prediction == wanted
        if lever == "found":
            return prediction == 1 if label == 1 else None
        if lever == "cleared":
            return prediction == 0 if label == 0 else None
        if lever == "right":
            return prediction == label
        return label == 1 if prediction == 1 else None

    return of


def _groups(tally: Tally, requirement: Requirement, lever: Lever) -> list[_Group]:
    """Return the groups that take part, with their hits; one group alone where the requirement is about one."""
    wanted = dict(requirement.group)
    names = requirement.attributes or tuple(wanted)
    where = [tally.roles.protected.index(name) for name in names]
    of = _reach(lever, tally)
    hits: dict[Key, int] = {}
    people: dict[Key, int] = {}
    rows: dict[Key, int] = {}
    for cell in tally.cells:
        key = tuple(cell.group[place] for place in where)
        hit = of(cell)
        rows[key] = rows.get(key, 0) + cell.count
        hits[key] = hits.get(key, 0) + (cell.count if hit else 0)
        people[key] = people.get(key, 0) + (0 if hit is None else cell.count)
    keys = [key for key in rows if people[key] and (requirement.minimum_group <= rows[key] or wanted)]
    if wanted and requirement.metric not in RATES:
        keys = [key for key in keys if key == tuple(wanted[name] for name in names)]
    elif names:
        keys = [key for key in keys if None not in key]
    return [_Group(key, lever, hits[key], people[key], people[key] - hits[key]) for key in keys]


def at_limit(requirement: Requirement) -> Requirement:
    """Return a requirement that a value on its limit keeps, whatever the last bit of a difference says."""
    limit = requirement.limit
    slack = Limit(
        max=None if limit.max is None else limit.max + _TINY, min=None if limit.min is None else limit.min - _TINY
    )
    return msgspec.structs.replace(requirement, limit=slack)


def _compares(requirement: Requirement) -> bool:
    return requirement.metric in RATES and METRICS[requirement.metric].unit in {"difference", "ratio"}


def _point_target(requirement: Requirement, lever: Lever, best: float) -> float:
    """Return the rate of hits that brings the value to its limit, and no further."""
    limit = requirement.limit
    if not _compares(requirement):
        return limit.min if limit.min is not None else 1 - (limit.max or 0.0)
    if limit.max is not None:
        return best - limit.max
    least = limit.min or 0.0
    if lever == "cleared":  # a ratio of false positive rates: what is greatest has to come down to the least over it
        return 1 - (1 - best) / least if least > 0 else 0.0
    return least * best


def _least(
    requirement: Requirement, table: Sequence[_Group], targets: Mapping[Lever, float], best: Mapping[Lever, float],
    passes: Callable[[Sequence[int]], bool],
) -> list[int]:  # fmt: skip
    """Return the least changes that pass, each lever's groups brought from the point's target towards the best rate."""
    tops = {lever: best[lever] if _compares(requirement) else 1.0 for lever in targets}
    found: dict[Lever, float] = dict(tops)

    def counts(at: Mapping[Lever, float]) -> list[int]:
        return _counts(requirement, table, at, tops)

    for lever, start in targets.items():
        low, high = start, tops[lever]
        if passes(counts({**found, lever: low})):
            high = low
        while high - low > _CLOSE:
            middle = (low + high) / 2
            low, high = (low, middle) if passes(counts({**found, lever: middle})) else (middle, high)
        found[lever] = high
    return counts(found)


def _counts(
    requirement: Requirement,
    table: Sequence[_Group],
    targets: Mapping[Lever, float],
    tops: Mapping[Lever, float] | None = None,
) -> list[int]:
    """Return each group's changes up to a target rate; none is brought above the top, where one is given."""
    counts = []
    for group in table:
        mine = not requirement.group or not requirement.attributes or group.key == _key(requirement)
        count = group.count_to(targets[group.lever]) if mine else 0
        if tops is not None:
            count = min(count, group.room_below(tops[group.lever]))
        counts.append(count)
    return counts


def _key(requirement: Requirement) -> Key:
    return tuple(requirement.group[name] for name in requirement.attributes)


def _after(group: _Group, count: int) -> float:
    if group.lever == "undone":
        return group.hits / (group.people - count) if group.people > count else 1.0
    return (group.hits + count) / group.people


def _applied(tally: Tally, requirement: Requirement, table: Sequence[_Group], counts: Sequence[int]) -> Tally:
    """Return the tally with every group's changes made."""
    for group, count in zip(table, counts, strict=True):
        if count:
            tally = changed(tally, requirement.attributes or tuple(requirement.group), group.key, group.lever, count)
    return tally


def changed(tally: Tally, attributes: Sequence[str], key: Key, lever: Lever, count: int) -> Tally:
    """Return a tally in which so many decisions of a group are others, taken from its cells in their order."""
    where = [tally.roles.protected.index(name) for name in attributes]
    of = _reach(lever, tally)
    cells: dict[tuple[Key, object, object], Cell] = {}
    left = count
    for cell in tally.cells:
        mine = tuple(cell.group[place] for place in where) == key and of(cell) is False
        moved = min(left, cell.count) if mine else 0
        left -= moved
        _add(cells, cell, cell.count - moved)
        if moved:
            _add(cells, msgspec.structs.replace(cell, prediction=_other(cell)), moved)
    return msgspec.structs.replace(tally, cells=tuple(cells.values()))


def _other(cell: Cell) -> int:
    return 0 if cell.prediction == 1 else 1


def _add(cells: dict[tuple[Key, object, object], Cell], cell: Cell, count: int) -> None:
    place = (cell.group, cell.label, cell.prediction)
    before = cells[place].count if place in cells else 0
    if before + count:
        cells[place] = msgspec.structs.replace(cell, count=before + count)
