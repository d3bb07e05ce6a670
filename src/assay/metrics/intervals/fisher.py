"""Tests of two proportions: the pooled z and Fisher's exact p."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, islice
from itertools import count as count_up
from math import exp, lgamma, log, sqrt
from operator import mul, truediv

_SLACK = 1e-7
_SMOOTH = 25.0
_FAR = 28.0
"""A tail is integrated to where the chance has fallen to exp(-28) of that at its edge, were it normal from there on."""

_NODES = (
    (0.005299532504175031, 0.013576229705877088),
    (0.0277124884633837, 0.031126761969323728),
    (0.06718439880608412, 0.0475792558412463),
    (0.1222977958224985, 0.062314485627767036),
    (0.19106187779867811, 0.07479799440828835),
    (0.2709916111713863, 0.08457825969750132),
    (0.35919822461037054, 0.09130170752246182),
    (0.4524937450811813, 0.09472530522753432),
    (0.5475062549188188, 0.09472530522753432),
    (0.6408017753896295, 0.09130170752246182),
    (0.7290083888286136, 0.08457825969750132),
    (0.8089381222013219, 0.07479799440828835),
    (0.8777022041775016, 0.062314485627767036),
    (0.9328156011939159, 0.0475792558412463),
    (0.9722875115366163, 0.031126761969323728),
    (0.994700467495825, 0.013576229705877088),
)
"""Gauss and Legendre's sixteen nodes and weights on (0, 1)."""

_lgamma = lru_cache(maxsize=4096)(lgamma)


def pooled_z(x1: float, n1: float, x2: float, n2: float) -> float | None:
    """Return (p1 - p2) / sqrt(p (1 - p) (1/n1 + 1/n2)), p pooled; None when nobody or everybody has the outcome.

    Source: Gastwirth (1988), Statistical Reasoning in Law and Public Policy, section 5.3; Hazelwood School District
        v. United States, 433 U.S. 299 (1977), note 14 ("more than two or three standard deviations").
    """
    pooled = (x1 + x2) / (n1 + n2)
    if not 0 < pooled < 1:
        return None
    return (x1 / n1 - x2 / n2) / sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))


def fisher_exact(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the two-sided p of Fisher's exact test: the chance of every table that is no likelier than this one.

    Source: Fisher (1934), Statistical Methods for Research Workers, 5th edition, section 21.02; two-sided as in R's
        fisher.test and SciPy's fisher_exact (tables whose probability exceeds this one's by less than 1e-7 of it
        count as equally likely). Terms are summed; where the distribution is wide (standard deviation over 25) its
        tails are integrated between the half-integers by Gauss and Legendre's rule with two Euler-Maclaurin terms,
        which agrees to 1e-8 of the value where that is above 1e-6, and to 1e-4 of it down to 1e-80.
    """
    drawn, total = x1 + x2, n1 + n2
    table = _Table(drawn, n1, n2)
    if table.least == table.most:
        return 1.0
    here = table.log_chance(x1)
    mode = min(table.most, max(table.least, (drawn + 1) * (n1 + 1) // (total + 2)))
    if x1 == mode or table.log_chance(mode) <= here + _SLACK:
        return 1.0
    side = 1 if x1 > mode else -1
    same = table.tail(x1, side)
    far = table.mirrored(x1, mode, side, here + log(1 + _SLACK))
    return min(1.0, same if far is None else same + table.tail(far, -side))


class _Table:
    """The hypergeometric distribution of the first cell of a two by two table with given margins."""

    def __init__(self, drawn: int, n1: int, n2: int) -> None:
        self.drawn, self.n1, self.n2 = drawn, n1, n2
        self.least, self.most = max(0, drawn - n2), min(drawn, n1)
        total = n1 + n2
        self.deviation = sqrt(drawn * n1 / total * (total - drawn) / total * n2 / max(1, total - 1))
        self.fixed = (
            _lgamma(n1 + 1) + _lgamma(n2 + 1) + _lgamma(drawn + 1) + _lgamma(total - drawn + 1) - _lgamma(total + 1)
        )

    def log_chance(self, x: float) -> float:
        rest = self.n2 - self.drawn
        return self.fixed - lgamma(x + 1) - lgamma(self.n1 - x + 1) - lgamma(self.drawn - x + 1) - lgamma(rest + x + 1)

    def mirrored(self, start: int, mode: int, side: int, limit: float) -> int | None:
        """Return the first place on the other side of the mode whose log chance is at most ``limit``, if any."""
        end = self.least if side > 0 else self.most
        if self.log_chance(end) > limit:
            return None
        near, far = mode, end
        guess, step = 2 * mode - start, 1 + int(self.deviation / 16)
        # The distribution is nearly symmetric: look around the mirror image first, ever further out.
        while abs(near - far) > 1:
            if not min(near, far) < guess < max(near, far):
                guess = (near + far) // 2
            if self.log_chance(guess) <= limit:
                far, guess = guess, guess + side * step
            else:
                near, guess = guess, guess - side * step
            step = max(1, step // 2) if abs(near - far) <= step else step
        return far

    def tail(self, start: int, side: int) -> float:
        """Return the chance of ``start`` and everything beyond it on one side."""
        end = self.most if side > 0 else self.least
        if self.deviation > _SMOOTH and abs(end - start) > 10 * self.deviation:
            return self._smooth_tail(start, side)
        return exp(self.log_chance(start)) * (1 + self._ratios(start, side, end))

    def _ratios(self, start: int, side: int, end: int) -> float:
        """Return the sum of the terms beyond ``start``, each over the one at ``start``."""
        rest, count = self.n2 - self.drawn, abs(end - start)
        if side > 0:
            above = map(mul, range(self.n1 - start, 0, -1), range(self.drawn - start, 0, -1))
            below = map(mul, range(start + 1, start + count + 1), range(rest + start + 1, rest + start + count + 1))
        else:
            above = map(mul, range(start, start - count, -1), range(rest + start, rest + start - count, -1))
            below = map(mul, count_up(self.n1 - start + 1), count_up(self.drawn - start + 1))
        terms = accumulate(map(truediv, above, below), mul)
        total, length = 0.0, 8 + int(self.deviation / 2)
        for _ in range(0, count, length):
            part = sum(islice(terms, length))
            total += part
            if part <= 1e-12 * (1 + total):  # what is left is less than this last part
                break
        return total

    def _smooth_tail(self, start: int, side: int) -> float:
        edge = start - side / 2
        logs = [self.log_chance(edge + side * offset) for offset in (-1.5, -0.5, 0.5, 1.5)]
        slope = (logs[1] - logs[2]) * self.deviation
        reach = side * self.deviation * (sqrt(slope * slope + 2 * _FAR) - slope)
        total = 0.0
        for node, weight in _NODES:
            total += weight * exp(self.log_chance(edge + node * reach))
        a, b, c, d = map(exp, logs)
        # First and third derivative at the edge, by differences; the first one's own error is a 24th of the third.
        return total * abs(reach) + (c - b) / 24 - (d - 3 * c + 3 * b - a) * 17 / 5760
