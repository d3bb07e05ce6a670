"""fairness-over-time: a limit that holds over all windows of a release, however often it is looked at.

Every window's tally goes into an anytime-valid monitor (`assay.sequential`); the chance that it ever alerts while the
limit holds is alpha, over all windows and metrics together. An alert fails; a monitor that could not have raised one
is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.checks._finding import finding, number
from assay.checks._judge import limit_words
from assay.checks.control import Check
from assay.records.measurement import Over

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield a finding for each attribute that is watched; what is not watched is unknown."""
    facts = evidence.facts.get("monitoring")
    watched = facts.get("watched", []) if isinstance(facts, dict) else []
    limit = terms.limit
    if limit is None:
        return (finding(control, terms, "unknown", "the policy gives no limit in this tier.", metric=control.metric),)
    bound = limit.max if limit.max is not None else limit.min
    found = [
        _judged(control, terms, fact, standing)
        for fact in watched
        for standing in fact["standings"]
        if standing["metric"] == control.metric
        and standing["limit"] == bound
        and (not control.attributes or standing["over"]["attribute"] in control.attributes)
    ]
    known = {one.over.attribute for one in found if one.over is not None}
    return (*found, *_unwatched(control, terms, known))


def _judged(control: Control, terms: Terms, fact: Mapping[str, Any], standing: Mapping[str, Any]) -> Finding:
    over = str(standing["over"]["attribute"])
    subject = f"{control.metric} over {over}, {fact['windows']} windows, {fact['rows']:,} rows"
    interval = tuple(standing["interval"]) if standing["interval"] is not None else None
    span = ""
    if interval is not None and standing["estimate"] is not None:
        ends = f"{number(interval[0])} to {number(interval[1])}"
        span = f" It stands at {number(standing['estimate'])}; its confidence sequence is {ends}."
    more = {
        "about": over, "metric": control.metric, "over": Over(attribute=over), "measured": standing["estimate"],
        "interval": interval, "n": int(fact["rows"]), "limit": terms.limit,
    }  # fmt: skip
    rate = number(fact["alpha"])
    alert = _first(fact["alerts"], control.metric, over)
    if alert is not None and terms.limit is not None:
        since = alert["since"]
        reason = (
            f"{subject}: beyond the limit, {limit_words(terms.limit)}, in window {alert['at']}: "
            f"{number(alert['e_value'])} to 1 against it (an alert needs {number(1 / fact['alpha'])}). "
            f"It began between rows {since['low']:,} and {since['high']:,}.{span}"
        )
        more |= {"measured": alert["estimate"], "interval": tuple(alert["interval"])}
        return finding(control, terms, "fail", reason, **more)
    lacking = _first(fact["undecided"], control.metric, over)
    if lacking is not None or not fact["windows"]:
        why = lacking["reason"] if lacking is not None else "no window was taken"
        held = f"; this window was not taken: {fact['not_taken']}" if fact["not_taken"] else ""
        return finding(control, terms, "unknown", f"{subject}: {why}{held}.", **more)
    if fact["not_taken"]:
        return finding(control, terms, "unknown", f"{subject}: this window was not taken: {fact['not_taken']}.", **more)
    reason = (
        f"{subject}: nothing says that the limit, {limit_words(terms.limit) if terms.limit else ''}, is breached "
        f"({number(standing['e_value'])} to 1 against it; the chance of any false alarm, ever, is {rate}).{span}"
    )
    return finding(control, terms, "pass", reason, **more)


def _first(found: list[Mapping[str, Any]], metric: str | None, over: str) -> Mapping[str, Any] | None:
    return next((one for one in found if one["metric"] == metric and one["over"]["attribute"] == over), None)


def _unwatched(control: Control, terms: Terms, known: set[str]) -> Iterator[Finding]:
    for attributes in terms.attributes:
        if len(attributes) == 1 and attributes[0] not in known:
            reason = (
                f"{control.metric} over {attributes[0]} is not watched with this limit: no window was measured under "
                "this policy at the stage monitoring, or the attribute has never come."
            )
            yield finding(control, terms, "unknown", reason, about=attributes[0], metric=control.metric)
    if not known and not terms.attributes:
        reason = f"{control.metric} is not watched with this limit at this stage."
        yield finding(control, terms, "unknown", reason, metric=control.metric)


CHECK = Check(
    id="fairness-over-time",
    title="A limit holds over all windows, however often they are looked at",
    run=run,
    needs=frozenset({"metric", "limit", "provenance"}),
    takes=frozenset({"attributes"}),
    scope="any",
)
