"""No block multiplies a bettor's expected capital by more than 1 under the null: by enumeration, not by simulation."""

from __future__ import annotations

from itertools import product
from math import comb, prod
from random import Random

import pytest

from assay.sequential.betting import SHARES, SIZES, Block, centres, factors


def expectation(n: int, m: int, p: float, q: float, **bets: object) -> list[float]:
    """Return the expected factor of each size of bet over n and m independent rows with chances p and q."""
    found = [0.0] * len(SIZES)
    for s, t in product(range(n + 1), range(m + 1)):
        chance = comb(n, s) * p**s * (1 - p) ** (n - s) * comb(m, t) * q**t * (1 - q) ** (m - t)
        for number, factor in enumerate(factors(Block(n, s, s), Block(m, t, t), exact=True, **bets)):  # type: ignore[arg-type]
            found[number] += chance * factor
    return found


@pytest.mark.parametrize(("n", "m"), [(1, 1), (4, 4), (9, 1), (1, 9), (12, 5)])
@pytest.mark.parametrize("limit", [0.0, 0.05, 0.3])
def test_a_difference_at_its_limit_wins_nothing(n: int, m: int, limit: float) -> None:
    draw = Random(n * 100 + m)
    for _ in range(12):
        low = draw.uniform(0.0, 1.0 - limit)
        rates = (draw.random(), draw.random())
        found = expectation(n, m, low + limit, low, u=1.0, slack=limit, rates=rates)
        assert max(found) <= 1 + 1e-12


@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.0])
def test_a_ratio_at_its_limit_wins_nothing(ratio: float) -> None:
    draw = Random(7)
    for _ in range(20):
        high = draw.random()
        rates = (draw.random(), draw.random())
        found = expectation(6, 3, high, ratio * high, u=ratio, slack=0.0, rates=rates)
        assert max(found) <= 1 + 1e-12


def test_within_the_null_capital_shrinks() -> None:
    found = expectation(5, 5, 0.3, 0.5, u=1.0, slack=0.1, rates=(0.4, 0.4))
    assert max(found) < 1


def test_beyond_the_limit_some_bettor_wins() -> None:
    found = expectation(5, 5, 0.8, 0.3, u=1.0, slack=0.1, rates=(0.6, 0.5))
    assert max(found) > 1


def test_rows_of_one_block_need_no_equal_chances() -> None:
    # Chances drift within the block, and later ones depend on the first outcome; the averages keep to the limit.
    total = [0.0] * len(SIZES)
    for outcome in product((0, 1), repeat=4):
        first = outcome[0]
        p = (0.2, 0.7 if first else 0.3)
        q = (0.1, 0.8 if first else 0.4)  # averages of p and q are equal, whatever came first
        rows = list(zip((p[0], q[0], p[1], q[1]), outcome, strict=True))
        chance = prod(rate if x else 1 - rate for rate, x in rows)
        high, low = outcome[0] + outcome[2], outcome[1] + outcome[3]
        found = factors(Block(2, high, high), Block(2, low, low), u=1.0, slack=0.0, rates=(0.4, 0.5), exact=True)
        total = [a + chance * b for a, b in zip(total, found, strict=True)]
    assert max(total) <= 1 + 1e-12


@pytest.mark.parametrize("bound", [0.02, 0.3, 0.9])
def test_a_bound_at_its_limit_wins_nothing(bound: float) -> None:
    found = [0.0] * len(SIZES)
    for s in range(9):
        chance = comb(8, s) * bound**s * (1 - bound) ** (8 - s)
        grown = factors(Block(8, s, s), None, u=1.0, slack=bound, rates=(0.5, 0.5), exact=True)
        found = [a + chance * b for a, b in zip(found, grown, strict=True)]
    assert max(found) <= 1 + 1e-12


def test_sums_of_scores_bound_the_product_from_below() -> None:
    draw = Random(3)
    for _ in range(50):
        high, low = [draw.betavariate(2, 5) for _ in range(6)], [draw.betavariate(1, 3) for _ in range(4)]
        bets = {"u": 1.0, "slack": 0.05, "rates": (draw.random(), draw.random())}
        blocks = [Block(len(rows), sum(rows), sum(x * x for x in rows)) for rows in (high, low)]
        bound = factors(blocks[0], blocks[1], exact=False, **bets)  # type: ignore[arg-type]
        c, d = centres(1.0, 0.05, bets["rates"], 0.6)  # type: ignore[arg-type]
        most = 0.95 / max(0.4 * c, 0.6 * (1 - d))
        for size, found in zip(SIZES, bound, strict=True):
            bet = min(size, most)
            whole = prod(1 + bet * 0.4 * (x - c) for x in high) * prod(1 - bet * 0.6 * (x - d) for x in low)
            assert found <= whole * (1 + 1e-9)


def test_scores_at_the_limit_win_nothing() -> None:
    # Three values a score, means equal: every combination of three against two rows.
    values, chances = (0.0, 0.4, 1.0), (0.3, 0.5, 0.2)
    total = [0.0] * len(SIZES)
    for rows in product(range(3), repeat=5):
        chance = prod(chances[row] for row in rows)
        xs = [values[row] for row in rows]
        blocks = [Block(len(part), sum(part), sum(x * x for x in part)) for part in (xs[:3], xs[3:])]
        found = factors(blocks[0], blocks[1], u=1.0, slack=0.0, rates=(0.3, 0.6), exact=False)
        total = [a + chance * b for a, b in zip(total, found, strict=True)]
    assert max(total) <= 1 + 1e-12


def test_centres_stand_on_the_edge_of_the_null() -> None:
    draw = Random(11)
    for _ in range(200):
        u, slack = draw.choice([(1.0, draw.uniform(0, 0.9)), (draw.uniform(0.1, 1.0), 0.0)])
        c, d = centres(u, slack, (draw.random(), draw.random()), draw.uniform(0.01, 0.99))
        assert 0 <= c <= 1
        assert 0 <= d <= 1
        assert u * c - d == pytest.approx(slack, abs=1e-12)


def test_the_capital_is_shared_out_whole() -> None:
    assert sum(SHARES) == pytest.approx(1.0)
    assert len(SHARES) == len(SIZES)
