"""What happened to a model version: the events that are about it, in words, each with the entry that proves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.records.tally import Frozen
from assay.trail.events import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.trail.view import Fact, View

MOST = 200
"""The newest so many are shown; the trail's own pages have them all."""

TYPES_TOLD = tuple(
    kind for kind in TYPES
    if kind.partition(".")[0] in {
        "model", "validation", "review", "approval", "waiver", "override", "gate", "deployment", "monitor",
        "remediation", "incident", "release", "registry", "image", "admission", "mitigation", "finding", "report",
    }
)  # fmt: skip

_TOLD = {
    "model.registered": "{owner} registered it, exposure {said.exposure}, purpose {said.purpose}",
    "model.retired": "{by} retired it",
    "validation.criteria": "{by} fixed the criteria: {said.policy}",
    "validation.result": "The checks{stage} ended: {said.outcome}, under {said.policy}",
    "validation.challenge": "{by} held it against version {said.champion}: {said.outcome}",
    "review.comment": "{by} commented on {said.about}",
    "gate.decision": "The gate{stage} decided: {decision}, under {said.policy}",
    "approval.granted": "{by} approved it as {said.role}",
    "approval.denied": "{by} refused it as {said.role}",
    "approval.revoked": "{by} took the consent {said.consent} back",
    "waiver.granted": "{by} accepted the risk of {said.control} as {said.role}, until {said.expires}",
    "override.granted": "{by} let it pass against the decision ({said.decision}), until {said.expires}",
    "deployment.started": "Its deployment to {said.environment} began",
    "deployment.finished": "Its deployment to {said.environment} {said.outcome}",
    "deployment.rolled_back": "It was rolled back in {said.environment}",
    "monitor.alert": "Alert {said.alert} ({said.severity}): {said.metric} was {measured}, limit {limit}",
    "monitor.ack": "{by} took alert {said.alert} up",
    "monitor.assigned": "{by} gave alert {said.alert} to {owner}, due {said.due}",
    "monitor.resolved": "{by} resolved alert {said.alert}: {said.how}",
    "remediation.opened": "Remediation {said.remediation} was opened, owner {owner}, due {said.due}",
    "remediation.assigned": "{by} gave {said.remediation} to {owner}, due {said.due}",
    "remediation.acted": "{by} acted on {said.remediation}",
    "remediation.closed": "{by} closed {said.remediation}",
    "remediation.retested": "{by} tested {said.remediation} again: {said.outcome}",
    "incident.declared": "{by} declared the serious incident {said.incident} ({said.clause})",
    "incident.reported": "{by} sent the {said.form} report of {said.incident} to {said.authority}",
    "release.delivered": "{said.pipeline} delivered it, decided there: {said.decision}",
    "finding.explained": "{by} asked why {said.finding} is no pass: {said.cause}",
    "mitigation.searched": "Mitigations were searched",
    "registry.allowed": "Registry {said.registry} let it serve by the {said.door} {said.mark}",
    "registry.refused": "Registry {said.registry} did not let it serve by the {said.door} {said.mark} ({said.why})",
    "registry.reverted": "It served by {said.mark} of registry {said.registry} ({said.why}): {said.outcome}",
}
_TONES = {
    "allow": "allow", "warn": "warn", "deny": "deny", "undecided": "undecided", "not-stated": "undecided",
    "passed": "allow", "warned": "warn", "failed": "deny", "succeeded": "allow", "reverted": "warn",
}  # fmt: skip


class Happened(Frozen, kw_only=True):
    """One event.

    Attributes:
        at: when, as claimed; empty when nobody claims a time.
        what: its type.
        words: what happened.
        index: the entry of the log that it is.
        tone: how to colour it.
        imported: whether it is a claim about the past.
    """

    at: str
    what: str
    words: str
    index: int
    tone: str = ""
    imported: bool = False


def timeline(view: View, facts: Iterable[Fact]) -> tuple[Happened, ...]:
    """Return events in words, the newest first; of very many the newest `MOST`."""
    return tuple(
        Happened(
            at=fact.at,
            what=fact.event.type,
            words=event_words(view, fact),
            index=fact.index,
            tone=_tone(fact.said),
            imported=fact.event.batch is not None,
        )
        for fact in list(facts)[: -MOST - 1 : -1]
    )


def event_words(view: View, fact: Fact) -> str:
    """Return an event in words, without its time."""
    said: Any = fact.said
    words = _TOLD.get(fact.event.type)
    if words is None:
        return fact.event.type.replace(".", " ").replace("_", " ")
    return words.format(
        said=said,
        by=view.person(getattr(said, "by", None), fact) if getattr(said, "by", None) else "Monitoring",
        owner=view.person(said.owner, fact) if hasattr(said, "owner") else "",
        stage=f" of the {said.stage} stage" if getattr(said, "stage", None) else "",
        **_numbers(fact),
        decision="no pass" if getattr(said, "decision", "") == "not-stated" else getattr(said, "decision", ""),
    )


def _numbers(fact: Fact) -> dict[str, str]:
    """Return an alert's numbers as people read them; the entry has every digit."""
    said: Any = fact.said
    alert = fact.event.type == "monitor.alert"
    return {name: f"{float(getattr(said, name)):.4g}" for name in ("measured", "limit")} if alert else {}


def _tone(said: Any) -> str:  # noqa: ANN401 - the fields of any type of event
    return next((_TONES[word] for name in ("decision", "outcome") if (word := getattr(said, name, None)) in _TONES), "")
