"""Intervals of the range (greatest minus least, or least over greatest) of several independent groups.

The range of a sample overstates: with equal groups it is above 0 in every sample, and a percentile interval of resampled
ranges overstates it twice. So each limit is found by test inversion instead (DiCiccio and Romano 1990, "Nonparametric confidence
limits by resampling methods and least favorable families", International Statistical Review 58:59-76; Carpenter 1999,
J. Royal Statistical Society B 61:159-172): the groups are drawn together towards their common value by a factor t (1 is the sample, 0 is
equality), the sample is drawn anew around them, and the limits are those t under which a range as small as the one seen
comes up in 97.5 % and in 2.5 % of the samples. The resampling distribution of a range of independent groups is not drawn but
computed, as Tukey's studentized range is (Hartley 1942, Biometrika 32:334-348; David and Nagaraja 2003, Order Statistics, section 5.2):
the sum over the axis of P(least group here, all others within the range above it). No random number is used: no noise, no seed.

Coverage is in the docstring of `range_interval`; tests/unit/metrics/test_metrics_extremes.py pins it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from math import erf, exp, log, prod, sqrt
from operator import mul, sub
from statistics import NormalDist
from typing import TYPE_CHECKING

from assay.metrics.intervals.root import falling_root

if TYPE_CHECKING:
    from collections.abc import Sequence

METHOD = "resampling distribution of the range, inverted"

_ROOT_TWO = sqrt(2)
_REACH = 4.0
_STEP = 0.5
_ROWS = 160
_QUANTILE = NormalDist().inv_cdf
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of the groups with what is needed to draw them anew.

    Attributes:
        values: one a group.
        sizes: people behind each proportion; None when ``errors`` are given.
        errors: standard error of each value; None for proportions.
        logs: compare ratios of proportions instead of differences.
    """

    values: tuple[float, ...]
    sizes: tuple[float, ...] | None = None
    errors: tuple[float, ...] | None = None
    logs: bool = False

    def observed(self) -> float:
        """Return the range (of logarithms, for ratios)."""
        least, greatest = min(self.values), max(self.values)
        return log(greatest / least) if self.logs else greatest - least

    def trimmed(self) -> Sample:
        """Leave out groups that cannot be the least or the greatest: four standard errors from both."""
        places = self.stretched(1.0)
        errors = self.spreads(places)
        if len(places) <= 3:  # noqa: PLR2004 - nothing to gain
            return self
        top = max(map(sub, places, (_REACH * error for error in errors)))
        bottom = -max(-(place + _REACH * error) for place, error in zip(places, errors, strict=True))
        keep = [
            number
            for number, (place, error) in enumerate(zip(places, errors, strict=True))
            if place + _REACH * error >= top or place - _REACH * error <= bottom
        ]
        if len(keep) == len(places):
            return self

        def pick(given: tuple[float, ...] | None) -> tuple[float, ...] | None:
            return None if given is None else tuple(given[number] for number in keep)

        return Sample(pick(self.values) or (), pick(self.sizes), pick(self.errors), self.logs)

    def weights(self) -> list[float]:
        """Return how firmly each group stands: people, or one over the squared error."""
        return [1 / (error * error) for error in self.errors or ()] if self.sizes is None else list(self.sizes)

    def stretched(self, scale: float) -> list[float]:
        """Return the groups at ``scale`` times their distance from the common value."""
        weights = self.weights()
        pool = sum(map(mul, self.values, weights)) / sum(weights)
        if self.logs:
            start = log(pool)
            return [min(0.0, start + scale * (log(value) - start)) for value in self.values]
        places = [pool + scale * (value - pool) for value in self.values]
        return places if self.sizes is None else [min(1.0, max(0.0, place)) for place in places]

    def squeezed(self, width: float) -> list[float]:
        """Return the places nearest to the groups' (weighted least squares) that lie within a range of ``width``."""
        values = [log(value) for value in self.values] if self.logs else list(self.values)
        weights = self.weights()

        def pull(floor: float) -> float:
            ceiling = floor + width
            return sum(
                weight * (value - ceiling if value > ceiling else value - floor if value < floor else 0.0)
                for value, weight in zip(values, weights, strict=True)
            ) / total

        total = sum(weights)
        least, greatest = min(values), max(values)
        room = greatest - least
        if room <= width:
            return values
        floor = falling_root(pull, 0.0, least, greatest - width, 0.002 * room)
        return [min(max(value, floor), floor + width) for value in values]

    def spreads(self, places: Sequence[float]) -> list[float]:
        """Return the standard errors of groups that stand at ``places``."""
        if self.sizes is None:
            return list(self.errors or ())
        sizes = self.sizes
        if self.logs:
            shares = [(exp(place) * n + 0.5) / (n + 1) for place, n in zip(places, sizes, strict=True)]
            return [sqrt((1 - p) / (n * p)) for p, n in zip(shares, sizes, strict=True)]
        shares = [(place * n + 0.5) / (n + 1) for place, n in zip(places, sizes, strict=True)]
        return [sqrt(p * (1 - p) / n) for p, n in zip(shares, sizes, strict=True)]


