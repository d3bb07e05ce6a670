"""Lists of counts as one integer, with a lane of fixed width for each count.

The sum of two such integers adds every lane, so that merging sixty histograms costs sixty additions.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = 64
_FULL = 2**_WORD - 1


def words_for(greatest: int) -> int:
    """Return how many words of 64 bits a lane needs that may grow to ``greatest``."""
    return max(1, -(-greatest.bit_length() // _WORD))


def pack(counts: Sequence[int], words: int) -> int:
    """Return counts as one integer."""
    if words == 1:
        return _as_integer(array("Q", counts))
    lanes = array("Q", bytes(8 * words * len(counts)))
    try:
        lanes[::words] = array("Q", counts)
    except OverflowError:
        for word in range(words):
            lanes[word::words] = array("Q", [count >> _WORD * word & _FULL for count in counts])
    return _as_integer(lanes)


def unpack(packed: int, size: int, words: int) -> list[int]:
    """Return ``size`` counts from one integer."""
    lanes = _as_lanes(packed, size * words)
    found = lanes[::words].tolist()
    for word in range(1, words):
        above = lanes[word::words].tolist()
        if any(above):
            found = [low | high << _WORD * word for low, high in zip(found, above, strict=True)]
    return found


def together(packed: int, size: int, words: int, stride: int) -> list[int]:
    """Return the sums of each ``stride`` (a power of 2) neighbouring counts of ``size``."""
    reach = 1
    while reach < stride:
        packed += packed >> _WORD * words * reach
        reach *= 2
    return unpack(packed, size, words)[::stride]


def transposed(rows: Sequence[int], size: int, words: int) -> list[int]:
    """Return the columns of packed rows of ``size`` counts: the same count of every row, packed."""
    lanes = array("Q")
    for packed in rows:
        lanes.extend(_as_lanes(packed, size * words))
    if words == 1:
        return [_as_integer(lanes[place::size]) for place in range(size)]
    found = []
    for start in range(0, size * words, words):
        column = array("Q", bytes(8 * words * len(rows)))
        for word in range(words):
            column[word::words] = lanes[start + word :: size * words]
        found.append(_as_integer(column))
    return found


def _as_integer(lanes: array[int]) -> int:
    if sys.byteorder == "big":
        lanes.byteswap()
    return int.from_bytes(lanes.tobytes(), "little")


def _as_lanes(packed: int, size: int) -> array[int]:
    lanes = array("Q")
    lanes.frombytes(packed.to_bytes(8 * size, "little"))
    if sys.byteorder == "big":
        lanes.byteswap()
    return lanes
