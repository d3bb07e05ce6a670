"""Confidence sequences of a gap, a ratio or a mean: intervals that hold at all rows at once.

For every row x of [0, 1] with chance p given the past, any centre c known before it and any k in [0, 1),

    exp(k (x - p) - psi(k) (x - c)**2),   psi(k) = -ln(1 - k) - k,

has expectation at most 1 (Fan's inequality; Waudby-Smith and Ramdas 2024, section 3.2; Howard, Ramdas, McAuliffe and
Sekhon 2021, Annals of Statistics 49(2):1055-1080). In a block of n rows of one group and m of another, w = n / (n + m),
let rows of the first bet k(1-w) and rows of the second -kw. With W = n m / (n + m), block means D and D', and their
expectations P and P' the product over the block is at least

    exp(k W ((D - P) - (D' - P')) - psi(k) ((1-w)**2 Q + w**2 Q')),      Q the sum of (x - c)**2,

since psi(k v) <= v**2 psi(k) for v in [0, 1]. So W, W D, W D' and the two weighted sums of squares, added up over
blocks, bound the W-weighted average of the conditional gaps P - P' at all times, whether they stay the same or not.
A mixture over k keeps it narrow at every size of sample.
"""

from __future__ import annotations

from math import exp, log, log1p
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_BETS = (0.8, 0.4, 0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125)
_PSI = tuple(-log1p(-bet) - bet for bet in _BETS)
_STEPS = 50


class Sums(NamedTuple):
    """What a confidence sequence needs of the blocks it is about.

    Attributes:
        weight: sum of W (for one group: of rows).
        high: sum of W times the high group's block means.
        low: sum of W times the low group's block means; 0 for one group.
        high_spread: sum of the high group's weighted squares.
        low_spread: sum of the low group's weighted squares.
    """

    weight: float = 0.0
    high: float = 0.0
    low: float = 0.0
    high_spread: float = 0.0
    low_spread: float = 0.0

    def since(self, before: Sums) -> Sums:
        """Return the sums of the blocks after those of ``before``."""
        return Sums(*(now - then for now, then in zip(self, before, strict=True)))


def evidence(lead: float, spread: float) -> float:
    """Return the logarithm of the mixture over bets for a centred sum and its spread."""
    logs = [bet * lead - psi * spread for bet, psi in zip(_BETS, _PSI, strict=True)]
    top = max(logs)
    return top + log(sum(exp(one - top) for one in logs) / len(logs))


def _edge(
    lead: Callable[[float], float], spread: Callable[[float], float], inside: float, outside: float, bar: float
) -> float:
    """Return the value between one that is not refuted and one that may be, where refutation begins."""
    if evidence(lead(outside), spread(outside)) < bar:
        return outside
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if evidence(lead(middle), spread(middle)) < bar:
            inside = middle
        else:
            outside = middle
    return outside


def gap_interval(sums: Sums, error: float, *, ends: tuple[float, float] = (-1.0, 1.0)) -> tuple[float, float]:
    """Return the confidence sequence of the average of ``high - low``.

    Args:
        sums: of the blocks.
        error: chance, over the whole stream, that the truth is ever outside.
        ends: least and greatest value that is possible.
    """
    if sums.weight <= 0:
        return ends
    bar, spread = log(2.0 / error), sums.high_spread + sums.low_spread
    gap = sums.high - sums.low
    middle = min(max(gap / sums.weight, ends[0]), ends[1])
    low = _edge(lambda g: gap - g * sums.weight, lambda _: spread, middle, ends[0], bar)
    high = _edge(lambda g: g * sums.weight - gap, lambda _: spread, middle, ends[1], bar)
    return low, high


def ratio_interval(sums: Sums, error: float) -> tuple[float, float]:
    """Return the confidence sequence of low mean over high mean, within [0, 1], both taken as constant."""
    if sums.weight <= 0 or sums.high <= 0:
        return 0.0, 1.0
    bar = log(2.0 / error)
    middle = min(max(sums.low / sums.high, 0.0), 1.0)

    def spread(ratio: float) -> float:
        return ratio * ratio * sums.high_spread + sums.low_spread

    low = _edge(lambda r: sums.low - r * sums.high, spread, middle, 0.0, bar)
    high = _edge(lambda r: r * sums.high - sums.low, spread, middle, 1.0, bar)
    return low, high
