"""How often paired intervals hold the truth: exact sums over all tables, and seeded simulation."""

from __future__ import annotations

from math import exp, lgamma, log
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assay.metrics.intervals.level import at_level
from assay.metrics.intervals.paired import tango
from assay.metrics.paired_gaps import gap_changes
from assay.metrics.paired_tests import delong
from assay.records.paired import Joined, PairedCell, PairedCounts, PairedRanks
from unit.metrics.coverage import Z, covers

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = at_level(0.95)
SHARES = (0.02, 0.05, 0.1, 0.2, 0.3)


@pytest.mark.parametrize("n", [30, 100])
def test_the_paired_interval_covers_exactly(n: int) -> None:
    found = {(b, c): tango(b, c, n, Z) for b in range(n + 1) for c in range(n + 1 - b)}
    whole = [lgamma(i + 1) for i in range(n + 1)]
    covered = []
    for risen in SHARES:
        for fallen in SHARES:
            same = log(1 - risen - fallen)
            covered.append(
                sum(
                    exp(
                        whole[n]
                        - whole[b]
                        - whole[c]
                        - whole[n - b - c]
                        + b * log(risen)
                        + c * log(fallen)
                        + (n - b - c) * same
                    )
                    for (b, c), interval in found.items()
                    if covers(interval, risen - fallen)
                )
            )
    assert min(covered) > 0.936
    assert 0.949 < mean(covered) < 0.96


def _table(before: float, after: float, alike: float) -> list[float]:
    """Return the chances of (1, 1), (0, 1), (1, 0), (0, 0) of two rates that depend on each other as ``alike`` says."""
    least, most = max(0.0, before + after - 1), min(before, after)
    both = least + (most - least) * alike
    return [both, after - both, before - both, 1 - before - after + both]


@pytest.mark.parametrize(
    ("sizes", "before", "after"),
    [
        ((100, 100), (0.5, 0.5), (0.5, 0.5)),
        ((100, 100), (0.7, 0.4), (0.6, 0.5)),
        ((300, 60), (0.5, 0.45), (0.45, 0.5)),
        ((200, 100, 50), (0.7, 0.5, 0.45), (0.6, 0.55, 0.5)),
        ((100,) * 6, (0.5, 0.5, 0.5, 0.5, 0.5, 0.2), (0.5,) * 6),
    ],
)
def test_the_change_of_a_gap_covers(sizes: Sequence[int], before: Sequence[float], after: Sequence[float]) -> None:
    draw, draws, held = np.random.default_rng(2026), 300, 0
    truth = (max(after) - min(after)) - (max(before) - min(before))
    tables = [_table(a, b, 0.6) for a, b in zip(before, after, strict=True)]
    for _ in range(draws):
        cells = [
            PairedCell(group=(f"g{at}",), champion=a, challenger=b, count=int(count))
            for at, (n, table) in enumerate(zip(sizes, tables, strict=True))
            for (a, b), count in zip(((1, 1), (0, 1), (1, 0), (0, 0)), draw.multinomial(n, table), strict=True)
        ]
        counts = PairedCounts(
            attributes=("group",), labelled=False, scored=False, rows=sum(sizes), cells=tuple(cells),
            joined=Joined(champion_rows=1, challenger_rows=1),
        )  # fmt: skip
        (gap,) = gap_changes(counts, LEVEL, 1)
        held += covers(gap.interval, truth)
    assert held / draws > 0.93


def test_the_change_of_an_area_covers() -> None:
    """Two correlated scores of 80 positives and 60 negatives; the truth is known of normal scores."""
    from scipy.stats import norm  # noqa: PLC0415 - one call

    draw, draws, held = np.random.default_rng(1988), 600, 0
    lifts, m, n = (0.8, 1.2), 80, 60
    truth = float(norm.cdf(lifts[1] / np.sqrt(2)) - norm.cdf(lifts[0] / np.sqrt(2)))
    for _ in range(draws):
        shared = draw.normal(size=m + n)
        label = np.arange(m + n) < m
        wins = []
        for lift in lifts:
            score = np.sqrt(0.5) * shared + np.sqrt(0.5) * draw.normal(size=m + n) + lift * label
            wins.append(score[:m, None] > score[None, m:])
        u, w = ([2 * one.sum(axis) for one in wins] for axis in (1, 0))
        squares = [tuple(int((x[i] * x[j]).sum()) for i, j in ((0, 0), (0, 1), (1, 1))) for x in (u, w)]
        found = delong(
            PairedRanks(
                positives=m, negatives=n, beaten=(int(u[0].sum()), int(u[1].sum())), positive_squares=squares[0],  # type: ignore[arg-type]
                negative_squares=squares[1],  # type: ignore[arg-type]
            ),
            LEVEL,
        )  # fmt: skip
        held += covers(found.interval, truth)
    assert 0.93 < held / draws < 0.97
