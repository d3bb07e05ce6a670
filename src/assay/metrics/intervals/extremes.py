"""Intervals of the range (greatest minus least, or least over greatest) of several independent groups.

The range of a sample overstates: with equal groups it is above 0 in every sample, and a percentile interval of
resampled ranges overstates it twice. So each limit is found by test inversion instead (DiCiccio and Romano 1990,
"Nonparametric confidence limits by resampling methods and least favorable families", International Statistical
Review 58:59-76; Carpenter 1999, J. Royal Statistical Society B 61:159-172): the groups are drawn together towards
their common value by a factor t (1 is the sample, 0 is equality), the sample is drawn anew around them, and the
limits are those t under which a range as small as the one seen comes up in 97.5 % and in 2.5 % of the samples. The
resampling distribution of a range of independent groups is not drawn but computed, as Tukey's studentized range is
(Hartley 1942, Biometrika 32:334-348; David and Nagaraja 2003, Order Statistics, section 5.2): the sum over the axis
of P(least group here, all others within the range above it). No random number is used: no noise, no seed.

Coverage is in the docstring of `range_interval`; tests/unit/metrics/test_metrics_extremes.py pins it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from math import erf, exp, hypot, log, pi, prod, sqrt
from operator import add, mul, neg, sub, truediv
from statistics import NormalDist
from typing import TYPE_CHECKING

from assay.metrics.intervals.root import bracketed_root, falling_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

METHOD = "resampling distribution of the range, inverted"

_ROOT_TWO = sqrt(2)
_ROOT_PI = sqrt(pi)
_REACH = 4.3
_NEGLIGIBLE = 1e-5
_PANEL = 5.0
# Gauss-Legendre nodes on (0, 1) with their weights, eight points (Abramowitz and Stegun 1964, table 25.4).
_NODES = tuple(
    ((1 + side * node) / 2, weight / 2)
    for node, weight in (
        (0.1834346424956498, 0.3626837833783620),
        (0.5255324099163290, 0.3137066458778873),
        (0.7966664774136267, 0.2223810344533745),
        (0.9602898564975363, 0.1012285362903763),
    )
    for side in (-1, 1)
)
_QUANTILE = NormalDist().inv_cdf
_LEAST = 1e-6
_CLOSE = 0.05


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
        reach = [_REACH * error for error in errors]
        lows, highs = list(map(sub, places, reach)), list(map(add, places, reach))
        top, bottom = max(lows), min(highs)
        ends = enumerate(zip(lows, highs, strict=True))
        keep = [number for number, (low, high) in ends if high >= top or low <= bottom]
        if len(keep) == len(places):
            return self
        return self._pick(keep)

    def sturdy(self) -> Sample:
        """Leave out groups so small that their own noise hides what the others show; by size alone, not by value.

        The range of some groups is at most that of all, so a lower limit for them is one for all. A group is left
        out when its error at the common value is over three times the second smallest one.
        """
        errors = self.spreads(self.stretched(0.0))
        most = 3 * sorted(errors)[1]
        return self if max(errors) <= most else self._pick([n for n, error in enumerate(errors) if error <= most])

    def _pick(self, keep: list[int]) -> Sample:
        def some(given: tuple[float, ...] | None) -> tuple[float, ...] | None:
            return None if given is None else tuple(given[number] for number in keep)

        return Sample(some(self.values) or (), some(self.sizes), some(self.errors), self.logs)

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
        if self.sizes is None or (min(places) >= 0 and max(places) <= 1):
            return places
        return [min(1.0, max(0.0, place)) for place in places]

    def squeezed(self, width: float) -> list[float]:
        """Return the places nearest to the groups' (weighted least squares) that lie within a range of ``width``."""
        values = [log(value) for value in self.values] if self.logs else list(self.values)
        weights = self.weights()

        def pull(floor: float) -> float:
            ceiling = floor + width
            beyond = 0.0
            for value, weight in pairs:
                if value > ceiling:
                    beyond += weight * (value - ceiling)
                elif value < floor:
                    beyond += weight * (value - floor)
            return beyond / total

        pairs = list(zip(values, weights, strict=True))
        total = sum(weights)
        least, greatest = min(values), max(values)
        room = greatest - least
        if room <= width:
            return values
        floor = falling_root(pull, 0.0, least, greatest - width, 0.01 * room)
        return [min(max(value, floor), floor + width) for value in values]

    def spreads(self, places: Sequence[float]) -> list[float]:
        """Return the standard errors of groups that stand at ``places``."""
        if self.sizes is None:
            return list(self.errors or ())
        shares = map(exp, places) if self.logs else places
        smooth = [(share * n + 0.5) / (n + 1) for share, n in zip(shares, self.sizes, strict=True)]
        if self.logs:
            return [sqrt((1 - share) / (share * n)) for share, n in zip(smooth, self.sizes, strict=True)]
        return [sqrt(share * (1 - share) / n) for share, n in zip(smooth, self.sizes, strict=True)]


