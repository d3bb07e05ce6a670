"""Tests of two proportions: the pooled z and Fisher's exact p."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, takewhile
from math import exp, lgamma, log, sqrt
from operator import mul

_SLACK = 1e-7
_SMOOTH = 40.0
_NODES = (
    (0.1834346424956498, 0.3626837833783620),
    (0.5255324099163290, 0.3137066458778873),
    (0.7966664774136267, 0.2223810344533745),
    (0.9602898564975363, 0.1012285362903763),
)
_lgamma = lru_cache(maxsize=4096)(lgamma)


def pooled_z(x1: float, n1: float, x2: float, n2: float) -> float | None:
    """Return (p1 - p2) / sqrt(p (1 - p) (1/n1 + 1/n2)), p pooled; None when nobody or everybody has the outcome.

    Source: Gastwirth (1988), Statistical Reasoning in Law and Public Policy, section 5.3; Hazelwood School District v. United States, 433 U.S.
    299 (1977), note 14 ("more than two or three standard deviations").
    """
    pooled = (x1 + x2) / (n1 + n2)
    if not 0 < pooled < 1:
        return None
    return (x1 / n1 - x2 / n2) / sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))


def fisher_exact(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the two-sided p of Fisher's exact test: the chance of every table that is no likelier than this one.

    Source: Fisher (1934), Statistical Methods for Research Workers, 5th edition, section 21.02; two-sided as in R's fisher.test and SciPy's
    fisher_exact (tables whose probability exceeds this one's by less than 1e-7 of it count as equally likely).
    Terms are summed; where the distribution is wide (standard deviation over 40) its tails are integrated between the
    half-integers by Gauss and Legendre's rule with the first Euler-Maclaurin term, which agrees to 1e-8 of the value.
    """
    drawn, total = x1 + x2, n1 + n2
    least, most = max(0, drawn - n2), min(drawn, n1)
    if least == most:
        return 1.0
    mean = drawn * n1 / total
    deviation = sqrt(mean * (total - drawn) / total * n2 / max(1, total - 1))
    table = _Table(drawn, n1, n2, least, most, deviation)
    here = table.log_chance(x1)
    mode = min(most, max(least, (drawn + 1) * (n1 + 1) // (total + 2)))
    if x1 == mode or table.log_chance(mode) <= here + _SLACK:
        return 1.0
    side = 1 if x1 > mode else -1
    same = table.tail(x1, side)
    # The first place on the other side of the mode that is no likelier.
    near, far = mode, (least if side > 0 else most)
    if table.log_chance(far) > here + log(1 + _SLACK):
        return min(1.0, same)
    while abs(near - far) > 1:
        middle = (near + far) // 2
        if table.log_chance(middle) <= here + log(1 + _SLACK):
            far = middle
        else:
            near = middle
    return min(1.0, same + table.tail(far, -side))


class _Table:
    """The hypergeometric distribution of the first cell of a two by two table with given margins."""

    def __init__(self, drawn: int, n1: int, n2: int, least: int, most: int, deviation: float) -> None:
        self.drawn, self.n1, self.n2, self.least, self.most, self.deviation = drawn, n1, n2, least, most, deviation
        total = n1 + n2
        self.fixed = (
            _lgamma(n1 + 1)
            + _lgamma(n2 + 1)
            + _lgamma(drawn + 1)
            + _lgamma(total - drawn + 1)
            - _lgamma(total + 1)
        )

    def log_chance(self, x: float) -> float:
        rest = self.n2 - self.drawn
        return self.fixed - lgamma(x + 1) - lgamma(self.n1 - x + 1) - lgamma(self.drawn - x + 1) - lgamma(rest + x + 1)

    def tail(self, start: int, side: int) -> float:
        """Return the chance of ``start`` and everything beyond it on one side."""
        end = self.most if side > 0 else self.least
        if self.deviation > _SMOOTH and abs(end - start) > 10 * self.deviation:
            return self._smooth_tail(start, side)
        return exp(self.log_chance(start)) * (1 + sum(self._ratios(start, side, end)))

    def _ratios(self, start: int, side: int, end: int) -> list[float]:
        rest = self.n2 - self.drawn
        if side > 0:
            steps = ((self.n1 - x) * (self.drawn - x) / ((x + 1) * (rest + x + 1)) for x in range(start, end))
        else:
            steps = (x * (rest + x) / ((self.n1 - x + 1) * (self.drawn - x + 1)) for x in range(start, end, -1))
        return list(takewhile(lambda term: term > 1e-18, accumulate(steps, mul)))

    def _smooth_tail(self, start: int, side: int) -> float:
        edge = start - side / 2
        width = 1.5 * self.deviation
        total = 0.0
        for panel in range(6):
            centre, half = edge + side * (panel + 0.5) * width, width / 2
            part = sum(
                weight * (exp(self.log_chance(centre - node * half)) + exp(self.log_chance(centre + node * half)))
                for node, weight in _NODES
            )
            total += part * half
            if part * half < 1e-17 * total:
                break
        slope = side * (exp(self.log_chance(edge + 0.5)) - exp(self.log_chance(edge - 0.5)))
        return total + slope / 24
