"""The risk register of a system (Art. 9 of Regulation (EU) 2024/1689), read from the trail: each risk as it stands now.

A risk is recorded again whenever it is reviewed; what it says last counts. What tests and watches its measure is looked
up: the findings of the last verdict, and the alerts that nobody has resolved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.records.risk import Risk, RiskTest
from assay.trail.holdings import holdings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.records.status import Shown
    from assay.trail.holdings import Holding
    from assay.trail.view import Fact, View

RECORDED, ALERT, RESOLVED = "risk.recorded", "monitor.alert", "monitor.resolved"


def risks(view: View, model: str, version: str, day: str) -> tuple[Risk, ...]:
    """Return the risks of a model's version, the greatest first.

    Args:
        view: the trail.
        model: the model's name.
        version: its version.
        day: the day; what was recorded later is not looked at.
    """
    latest: dict[str, Fact] = {}
    reviews: dict[str, int] = {}
    for fact in view.facts(RECORDED):
        said = fact.said
        if said.model == model and said.version in {None, version} and fact.at[:10] <= day:
            latest[said.risk] = fact
            reviews[said.risk] = reviews.get(said.risk, 0) + 1
    held, _ = holdings(view, day, lambda _tier: None)
    mine = next((one for one in held if (one.model, one.version) == (model, version)), None)
    found = (_risk(view, fact, reviews[name], mine, day) for name, fact in latest.items())
    return tuple(sorted(found, key=lambda one: (-one.score, one.risk)))


def _risk(view: View, fact: Fact, reviews: int, held: Holding | None, day: str) -> Risk:
    said = fact.said
    tests = tuple(_tested(name, held) for name in said.tests)
    alerts = _alerts(view, said.model, said.monitors, day)
    signers = [known for key in fact.read.keys if (known := view.trust.identity_of(key)) is not None]
    counts = fact.event.signed_by == "actor" and any(said.role in roles for _, roles in signers)
    return Risk(
        risk=said.risk, model=said.model, version=said.version, harm=said.harm, hazard=_words(view, said.hazard_sha256),
        likelihood=said.likelihood, severity=said.severity, measure=said.measure,
        measures=_words(view, said.measures_sha256), residual_likelihood=said.residual_likelihood,
        residual_severity=said.residual_severity, accepted=said.accepted,
        by=f"{view.person(said.by, fact)} ({said.role})", owner=view.person(said.owner, fact), tests=tests,
        monitors=said.monitors, alerts=alerts, reviews=reviews, at=fact.at, entry=fact.index,
        open=tuple(_open(fact, tests, alerts, held, counts=counts)),
    )  # fmt: skip


def _open(
    fact: Fact, tests: tuple[RiskTest, ...], alerts: tuple[str, ...], held: Holding | None, *, counts: bool
) -> Iterator[str]:
    """Yield what is left to do about a risk."""
    said = fact.said
    if said.measure == "none":
        yield "no measure"
    elif not tests:
        yield "nothing tests the measure"
    yield from _judgement(said, counts=counts)
    for one in tests:
        if one.says != "pass":
            yield f"the test {one.control} {'has no finding' if one.says is None else 'says ' + one.says}"
    for alert in alerts:
        yield f"the alert {alert} is open"
    if held is not None and (decided := _decided(held)) is not None and fact.index < decided:
        yield "not reviewed since the version was decided on"


def _judgement(said: Any, *, counts: bool) -> Iterator[str]:  # noqa: ANN401 - the fields of a recorded risk
    """Yield what is lacking in the judgement of what is left."""
    if said.residual_likelihood is None or said.residual_severity is None:
        yield "what is left is not rated"
    if said.accepted == "not-judged":
        yield "nobody has judged whether what is left is acceptable"
    elif said.accepted == "no":
        yield "what is left was found not acceptable"
    elif not counts:
        yield f"found acceptable by somebody who has not the role {said.role}"


def _decided(held: Holding) -> int | None:
    shown = held.records.get("model_version_record")
    return None if shown is None else shown.entry


def _tested(control: str, held: Holding | None) -> RiskTest:
    """Return what the findings of a control said last, the worst of them."""
    every = [] if held is None else [one for each in held.checks.values() for one in each]
    found = [one for one in every if one.name.partition("/")[0] == control]
    worst: Shown | None = next((one for word in ("fail", "unknown", "pass") for one in found if one.says == word), None)
    if worst is None:
        return RiskTest(control=control, says=None)
    return RiskTest(control=control, says=worst.says, sha256=worst.sha256, entry=worst.entry)


def _alerts(view: View, model: str, monitors: tuple[str, ...], day: str) -> tuple[str, ...]:
    if not monitors:
        return ()
    resolved = {fact.said.alert for fact in view.facts(RESOLVED) if fact.at[:10] <= day}
    return tuple(
        dict.fromkeys(
            fact.said.alert
            for fact in view.facts(ALERT)
            if fact.said.model == model and fact.at[:10] <= day and fact.said.alert not in resolved
            and {fact.said.metric, fact.said.alert} & set(monitors)
        )
    )  # fmt: skip


def _words(view: View, sha256: str | None) -> str | None:
    content = None if sha256 is None else view.documents.get(sha256)
    return None if content is None else content.decode("utf-8", "replace")
