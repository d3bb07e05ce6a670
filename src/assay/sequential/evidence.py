"""The e-process of one metric over one attribute: one pot of capital, and a bettor for every comparison in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.sequential import schedule
from assay.sequential.betting import SHARES, Block, factors
from assay.sequential.change import FEW_PER_LEVEL, PER_LEVEL, Track
from assay.sequential.counts import outcomes
from assay.sequential.sequence import Sums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.sequential.counts import Key, Row
    from assay.sequential.watched import Watch

MEMORY_ROWS = 2000.0
"""A group's mean so far, which centres the bets, remembers about so many rows: it follows a drift."""

STRANGE_ROWS = 64
STRANGER = 16
"""A block is bet on only if it has no more than 64 rows and 16 times those seen before of each group: bets around a
mean that nobody knows yet would lose the whole capital in one large tally, which is learned from instead."""

MANY_PAIRS = 50
LARGEST = 1e300


class Bettor(NamedTuple):
    """One null: group ``high`` against group ``low`` in one mean, or against a bound (``low`` is -1).

    Attributes:
        mean: number of the mean in the watch.
        high: number of the group whose mean may be too high; for a bound from below, too low.
        low: number of the other group; -1 for a bound.
        under: whether outcomes are turned around, x to 1 - x, for a bound from below.
    """

    mean: int
    high: int
    low: int
    under: bool = False


