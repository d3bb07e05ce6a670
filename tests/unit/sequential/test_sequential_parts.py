"""Merging, schedule, confidence sequences and change-points, each against what it is defined to be."""

from __future__ import annotations

from itertools import combinations
from math import exp, log1p
from random import Random

import numpy as np
import pytest

from assay.sequential.change import Track
from assay.sequential.merging import adjusted
from assay.sequential.schedule import block_rows, pots, released, start_weight
from assay.sequential.sequence import Sums, evidence, gap_interval, ratio_interval


def test_adjusted_is_the_least_average_of_all_sets() -> None:
    draw = Random(5)
    for _ in range(40):
        values = [draw.expovariate(0.1) for _ in range(5)]
        for place, found in enumerate(adjusted(values)):
            sets = [rest for size in range(5) for rest in combinations([n for n in range(5) if n != place], size)]
            least = min((values[place] + sum(values[n] for n in rest)) / (len(rest) + 1) for rest in sets)
            assert found == pytest.approx(least)


def test_one_stream_is_not_adjusted() -> None:
    assert adjusted([42.0]) == [42.0]


def test_no_more_capital_is_put_at_risk_than_there_is() -> None:
    now, before, given = pots(), 0, 0.0
    assert sum(now) == pytest.approx(1.0)
    for _ in range(3000):
        after = before + block_rows(before, 2)
        out = released(now, before, after, 2)
        now = (now[0] - out[0], now[1] - out[1])
        given += sum(out)
        before = after
        assert min(*now, *out) >= 0
    assert given + sum(now) == pytest.approx(1.0)


def test_blocks_follow_rows_and_groups_alone() -> None:
    assert [block_rows(row, 2) for row in (0, 100, 500, 10**5, 10**7)] == [8, 8, 31, 64, 128]
    assert [block_rows(row, 10) for row in (10**5, 10**7)] == [400, 640]


@pytest.mark.parametrize("groups", [2, 5])
def test_windows_weigh_no_more_than_one(groups: int) -> None:
    row, total = 0, start_weight(0)
    while row < 10**6:
        row += block_rows(row, groups)
        total += start_weight(row)
    assert total <= 1


def test_the_mixture_wins_nothing_on_average() -> None:
    # One row against its own chance: the expectation of exp(k(x - p) - psi(k)(x - c)^2) is at most 1.
    for p in (0.02, 0.3, 0.9):
        for c in (0.0, 0.4, 1.0):
            for bet in (0.05, 0.4, 0.8):
                psi = -log1p(-bet) - bet
                mean = sum(chance * exp(bet * (x - p) - psi * (x - c) ** 2) for x, chance in ((1.0, p), (0.0, 1 - p)))
                assert mean <= 1 + 1e-12
    assert evidence(0.0, 0.0) == pytest.approx(0.0)


def followed(draw: np.random.Generator, rates: tuple[float, float], error: float) -> tuple[bool, float]:
    """Return whether a stream's confidence sequence ever left out the true gap, and its last width."""
    sums, recent = Sums(), [0.5, 0.5]
    missed, low, high = False, -1.0, 1.0
    for block_number in range(150):
        n, m = 8, 8
        s, t = draw.binomial(n, rates[0]), draw.binomial(m, rates[1])
        spreads = [hits * (1 - c) ** 2 + (8 - hits) * c * c for hits, c in zip((int(s), int(t)), recent, strict=True)]
        block = Sums(4.0, 4.0 * s / n, 4.0 * t / m, spreads[0] / 4, spreads[1] / 4)
        sums = Sums(*(a + b for a, b in zip(sums, block, strict=True)))
        recent = [0.9 * c + 0.1 * float(hits) / 8 for c, hits in zip(recent, (s, t), strict=True)]
        if block_number % 5 < 4:
            continue  # a look costs a bisection
        low, high = gap_interval(sums, error)
        missed = missed or not low <= rates[0] - rates[1] <= high
    return missed, high - low


@pytest.mark.parametrize("rates", [(0.5, 0.5), (0.3, 0.1), (0.98, 0.9)])
def test_the_sequence_holds_the_gap_at_all_rows(rates: tuple[float, float]) -> None:
    draw = np.random.default_rng(12)
    runs = [followed(draw, rates, 0.2) for _ in range(60)]
    assert sum(missed for missed, _ in runs) <= 0.2 * 60 + 3 * (0.2 * 0.8 * 60) ** 0.5
    assert max(width for _, width in runs) < 0.35  # it says something


def test_a_ratio_lies_in_its_sequence() -> None:
    sums = Sums(1000.0, 500.0, 300.0, 250.0, 210.0)
    low, high = ratio_interval(sums, 0.05)
    assert 0 < low < 0.6 < high < 1


def test_without_rows_nothing_is_known() -> None:
    assert gap_interval(Sums(), 0.05) == (-1.0, 1.0)
    assert ratio_interval(Sums(), 0.05) == (0.0, 1.0)


def track_of(draw: np.random.Generator, blocks: int, change: int, gap: float) -> Track:
    track = Track()
    for block in range(blocks):
        high = 0.4 + (gap if block >= change else 0.0)
        s, t = draw.binomial(32, high) / 32, draw.binomial(32, 0.4) / 32
        track.add(Sums(16.0, 16.0 * s, 16.0 * t, 2.0, 2.0), 64 * block, per_level=8)
    return track


def test_a_change_is_found_where_it_is() -> None:
    draw = np.random.default_rng(3)
    inside, errors = 0, []
    for _ in range(60):
        change = track_of(draw, 400, 340, 0.25).change()
        inside += change.low <= 64 * 340 <= change.high
        errors.append(abs(change.after - 64 * 340))
    assert inside >= 50  # 95 % at the resolution of the points kept
    assert sorted(errors)[30] <= 64 * 8


def test_no_change_is_claimed_where_there_is_none() -> None:
    draw = np.random.default_rng(4)
    claimed = sum(track_of(draw, 300, 0, 0.2).change().after > 0 for _ in range(60))
    assert claimed <= 12


def test_the_past_is_kept_in_few_points() -> None:
    track = Track()
    for block in range(10_000):
        track.add(Sums(1.0, 0.5, 0.4, 0.2, 0.2), block, per_level=8)
    rows = [point.row for point in track.points()]
    assert rows == sorted(rows)
    assert len(rows) <= 8 * 12
    assert rows[-1] == 9999
