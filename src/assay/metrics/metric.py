"""What a metric is, apart from any number: its name, its meaning, what it needs and what values it can have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from assay.records.measurement import Unit
    from assay.records.tally import Task

Scope: TypeAlias = Literal["group", "between", "observed"]
Need: TypeAlias = Literal["label", "prediction", "score"]

INFINITY = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of the written list.

    Attributes:
        name: its name, Fairlearn's where Fairlearn has one.
        title: what it is, in words.
        unit: what kind of number it is.
        scope: ``group``: measured for everybody and for each group; ``between``: compares the groups of an attribute;
            ``observed``: measured from rows beside the tally, about a column, two datasets, a run (see `observed`).
        needs: columns without which it cannot be measured.
        tasks: kinds of outcome it is defined for.
        higher_is_better: None where neither direction is better in itself.
        low: least value that is possible.
        high: greatest value that is possible.
        formula: how it is computed.
        source: where it was defined.
        per_class: multi-class: measured for each class against the rest.
        counted: a fact about the rows themselves: nothing is estimated, and the interval is the number.
    """

    name: str
    title: str
    unit: Unit
    scope: Scope = "group"
    needs: tuple[Need, ...] = ()
    tasks: tuple[Task, ...] = ("binary",)
    higher_is_better: bool | None = None
    low: float = 0.0
    high: float = 1.0
    formula: str
    source: str
    per_class: bool = False
    counted: bool = False

    @property
    def range(self) -> tuple[float, float]:
        """Return the least and the greatest value that is possible."""
        return (self.low, self.high)


class Estimate(msgspec.Struct, frozen=True, gc=False):
    """A metric's value in one group, before it is told as a measurement.

    Attributes:
        value: None when it is undefined.
        low: lower bound of the interval; None when there is none.
        high: upper bound of the interval; None when there is none.
        n: rows in the denominator.
        method: how the interval was made, or why there is none.
        reason: why there is no value.
        effective: rows that equally weighted rows would have to be to say as much (equal to ``n`` without weights).
        bound: greatest error that histogram bins can have caused.
        lowest: index of the group with the least value (between groups).
        highest: index of the group with the greatest value (between groups).
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    method: str = ""
    reason: str | None = None
    effective: float = 0.0
    bound: float | None = None
    lowest: int | None = None
    highest: int | None = None


def undefined(reason: str, n: int = 0) -> Estimate:
    """Return an estimate without a value, and why."""
    return Estimate(None, n=n, reason=reason)
