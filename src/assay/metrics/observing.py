"""What the families of observed metrics share: telling a number as a measurement, adding cells up by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.metrics.intervals.wilson import METHOD as WILSON
from assay.metrics.intervals.wilson import wilson
from assay.records.measurement import Measurement, Over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from assay.metrics.intervals.level import Level
    from assay.metrics.metric import Metric
    from assay.records.tally import GroupValue

COUNTED = "every row was counted: a fact about these rows, nothing is estimated"
"""The method of a number that is about the rows themselves: its interval is the number."""


def observe(  # one call for each number; each argument has its name there
    metric: Metric,
    value: float | None,
    n: int,
    *,
    level: Level,
    interval: tuple[float, float] | None = None,
    method: str | None = None,
    reason: str | None = None,
    group: dict[str, GroupValue] | None = None,
    over: str | None = None,
    about: dict[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - the measurement's own fields, which it checks
) -> Measurement:
    """Return a number as a measurement.

    Args:
        metric: what it is of.
        value: the number; None with a ``reason``.
        n: rows that it rests on.
        level: confidence of the interval.
        interval: its ends.
        method: how the interval was made.
        reason: why there is no value, or what limits it.
        group: whom it is about.
        over: the attributes whose groups it compares, joined by commas.
        about: what else it is about.
        more: further fields of a measurement.
    """
    return Measurement(
        metric=metric.name,
        group=group or {},
        over=msgspec.UNSET if over is None else Over(attribute=over),
        value=value,
        interval=interval if value is not None else None,
        level=level.level,
        n=n,
        unit=metric.unit,
        reason=reason,
        method=msgspec.UNSET if method is None else method,
        about=about or msgspec.UNSET,
        **more,
    )


def share(metric: Metric, part: int, rows: int, *, level: Level, **more: Any) -> Measurement:  # noqa: ANN401 - as above
    """Return a share with Wilson's interval; of no rows there is none."""
    if not rows:
        return observe(metric, None, 0, level=level, **{"reason": "there is no row to be counted", **more})
    value = part / rows
    interval = wilson(value, rows, level.z)
    return observe(metric, value, rows, level=level, interval=interval, method=WILSON, **more)


def fact(metric: Metric, value: float, n: int, *, level: Level, **more: Any) -> Measurement:  # noqa: ANN401 - as above
    """Return a number that is exact for these rows: its interval is the number itself."""
    return observe(metric, value, n, level=level, interval=(value, value), method=COUNTED, **more)


def groupings(
    attributes: Sequence[str], intersections: Iterable[Sequence[str]]
) -> Iterator[tuple[tuple[str, ...], Callable[[Sequence[GroupValue]], tuple[GroupValue, ...]]]]:
    """Yield each attribute alone, then each intersection, with how its groups are read off those of all attributes."""
    known = {name: at for at, name in enumerate(attributes)}
    asked = [(name,) for name in attributes] + [tuple(names) for names in intersections if len(names) > 1]
    for names in dict.fromkeys(asked):
        if known.keys() >= set(names):
            yield names, _reader([known[name] for name in names])


def _reader(places: list[int]) -> Callable[[Sequence[GroupValue]], tuple[GroupValue, ...]]:
    return lambda group: tuple(group[place] for place in places)


def sums(
    cells: Iterable[Any],
    read: Callable[[Sequence[GroupValue]], tuple[GroupValue, ...]],
    *names: str,
) -> dict[tuple[GroupValue, ...], list[int]]:
    """Add up fields of cells by group, groups in order."""
    found: dict[tuple[GroupValue, ...], list[int]] = {}
    for cell in cells:
        into = found.setdefault(read(cell.group), [0] * len(names))
        for at, name in enumerate(names):
            into[at] += getattr(cell, name)
    return dict(sorted(found.items(), key=lambda pair: tuple((one is None, str(one)) for one in pair[0])))
