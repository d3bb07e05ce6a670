"""A measurement against a limit: the interval decides, or the point where a text fixes one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.checks._finding import finding, number

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding, Limit, Status

UNTOLD_FACTOR = 1000
"""Beyond a thousand times the people measured, how many more would settle it is not said: nobody will measure them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a comparison came to."""

    status: Status
    reason: str


def limit_words(limit: Limit) -> str:
    """Return ``at most 0.1``, ``at least 0.8``, or ``between 0.8 and 1.25``."""
    if limit.max is not None and limit.min is not None:
        return f"between {number(limit.min)} and {number(limit.max)}"
    return f"at most {number(limit.max)}" if limit.max is not None else f"at least {number(limit.min or 0.0)}"


def _clears(low: float, high: float, limit: Limit) -> bool:
    return (limit.max is None or high <= limit.max) and (limit.min is None or low >= limit.min)


def _breaches(low: float, high: float, limit: Limit) -> bool:
    return (limit.max is not None and low > limit.max) or (limit.min is not None and high < limit.min)


def more_people(value: float, interval: tuple[float, float], limit: Limit, n: int) -> int | None:
    """Estimate how many more people would settle it, if the value stayed as it is.

    An interval's half-width shrinks with the square root of n (for instance Agresti and Coull 1998, section 2), so
    a half-width ``h`` on the limit's side and a distance ``d`` from the limit need ``n * (h/d)**2`` people.

    Returns:
        None when it cannot be said: the value stands on the limit, or beyond a thousand times the people measured.
    """
    needed = 0.0
    for bound in (limit.max, limit.min):
        if bound is None:
            continue
        distance = abs(bound - value)
        half = abs((interval[1] if bound > value else interval[0]) - value)
        if interval[0] <= bound <= interval[1] and half > 0:
            needed = math.inf if distance == 0 else max(needed, n * (half / distance) ** 2)
    if not 0 < needed <= n * UNTOLD_FACTOR:
        return None
    return max(1, math.ceil(needed) - n)


def _rounded(people: int) -> int:
    """Round an estimate up to two significant digits; more would feign knowledge."""
    step = int(10 ** max(0, len(str(people)) - 2))
    return -(-people // step) * step


def by_interval(value: float, interval: tuple[float, float], limit: Limit, level: float, n: int) -> Judged:
    """Hold a value with its interval against a limit: unknown unless all of the interval is on one side."""
    low, high = interval
    span = f"{number(value)} with a {level:.0%} interval of {number(low)} to {number(high)}"
    if low == high:  # a fact about the rows themselves
        span = f"{number(value)}, every row counted"
    if _clears(low, high, limit):
        return Judged("pass", f"{span}: all of it within the limit, {limit_words(limit)}.")
    if _breaches(low, high, limit):
        return Judged("fail", f"{span}: all of it beyond the limit, {limit_words(limit)}.")
    more = more_people(value, interval, limit, n)
    stays = "if the value and the mix of people stayed as they are"
    settle = f" About {_rounded(more):,} more people would settle it {stays}." if more else ""
    return Judged(
        "unknown", f"not decided at {level:.0%}: {span} lies on both sides of the limit, {limit_words(limit)}.{settle}"
    )


def _by_point(value: float, bound: float, limit: Limit, control: Control) -> Judged:
    why = f" The point decides, not the interval: {control.provenance.source}." if control.provenance else ""
    clears = _clears(value - bound, value + bound, limit)
    if not clears and not _breaches(value - bound, value + bound, limit):
        off = f"{number(value)} may be off by {number(bound)}, which the bins of the histogram can have caused"
        return Judged("unknown", f"{off}, and the limit, {limit_words(limit)}, lies within.")
    status: Status = "pass" if clears else "fail"
    within = "within" if status == "pass" else "beyond"
    return Judged(status, f"{number(value)} is {within} the limit, {limit_words(limit)}.{why}")


def judge(measurement: Measurement, control: Control, terms: Terms, limit: Limit) -> Judged:
    """Hold a measurement against a limit; unknown unless it is plainly on one side.

    What the bins of a histogram can have caused widens the interval on both sides.
    """
    value, interval = measurement.value, measurement.interval
    if value is None or not math.isfinite(value):
        return Judged("unknown", f"no value: {measurement.reason or 'the measurement gives no reason'}.")
    bound = measurement.bound if isinstance(measurement.bound, float) else 0.0
    if control.decide == "point":
        return _by_point(value, bound, limit, control)
    if interval is None or not all(math.isfinite(end) for end in interval):
        method = measurement.method if isinstance(measurement.method, str) else "none was computed"
        return Judged(
            "unknown",
            f"{number(value)}, but without an interval ({method}). Compare a metric that has one, or write "
            "`decide: point` with the source that fixes a point.",
        )
    if measurement.level < terms.level:
        found = f"measured at {measurement.level:.0%} confidence, the policy decides at {terms.level:.0%}"
        return Judged("unknown", f"{found}: measure again with this policy.")
    if interval[0] > interval[1]:
        found = f"the interval ends ({number(interval[1])}) before it starts ({number(interval[0])})"
        return Judged("unknown", f"{found}: the evidence contradicts itself, measure again.")
    widened = (interval[0] - bound, interval[1] + bound)
    return by_interval(value, widened, limit, measurement.level, measurement.n)


def judged_finding(
    measurement: Measurement, control: Control, terms: Terms, *, subject: str, about: str, people: str | None = None
) -> Finding:
    """Return the finding of one measurement held against the control's limit.

    Args:
        measurement: what was measured.
        control: the control.
        terms: the terms; ``terms.limit`` must be there.
        subject: opens the reason: ``demographic_parity_difference over race``.
        about: what the finding is about, for its id.
        people: what a breach means in people; kept when it does not pass.
    """
    if terms.limit is None:
        return finding(control, terms, "unknown", f"{subject}: the policy gives no limit in this tier.", about=about)
    judged = judge(measurement, control, terms, terms.limit)
    over = measurement.over
    remedy = control.remedy
    if judged.status == "unknown":
        settle = "Measure more people, or have the risk accepted in writing."
        remedy = f"{settle} {remedy}" if remedy is not None else settle
    return finding(
        control,
        terms,
        judged.status,
        f"{subject}: {judged.reason}",
        about=about,
        metric=measurement.metric,
        group=measurement.group,
        over=None if over is msgspec.UNSET else over,
        measured=measurement.value,
        interval=measurement.interval,
        n=measurement.n,
        limit=terms.limit,
        decide=control.decide,
        remedy=None if judged.status == "pass" else remedy,
        people=None if judged.status == "pass" else people,
        of=measurement.about,
    )
