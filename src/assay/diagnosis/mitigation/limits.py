"""How far decisions are beyond the limits that are to hold, from counts alone: what methods choose by.

The counts become a tally and the library measures it, so that what chooses and what judges count the same way. Here the
values decide; whether a limit holds with its interval, the policy says afterwards, on other rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.diagnosis.requirement import Requirement, hold
from assay.records.tally import Cell, Roles, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.mitigation.table import Table
    from assay.records.verdict import Limit

LEAST_SCALE = 0.01
"""A limit below this is no scale: what is beyond it is told as shares of this."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits that are to hold.

    Attributes:
        aim: the one that is to be mended first.
        all: every limit that counts can tell of, the aim among them where it is one of those.
        attributes: protected attributes by which decisions are evened out.
        protected: every protected attribute of the rows, in their order.
        favourable_is_positive: whether the positive class is good for the person.
    """

    aim: Requirement
    all: tuple[Requirement, ...]
    attributes: tuple[str, ...]
    protected: tuple[str, ...]
    favourable_is_positive: bool = True

    def tally(self, table: Table, decisions: Any) -> Tally:  # noqa: ANN401 - a numpy array
        """Count labelled rows by group, label and decision."""
        found: dict[tuple[Any, ...], int] = {}
        columns = [table.groups[name].tolist() for name in self.protected]
        for key in zip(*columns, table.label.tolist(), decisions.tolist(), strict=True):
            found[key] = found.get(key, 0) + 1
        cells = tuple(
            Cell(group=key[:-2], label=key[-2], prediction=int(key[-1]), count=count)
            for key, count in sorted(found.items(), key=lambda one: [str(part) for part in one[0]])
        )
        roles = Roles(label="label", prediction="prediction", protected=self.protected)
        return Tally(roles=roles, rows=table.count, cells=cells, favourable_is_positive=self.favourable_is_positive)

    def beyond(self, tally: Tally) -> float:
        """Return how far the worst limit is exceeded by the values, as a share of the limit; 0 when all are kept.

        A limit whose metric has no value here is not among them: the policy, on the rows reported, does not pass it.
        """
        found = zip(self.all, hold(tally, self.all), strict=True)
        return max(
            (excess(one.limit, held.measurement.value) for one, held in found
             if held.measurement is not None and held.measurement.value is not None),
            default=0.0,
        )  # fmt: skip

    def aimed(self, tally: Tally) -> float | None:
        """Return the value of the aim's metric."""
        found = hold(tally, (self.aim,))[0].measurement
        return None if found is None else found.value


def excess(limit: Limit, value: float) -> float:
    """Return how far a value is beyond a limit, as a share of it; 0 when it keeps it."""
    over = 0.0 if limit.max is None else (value - limit.max) / max(abs(limit.max), LEAST_SCALE)
    under = 0.0 if limit.min is None else (limit.min - value) / max(abs(limit.min), LEAST_SCALE)
    return max(over, under, 0.0)


def accuracy(table: Table, decisions: Any) -> float:  # noqa: ANN401 - a numpy array
    """Return the share of labelled rows that are decided as their label says, by weight where there is one."""
    same = (table.label == decisions).astype(float)
    if table.weight is not None and table.weight.sum() > 0:
        return float((same * table.weight).sum() / table.weight.sum())
    return float(same.mean())


def cheapest(found: Sequence[tuple[float, float]]) -> int:
    """Return which of several (beyond, accuracy) is chosen: the most accurate that keeps all limits, else the nearest.

    Among equals the first.
    """
    keeps = [at for at, (beyond, _accuracy) in enumerate(found) if beyond == 0]
    if keeps:
        return max(keeps, key=lambda at: (found[at][1], -at))
    return min(range(len(found)), key=lambda at: (found[at][0], -found[at][1], at))
