"""Bets against one null hypothesis: what one block of rows multiplies a bettor's capital by.

The null of one comparison is ``u * mean(high) - mean(low) <= slack``, where the means are those of two groups' chances,
given all that came before and who came in the block: ``u = 1`` for a difference, the limit itself for a ratio. For
a single group held against a bound the low group is absent, and the null is ``mean(high) <= slack``.

A block has ``n`` rows of the high group, ``m`` of the low one; let ``w = n / (n + m)`` and ``v = 1 - w``. Every bet has
a size k > 0 and multiplies the capital by the product over the block's rows of

    1 + k*u*v*(x - c)   for a row of the high group,      1 - k*w*(x - d)   for a row of the low group,

with centres ``c, d`` in ``u*c - d = slack``, and all of it chosen before the block's outcomes are looked at.

Why its expectation is at most 1 under the null. Let p_i be the chance of row i, given the past and who came. Dividing
each factor by its own expectation f_i gives a martingale, so the product's expectation is at most the greatest value
of the product of the f_i. By the inequality of arithmetic and geometric means it is at most (mean of f_i)**(n+m), and
the mean of the f_i is 1 + k*w*v*(u*mean(p of high) - mean(p of low) - slack), at most 1 under the null. Nothing was
asked of the single rows: within the block and beyond it chances may drift together, and depend on the past.

Because the centres and sizes are fixed for the block, the product depends on its counts alone: no order of rows within
the block can change it, and a tally says as much as its rows.

Sources: Turner, Ly and Gruenwald (2024), Journal of Statistical Planning and Inference 230:106108 (blocks of two
Bernoulli streams; https://arxiv.org/abs/2106.02693); Turner and Gruenwald (2023), Statistics and Probability Letters
198:109835 (convex nulls such as a bounded difference; https://arxiv.org/abs/2203.09785); Waudby-Smith and Ramdas
(2024), JRSS B 86(1):1-27 (bounded means; https://arxiv.org/abs/2010.09686); Chugg, Cortes-Gomez, Wilder and Ramdas
(2023), NeurIPS 36 (fairness by betting, unequal shares of groups; https://arxiv.org/abs/2305.17570).
"""

from __future__ import annotations

from math import exp, log1p
from typing import NamedTuple

SMALL = 1e-4

SIZES = (2.4, 1.2, 0.6, 0.3, 0.15, 0.075, 0.0375, 0.01875, 0.009375)
"""Sizes of bets, each held by a bettor of its own. The best one for a gap g is about g / (p (1 - p)): they reach from
the greatest gaps to 0.002."""

SHARES = tuple(share / 18 for share in (1.0, 2.0, 3.0, 3.0, 3.0, 2.0, 2.0, 1.0, 1.0))
"""The part of the capital that each size of bet is given; they add up to 1."""

MOST = 0.95
"""No bet may lose more than this part of its capital on one row."""

LARGEST_LOG = 600.0
"""A block multiplies capital by at most e**600, so that it stays a number."""


class Block(NamedTuple):
    """Rows of one group in one block, outcomes within [0, 1].

    Attributes:
        n: rows.
        total: sum of the outcomes.
        squares: sum of the squared outcomes; equal to ``total`` where they are 0 and 1.
    """

    n: int
    total: float
    squares: float


def centres(u: float, slack: float, rates: tuple[float, float], weight: float) -> tuple[float, float]:
    """Return the point of the null's edge nearest to what is known of the groups so far.

    Args:
        u: factor of the high group.
        slack: the null's right side.
        rates: both groups' means so far.
        weight: the high group's share of the block.

    Returns:
        Centres (c, d) with ``u*c - d = slack``, both within [0, 1].
    """
    high, low = rates
    excess = u * high - low - slack
    c = high - excess * (u / weight) / (u * u / weight + 1.0 / (1.0 - weight))
    c = min(max(c, 0.0, slack / u), 1.0, (1.0 + slack) / u)
    return c, min(max(u * c - slack, 0.0), 1.0)


def _loss(part: float) -> float:
    """Return ``(ln(1 - part) + part) / part**2``; -1/2 at 0."""
    return (log1p(-part) + part) / (part * part) if part > SMALL else -0.5 - part / 3.0


def _side(block: Block, bet: float, centre: float, *, exact: bool) -> float:
    """Return the logarithm of the product of ``1 + bet*(x - centre)`` over a group's rows, or a bound below it.

    Outcomes of 0 and 1: the product itself. Others: ln(1 + b z) >= b z + (ln(1 - b) + b) z**2 for z >= -1 and b in
    [0, 1) (Fan, Grama and Liu 2015, Electronic Journal of Probability 20(1), lemma 4.1), so that sums are enough.
    """
    if exact:
        return block.total * log1p(bet * (1.0 - centre)) + (block.n - block.total) * log1p(-bet * centre)
    spread = block.squares - 2.0 * centre * block.total + block.n * centre * centre
    room = centre if bet > 0 else 1.0 - centre
    return bet * (block.total - block.n * centre) + _loss(abs(bet) * room) * bet * bet * spread


def factors(
    high: Block, low: Block | None, *, u: float, slack: float, rates: tuple[float, float], exact: bool
) -> list[float]:
    """Return what one block multiplies the capital of every size of bet by.

    Args:
        high: the group whose mean is suspected to be too high.
        low: the other one; None when the high group is held against a bound, which is then ``slack``.
        u: factor of the high group's mean in the null.
        slack: the null's right side.
        rates: both groups' means in the blocks before.
        exact: whether outcomes are 0 and 1.
    """
    if low is None:
        most = MOST / slack if slack > 0 else SIZES[0]
        return [exp(min(_side(high, min(size, most), slack, exact=exact), LARGEST_LOG)) for size in SIZES]
    weight = high.n / (high.n + low.n)
    c, d = centres(u, slack, rates, weight)
    share, other = u * (1.0 - weight), weight
    at_risk = max(share * c, other * (1.0 - d))
    most = MOST / at_risk if at_risk > 0 else SIZES[0]
    if exact:
        return _exact(high, low, (c, d), (share, other), most)
    found = []
    for size in SIZES:
        bet = min(size, most)
        grown = _side(high, bet * share, c, exact=False) + _side(low, -bet * other, d, exact=False)
        found.append(exp(min(grown, LARGEST_LOG)))
    return found


def _exact(
    high: Block, low: Block, centre: tuple[float, float], shares: tuple[float, float], most: float
) -> list[float]:
    """Return the factors of two groups with outcomes 0 and 1: written out, for it is the monitor's whole work."""
    hits, misses = high.total, high.n - high.total
    low_hits, low_misses = low.total, low.n - low.total
    c, d = centre
    won, lost = shares[0] * (1.0 - c), shares[0] * c
    low_won, low_lost = shares[1] * d, shares[1] * (1.0 - d)
    found = []
    for size in SIZES:
        bet = min(most, size)
        grown = hits * log1p(bet * won) + misses * log1p(-bet * lost)
        grown += low_misses * log1p(bet * low_won) + low_hits * log1p(-bet * low_lost)
        found.append(exp(min(LARGEST_LOG, grown)))
    return found
