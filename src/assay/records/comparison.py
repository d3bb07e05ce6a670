"""A comparison of two tables: counts by column, and what is measured from them.

Rows of both tables become counts once, near the data; every drift metric is computed from the counts.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from assay.records.measurement import Unit
from assay.records.tally import Frozen

ColumnKind: TypeAlias = Literal["numeric", "category", "incomparable"]


class Side(Frozen, frozen=True, kw_only=True):
    """One table's rows in one column.

    Attributes:
        type: the engine's name of the column's type; None when the table has no such column.
        rows: rows of the table.
        missing: rows with no value, or with a NaN.
        infinite: rows with an infinity; they take no part in the distributions.
        low: least finite value; None without one.
        high: greatest finite value; None without one.
    """

    type: str | None
    rows: int
    missing: int = 0
    infinite: int = 0
    low: float | None = None
    high: float | None = None

    @property
    def usable(self) -> int:
        """Rows that take part in the distributions."""
        return 0 if self.type is None else self.rows - self.missing - self.infinite


class Step(Frozen, frozen=True, array_like=True):
    """A value, or the upper edge of a narrow bin, and the rows of both tables there."""

    at: float
    reference: int
    current: int


class Category(Frozen, frozen=True, array_like=True):
    """A category and the rows of both tables in it."""

    name: str
    reference: int
    current: int


class ColumnCounts(Frozen, frozen=True, kw_only=True):
    """One column in both tables.

    Attributes:
        column: its name.
        kind: how it is compared.
        reference: the reference's side.
        current: the current side.
        reason: why it cannot be compared; None when it can.
        deciles: numeric: the nine deciles of the reference, by linear interpolation (Hyndman and Fan 1996, type 7).
        steps: numeric: ascending; every different value while there are few, else narrow bins of the reference.
        exact: numeric: whether ``steps`` holds every different value.
        out_of_range: numeric: current rows outside the range of the reference.
        categories: ordered by name.
    """

    column: str
    kind: ColumnKind
    reference: Side
    current: Side
    reason: str | None = None
    deciles: tuple[float, ...] = ()
    steps: tuple[Step, ...] = ()
    exact: bool = True
    out_of_range: int = 0
    categories: tuple[Category, ...] = ()


class TableComparison(Frozen, frozen=True, kw_only=True):
    """Two tables, column by column, in the order of the reference; columns that only the current one has come last."""

    reference_rows: int
    current_rows: int
    columns: tuple[ColumnCounts, ...]


class ColumnMeasurement(Frozen, frozen=True, kw_only=True):
    """A measured value about one column of two tables.

    Attributes:
        metric: its name.
        column: the column.
        value: None always comes with a ``reason``.
        interval: lower and upper bound at ``level``; None where no sourced one exists, with ``method`` saying so.
        level: two-sided confidence of the interval.
        n: rows of the current table that it rests on.
        reference_n: rows of the reference that it rests on.
        unit: what the number is; the Wasserstein distance is in the column's own unit.
        reason: why there is no value, or what is odd; else None.
        method: how the value and its interval were made.
        bound: greatest error that narrow bins can have caused; 0 when exact.
    """

    metric: str
    column: str
    value: float | None
    interval: tuple[float, float] | None = None
    level: float = 0.95
    n: int
    reference_n: int
    unit: Unit
    reason: str | None = None
    method: str
    bound: float = 0.0
