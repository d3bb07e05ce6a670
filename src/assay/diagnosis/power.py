"""How many more rows would settle a finding that is not decided.

Two ways, for two questions.

*In closed form* (`rows_for_everybody`), from the numbers that a finding has. A half-width shrinks with the square root
of the rows that it rests on, so at a distance ``d`` between value and limit the interval clears the limit with the
chance ``power`` when ``z_level * se <= d - z_power * se``: the half-width ``h`` has to come down to
``d * z_level / (z_level + z_power)`` (Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions, 3rd
edition, chapter 4; Lachin 1981, Controlled Clinical Trials 2:93-113, the basic equation). With ``power`` one half this
is the plain rule that the gate's own sentence uses.

*By measuring* (`rows_that_settle`), from the tally: its counts are multiplied, for everybody or for one group, and
measured again with the interval that decides. That is right for every metric, for more than two groups and for small
samples too.

Both suppose that the value stays as it is; what is not known cannot be promised, and the sentences say so.
"""

from __future__ import annotations

from math import ceil, inf, isfinite, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeVar

import msgspec

from assay.diagnosis.requirement import hold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.diagnosis.requirement import Held, Requirement
    from assay.records.tally import Cell, GroupValue, ScoreCell, Tally
    from assay.records.verdict import Limit

POWER = 0.8
"""The chance that the rows named will settle it, where the value is as measured (Cohen 1988, section 2.4)."""

MOST_FACTOR = 1000
"""Beyond a thousand times the rows there are nothing is promised: nobody will collect them."""

_WHOLE_ROWS = 1e-9

P = TypeVar("P", int, float)


def needed_half_width(distance: float, *, level: float = 0.95, power: float = POWER) -> float:
    """Return the half-width at which a value this far from its limit is decided with the chance ``power``.

    Args:
        distance: between value and limit, above 0.
        level: two-sided confidence of the interval.
        power: chance, from one half to under 1.
    """
    z_level, z_power = NormalDist().inv_cdf(0.5 + level / 2), NormalDist().inv_cdf(power)
    return distance * z_level / (z_level + z_power)


def distance_in_half_widths(value: float, interval: tuple[float, float], limit: Limit) -> float | None:
    """Return how far a value stands from the limit it is nearest to, in half-widths on the limit's side.

    Above 1: decided. Negative: beyond the limit. None: the interval has no width on that side.
    """
    found: list[float] = []
    for bound, sign in ((limit.max, 1.0), (limit.min, -1.0)):
        if bound is None:
            continue
        inside = sign * (bound - value)
        half = interval[1] - value if bound > value else value - interval[0]
        if half <= 0:
            return None
        found.append(inside / half)
    return min(found, default=None)


def rows_for_everybody(
    value: float, interval: tuple[float, float], limit: Limit, n: int, *, level: float = 0.95, power: float = POWER
) -> int | None:
    """Return how many more rows, mixed as they are, would settle it; 0 when it is settled with that chance already.

    Args:
        value: measured.
        interval: its interval at ``level``.
        limit: what it is held against.
        n: rows that it rests on.
        level: two-sided confidence.
        power: chance of settling it.

    Returns:
        None when the value stands on the limit, or beyond ``MOST_FACTOR`` times the rows there are.
    """
    factor = 1.0
    for bound in (limit.max, limit.min):
        if bound is None:
            continue
        half = interval[1] - value if bound > value else value - interval[0]
        target = needed_half_width(abs(bound - value), level=level, power=power)
        if half > 0:
            factor = max(factor, (half / target) ** 2 if target > 0 else inf)
    if not isfinite(factor) or factor > MOST_FACTOR:
        return None
    return ceil(n * (factor - 1) - _WHOLE_ROWS)


def rows_that_settle(
    tally: Tally,
    requirement: Requirement,
    *,
    group: Mapping[str, GroupValue] | None = None,
    level: float = 0.95,
    power: float = POWER,
) -> int | None:
    """Return how many more rows would settle a requirement, measured with its own interval on multiplied counts.

    Args:
        tally: the counts.
        requirement: what is not decided.
        group: the group that grows alone; None: everybody, mixed as they are.
        level: two-sided confidence of the interval.
        power: chance of settling it, where the value is as measured.

    Returns:
        Rows of the group (or of everybody); 0 when it is settled already; None when no number below ``MOST_FACTOR``
        times the rows does it.
    """
    rows = _rows(tally, group)

    def settled(factor: float) -> bool:
        held = hold(multiplied(tally, factor, group), (requirement,), level=level)[0]
        return _is_settled(held, requirement.limit, level, power)

    factor = _least_factor(settled)
    return None if factor is None or rows == 0 else ceil(rows * (factor - 1) - _WHOLE_ROWS)