class Evidence:
    """Capital that grows when the null is wrong, and has expectation at most 1 at all times when it is right."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.pots = schedule.pots()
        self.groups: dict[Key, int] = {}  # in the order of their first rows
        self.capital: dict[Bettor, list[float]] = {}
        self.shadow: dict[Bettor, list[float] | None] = {}  # None: extreme outcomes would have been enough by now
        self.known: dict[tuple[int, int], tuple[float, float]] = {}  # (mean, group): rows and outcomes remembered
        self.rows: dict[tuple[int, int], int] = {}
        self.tracks: dict[tuple[int, int, int], Track] = {}

    @property
    def e_value(self) -> float:
        """Return the capital now, of 1 at the start."""
        return min(sum(self.pots) + sum(map(sum, self.capital.values())), LARGEST)

    def leader(self) -> Bettor | None:
        """Return the bettor with the most capital; None before the first bet."""
        return max(self.capital, key=lambda one: sum(self.capital[one]), default=None)

    def take(
        self, counted: dict[Key, Row], before: int, after: int, *, bar: float | None, favourable_is_positive: bool
    ) -> None:
        """Take one block: first fix the bets, then look at the outcomes, then learn from them.

        Args:
            counted: the block's counts by group.
            before: rows before the block.
            after: rows with it.
            bar: e-value that is needed, to know which comparisons have too few rows to reach it; None after an alert:
                then nothing is bet any more, and the estimates go on.
            favourable_is_positive: what the favourable rate counts.
        """
        for key in counted:
            self.groups.setdefault(key, len(self.groups))
        blocks = self._blocks(counted, favourable_is_positive=favourable_is_positive)
        bettors = [one for one in self._bettors() if not self._strange(one, blocks)] if bar is not None else []
        if bettors:
            self._hand_out(bettors, before, after)
        for bettor in bettors:
            self._bet(bettor, blocks, bar or 0.0)
        self._follow(blocks, before)
        self._learn(blocks)

    def _blocks(self, counted: dict[Key, Row], *, favourable_is_positive: bool) -> dict[tuple[int, int], Block]:
        found = {}
        for key, row in counted.items():
            group = self.groups[key]
            for number, mean in enumerate(self.watch.of):
                block = outcomes(mean, row, self.watch.range, favourable_is_positive=favourable_is_positive)
                if block.n:
                    found[number, group] = block
                    self.rows[number, group] = self.rows.get((number, group), 0) + block.n
        return found

    def _bettors(self) -> Iterator[Bettor]:
        """Yield a bettor for every comparison of groups that have rows."""
        for mean in range(len(self.watch.of)):
            groups = [group for group in range(len(self.groups)) if (mean, group) in self.rows]
            if self.watch.kind in {"difference", "ratio"}:
                yield from (Bettor(mean, high, low) for high in groups for low in groups if high != low)
            elif self.watch.kind == "within":
                yield from (Bettor(mean, group, -1, under) for group in groups for under in (False, True))
            else:
                yield from (Bettor(mean, group, -1, self.watch.kind == "at-least") for group in groups)

    def _strange(self, bettor: Bettor, blocks: dict[tuple[int, int], Block]) -> bool:
        """Whether the block holds so many rows of a group, against those before, that its centres would be guesses."""
        for group in (bettor.high, bettor.low) if bettor.low >= 0 else ():
            block = blocks.get((bettor.mean, group))
            if block is not None:
                before = self.rows[bettor.mean, group] - block.n
                if block.n > STRANGE_ROWS + STRANGER * before:
                    return True
        return False

    def _hand_out(self, bettors: list[Bettor], before: int, after: int) -> None:
        given = schedule.released(self.pots, before, after, len(self.groups))
        self.pots = (self.pots[0] - given[0], self.pots[1] - given[1])
        part = sum(given) / len(bettors)
        parts = [part * share for share in SHARES]
        for bettor in bettors:
            held = self.capital.get(bettor)
            self.capital[bettor] = parts if held is None else [a + b for a, b in zip(held, parts, strict=True)]
            shadow = self.shadow.get(bettor, [0.0] * len(SHARES))
            self.shadow[bettor] = None if shadow is None else [a + b for a, b in zip(shadow, parts, strict=True)]

    def null(self, *, under: bool = False) -> tuple[float, float]:
        """Return (u, slack) of the null, for outcomes scaled to [0, 1]."""
        low, _ = self.watch.range
        if self.watch.kind == "difference":
            return 1.0, self.watch.limit / self.watch.width
        if self.watch.kind == "ratio":
            return self.watch.limit, 0.0
        limit = -self.watch.limit if under and self.watch.kind == "within" else self.watch.limit
        bound = (limit - low) / self.watch.width
        return 1.0, 1.0 - bound if under else bound

    def _bet(self, bettor: Bettor, blocks: dict[tuple[int, int], Block], bar: float) -> None:
        high = blocks.get((bettor.mean, bettor.high))
        low = blocks.get((bettor.mean, bettor.low)) if bettor.low >= 0 else None
        if high is None or (low is None and bettor.low >= 0):
            return
        if bettor.under:
            high = Block(high.n, high.n - high.total, high.n - 2 * high.total + high.squares)
        u, slack = self.null(under=bettor.under)
        rates = (self.rate(bettor.mean, bettor.high), self.rate(bettor.mean, bettor.low))
        grown = factors(high, low, u=u, slack=slack, rates=rates, exact=self.watch.exact)
        self.capital[bettor] = [min(a * b, LARGEST) for a, b in zip(self.capital[bettor], grown, strict=True)]
        shadow = self.shadow[bettor]
        if shadow is not None:
            extreme = factors(
                Block(high.n, high.n, high.n), None if low is None else Block(low.n, 0.0, 0.0),
                u=u, slack=slack, rates=rates, exact=self.watch.exact,
            )  # fmt: skip
            shadow = [min(a * b, LARGEST) for a, b in zip(shadow, extreme, strict=True)]
            self.shadow[bettor] = None if sum(shadow) >= bar else shadow

    def rate(self, mean: int, group: int) -> float:
        """Return a group's mean so far, as far back as is remembered; near 1/2 before its first rows."""
        rows, total = self.known.get((mean, group), (0.0, 0.0))
        return (total + 0.5) / (rows + 1.0)

    def _learn(self, blocks: dict[tuple[int, int], Block]) -> None:
        for key, block in blocks.items():
            rows, total = self.known.get(key, (0.0, 0.0))
            rows, total = rows + block.n, total + block.total
            fade = min(1.0, MEMORY_ROWS / rows)
            self.known[key] = (rows * fade, total * fade)

    def _follow(self, blocks: dict[tuple[int, int], Block], before: int) -> None:
        """Add the block to the sums of confidence sequences; its centres are the means before it."""
        pairs = self.watch.kind in {"difference", "ratio"}
        many = len(self.groups) * (len(self.groups) - 1) // 2 > MANY_PAIRS
        for mean in range(len(self.watch.of)):
            groups = sorted(group for number, group in blocks if number == mean)
            for place, first in enumerate(groups):
                one = blocks[mean, first]
                spread = self._spread(mean, first, one)
                if not pairs:
                    self._track(mean, first, -1).add(
                        Sums(one.n, one.total, 0.0, spread, 0.0), before, per_level=PER_LEVEL
                    )
                for second in groups[place + 1 :] if pairs else ():
                    other = blocks[mean, second]
                    rows = one.n + other.n
                    weight, w = one.n * other.n / rows, one.n / rows
                    sums = Sums(
                        weight, weight * one.total / one.n, weight * other.total / other.n,
                        (1 - w) ** 2 * spread, w * w * self._spread(mean, second, other),
                    )  # fmt: skip
                    track = self._track(mean, first, second)
                    track.add(sums, before, per_level=FEW_PER_LEVEL if many else PER_LEVEL)

    def _spread(self, mean: int, group: int, block: Block) -> float:
        centre = self.rate(mean, group)
        return block.squares - 2 * centre * block.total + block.n * centre * centre

    def _track(self, mean: int, first: int, second: int) -> Track:
        return self.tracks.setdefault((mean, first, second), Track())

    def unreached(self) -> list[Bettor]:
        """Return the comparisons in which even the most extreme outcomes would not have been enough."""
        return [bettor for bettor in self._bettors() if self.shadow.get(bettor, []) is not None]
