"""A limit asked of a tally, judged exactly as the gate judges it: so what is said to pass will pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from assay.checks import Control, Terms
from assay.checks._judge import judge
from assay.metrics.catalogue import METRICS
from assay.metrics.measuring import measure
from assay.records.tally import Frozen, GroupValue
from assay.records.verdict import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.measurement import Measurement
    from assay.records.tally import Tally


class Requirement(Frozen, kw_only=True):
    """One metric held against one limit.

    Attributes:
        metric: its name.
        limit: what it is held against.
        attributes: the attributes whose groups are compared, or by which the group is named; none for everybody.
        group: the group, for a metric of one group (and for the impact ratio); empty for everybody and for a
            comparison.
        decide: whether the whole interval has to be within the limit, or the point.
        minimum_group: groups with fewer rows take no part in comparisons.
    """

    metric: str
    limit: Limit
    attributes: tuple[str, ...] = ()
    group: dict[str, GroupValue] = msgspec.field(default_factory=dict)
    decide: Literal["interval", "point"] = "interval"
    minimum_group: int = 1


class Held(NamedTuple):
    """A requirement against what was measured: as the gate judges it, and by the point alone."""

    measurement: Measurement | None
    status: Status
    by_point: Status


def follows_decisions(requirement: Requirement) -> bool:
    """Say whether another cut can move a metric: whether it counts predictions."""
    return "prediction" in METRICS[requirement.metric].needs


def hold(tally: Tally, requirements: Sequence[Requirement], *, level: float = 0.95) -> tuple[Held, ...]:
    """Measure a tally and hold it against requirements, in their order.

    Args:
        tally: the counts.
        requirements: what is asked.
        level: two-sided confidence of the intervals.

    Raises:
        InputError: for a metric or an attribute that is not known.
    """
    if not any("score" in METRICS[one.metric].needs for one in requirements):
        tally = msgspec.structs.replace(tally, scores=None)  # what is not asked is not unpacked
    by_minimum: dict[int, tuple[Measurement, ...]] = {}
    for minimum in sorted({one.minimum_group for one in requirements}):
        mine = [one for one in requirements if one.minimum_group == minimum]
        crossed = sorted({one.attributes for one in mine if len(one.attributes) > 1})
        by_minimum[minimum] = measure(
            tally, level=level, intersections=crossed, minimum_group=minimum, metrics={one.metric for one in mine}
        )
    return tuple(_held(one, by_minimum[one.minimum_group], level) for one in requirements)


def _held(requirement: Requirement, measurements: Sequence[Measurement], level: float) -> Held:
    found = next((one for one in measurements if _is_about(one, requirement)), None)
    if found is None:
        return Held(None, "unknown", "unknown")
    if found.value == 1.0 and found.interval is None and requirement.metric.endswith("impact_ratio"):
        return Held(found, "pass", "pass")  # the group with the highest rate, which the others are held against
    by_point = _status(found, requirement, "point", level)
    status = by_point if requirement.decide == "point" else _status(found, requirement, "interval", level)
    return Held(found, status, by_point)


def _is_about(one: Measurement, requirement: Requirement) -> bool:
    if one.metric != requirement.metric or one.one_of is not msgspec.UNSET:
        return False
    if requirement.group or not requirement.attributes:
        return one.group == requirement.group and (bool(one.group) or one.over is msgspec.UNSET)
    over = () if one.over is msgspec.UNSET else one.over.names
    return not one.group and sorted(over) == sorted(requirement.attributes)


def _status(one: Measurement, requirement: Requirement, decide: Literal["interval", "point"], level: float) -> Status:
    control = Control(id="asked", title="asked", check="group-gap", metric=requirement.metric, decide=decide)
    return judge(one, control, Terms(at="", level=level), requirement.limit).status
