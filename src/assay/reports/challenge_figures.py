"""Charts of a challenge: each number's change by group with its interval, on either side of no change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.records.challenge import Challenge
from assay.reports.challenge import HEAD, by_metric, cells
from assay.reports.challenge_words import standing_words, verdict_words, who
from assay.reports.charts import Chart, Dot, dots
from assay.reports.words import group_value, metric_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.challenge import Change
    from assay.reports.release import Release

MOST_ROWS = 24
"""A chart with more rows than this shows those that changed for sure first; all numbers are in its table."""

MOST_NAMED = 6
"""Groups that a sentence names."""

_STATUS = {"worse": "fail", "too few people to tell": "unknown"}
_FIRST = {"worse": 0, "better": 1, "too few people to tell": 2, "no difference": 3}


def challenge_charts(challenge: Challenge) -> tuple[Chart, ...]:
    """Return a chart of each metric's changes, everybody first."""
    gaps = [one for one in challenge.changes if one.over]
    rates = {name: found for name, found in by_metric(challenge).items() if not found[0].over}
    charts = [_chart(f"change-{at}", name, found, challenge) for at, (name, found) in enumerate(rates.items())]
    if any(one.value is not None for one in gaps):
        charts.append(_gaps(gaps, challenge))
    return tuple(chart for chart in charts if chart is not None)


def _shown(found: Sequence[Change], minimum_group: int) -> list[Change]:
    """Return what is drawn: a group of few people has a bar as long as the axis, and hides all others."""
    measured = [one for one in found if one.value is not None and (not one.group or one.n >= minimum_group)]
    if len(measured) <= MOST_ROWS:
        return measured
    order = sorted(range(len(measured)), key=lambda at: (bool(measured[at].group), _FIRST[measured[at].standing], at))
    return [measured[at] for at in sorted(order[:MOST_ROWS])]


def _dot(one: Change, row: str, challenge: Challenge) -> Dot:
    low, high = one.interval or (None, None)
    margin = None if challenge.decided is None else challenge.decided.margin
    held = challenge.decided is not None and one.metric in challenge.decided.metrics
    limit = () if margin is None or not held else ((-margin if one.higher_is_better else margin) * 100,)
    return Dot(
        row=row, value=(one.value or 0.0) * 100, low=None if low is None else low * 100,
        high=None if high is None else high * 100, limits=limit, status=_STATUS.get(one.standing, "pass"),
    )  # fmt: skip


def _reading(found: Sequence[Change], challenge: Challenge) -> str:
    told = []
    for standing in _FIRST:
        names = list(dict.fromkeys(who(one) for one in found if one.standing == standing))
        if names and standing in {"worse", "better"}:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            told.append(f"{standing} for {', '.join(names[:MOST_NAMED])}{more}")
        elif names:
            one = next(one for one in found if one.standing == standing)
            told.append(f"{standing_words(one, challenge.smallest)}: {len(names)}")
    return f"{'; '.join(told)[:1].upper()}{'; '.join(told)[1:]}."


def _chart(name: str, metric: str, found: Sequence[Change], challenge: Challenge) -> Chart | None:
    shown = _shown(found, challenge.minimum_group)
    if not shown:
        return None
    words = metric_words(metric)
    better = "right" if found[0].higher_is_better else "left"
    limit = " The upright ticks are the margin." if _held(metric, challenge) else ""
    few = sum(bool(one.group) and one.n < challenge.minimum_group for one in found)
    small = f" {few} groups under {challenge.minimum_group:,} people are in the table only." if few else ""
    caption = (
        f"{_reading(found, challenge)} Dots {better} of the dashed line are better than the version in production, the "
        f"bar is the interval.{limit} Squares are worse, diamonds cannot be told of so few people, circles are better "
        f"or alike.{small}"
    )
    ends = ("worse", "better") if found[0].higher_is_better else ("better", "worse")
    axis = f"{ends[0]} \u2190 change in points \u2192 {ends[1]}"
    spec = dots([_dot(one, _row(one), challenge) for one in shown], axis, line=0.0)
    rows = tuple(cells(one, challenge.smallest) for one in found)
    return Chart(name, f"{words[:1].upper()}{words[1:]}: who gains, who loses", caption, spec, HEAD, rows)


def _row(one: Change) -> str:
    """Return a group as it fits beside a row: of several attributes the values alone."""
    return ", ".join(map(group_value, one.group.values())) if len(one.group) > 1 else who(one)


def _held(metric: str, challenge: Challenge) -> bool:
    return challenge.decided is not None and metric in challenge.decided.metrics


def _gaps(found: Sequence[Change], challenge: Challenge) -> Chart:
    measured = [one for one in found if one.value is not None][:MOST_ROWS]
    rows = [
        _dot(one, f"{_short(one.metric)}, {_over(one)}", challenge) for one in measured
    ]  # fmt: skip
    caption = (
        f"{_reading(found, challenge)} Left of the dashed line the gap between groups is narrower than in the version "
        "in production, right of it wider; the bar is the interval."
    )
    table = tuple((f"{metric_words(one.metric)}, {_over(one)}", *cells(one, challenge.smallest)[1:]) for one in found)
    spec = dots(rows, "narrower \u2190 change in points \u2192 wider", line=0.0)
    return Chart("gaps", "Gaps between groups: narrower or wider", caption, spec, HEAD, table)


def _over(one: Change) -> str:
    return who(one).removeprefix("gap over ")


_SHORT = {
    "demographic_parity_difference": "selected",
    "equal_opportunity_difference": "found",
    "equalized_odds_difference": "errors",
}
"""What a gap is in, in one word: the whole name stands in the table."""


def _short(metric: str) -> str:
    return _SHORT.get(metric, metric_words(metric))


def release_challenge(release: Release) -> Challenge | None:
    """Return the comparison with the version in production that a release's evidence holds; None without one."""
    found = release.evidence.facts.get("challenge")
    if not isinstance(found, dict):
        return None
    try:
        return msgspec.convert(found, Challenge)
    except msgspec.ValidationError:
        return None  # another version's record: its measurements are in the tables all the same


def against_words(challenge: Challenge) -> str:
    """Return what the section of a release's report opens with."""
    from assay.reports.challenge_words import title  # noqa: PLC0415 - one sentence

    return f"{title(challenge)}. {verdict_words(challenge)}"
