"""Estimates with confidence sequences, in the metric's own unit: since a change, and of the whole stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.sequential.change import Change, Track
from assay.sequential.schedule import start_weight
from assay.sequential.sequence import Sums, gap_interval, ratio_interval

if TYPE_CHECKING:
    from assay.sequential.evidence import Bettor, Evidence


class Estimated(NamedTuple):
    """A value and its confidence sequence."""

    value: float
    low: float
    high: float


def _turned(sums: Sums) -> Sums:
    return Sums(sums.weight, sums.low, sums.high, sums.low_spread, sums.high_spread)


def _share(first: int, second: int) -> float:
    """Return the part of the error that a pair of groups is given, numbered in the order of their first rows.

    Group j (2, 3, ...) brings j - 1 pairs, which share 1 / (j (j - 1)): all parts add up to 1, however many come.
    For a bound, group j has 1 / (j (j + 1)).
    """
    if second < 0:
        return 1.0 / ((first + 1) * (first + 2))
    j = second + 1
    return 1.0 / (j * (j - 1) ** 2)


def _estimated(evidence: Evidence, sums: Sums, error: float) -> Estimated:
    """Return the estimate of one comparison, its high group first."""
    watch = evidence.watch
    if watch.kind == "ratio":
        low, high = ratio_interval(sums, error)
        value = min(max(sums.low / sums.high, 0.0), 1.0) if sums.high > 0 else 1.0
        return Estimated(value, min(low, value), max(high, value))
    if watch.kind == "difference":
        low, high = gap_interval(sums, error)
        value = (sums.high - sums.low) / sums.weight
        width, start = watch.width, 0.0
    else:
        low, high = gap_interval(sums, error, ends=(0.0, 1.0))
        value = sums.high / sums.weight
        width, start = watch.width, watch.range[0]
    low, high = min(low, value), max(high, value)
    return Estimated(start + value * width, start + low * width, start + high * width)


def _placed(evidence: Evidence, bettor: Bettor) -> tuple[Track, bool]:
    first, second = sorted((bettor.high, bettor.low)) if bettor.low >= 0 else (bettor.high, -1)
    return evidence.tracks.get((bettor.mean, first, second), Track()), bettor.low >= 0 and bettor.high > bettor.low


def _oriented(track: Track, *, turned: bool) -> Track:
    if not turned:
        return track
    levels = [[point._replace(sums=_turned(point.sums)) for point in level] for level in track.levels]
    return Track(_turned(track.sums), levels)


def estimate_since(evidence: Evidence, bettor: Bettor, alpha: float) -> tuple[Estimated, Change]:
    """Return the estimate from the likeliest beginning on, and that beginning.

    The interval pays for having chosen pair and window (`start_weight`). It never reaches back beyond the limit, which
    the test itself has refuted: a gap within the limit is held to the e-process of the limit, one beyond it to
    that of the confidence sequence, each to one alone.
    """
    track, turned = _placed(evidence, bettor)
    track = _oriented(track, turned=turned)
    centred = _about_limit(evidence, bettor, track)
    change = centred.change()
    sums = track.sums.since(track.at(change.after))
    first, second = sorted((bettor.high, bettor.low)) if bettor.low >= 0 else (bettor.high, -1)
    error = alpha * _share(first, second) * start_weight(change.after) / len(evidence.watch.of)
    found = _estimated(evidence, sums, error)
    limit = evidence.watch.limit
    if evidence.watch.kind == "ratio" or (bettor.under and evidence.watch.kind == "at-least"):
        found = found._replace(high=max(found.value, min(found.high, limit)))
    elif bettor.under:
        found = found._replace(high=max(found.value, min(found.high, -limit)))
    else:
        found = found._replace(low=min(found.value, max(found.low, limit)))
    return found, change


def _about_limit(evidence: Evidence, bettor: Bettor, track: Track) -> Track:
    """Return the track so turned and scaled that a rise of ``high - low`` is what the bettor bets on."""
    u, _ = evidence.null(under=bettor.under)

    def scaled(sums: Sums) -> Sums:
        if bettor.under:
            return Sums(sums.weight, sums.weight - sums.high, 0.0, sums.high_spread, 0.0)
        return Sums(sums.weight, u * sums.high, sums.low, u * u * sums.high_spread, sums.low_spread)

    levels = [[point._replace(sums=scaled(point.sums)) for point in level] for level in track.levels]
    return Track(scaled(track.sums), levels)


class Worst(NamedTuple):
    """The worst comparison over the whole stream: its sums, the high group first, and its part of the error."""

    sums: Sums
    share: float


def worst_now(evidence: Evidence) -> Worst | None:
    """Return the comparison that stands worst over the whole stream; None without rows to compare."""
    watch = evidence.watch
    worst: tuple[float, Worst] | None = None
    for (_, first, second), track in evidence.tracks.items():
        sums = track.sums
        if sums.weight <= 0:
            continue
        if watch.kind in {"difference", "ratio"} and sums.low > sums.high:
            sums = _turned(sums)
        value = (sums.high - sums.low) / sums.weight
        if watch.kind == "ratio":
            value = -sums.low / sums.high if sums.high > 0 else -1.0
        elif watch.kind == "within":
            value = abs(value * watch.width + watch.range[0])
        elif watch.kind == "at-least":
            value = -value
        if worst is None or value > worst[0]:
            worst = (value, Worst(sums, _share(first, second) * start_weight(0) / len(watch.of)))
    return None if worst is None else worst[1]


def told(evidence: Evidence, worst: Worst, alpha: float) -> Estimated:
    """Return the estimate of the worst comparison, with its confidence sequence."""
    found = _estimated(evidence, worst.sums, alpha * worst.share)
    return found._replace(low=max(found.low, 0.0)) if evidence.watch.kind == "difference" else found
