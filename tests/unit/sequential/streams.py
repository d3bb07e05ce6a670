"""Simulated streams of decisions, drawn block by block as counts, for the tests of sequential monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.sequential import SequentialMonitor, watch
from assay.sequential.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    Rates = Sequence[float] | Callable[[int], Sequence[float]]


def drawn(draw: np.random.Generator, rows: int, shares: Sequence[float], rates: Sequence[float]) -> Counts:
    """Return the counts of some rows: who comes by `shares`, positive by each group's rate."""
    counts = Counts()
    for group, n in enumerate(draw.multinomial(rows, shares)):
        hits = int(draw.binomial(n, rates[group]))
        if hits:
            counts.add((group,), None, 1, hits)
        if n - hits:
            counts.add((group,), None, 0, int(n) - hits)
    return counts


def at(rates: Rates, row: int) -> Sequence[float]:
    return rates(row) if callable(rates) else rates


def first_alert(
    draw: np.random.Generator,
    rows: int,
    shares: Rates,
    rates: Rates,
    limit: float,
    *,
    metric: str = "demographic_parity_difference",
    alpha: float = 0.05,
    step: int = 4,
) -> int | None:
    """Return the row of a stream's first alert; None when there is none."""
    monitor = SequentialMonitor([watch(metric, limit)], ["group"], alpha=alpha)
    row = 0
    while row < rows:
        size = step if row < 1024 else 64
        alerts = monitor.update(drawn(draw, size, at(shares, row), at(rates, row)))
        if alerts:
            return alerts[0].row
        row += size
    return None
