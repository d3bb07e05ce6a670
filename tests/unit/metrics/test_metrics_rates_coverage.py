"""Coverage of the closed-form intervals, exactly, by summing the binomial."""

from __future__ import annotations

from functools import cache

import pytest

from assay.metrics.intervals import mover, ratio
from assay.metrics.intervals.score import miettinen_nurminen
from assay.metrics.intervals.wilson import wilson
from unit.metrics.coverage import RATES, SIZES, Z, binomial, covers


@pytest.mark.parametrize(("n", "least", "most"), [(30, 0.919, 0.981), (100, 0.927, 0.978), (1000, 0.944, 0.958)])
def test_wilson_covers_as_its_docstring_says(n: int, least: float, most: float) -> None:
    intervals = [wilson(x / n, n, Z) for x in range(n + 1)]
    steps = 192 if n < 1000 else 48
    shares = []
    for step in range(steps + 1):
        rate = 0.02 + 0.96 * step / steps
        shares.append(sum(p for p, each in zip(binomial(n, rate), intervals, strict=True) if covers(each, rate)))
    assert 0.945 < sum(shares) / len(shares) < 0.957
    assert least <= min(shares)
    assert max(shares) <= most


def test_wilson_at_the_rates_of_the_docstring() -> None:
    for n, rate, share in ((30, 0.02, 0.978), (100, 0.02, 0.949), (1000, 0.02, 0.947), (30, 0.3, 0.930)):
        intervals = [wilson(x / n, n, Z) for x in range(n + 1)]
        found = sum(p for p, each in zip(binomial(n, rate), intervals, strict=True) if covers(each, rate))
        assert found == pytest.approx(share, abs=0.0006)


@cache
def _signed(x: int, y: int, n: int) -> tuple[float, float]:
    return miettinen_nurminen(x, n, y, n, Z)


def _pair_coverage(n: int, first: float, second: float) -> tuple[float, float]:
    """Return the coverage of the folded difference and of the folded ratio (given that not both counts are 0)."""
    one, two = binomial(n, first), binomial(n, second)
    gap, share = abs(first - second), min(first, second) / max(first, second)
    gaps = ratios = some = 0.0
    for x, p in enumerate(one):
        for y, q in enumerate(two):
            weight = p * q
            if weight < 1e-9:
                continue
            gaps += weight * covers(mover.fold(*_signed(x, y, n)), gap)
            if x or y:
                least, most = sorted((x, y))
                some += weight
                ratios += weight * covers(ratio.fold(*ratio.koopman(least, n, most, n, Z)), share)
    return gaps, ratios / some


# Where both rates are so low that fewer than five people have the outcome, both cover up to 100 %.
FEW = {(30, 0.02), (30, 0.05), (30, 0.1), (30, 0.9), (30, 0.95), (30, 0.98), (100, 0.02), (100, 0.05), (100, 0.98)}
PAIRS = [(0.02, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 0.3), (0.5, 0.5), (0.3, 0.7), (0.5, 0.9), (0.9, 0.98)]


def _check(n: int, first: float, second: float) -> None:
    gap, share = _pair_coverage(n, first, second)
    few = {(n, first), (n, second)} & FEW
    assert 0.93 <= gap <= (1.0 if few else 0.982), (n, first, second, gap)
    assert 0.935 <= share <= (1.0 if few else 0.98), (n, first, second, share)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_differences_and_ratios_of_two_groups_of_30(first: float, second: float) -> None:
    _check(30, first, second)


@pytest.mark.parametrize(("n", "share"), [(30, 0.968), (100, 0.933)])
def test_opposite_extremes(n: int, share: float) -> None:
    # The docstring names the lowest: 93.3 % with 100 people. Newcombe's method 10 has 90.2 % with 30.
    assert _pair_coverage(n, 0.02, 0.98)[0] == pytest.approx(share, abs=0.002)


@pytest.mark.slow
@pytest.mark.parametrize("n", SIZES[:2])
def test_differences_and_ratios_of_every_pair(n: int) -> None:
    for first in RATES:
        for second in RATES:
            if first <= second:
                _check(n, first, second)


def test_known_intervals() -> None:
    # Newcombe (1998), table II, method 10: 56/70 - 48/80 is 0.0524 to 0.3339.
    first, second = (56 / 70, *wilson(56 / 70, 70, Z)), (48 / 80, *wilson(48 / 80, 80, Z))
    assert mover.difference(first, second) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    # Newcombe (1998), table II, Miettinen and Nurminen's: 56/70 - 48/80 is 0.0528 to 0.3382.
    assert miettinen_nurminen(56, 70, 48, 80, Z) == pytest.approx((0.0528, 0.3382), abs=5e-5)
    # Koopman (1984), example: 36/40 over 16/80 is 2.94 to 7.15.
    assert ratio.koopman(36, 40, 16, 80, Z) == pytest.approx((2.94, 7.15), abs=0.005)
    # Wilson: 81/263 is 0.2553 to 0.3662 (Newcombe 1998, Statistics in Medicine 17:857-872, table I).
    assert wilson(81 / 263, 263, Z) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_the_score_interval_is_defined_in_every_corner() -> None:
    for n, m in ((1, 1), (30, 7), (100, 1)):
        for x in range(n + 1):
            for y in range(m + 1):
                low, high = miettinen_nurminen(x, n, y, m, Z)
                assert -1 <= low <= x / n - y / m <= high <= 1
                assert high - low > 0.05
                mirrored = miettinen_nurminen(y, m, x, n, Z)
                assert (-mirrored[1], -mirrored[0]) == pytest.approx((low, high), abs=2e-3)