@lru_cache(maxsize=256)
def range_interval(samples: tuple[Sample, ...], z: float) -> tuple[float, float]:
    """Return the interval of the greatest of the samples' ranges (one sample: of its range); for ratios, of logarithms.

    Args:
        samples: each with at least two groups; samples are independent of each other.
        z: standard normal quantile of the level.

    Coverage at 95 % (seeded simulation; 3 to 10 groups of 30, 100 and 1,000 people, rates from 0.02 to 0.98):
    differences 93 to 98 %, and these exceptions. Groups that are all equal or nearly so: 95 to 98 %, because only
    one side can miss; with fewer than five expected positives a group up to 100 %. One group far from nine or more
    equal ones: 90 to 93 %, the interval lies too high. Ratios: 92 to 98 % where ten positives are expected in every
    group; with fewer 84 to 100 %, and where a group has none the limits are those of its own ratio to the highest
    group (Koopman).
    """
    observed = max(sample.observed() for sample in samples)
    if observed <= 0:
        return 0.0, 0.0
    search = _Search(samples)
    sturdy = tuple(sample.sturdy() for sample in samples)
    if all(len(some.values) == len(every.values) for some, every in zip(sturdy, samples, strict=True)):
        low = search.low(z)
    else:
        # Two ways to look, so each at half the error.
        half = _QUANTILE((1 + NormalDist().cdf(z)) / 2)
        low = max(search.low(half), _Search(sturdy).low(half))
    return (min(observed, low), max(observed, search.high(-z)))