def range_interval(samples: Sequence[Sample], z: float) -> tuple[float, float]:
    """Return the interval of the greatest of the samples' ranges (one sample: of its range); for ratios, of logarithms.

    Args:
        samples: each with at least two groups; samples are independent of each other.
        z: standard normal quantile of the level.
    """
    observed = max(sample.observed() for sample in samples)
    kept = [sample.trimmed() for sample in samples]

    def standing(drawn: list[list[float]]) -> float:
        chance = prod(
            chance_within(places, sample.spreads(places), observed) for sample, places in zip(kept, drawn, strict=True)
        )
        return _QUANTILE(min(1 - _LEAST, max(_LEAST, chance)))

    def squeezed(scale: float) -> float:
        return standing([sample.squeezed(scale * observed) for sample in kept])

    def stretched(scale: float) -> float:
        return standing([sample.stretched(scale) for sample in kept])

    low = falling_root(squeezed, z, 0.0, 1.0, 0.02)
    high = falling_root(stretched, -z, 0.0, 1.5, 0.02) if observed > 0 else 0.0
    reached = max(max(places) - min(places) for places in (sample.stretched(high) for sample in kept))
    return (min(observed, low * observed), max(observed, reached))


def chance_within(places: Sequence[float], errors: Sequence[float], width: float) -> float:
    """Return the chance that independent normal values lie within a range of ``width``.

    The least value is followed along a lattice whose step divides the width, so that each normal probability serves both as
    a lower and as an upper end.
    """
    slopes = [1 / (_ROOT_TWO * error) for error in errors]
    reach = [_REACH * error for error in errors]
    start = max(min(map(sub, places, reach)), max(map(sub, places, reach)) - width)
    stop = min(place + far for place, far in zip(places, reach, strict=True))
    typical = sum(errors) / len(errors)
    width = max(width, 0.02 * typical)
    if start >= stop:
        return 0.0
    steps = max(0, round(width / (_STEP * typical) - 0.5))
    step = width / (steps + 0.5)
    while (stop - start) / step > _ROWS:
        step *= 2
    rows: dict[int, list[float]] = {}

    def row(number: int) -> list[float]:
        found = rows.get(number)
        if found is None:
            x = start + number * step
            found = rows[number] = list(map(erf, map(mul, map(sub, repeat(x), places), slopes)))
        return found

    total = 0.0
    scale = 0.5 ** len(places)
    for number in range(int((stop - start) / step) + 1):
        here, above, top = row(number), row(number + 1), row(number + steps + 1)
        total += prod(map(sub, top, here)) - prod(map(sub, top, above))
        if prod(map(sub, repeat(1.0), here)) * scale < 1e-4:  # noqa: PLR2004 - the least group is surely below
            break
    return min(1.0, total * scale)


def worst_limit(sample: Sample, z: float) -> float:
    """Return the lower limit of the greatest of several independent values.

    The limit is the least ceiling c such that a sample drawn around the values cut off at c reaches the greatest one seen in
    2.5 % of the cases (order-restricted likelihood: Robertson, Wright and Dykstra 1988, section 1.2).
    """
    greatest = max(sample.values)

    def standing(ceiling: float) -> float:
        places = [min(value, ceiling) for value in sample.values]
        chance = prod(
            0.5 * (1 + erf((greatest - place) / (_ROOT_TWO * error)))
            for place, error in zip(places, sample.spreads(places), strict=True)
        )
        return _QUANTILE(min(1 - _LEAST, max(_LEAST, chance)))

    reach = 6 * max(sample.spreads(sample.values))
    floor = greatest - reach if sample.sizes is None else 0.0
    return min(greatest, falling_root(standing, z, floor, max(greatest, floor + 1e-9), 0.01))
