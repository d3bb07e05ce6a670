"""The confidence level and its quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from assay.errors import InputError


@dataclass(frozen=True, slots=True)
class Level:
    """A two-sided confidence level.

    Attributes:
        level: such as 0.95.
        z: standard normal quantile that leaves ``(1 - level) / 2`` above it.
        words: ``95 %``, for methods.
    """

    level: float
    z: float
    words: str


@lru_cache(maxsize=16)
def at_level(level: float) -> Level:
    """Return a level with its quantile.

    Raises:
        InputError: unless ``0.5 <= level < 1``.
    """
    if not 0.5 <= level < 1.0:  # noqa: PLR2004 - below one half an interval says nothing
        raise InputError(f"expected a confidence level from 0.5 to under 1, found {level!r}; 0.95 is usual")
    return Level(level, NormalDist().inv_cdf(0.5 + level / 2), f"{level * 100:g} %")
