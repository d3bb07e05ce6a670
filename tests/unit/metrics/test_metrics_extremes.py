"""Ranges over more than two groups: the resampling distribution is right, and the intervals cover as they say."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from assay.metrics.intervals.extremes import Sample, chance_within, range_interval, worst_limit
from unit.metrics.coverage import Z, sides, simulate

TRUTHS = {
    "equal": (0.5, 0.5, 0.5),
    "one apart": (0.3, 0.3, 0.5),
    "low one apart": (0.5, 0.3, 0.3, 0.3, 0.3),
    "two levels": (0.5, 0.5, 0.5, 0.3, 0.3),
    "spread": (0.5, 0.45, 0.4, 0.35),
    "low": (0.02, 0.1, 0.1, 0.05),
    "high": (0.9, 0.98, 0.98),
    "ten equal": (0.5,) * 10,
    "two levels of five": (0.3,) * 5 + (0.7,) * 5,
}


@pytest.mark.parametrize("count", [2, 5, 20, 60])
def test_the_distribution_is_that_of_drawn_ranges(count: int) -> None:
    draw = np.random.default_rng(count)
    places, errors = draw.normal(0, 0.7, count), draw.uniform(0.4, 1.4, count)
    drawn = draw.normal(places, errors, (40_000, count))
    ranges = drawn.max(axis=1) - drawn.min(axis=1)
    for quantile in (0.025, 0.2, 0.5, 0.8, 0.975):
        chance = chance_within(places.tolist(), errors.tolist(), float(np.quantile(ranges, quantile)))
        assert chance == pytest.approx(quantile, abs=0.012)


def test_the_distribution_is_tukeys_for_equal_groups() -> None:
    # Studentized range, infinite degrees of freedom, 5 %: 3.314, 3.633, 4.474 for 3, 4 and 10 groups.
    for count, quantile in ((3, 3.314), (4, 3.633), (10, 4.474)):
        assert chance_within([0.0] * count, [1.0] * count, quantile) == pytest.approx(0.95, abs=0.003)


def coverage(truth: tuple[float, ...], n: int, draws: int, *, logs: bool = False) -> tuple[float, float]:
    target = log(max(truth) / min(truth)) if logs else max(truth) - min(truth)

    def once(draw: np.random.Generator) -> tuple[bool, bool]:
        values = tuple((draw.binomial(n, truth) / n).tolist())
        if logs and min(values) == 0:
            return (False, False)
        return sides(range_interval((Sample(values, sizes=(float(n),) * len(values), logs=logs),), Z), target)

    return simulate(draws, n, once)


@pytest.mark.parametrize("n", [30, 100, 1000])
@pytest.mark.parametrize("name", ["equal", "one apart", "two levels", "spread", "low"])
def test_differences_cover(name: str, n: int) -> None:
    # 250 draws: three standard errors are 4 %.
    missed = sum(coverage(TRUTHS[name], n, 250))
    assert 0.93 - 0.03 <= 1 - missed <= 1.0


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize("name", ["equal", "one apart", "spread"])
def test_ratios_cover(name: str, n: int) -> None:
    missed = sum(coverage(TRUTHS[name], n, 200, logs=True))
    assert 0.92 - 0.04 <= 1 - missed <= 1.0


def test_equal_groups_reach_zero_and_a_naive_interval_would_not() -> None:
    draw = np.random.default_rng(5)
    low = naive = 0
    for _ in range(100):
        values = draw.binomial(100, 0.5, 6) / 100
        low += range_interval((Sample(tuple(values.tolist()), sizes=(100.0,) * 6),), Z)[0] == 0.0
        again = draw.binomial(100, values, (200, 6)) / 100
        naive += bool(np.quantile(again.max(axis=1) - again.min(axis=1), 0.025) == 0.0)
    assert low >= 93
    assert naive == 0


def test_a_tiny_group_does_not_hide_what_large_ones_show() -> None:
    # 72 % of 1,661 against 32 % of 133 people is plain, whatever 8 others look like.
    low, _ = range_interval((Sample((0.72, 0.52, 0.32, 0.6), sizes=(1661.0, 822.0, 133.0, 8.0)),), Z)
    assert low > 0.25


@pytest.mark.parametrize("truth", [(0.5, 0.5, 0.5, 0.5), (0.5, 0.4, 0.3, 0.5)])
def test_groups_of_very_different_size_cover(truth: tuple[float, ...]) -> None:
    sizes = (1000, 500, 100, 10)

    def once(draw: np.random.Generator) -> tuple[bool, bool]:
        values = tuple((draw.binomial(sizes, truth) / sizes).tolist())
        return sides(range_interval((Sample(values, sizes=tuple(map(float, sizes))),), Z), max(truth) - min(truth))

    missed = sum(simulate(300, 3, once))
    assert 0.93 - 0.035 <= 1 - missed <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 100, 1000])
@pytest.mark.parametrize("name", list(TRUTHS))
def test_differences_cover_precisely(name: str, n: int) -> None:
    share = 1 - sum(coverage(TRUTHS[name], n, 3000))
    sparse = min(*TRUTHS[name], *(1 - rate for rate in TRUTHS[name])) * n < 5
    most = 1.0 if sparse else 0.985
    assert 0.925 <= share <= most


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 100, 1000])
def test_one_group_apart_from_nine_falls_short(n: int) -> None:
    above, below = coverage((0.5,) * 9 + (0.7,), n, 3000)
    assert 0.895 <= 1 - above - below <= 0.975


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_the_worst_group_s_better_side_covers(n: int) -> None:
    def once(draw: np.random.Generator) -> tuple[bool, bool]:
        values = tuple((draw.binomial(n, (0.3, 0.3, 0.4, 0.4)) / n).tolist())
        return worst_limit(Sample(values, sizes=(float(n),) * 4), Z) > 0.4, False

    # One side of a 95 % interval misses in 2.5 %; 1,000 draws tell that to within 1.5 %.
    assert simulate(1000, 7, once)[0] <= 0.04
