"""When a block is closed, and when capital is first put at risk: fixed by rows and groups, never by outcomes."""

from __future__ import annotations

from math import exp, sqrt

FINE_ROWS = 1024
"""Up to this row, every row (or run of equal order values) may end a block; after it, every 64th."""

COARSE_ROWS = 64

PATIENCE = 16
"""A block to which a group has not come at all (people come in runs) waits for it, until it has so many times the rows
it needs. That looks at who came, never at outcomes. It waits for no more than the group's first rows: a long block
compares people of different hours, and takes what has moved meanwhile for a difference between groups."""

_LONG = 131_072
"""From this row on a block is so small a part of the stream that twice its rows cost no delay to speak of."""

_FIRST = 8
_SOON = 0.6
"""Part of the capital that is put at risk at once; the rest waits for a change later in the stream."""

_SCALE = 1000.0


def block_rows(rows: int, groups: int) -> int:
    """Return how many rows the next block takes at least.

    A sixteenth of the rows so far, so that waiting for a block's end costs little; at least 4 and at most 32 rows a
    group (64 after row 131,072), or the square of twice the groups where that is more: the work a row then does not
    grow with the groups.

    Args:
        rows: rows before the block.
        groups: groups seen so far, of the attribute with the most.
    """
    groups = max(groups, 2)
    most = max(COARSE_ROWS // 2 * groups * (2 if rows >= _LONG else 1), 4 * groups * groups)
    return min(max(rows // 16, _FIRST // 2 * groups), most)


def waiting(row: float) -> float:
    """Return the part of the slow pot that is still idle after a row: (1 + row / 1000)**(-1/2).

    A stream may turn unfair at any time. Capital that starts to bet at row r is an e-process of its own; the mixture
    over all r with weights that add up to 1 is one too, and loses no more than the logarithm of the weight near the
    change (starting times: Shin, Ramdas and Rinaldo 2024, E-detectors, New England Journal of Statistics in Data
    Science 2(2):229-260; https://arxiv.org/abs/2203.03532). The square root's tail is heavy enough for changes after
    millions of rows.
    """
    return 1.0 / sqrt(1.0 + row / _SCALE)


def pots() -> tuple[float, float]:
    """Return the idle capital at the start: the quick pot, and the slow one."""
    return _SOON, 1.0 - _SOON


def released(pots_now: tuple[float, float], before: int, after: int, groups: int) -> tuple[float, float]:
    """Return what both pots put at risk in the block that follows row ``before`` and ends at row ``after``."""
    quick = pots_now[0] * (1.0 - exp(-(after - before) / (_FIRST * max(groups, 2))))
    return quick, pots_now[1] * (1.0 - waiting(after) / waiting(before))


def start_weight(row: int) -> float:
    """Return the weight of a window that opens after a row, among all windows; whole streams have half of all.

    Windows open at ends of blocks, which are at least 8 rows apart, and 64 after row 1024.
    """
    if row == 0:
        return 0.5
    apart = COARSE_ROWS if row >= FINE_ROWS else _FIRST
    return 0.5 * (waiting(row) - waiting(row + apart))
