"""The rows that are probed: features column by column, with groups, labels and predictions beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.probing.asking import Decision
    from assay.probing.scorer import Value
    from assay.records.tally import GroupValue

FEW_VALUES = 2
"""A column of numbers with at most so many different values is a flag: noise on it means nothing."""


@dataclass(frozen=True)
class ProbeRows:
    """Rows in an order that a seed chose, so that the first ones are a sample of all.

    Attributes:
        features: name to values.
        groups: protected attribute to the group of each row.
        label: the outcome, as a decision is written; None where it is not known.
        prediction: the recorded decision, likewise.
        total: rows of the dataset.
    """

    features: Mapping[str, tuple[Value, ...]]
    groups: Mapping[str, tuple[GroupValue, ...]]
    label: tuple[Decision | None, ...]
    prediction: tuple[Decision | None, ...]
    total: int

    @property
    def count(self) -> int:
        """Rows that are here."""
        return len(self.prediction)

    def first(self, rows: int) -> ProbeRows:
        """Return the first rows."""
        return self.only(range(min(rows, self.count)))

    def only(self, rows: Sequence[int]) -> ProbeRows:
        """Return some rows, in this order."""
        return ProbeRows(
            {name: tuple(values[row] for row in rows) for name, values in self.features.items()},
            {name: tuple(values[row] for row in rows) for name, values in self.groups.items()},
            tuple(self.label[row] for row in rows),
            tuple(self.prediction[row] for row in rows),
            self.total,
        )

    def numeric(self) -> tuple[str, ...]:
        """Return the features that are numbers with more than two different values."""
        return tuple(name for name, values in self.features.items() if is_measured(values))


def is_measured(values: Sequence[Value]) -> bool:
    """Say whether a feature's values are numbers that measure something."""
    known = {value for value in values if value is not None}
    return len(known) > FEW_VALUES and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in known)


def is_whole(values: Sequence[Value]) -> bool:
    """Say whether a feature's numbers are whole ones."""
    return all(isinstance(value, int) for value in values if value is not None)


def numbers(values: Sequence[Value]) -> list[float]:
    """Return the numbers of a feature that are known and finite."""
    return [float(value) for value in values if isinstance(value, (int, float)) and math.isfinite(value)]


def spread(values: Sequence[Value]) -> float:
    """Return a feature's standard deviation."""
    known = numbers(values)
    mean = math.fsum(known) / len(known)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in known) / len(known))
