"""A measurement: a metric's value with its interval, how many people it rests on, and what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from assay.records.tally import GroupValue

if TYPE_CHECKING:
    from collections.abc import Iterable

Unit: TypeAlias = Literal["rate", "difference", "ratio", "score", "count"]


def joined(names: Iterable[str]) -> str:
    r"""Join the names of attributes by commas; a comma inside a name is written ``\,``, as on the command line."""
    return ",".join(name.replace(",", "\\,") for name in names)


# Thousands are made at once, and none can be part of a cycle: the collector need not follow them.
class Over(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The comparison a between-group metric makes: an attribute, or several (``race,sex``: `joined`)."""

    attribute: str

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes, one by one."""
        return tuple(part.replace("\0", ",") for part in self.attribute.replace("\\,", "\0").split(","))


class Measurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One measured value.

    Attributes:
        metric: its name (Fairlearn's where Fairlearn has one).
        group: attribute to value; empty for everybody, and for a metric between groups.
        over: set on metrics between groups, and on a group's metric that compares it with others (impact ratio).
        value: None always comes with a ``reason``.
        interval: lower and upper bound at ``level``; None where the metric has none, with ``method`` saying why.
        level: two-sided confidence of the interval.
        n: rows in the denominator.
        unit: what the number is.
        reason: why there is no value, or what limits it; else None.
        one_of: multi-class: the class measured against the rest (``class`` in JSON).
        method: how the interval was made.
        minimum_group: groups smaller than this took no part (metrics between groups).
        left_out: the groups that were too small to take part.
        lowest: the group with the least value, in metrics between groups.
        highest: the group with the greatest value, in metrics between groups.
        bound: greatest error that the histogram's bins can have caused; absent when exact.
        about: what an observed metric is about beside groups, such as ``{"column": "income"}`` or
            ``{"dataset": "train", "other": "test"}``; absent on metrics of the tally.
    """

    metric: str
    group: dict[str, GroupValue] = {}
    over: Over | msgspec.UnsetType = msgspec.UNSET
    value: float | None
    interval: tuple[float, float] | None = None
    level: float = 0.95
    n: int
    unit: Unit
    reason: str | None = None
    one_of: str | int | msgspec.UnsetType = msgspec.field(name="class", default=msgspec.UNSET)
    method: str | msgspec.UnsetType = msgspec.UNSET
    minimum_group: int | msgspec.UnsetType = msgspec.UNSET
    left_out: tuple[dict[str, GroupValue], ...] | msgspec.UnsetType = msgspec.UNSET
    lowest: dict[str, GroupValue] | msgspec.UnsetType = msgspec.UNSET
    highest: dict[str, GroupValue] | msgspec.UnsetType = msgspec.UNSET
    bound: float | msgspec.UnsetType = msgspec.UNSET
    about: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
