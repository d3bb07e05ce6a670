"""Whether a challenger stays within a margin of the champion, for everybody and for every group.

That nobody is worse off needs every group to clear the margin, each at the level itself: an intersection-union test,
whose error is no greater than that of one of its parts (Berger and Hsu 1996, Statistical Science 11:283-319, section
4). That somebody is worse off is said at limits that hold for all groups at once (Bonferroni), so that among many
groups chance alone convicts nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.errors import InputError, suggest
from assay.records.challenge import Decided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.challenge import Change, Outcome

SmallGroups: TypeAlias = Literal["unknown", "report"]


def default_metrics(changes: Sequence[Change]) -> tuple[str, ...]:
    """Return what a margin holds for when nobody says it: accuracy, or selections where there are no labels."""
    return ("accuracy",) if any(one.metric == "accuracy" for one in changes) else ("selection_rate",)


def decide_margin(
    changes: Sequence[Change],
    margin: float,
    metrics: Sequence[str] = (),
    *,
    minimum_group: int,
    small_groups: SmallGroups = "unknown",
) -> Decided:
    """Hold every change of the chosen metrics against a margin.

    Args:
        changes: as `assay.metrics.paired.changes` returns them.
        margin: how much worse the challenger may be, 0 or more.
        metrics: what is held against it.
        minimum_group: smaller groups decide nothing.
        small_groups: ``unknown``: a group under the minimum size leaves it undecided; ``report``: it is only reported.

    Raises:
        InputError: for a metric that was not measured.
    """
    known = list(dict.fromkeys(one.metric for one in changes))
    chosen = tuple(metrics) or default_metrics(changes)
    for name in chosen:
        if name not in known:
            raise InputError(
                f"--metric {name}: expected one of what was compared ({', '.join(known)}){suggest(name, known)}"
            )
    worse, open_ = [], []
    for one in changes:
        if one.metric not in chosen or None in one.group.values():
            continue
        if one.group and one.n < minimum_group and small_groups == "report":
            continue
        found, told = _held(one, margin, minimum_group)
        if found == "worse":
            worse.append(told)
        elif found == "undecided":
            open_.append(told)
    outcome: Outcome = "worse" if worse else "undecided" if open_ else "better-or-equal"
    return Decided(margin=margin, metrics=chosen, outcome=outcome, grounds=tuple(worse or open_))


def _held(one: Change, margin: float, minimum_group: int) -> tuple[Outcome, str]:
    who = _who(one)
    if one.value is None or one.interval is None:
        return "undecided", f"{one.metric} of {who}: {one.reason or 'no interval'}"
    if one.group and one.n < minimum_group:
        return "undecided", f"{one.metric} of {who}: {one.n:,} people, under the minimum of {minimum_group:,}"
    low, high = _oriented(one.interval, higher_is_better=one.higher_is_better)
    if low >= -margin:
        return "better-or-equal", ""
    ends = _oriented(one.simultaneous or one.interval, higher_is_better=one.higher_is_better)
    if ends[1] < -margin:
        least, most = -ends[1], -ends[0]
        return "worse", f"{one.metric} of {who}: worse by {least:.4g} to {most:.4g}, the margin is {margin:g}"
    if high < -margin:
        told = "beyond it alone, but not at limits that hold for all groups at once"
        return "undecided", f"{one.metric} of {who}: {told}"
    return "undecided", f"{one.metric} of {who}: it may be worse by up to {-low:.4g}, the margin is {margin:g}"


def _oriented(interval: tuple[float, float], *, higher_is_better: bool) -> tuple[float, float]:
    return interval if higher_is_better else (-interval[1], -interval[0])


def _who(one: Change) -> str:
    if one.group:
        return " and ".join(f"{name} {value}" for name, value in one.group.items())
    return f"the gap over {one.over.attribute}" if one.over else "everybody"
