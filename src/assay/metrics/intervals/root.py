"""The root of a falling function, by the secant inside a bracket (regula falsi, Illinois variant)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TOLERANCE = 0.004
"""How near to the wanted value is near enough; for standard scores this moves a limit by less than 0.3 % of its
width."""


def falling_root(
    function: Callable[[float], float], wanted: float, low: float, high: float, tolerance: float = TOLERANCE
) -> float:
    """Return x with ``function(x) = wanted``; ``low`` when even there the function is below it.

    Source: Dowell and Jarratt (1971), BIT 11:168-174. The bracket is doubled upwards until it holds the root, 40 times
    at most.
    """
    at_low = function(low)
    if at_low <= wanted:
        return low
    at_high = function(high)
    for _ in range(40):
        if at_high <= wanted:
            break
        low, at_low = high, at_high
        high = high * 2
        at_high = function(high)
    return bracketed_root(function, wanted, (low, at_low), (high, at_high), tolerance)


def bracketed_root(
    function: Callable[[float], float],
    wanted: float,
    left: tuple[float, float],
    right: tuple[float, float],
    tolerance: float = TOLERANCE,
) -> float:
    """Return the root between two places whose values are known; the left one when the function is below it."""
    (low, at_low), (high, at_high) = left, right
    at_low -= wanted
    at_high -= wanted
    if at_low <= 0:
        return low
    side = 0
    for _ in range(40):
        x = high - at_high * (high - low) / (at_high - at_low) if at_high != at_low else (low + high) / 2
        at = function(x) - wanted
        if abs(at) < tolerance:
            return x
        if at > 0:
            low, at_low = x, at
            if side > 0:
                at_high /= 2
            side = 1
        else:
            high, at_high = x, at
            if side < 0:
                at_low /= 2
            side = -1
    return (low + high) / 2
