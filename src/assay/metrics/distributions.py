"""Distributions of columns then and now, as shares, for pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.metrics.drift import binned_at

if TYPE_CHECKING:
    from assay.records.comparison import ColumnCounts, TableComparison

MOST_COLUMNS = 60
MOST_CATEGORIES = 12
"""The largest categories of both tables are shown by name; the others together."""


def distributions(comparison: TableComparison, predictions: ColumnCounts | None = None) -> dict[str, Any]:
    """Return the shares of the rows, then and now, of each column that can be compared.

    Args:
        comparison: counts of both tables.
        predictions: a regression's predictions, which are told beside the columns.
    """
    found = {}
    for counts in (*comparison.columns[:MOST_COLUMNS], *(() if predictions is None else (predictions,))):
        if counts.kind == "incomparable" or not counts.reference.usable or not counts.current.usable:
            continue
        bars = _numbers(counts) if counts.kind == "numeric" else _categories(counts)
        then, now = counts.reference.usable, counts.current.usable
        found[counts.column] = [[label, round(a / then, 6), round(b / now, 6)] for label, a, b in bars]
    return found


def _numbers(counts: ColumnCounts) -> list[tuple[str, int, int]]:
    ends, p, q = binned_at(counts)
    low = counts.reference.low
    names = [f"to {end:.4g}" for end in ends[:-1]]
    beyond = f"above {ends[-2]:.4g}" if len(ends) > 1 else f"from {low:.4g}"
    return list(zip([*names, beyond], p, q, strict=True))


def _categories(counts: ColumnCounts) -> list[tuple[str, int, int]]:
    ordered = sorted(counts.categories, key=lambda one: (-one.reference - one.current, one.name))
    shown, rest = ordered[:MOST_CATEGORIES], ordered[MOST_CATEGORIES:]
    bars = [(one.name, one.reference, one.current) for one in shown]
    if rest:
        bars.append((f"{len(rest)} others", sum(one.reference for one in rest), sum(one.current for one in rest)))
    return bars
