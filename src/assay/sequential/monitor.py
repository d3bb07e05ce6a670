"""A monitor of a stream: blocks of rows go in, in their order; alerts come out, and what is not decided yet."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from assay.errors import InputError
from assay.records._tally_sum import cell_order
from assay.records.measurement import Over, joined
from assay.records.tally import Frozen, GroupValue, Tally
from assay.sequential.counts import CELLS, Counts, project
from assay.sequential.evidence import Bettor, Evidence
from assay.sequential.merging import adjusted
from assay.sequential.schedule import PATIENCE, block_rows
from assay.sequential.telling import Worst, estimate_since, told, worst_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.sequential.counts import Key, Row
    from assay.sequential.watched import Watch

MOST_POINTS = 160
"""Points of an e-process and its confidence sequence that are kept for a chart; beyond, every second goes."""


class Since(Frozen, kw_only=True):
    """Where the breach is likeliest to have begun, as rows counted from 1, with a set that holds it at 95 %."""

    row: int
    low: int
    high: int


class Alert(Frozen, kw_only=True):
    """The evidence suffices: a limit is breached.

    Attributes:
        metric: its name.
        over: the attribute, or several joined by a comma.
        row: the first row at which the evidence suffices, counted from 1 in the stream's order.
        at: the order column's value at that row.
        e_value: the capital of the bets against the null, of 1 at the start.
        estimate: of the metric, from ``since.row`` on.
        interval: its confidence sequence.
        level: of the interval.
        limit: what it was held against.
        mean: which of the metric's means it is about.
        highest: the group with the greater mean; the group itself, for a bound.
        lowest: the group with the smaller mean; absent for a bound.
        since: when it began.
    """

    metric: str
    over: Over
    row: int
    at: str | None = None
    e_value: float
    estimate: float
    interval: tuple[float, float]
    level: float
    limit: float
    mean: str
    highest: dict[str, GroupValue]
    lowest: dict[str, GroupValue] | None = None
    since: Since


class Open(Frozen, kw_only=True):
    """A metric of which the rows say too little, and why: it does not pass."""

    metric: str
    over: Over
    reason: str


class Standing(Frozen, kw_only=True):
    """How a metric stands after the last closed block.

    Attributes:
        metric: its name.
        over: the attribute.
        limit: what it is held against.
        e_value: the capital now; after an alert, at the alert.
        estimate: of the whole stream; None without rows to compare.
        interval: its confidence sequence.
        alerted: whether there was an alert.
    """

    metric: str
    over: Over
    limit: float
    e_value: float
    estimate: float | None
    interval: tuple[float, float] | None
    alerted: bool


class Point(NamedTuple):
    """A point of a chart: the row, the capital, and the worst comparison of the whole stream until then."""

    row: int
    e_value: float
    worst: Worst


class Family:
    """One metric over one attribute."""

    def __init__(self, watch: Watch, attributes: tuple[str, ...], places: tuple[int, ...]) -> None:
        self.watch = watch
        self.attributes = attributes
        self.places = places
        self.evidence = Evidence(watch)
        self.alert: Alert | None = None
        self.points: list[Point] = []

    @property
    def over(self) -> Over:
        """Return what the comparison is over, as `assay measure` names it."""
        return Over(attribute=joined(self.attributes))

    def named(self, group: int) -> dict[str, GroupValue]:
        """Return a group as attribute to value."""
        keys = list(self.evidence.groups)
        return dict(zip(self.attributes, keys[group], strict=True))


class SequentialMonitor:
    """Watches metrics over a stream, with one false-alarm rate for all of them and for all time.

    With chance at least ``1 - alpha`` a stream in which no limit is breached never raises an alert, however long it is
    and however often it is looked at; see `assay.sequential.betting` for the null and its proof, and
    `assay.sequential.merging` for many metrics.
    """

    def __init__(
        self,
        watches: Sequence[Watch],
        protected: Sequence[str],
        *,
        comparisons: Sequence[Sequence[str]] | None = None,
        alpha: float = 0.05,
        minimum_group: int = 1,
        favourable_is_positive: bool = True,
    ) -> None:
        """Start with no rows.

        Args:
            watches: metrics and limits; make them with `watch`.
            protected: the attributes, in the order of the tallies' groups.
            comparisons: which attributes, or combinations of them, to compare by; None: each one.
            alpha: chance that any alert is ever raised while no limit is breached.
            minimum_group: a group takes part from its so-manieth row on.
            favourable_is_positive: what `impact_ratio` counts.

        Raises:
            InputError: when there is nothing to watch, or a number makes no sense.
        """
        if not 0 < alpha < 1:
            raise InputError(f"expected alpha between 0 and 1, such as 0.05, found {alpha:g}")
        if not watches or not protected:
            raise InputError("expected at least one metric and one protected attribute, found none")
        self.watches, self.protected = tuple(watches), tuple(protected)
        self.comparisons = tuple(tuple(one) for one in comparisons) if comparisons else tuple((a,) for a in protected)
        self.alpha, self.minimum_group, self.favourable_is_positive = alpha, minimum_group, favourable_is_positive
        self.families = [
            Family(one, attributes, tuple(self.protected.index(name) for name in attributes))
            for attributes in self.comparisons
            for one in self.watches
        ]
        self.pending = Counts()
        self.judged = 0
        self.seen: dict[tuple[str, ...], dict[Key, int]] = {attributes: {} for attributes in self.comparisons}
        self.blocks, self.stride = 0, 1

    @property
    def rows(self) -> int:
        """Return the rows that came, those of a block that is not closed yet included."""
        return self.judged + self.pending.rows

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Return the alerts so far, in the order of their rows."""
        found = [family.alert for family in self.families if family.alert is not None]
        return tuple(sorted(found, key=lambda alert: alert.row))

    def update(self, tally: Tally | Counts, *, at: str | None = None) -> tuple[Alert, ...]:
        """Take the next rows of the stream as a tally; their order within it is not asked for.

        A block is closed when it has rows enough; what is left of it waits for the next tally. One tally is never
        divided: its rows are in one block, and an alert is told at the block's last row.

        Args:
            tally: counts of the rows, by the attributes of this monitor.
            at: what the order column says at the last of them.

        Returns:
            The alerts that these rows raised.
        """
        counts = tally if isinstance(tally, Counts) else self._counts(tally)
        self.pending.merge(counts)
        groups = max((len(found) for found in self.seen.values()), default=0)
        least = block_rows(self.judged, groups)
        if self.pending.rows < least or (self.pending.rows < PATIENCE * least and not self._mixed()):
            return ()
        return self.close(at=at)

    def _mixed(self) -> bool:
        """Whether every group that two rows or more of the open block are to be expected from has come to it."""
        for attributes, seen in self.seen.items():
            places = tuple(self.protected.index(name) for name in attributes)
            came: Counter[Key] = Counter()
            for group, row in self.pending.groups.items():
                came[tuple(group[place] for place in places)] += sum(row[:CELLS])
            enough = 2 * sum(seen.values())
            if any(not came[key] and rows * self.pending.rows >= enough for key, rows in seen.items()):
                return False
        return True

    def _counts(self, tally: Tally) -> Counts:
        if tally.roles.protected != self.protected:
            wanted, found = ", ".join(self.protected), ", ".join(tally.roles.protected) or "none"
            raise InputError(f"expected a tally by {wanted}, found one by {found}")
        return Counts.of(tally)

    def close(self, *, at: str | None = None) -> tuple[Alert, ...]:
        """Close the block now, whatever its size: at the end of a file. Its end must not be chosen by its outcomes."""
        if not self.pending.rows:
            return ()
        before, after = self.judged, self.rows
        tables = {attributes: self._table(attributes) for attributes in self.comparisons}
        for family in self.families:
            bar = len(self.families) / self.alpha if family.alert is None else None
            family.evidence.take(
                tables[family.attributes],
                before,
                after,
                bar=bar,
                favourable_is_positive=self.favourable_is_positive,
            )
        self.pending, self.judged = Counts(), after
        self.blocks += 1
        raised = self._raise(at)
        self._keep_points()
        return raised

    def _table(self, attributes: tuple[str, ...]) -> dict[Key, Row]:
        """Return the block's counts by some attributes, of groups that have come often enough."""
        places = tuple(self.protected.index(name) for name in attributes)
        seen = self.seen[attributes]
        table = project(self.pending.groups, places)
        for key in sorted(table, key=cell_order):
            seen[key] = seen.get(key, 0) + sum(table[key][:CELLS])
        return {key: table[key] for key in seen if key in table and seen[key] >= self.minimum_group}

    def _raise(self, at: str | None) -> tuple[Alert, ...]:
        values = adjusted([family.evidence.e_value for family in self.families])
        raised = []
        for family, value in zip(self.families, values, strict=True):
            if family.alert is None and value >= 1 / self.alpha:
                family.alert = self._alert(family, at)
                raised.append(family.alert)
        return tuple(raised)

    def _alert(self, family: Family, at: str | None) -> Alert:
        leader = family.evidence.leader()
        assert leader is not None  # noqa: S101 - capital above 1 was won by somebody
        found, change = estimate_since(family.evidence, leader, self.alpha)
        return Alert(
            metric=family.watch.metric, over=family.over, row=self.judged, at=at, e_value=family.evidence.e_value,
            estimate=found.value, interval=(found.low, found.high), level=1 - self.alpha, limit=family.watch.limit,
            mean=family.watch.of[leader.mean], highest=family.named(leader.high),
            lowest=None if leader.low < 0 else family.named(leader.low),
            since=Since(row=change.after + 1, low=change.low + 1, high=change.high + 1),
        )  # fmt: skip

    def _keep_points(self) -> None:
        if self.blocks % self.stride:
            return
        for family in self.families:
            worst = worst_now(family.evidence)
            if worst is not None:
                family.points.append(Point(self.judged, family.evidence.e_value, worst))
        if any(len(family.points) > MOST_POINTS for family in self.families):
            self.stride *= 2
            for family in self.families:
                del family.points[::2]

    def standings(self) -> tuple[Standing, ...]:
        """Return how every metric stands."""
        return tuple(self._standing(family) for family in self.families)

    def _standing(self, family: Family) -> Standing:
        worst = worst_now(family.evidence)
        found = None if worst is None else told(family.evidence, worst, self.alpha)
        return Standing(
            metric=family.watch.metric, over=family.over, limit=family.watch.limit, e_value=family.evidence.e_value,
            estimate=None if found is None else found.value,
            interval=None if found is None else (found.low, found.high), alerted=family.alert is not None,
        )  # fmt: skip

    def undecided(self) -> tuple[Open, ...]:
        """Return the metrics without an alert that the rows could not have refuted, each with the reason."""
        found = []
        for family in self.families:
            reason = None if family.alert is not None else self._too_little(family)
            if reason is not None:
                found.append(Open(metric=family.watch.metric, over=family.over, reason=reason))
        return tuple(found)

    def _too_little(self, family: Family) -> str | None:
        evidence, seen = family.evidence, self.seen[family.attributes]
        if not self.judged:
            return "there are no rows"
        if family.watch.kind in {"difference", "ratio"} and len(seen) < 2:  # noqa: PLR2004 - a comparison takes two
            who = (
                f"one group only: {next(iter(seen))[0]!r}"
                if seen
                else "no group: the attribute is not known in any row"
            )
            return f"expected at least two groups, found {who}"
        if not evidence.groups:
            return f"every group has fewer than {self.minimum_group} rows" if seen else "no row has a known group"
        without = [
            f"{_words(family, key)} (no row for {mean.replace('_', ' ')})"
            for key, group in evidence.groups.items()
            for number, mean in enumerate(family.watch.of)
            if (number, group) not in evidence.rows
        ]
        if without:
            return f"nothing to count in: {_some(without)}"
        if open_now := evidence.unreached():
            who = _some(self._pairs(family, open_now))
            return f"too few rows that came together: even extreme outcomes could not have raised an alert for {who}"
        return None

    def _pairs(self, family: Family, bettors: Sequence[Bettor]) -> list[str]:
        keys = list(family.evidence.groups)
        found = []
        for one in bettors:
            rows = family.evidence.rows
            names = [
                f"{_words(family, keys[group])} ({rows.get((one.mean, group), 0)} rows)"
                for group in (one.high, one.low)
                if group >= 0
            ]
            found.append(" against ".join(sorted(names)))
        return list(dict.fromkeys(found))


def _words(family: Family, key: Key) -> str:
    return ", ".join(f"{name}: {value}" for name, value in zip(family.attributes, key, strict=True))


def _some(words: Sequence[str]) -> str:
    return "; ".join(words[:3]) + (f"; and {len(words) - 3} more" if len(words) > 3 else "")  # noqa: PLR2004 - what fits a line