def _is_settled(held: Held, limit: Limit, level: float, power: float) -> bool:
    """Say whether the interval stands clear of the limit, with room for the chance that it moves."""
    found = held.measurement
    if found is None or found.value is None or found.interval is None:
        return False
    value, (low, high) = found.value, found.interval
    for bound in (limit.max, limit.min):
        if bound is None:
            continue
        half = high - value if bound > value else value - low
        if half > needed_half_width(abs(bound - value), level=level, power=power):
            return False
    return True


def _least_factor(holds: Callable[[float], bool]) -> float | None:
    """Return the least factor, to one part in a thousand, at which something holds that growth makes true."""
    if holds(1.0):
        return 1.0
    low, high = 1.0, 2.0
    while not holds(high):
        low, high = high, high * 2
        if low >= MOST_FACTOR:
            return None
    while high / low > 1.001:  # noqa: PLR2004 - to one part in a thousand
        middle = sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _rows(tally: Tally, group: Mapping[str, GroupValue] | None) -> int:
    names = tally.roles.protected
    return sum(cell.count for cell in tally.cells if _is_of(cell, names, group))


def _is_of(cell: Cell | ScoreCell, names: tuple[str, ...], group: Mapping[str, GroupValue] | None) -> bool:
    if group is None:
        return True
    values = dict(zip(names, cell.group, strict=True))
    return all(values[name] == value and type(values[name]) is type(value) for name, value in group.items())


def multiplied(tally: Tally, factor: float, group: Mapping[str, GroupValue] | None = None) -> Tally:
    """Return a tally with the rows of a group, or of everybody, taken ``factor`` times; counts to whole rows."""
    names = tally.roles.protected

    def times(amount: int | None) -> int | None:
        return None if amount is None else round(amount * factor)

    def cell(one: Cell) -> Cell:
        if not _is_of(one, names, group):
            return one
        return msgspec.structs.replace(
            one, count=round(one.count * factor), weight=times(one.weight), weight_squares=times(one.weight_squares)
        )

    cells = tuple(cell(one) for one in tally.cells)
    scores = tally.scores
    if scores is not None:
        grown = tuple(_scores(one, factor) if _is_of(one, names, group) else one for one in scores.cells)
        scores = msgspec.structs.replace(scores, cells=grown)
    return msgspec.structs.replace(tally, cells=cells, scores=scores, rows=sum(one.count for one in cells))


def _scores(cell: ScoreCell, factor: float) -> ScoreCell:
    """Return scores taken ``factor`` times: to whole rows in all, each value's or bin's share carried over."""
    weighted = cell.weighted
    if not isinstance(weighted, msgspec.UnsetType):
        losses = None if weighted.log_losses is None else round(weighted.log_losses * factor)
        weighted = msgspec.structs.replace(
            weighted,
            total=round(weighted.total * factor),
            squares=round(weighted.squares * factor),
            log_losses=losses,
        )
    values = None if cell.values is None else tuple(carried(cell.values, factor))
    bins = tuple(carried(cell.bins, factor))
    return msgspec.structs.replace(
        cell,
        bins=bins,
        values=values,
        count=sum(count for _, count in (bins if values is None else values)),
        total=round(cell.total * factor),
        squares=round(cell.squares * factor),
        log_losses=None if cell.log_losses is None else round(cell.log_losses * factor),
        weighted_bins=tuple((place, round(weight * factor)) for place, weight in cell.weighted_bins),
        weighted=weighted,
    )


def carried(pairs: tuple[tuple[P, int], ...], factor: float) -> list[tuple[P, int]]:
    """Return counts times a factor, rounded so that their running sums are right to half a row."""
    found: list[tuple[P, int]] = []
    before = told = 0
    for place, count in pairs:
        before += count
        here = round(before * factor) - told
        told += here
        if here:
            found.append((place, here))
    return found
