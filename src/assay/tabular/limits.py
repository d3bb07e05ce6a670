"""How much a tally can hold, in one place: beyond each limit is an error that says so, never a wrong number."""

from __future__ import annotations

MOST_GROUP_VALUES = 200
"""Different values of one protected attribute."""

MOST_CLASSES = 200
"""Different classes of a multi-class outcome."""

MOST_CELLS = 100_000
"""Different combinations of group, label and prediction."""

LARGEST = 1e9
"""Greatest magnitude of a score, weight, label or prediction that is summed. Its square in ``SUM_UNIT`` is at most
1e30, so that the engine's 127-bit integers hold the sum of 170 million of them (of errors, twice as large, 42 million).
Beyond that the engine says so and the tally is refused."""

LOOK_ROWS = 65_536
"""Rows of the first look, which only chooses the cheaper way to count; no number depends on it."""

NAMED = 5
"""How many of the values found a message names."""
