"""How often intervals hold the truth: exact sums and seeded simulation, for the tests of intervals."""

from __future__ import annotations

from math import exp, lgamma, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

Z = 1.959963984540054
SIZES = (30, 100, 1000)
RATES = (0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98)


def binomial(n: int, p: float) -> list[float]:
    """Return the chance of each count; counts with less than 1e-12 are 0."""
    fixed = lgamma(n + 1)
    return [exp(fixed - lgamma(x + 1) - lgamma(n - x + 1) + x * log(p) + (n - x) * log(1 - p)) for x in range(n + 1)]


def covers(interval: tuple[float, float] | None, truth: float) -> bool:
    return interval is not None and interval[0] - 1e-9 <= truth <= interval[1] + 1e-9


def simulate(draws: int, seed: int, once: Callable[[np.random.Generator], tuple[bool, bool]]) -> tuple[float, float]:
    """Return the shares of draws whose interval lies above, and below, the truth."""
    import numpy as np  # noqa: PLC0415 - only simulations need it

    draw = np.random.default_rng(seed)
    above = below = 0
    for _ in range(draws):
        high, low = once(draw)
        above += high
        below += low
    return above / draws, below / draws


def sides(interval: tuple[float, float] | None, truth: float) -> tuple[bool, bool]:
    assert interval is not None
    return interval[0] > truth + 1e-9, interval[1] < truth - 1e-9
