"""A monitor as a small value: kept between two looks, hashed, and taken up again, to the last bit."""

from __future__ import annotations

from typing import Literal

from assay.errors import DocumentError, Problem
from assay.records.canonical import canonical_json, parse_record
from assay.records.tally import Frozen, GroupValue
from assay.sequential.change import Point as PastPoint
from assay.sequential.change import Track
from assay.sequential.counts import Counts
from assay.sequential.evidence import Bettor
from assay.sequential.monitor import Alert, Family, Point, SequentialMonitor
from assay.sequential.sequence import Sums
from assay.sequential.telling import Worst
from assay.sequential.watched import Watch


class Held(Frozen, kw_only=True):
    """One bettor: its capital by size of bet, and what it would have with extreme outcomes while that is too little."""

    mean: int
    high: int
    low: int
    under: bool
    capital: tuple[float, ...]
    shadow: tuple[float, ...] | None


class Remembered(Frozen, kw_only=True):
    """A group's rows in one mean: all, and those that centre the bets with their outcomes."""

    mean: int
    group: int
    rows: int
    recent: float
    total: float


class Course(Frozen, kw_only=True):
    """One comparison's sums, now and at points of the past by level."""

    mean: int
    first: int
    second: int
    sums: tuple[float, ...]
    levels: tuple[tuple[tuple[int, tuple[float, ...]], ...], ...]


class FamilyState(Frozen, kw_only=True):
    """One metric over one attribute."""

    pots: tuple[float, float]
    groups: tuple[tuple[GroupValue, ...], ...]
    held: tuple[Held, ...]
    remembered: tuple[Remembered, ...]
    courses: tuple[Course, ...]
    alert: Alert | None
    points: tuple[tuple[int, float, tuple[float, ...], float], ...]


class MonitorState(Frozen, kw_only=True):
    """All that a monitor knows; its size depends on groups, metrics and the logarithm of the rows.

    Attributes:
        schema: the record's version.
        watches: what is watched.
        protected: the attributes.
        comparisons: by which of them.
        alpha: the promise.
        minimum_group: rows from which on a group takes part.
        favourable_is_positive: what the favourable rate counts.
        judged: rows in closed blocks.
        pending: counts of the open block by group, as digits: JSON numbers cannot hold all of its sums.
        pending_rows: its rows.
        seen: rows by group, for each comparison.
        blocks: closed blocks.
        stride: blocks from one point of a chart to the next.
        families: one for each metric and comparison.
    """

    schema: Literal["assay.monitor/v1"] = "assay.monitor/v1"
    watches: tuple[Watch, ...]
    protected: tuple[str, ...]
    comparisons: tuple[tuple[str, ...], ...]
    alpha: float
    minimum_group: int
    favourable_is_positive: bool
    judged: int
    pending: tuple[tuple[tuple[GroupValue, ...], tuple[str, ...]], ...]
    pending_rows: int
    seen: tuple[tuple[tuple[tuple[GroupValue, ...], int], ...], ...]
    blocks: int
    stride: int
    families: tuple[FamilyState, ...]


def freeze(monitor: SequentialMonitor) -> MonitorState:
    """Return a monitor's state."""
    return MonitorState(
        watches=monitor.watches, protected=monitor.protected, comparisons=monitor.comparisons, alpha=monitor.alpha,
        minimum_group=monitor.minimum_group, favourable_is_positive=monitor.favourable_is_positive,
        judged=monitor.judged,
        pending=tuple((group, tuple(map(str, row))) for group, row in monitor.pending.groups.items()),
        pending_rows=monitor.pending.rows,
        seen=tuple(tuple(monitor.seen[attributes].items()) for attributes in monitor.comparisons),
        blocks=monitor.blocks, stride=monitor.stride, families=tuple(map(_freeze_family, monitor.families)),
    )  # fmt: skip


def _freeze_family(family: Family) -> FamilyState:
    evidence = family.evidence
    return FamilyState(
        pots=evidence.pots, groups=tuple(evidence.groups),
        held=tuple(
            Held(
                mean=one.mean, high=one.high, low=one.low, under=one.under, capital=tuple(capital),
                shadow=None if (shadow := evidence.shadow[one]) is None else tuple(shadow),
            )
            for one, capital in evidence.capital.items()
        ),
        remembered=tuple(
            Remembered(mean=mean, group=group, rows=rows, recent=recent, total=total)
            for (mean, group), rows in evidence.rows.items()
            for recent, total in [evidence.known[mean, group]]
        ),
        courses=tuple(
            Course(
                mean=mean, first=first, second=second, sums=tuple(track.sums),
                levels=tuple(tuple((point.row, tuple(point.sums)) for point in level) for level in track.levels),
            )
            for (mean, first, second), track in evidence.tracks.items()
        ),
        alert=family.alert,
        points=tuple((point.row, point.e_value, tuple(point.worst.sums), point.worst.share) for point in family.points),
    )  # fmt: skip


def thaw(state: MonitorState) -> SequentialMonitor:
    """Return the monitor of a state; it goes on exactly as the one that was kept would have."""
    monitor = SequentialMonitor(
        state.watches, state.protected, comparisons=state.comparisons, alpha=state.alpha,
        minimum_group=state.minimum_group, favourable_is_positive=state.favourable_is_positive,
    )  # fmt: skip
    monitor.judged, monitor.blocks, monitor.stride = state.judged, state.blocks, state.stride
    monitor.pending = Counts({group: list(map(int, row)) for group, row in state.pending}, state.pending_rows)
    monitor.seen = {name: dict(seen) for name, seen in zip(state.comparisons, state.seen, strict=True)}
    for family, kept in zip(monitor.families, state.families, strict=True):
        _thaw_family(family, kept)
    return monitor


def _thaw_family(family: Family, kept: FamilyState) -> None:
    evidence = family.evidence
    evidence.pots = kept.pots
    evidence.groups = {key: number for number, key in enumerate(kept.groups)}
    for one in kept.held:
        bettor = Bettor(one.mean, one.high, one.low, one.under)
        evidence.capital[bettor] = list(one.capital)
        evidence.shadow[bettor] = None if one.shadow is None else list(one.shadow)
    for group in kept.remembered:
        evidence.rows[group.mean, group.group] = group.rows
        evidence.known[group.mean, group.group] = (group.recent, group.total)
    for course in kept.courses:
        levels = [[PastPoint(row, Sums(*sums)) for row, sums in level] for level in course.levels]
        evidence.tracks[course.mean, course.first, course.second] = Track(Sums(*course.sums), levels)
    family.alert = kept.alert
    family.points = [Point(row, value, Worst(Sums(*sums), share)) for row, value, sums, share in kept.points]


def print_state(state: MonitorState) -> bytes:
    """Return a state's canonical JSON; equal states have equal bytes."""
    return canonical_json(state)


def parse_state(content: bytes, *, name: str) -> MonitorState:
    """Parse a state; only the one form that `print_state` gives is accepted.

    Raises:
        DocumentError: when it is not one.
    """
    state = parse_record(content, MonitorState, name=name)
    if print_state(state) != content:
        raise DocumentError([Problem(name, 0, 0, "", "expected the form that Assay writes: the file was edited")])
    return state
