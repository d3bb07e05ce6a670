"""A measurement: a metric's value with its interval, how many people it rests on, and what it is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from assay.records.tally import GroupValue

if TYPE_CHECKING:
    from collections.abc import Iterable

Unit: TypeAlias = Literal["rate", "difference", "ratio", "score", "count"]


_END = re.compile(r"(\\*)(,|\Z)")
"""Where a name may end: a comma, or the end of the text, with the backslashes before it."""


def joined(names: Iterable[str]) -> str:
    r"""Join the names of attributes by commas; a comma inside a name is written ``\,``, as on the command line.

    Backslashes before a comma, and at the end of a name, are doubled, so that `taken_apart` gives the same names back;
    others stand as they are.
    """
    return ",".join(_END.sub(lambda end: end[1] * 2 + ("\\," if end[2] else ""), name) for name in names)


def taken_apart(text: str) -> tuple[str, ...]:
    """Return the names that `joined` made a text of; whatever a person wrote is some names."""
    names, name, at = [], "", 0
    for end in _END.finditer(text):
        pairs, odd = divmod(len(end[1]), 2)
        name += text[at : end.start()] + "\\" * pairs
        at = end.end()
        if odd and end[2]:
            name += ","
            continue
        names.append(name + "\\" * odd)
        if not end[2]:
            break
        name = ""
    return tuple(names)


# Thousands are made at once, and none can be part of a cycle: the collector need not follow them.
class Over(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The comparison a between-group metric makes: an attribute, or several (``race,sex``: `joined`)."""

    attribute: str

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes, one by one."""
        return taken_apart(self.attribute)


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