class _Search:
    """The limits of one set of samples; the sample itself is where both searches start."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.observed = max(sample.observed() for sample in samples)
        self.kept = [sample.trimmed() for sample in samples]
        if self.observed > 0:
            self.here = self.stretched(1.0)
            self.step = min(1.0, 1.6 * max(_error_of_range(sample) for sample in self.kept) / self.observed)

    def standing(self, drawn: list[list[float]]) -> float:
        chance = prod(
            chance_within(places, sample.spreads(places), self.observed)
            for sample, places in zip(self.kept, drawn, strict=True)
        )
        return _QUANTILE(min(1 - _LEAST, max(_LEAST, chance)))

    def squeezed(self, scale: float) -> float:
        return self.standing([sample.squeezed(scale * self.observed) for sample in self.kept])

    def stretched(self, scale: float) -> float:
        return self.standing([sample.stretched(scale) for sample in self.kept])

    def low(self, wanted: float) -> float:
        if self.observed <= 0:
            return 0.0
        if self.here >= wanted:
            return self.observed
        return self.observed * _limit(self.squeezed, wanted, self.here, self.step)

    def high(self, wanted: float) -> float:
        scale = _limit(self.stretched, wanted, self.here, self.step)
        return max(max(places) - min(places) for places in (sample.stretched(scale) for sample in self.kept))


def _error_of_range(sample: Sample) -> float:
    places = sample.stretched(1.0)
    errors = sample.spreads(places)
    return hypot(errors[places.index(min(places))], errors[places.index(max(places))])


def _limit(standing: Callable[[float], float], wanted: float, here: float, step: float) -> float:
    """Return the scale at which the sample stands as wanted, sought from scale 1 (``here``) by steps; never under 0."""
    near, at_near = 1.0, here
    sign = 1.0 if here > wanted else -1.0
    for _ in range(40):
        far = max(0.0, near + sign * step)
        at_far = standing(far)
        if (at_far - wanted) * sign <= 0:
            ends = (near, at_near), (far, at_far)
            return bracketed_root(standing, wanted, *(ends if sign > 0 else ends[::-1]), _CLOSE)
        if far <= 0:
            return 0.0
        # Aim a little beyond where a straight line would meet the wanted standing.
        slope = (at_near - at_far) * sign / step
        step = min(4.0, 1.15 * abs(at_far - wanted) / slope if slope > 0 else 2 * step)
        near, at_near = far, at_far
    return near


def chance_within(places: Sequence[float], errors: Sequence[float], width: float) -> float:
    """Return the chance that independent normal values lie within a range of ``width``.

    It is the integral over x of the chance that one value is at x and all others are between x and x + ``width``.
    Gauss-Legendre panels are halved until none is longer than five standard errors of a value that rises within it,
    at its place or ``width`` below: a value with a tiny error is not stepped over. Within 2 % of the lesser tail
    down to 1e-3 for any mix of errors (tests/unit/metrics/test_metrics_extremes.py).
    """
    reach = [_REACH * error for error in errors]
    lows, highs = list(map(sub, places, reach)), list(map(add, places, reach))
    start, stop = max(min(lows), max(lows) - width), min(highs)
    if start >= stop:
        return 0.0
    slopes = [1 / (_ROOT_TWO * error) for error in errors]
    offsets = list(map(mul, places, slopes))
    raised = [(place - width) * slope for place, slope in zip(places, slopes, strict=True)]
    scale = 0.5 ** len(places)

    def all_above(x: float) -> float:
        return scale * prod(map(sub, repeat(1.0), map(erf, map(sub, map(mul, repeat(x), slopes), offsets))))

    def all_below(x: float) -> float:
        return scale * prod(map(add, repeat(1.0), map(erf, map(sub, map(mul, repeat(x), slopes), raised))))

    stop = _narrowed(all_above, start, stop)
    start = _narrowed(all_below, stop, start)
    panels = [*zip(lows, highs, errors, strict=True)]
    panels += [(low - width, high - width, error) for low, high, error in panels]
    total = 0.0
    for begin, length in _panels(start, stop, panels):
        for node, weight in _NODES:
            at = list(map(mul, repeat(begin + node * length), slopes))
            under = list(map(sub, at, offsets))
            inside = list(map(sub, map(erf, map(sub, at, raised)), map(erf, under)))
            whole = prod(inside)
            if whole > 0:
                density = map(mul, slopes, map(exp, map(mul, under, map(neg, under))))
                total += weight * length * whole * sum(map(truediv, density, inside))
    return min(1.0, 2 * scale / _ROOT_PI * total)


def _narrowed(chance: Callable[[float], float], near: float, far: float) -> float:
    """Return an end nearer than ``far`` beyond which the chance is negligible as well."""
    for _ in range(4):
        middle = (near + far) / 2
        if chance(middle) < _NEGLIGIBLE:
            far = middle
        else:
            near = middle
    return far


def _panels(start: float, stop: float, rises: Sequence[tuple[float, float, float]]) -> Iterator[tuple[float, float]]:
    """Yield start and length of panels, none longer than five errors of any rise that it meets."""
    todo = [(start, stop, rises)]
    while todo:
        begin, end, near = todo.pop()
        length = end - begin
        near = [rise for rise in near if _PANEL * rise[2] < length and rise[0] < end and rise[1] > begin]
        if near:
            middle = (begin + end) / 2
            todo += [(middle, end, near), (begin, middle, near)]
        else:
            yield begin, length


def worst_limit(sample: Sample, z: float) -> float:
    """Return the lower limit of the greatest of several independent values.

    The limit is the least ceiling c such that a sample drawn around the values cut off at c reaches the greatest
    one seen in 2.5 % of the cases (order-restricted likelihood: Robertson, Wright and Dykstra 1988, section 1.2).
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
