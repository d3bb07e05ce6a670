"""Cells of a table as counts for a monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.sequential.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.tabular.ordered import Cell


def counts_of(cells: Iterable[Cell]) -> Counts:
    """Return cells of a table as counts."""
    counts = Counts()
    for cell in cells:
        counts.add(cell.group, cell.label, cell.prediction, cell.count)
        if cell.numbers:
            counts.add_numbers(cell.group, cell.label, (cell.numbers, cell.total, cell.magnitude, cell.squares))
    return counts
