"""Sentences of an explanation: people, certainty, cuts and rows, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import group_words, listed, number
from assay.checks._judge import limit_words
from assay.diagnosis.power import POWER, distance_in_half_widths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.checks import Words
    from assay.diagnosis.changed_decisions import Changed
    from assay.diagnosis.thresholds import Outcome, Price
    from assay.records.verdict import Finding

_CHANGES = {
    "favourable": "more {favourable}",
    "unfavourable": "fewer {favourable}",
    "found": "more correct positive predictions",
    "cleared": "fewer false positives",
    "right": "more correct predictions",
    "undone": "fewer wrong positive predictions",
}


def people_words(changes: Sequence[Changed], words: Words) -> str:
    """Return ``37 more approvals among the 197 applicants with race black``, for every group that is short."""
    told: list[str] = []
    lever = ""
    for one in sorted(changes, key=lambda each: (each.lever, -each.count)):
        again = one.lever == lever
        lever = one.lever
        what = _CHANGES[lever].split(" ")[0] if again else _CHANGES[lever].format(favourable=words.favourable)
        whom = f"{one.of:,}" + ("" if again else f" {words.people}")
        told.append(f"{one.count:,} {what} among the {whom}" + (f" with {group_words(one.group)}" if one.group else ""))
    return listed(told)


def change_words(
    finding: Finding, point: Sequence[Changed] | None, gate: Sequence[Changed] | None, words: Words
) -> str | None:
    """Return what would have to change in decisions for the gate to pass; None where no rate of people is behind it."""
    if point is None and gate is None:
        return None
    if finding.decide == "point":
        return "The point decides, not its interval: with these it would pass."
    if gate:
        told = people_words(gate, words)
        if not point:
            return f"The number keeps its limit; for all of the interval to keep it, it would take {told}."
        return f"All of the interval has to keep the limit: {told}."
    if gate is None:
        return (
            "All of the interval has to keep the limit; with so few people no change of decisions in favour "
            "of the groups that are short brings that about: it takes more people."
        )
    return None


def certainty_words(finding: Finding, level: float) -> str | None:
    """Return how sure the measurement is: level, people, what decided, and the distance from the limit."""
    if finding.measured is None or finding.limit is None:
        return None
    rests = "" if finding.n is None else f", from {finding.n:,} rows"
    if finding.interval is None:
        return f"There is no interval{rests}: how sure {number(finding.measured)} is cannot be said."
    low, high = finding.interval
    if low == high:
        return f"Every row was counted{rests}: nothing is estimated."
    distance = distance_in_half_widths(finding.measured, finding.interval, finding.limit)
    far = "" if distance is None else f" The value stands {abs(distance):.1f} half-widths from the limit"
    side = _side(finding)
    told = f"At {level:.0%} the value lies between {number(low)} and {number(high)}{rests}: {side}."
    if finding.decide == "point":
        return f"{told}{far}. The point decides here, not the interval."
    decided = "; from 1 on it is decided." if finding.status == "unknown" else "; it takes 1 to decide."
    return f"{told}{far}{decided if far else ''}"


def _side(finding: Finding) -> str:
    low, high = finding.interval or (0.0, 0.0)
    limit = finding.limit
    if limit is None:
        return "there is no limit"
    above = limit.max is not None and low > limit.max
    below = limit.min is not None and high < limit.min
    within = (limit.max is None or high <= limit.max) and (limit.min is None or low >= limit.min)
    if above or below:
        return f"wholly beyond the limit ({limit_words(limit)})"
    return (
        f"wholly within the limit ({limit_words(limit)})" if within else f"the limit ({limit_words(limit)}) is inside"
    )


def price_words(after: Price, now: Price, words: Words) -> str:
    """Return what cuts cost: ``accuracy 0.851 instead of 0.86; 1,702 approvals instead of 1,634``."""
    accuracy = ""
    if after.accuracy is not None and now.accuracy is not None:
        accuracy = f"accuracy {number(after.accuracy)} instead of {number(now.accuracy)}; "
    return f"{accuracy}{after.favourable:,} {words.favourable} instead of {now.favourable:,} of {after.rows:,}"


def undecided_words(outcome: Outcome, names: Sequence[str]) -> str:
    """Return which requirements stay undecided at cuts where every value keeps its limit."""
    left = [name for name, held in zip(names, outcome.held, strict=True) if held.status != "pass"]
    return f"; not yet decided by their intervals: {', '.join(left)}" if left else ""


def rows_words(everybody: int | None, of_group: int | None, group: str | None, words: Words) -> str | None:
    """Return how many more rows would settle a finding; None where no number within reason does."""
    told = []
    if of_group:
        told.append(f"about {_rounded(of_group):,} more {words.people} with {group}")
    if everybody:
        told.append(f"about {_rounded(everybody):,} more {words.people} mixed as they are")
    if not told:
        return None
    people = ", or ".join(told)
    sure = f"with a chance of {POWER:.0%}, if the value is as measured"
    return f"{people[:1].upper()}{people[1:]} would settle it {sure}."


def _rounded(rows: int) -> int:
    """Round up to two significant digits; more would feign knowledge."""
    step = int(10 ** max(0, len(str(rows)) - 2))
    return -(-rows // step) * step
