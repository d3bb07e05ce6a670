"""Which version was in production on a date, who said yes, under which policy, on what evidence, with which waivers.

A pure function of the log at a size and of the documents that its entries name by digest: the same bytes each time.
Deployments count from the time that they claim; what gave leave for one must stand before it in the log, whose order
nobody can choose afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assay.errors import suggest
from assay.trail.reading import NO_FILES
from assay.trail.serving import DEPLOYED, RETIRED, ROLLED_BACK, Spell, moment, spells
from assay.trail.view import Fact, View, of_releases, sentence, short

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from assay.trail.answers import Answer, Sentence

PRODUCTION = "production"

LEAVE = (
    "gate.decision", "validation.result", "validation.criteria", "approval.granted", "approval.denied",
    "approval.revoked", "waiver.granted", "override.granted",
)  # fmt: skip
"""Types of events that give leave to serve, or refuse it."""


def production(view: View, model: str, at: str, *, environment: str = PRODUCTION) -> Answer:
    """Answer which version served, and who gave leave for it.

    Args:
        view: the trail at a size.
        model: the model's name.
        at: a day, or a time in UTC.
        environment: where it served.

    Raises:
        InputError: when ``at`` is neither a day nor a time.
    """
    first, last = moment(at)
    found, missing = spells(view, model, environment)
    served = [spell for spell in found if spell.served(first, last)]
    files = {spell.model_sha256 for spell in served if spell.model_sha256 is not None}
    near = _of_files(view, files)
    leave = of_releases(near.facts(*LEAVE))
    told: list[Sentence] = []
    rows: list[dict[str, Any]] = []
    for spell in served:
        one = _Leave(view, spell, leave, last)
        told += one.sentences(model, environment)
        rows.append(one.row(model, environment))
        missing += one.missing
    if not served:
        told.append(sentence(f"Nothing in the log says that a version of {model} was in {environment} at {at}."))
        missing += _who_else(view, model, environment)
    missing += view.not_counted(DEPLOYED, ROLLED_BACK, RETIRED)
    missing += near.not_counted(*LEAVE, about=files)
    facts = [*leave, *(fact for spell in found for fact in (spell.begun, spell.ended) if fact is not None)]
    asked = {"model": model, "at": at, "environment": environment}
    return view.answer("production", asked, told, rows=rows, missing=missing, facts=facts)


def _of_files(view: View, files: Collection[str]) -> View:
    """Return the same trail, where it is narrowed, without what is about other model files than some, by digest."""
    if view.narrow is None:
        return view
    consents = None if view.consents is None else view.consents({*files, NO_FILES})
    return replace(view, narrow=view.narrow.of_files(files, consents, view.size))


def _who_else(view: View, model: str, environment: str) -> Iterator[str]:
    known = {(fact.said.model, fact.said.environment) for fact in view.facts(DEPLOYED)}
    names = sorted({name for name, _ in known})
    if model not in names:
        others = f"{suggest(model, names)}. Deployed models: {', '.join(names) or 'none'}"
        yield f"no deployment of {model!r} is in the log{others}"
    elif (model, environment) not in known:
        places = ", ".join(sorted(place for name, place in known if name == model))
        yield f"{model} was deployed to {places}, not to {environment}"


class _Leave:
    """Who gave leave for one spell, and on what grounds."""

    def __init__(self, view: View, spell: Spell, leave: list[Fact], until: str) -> None:
        self.view, self.spell, self.until = view, spell, until
        about = [
            fact for fact in leave
            if spell.model_sha256 is not None and getattr(fact.said, "model_sha256", None) == spell.model_sha256
        ]  # fmt: skip
        before = [fact for fact in about if fact.index < spell.begun.index]
        self.decision = _last(before, "gate.decision")
        self.too_late = _last(about, "gate.decision") if self.decision is None else None
        self.result = _last([fact for fact in before if self._same(fact, "evidence_sha256")], "validation.result")
        self.approvals = [f for f in before if f.event.type == "approval.granted" and self._bound(f)]
        self.waivers = [f for f in before if f.event.type == "waiver.granted" and self._bound(f)]
        self.others = [f for f in about if f.event.type in {"approval.denied", "override.granted"}]
        self.criteria = self._criteria(leave)
        self.revocations = {
            fact.said.consent: fact for fact in leave if fact.event.type == "approval.revoked" and fact.at <= until
        }
        self.missing = list(self._missing())

    def _same(self, fact: Fact, name: str) -> bool:
        """Say whether an event rests on the same thing as the decision; what it does not say does not differ."""
        if self.decision is None:
            return False
        mine, its = getattr(self.decision.said, name), getattr(fact.said, name)
        return its is None or mine is None or mine == its

    def _bound(self, fact: Fact) -> bool:
        return self._same(fact, "evidence_sha256") and self._same(fact, "policy_sha256")

    def _criteria(self, leave: list[Fact]) -> Fact | None:
        if self.decision is None or self.result is None:
            return None
        return _last(
            [
                fact for fact in leave
                if fact.event.type == "validation.criteria" and fact.index < self.result.index
                and fact.said.policy_sha256 == self.decision.said.policy_sha256
                and fact.said.model == self.decision.said.model
                and fact.said.version in {None, self.spell.version}
            ],
            "validation.criteria",
        )  # fmt: skip

    def _missing(self) -> Iterator[str]:
        version = f"version {self.spell.version}"
        if self.spell.model_sha256 is None:
            yield f"{version}: no event says which files served, so that no decision can be tied to it"
        elif self.decision is None:
            yield f"{version}: no decision about its files ({short(self.spell.model_sha256)}) precedes its deployment"
        elif self.decision.said.decision == "not-stated":
            yield f"{version}: the gate's word is in verdict.json, which is not at hand; it was no pass"
        if self.decision is not None and self.decision.at > self.spell.start:
            yield (
                f"{version}: {self.view.place(self.spell.begun.index)} claims {self.spell.start}, before the decision "
                f"that precedes it in the log ({self.view.place(self.decision.index)} claims {self.decision.at}): one "
                "of the two times is not true"
            )
        if self.decision is not None and self.result is None:
            yield f"{version}: no result of the checks is in the log"
        if self.decision is not None and self.criteria is None:
            yield f"{version}: no criteria fixed before the test (validation.criteria) are in the log"
        if self.decision is not None and not self.approvals:
            yield f"{version}: no approval of what was decided precedes its deployment"

    def sentences(self, model: str, environment: str) -> Iterator[Sentence]:
        """Yield the answer in words."""
        spell, view = self.spell, self.view
        until = f" until {view.when(spell.ended)}" if spell.ended is not None else ""
        yield sentence(
            f"Version {spell.version} of {model} (files {short(spell.model_sha256)}) was in {environment} from "
            f"{view.when(spell.begun)}{until}.",
            spell.begun,
            spell.ended,
        )
        if self.decision is not None:
            said = self.decision.said
            word = "not stated here, and no pass" if said.decision == "not-stated" else said.decision
            yield sentence(
                f"The gate had decided: {word}, at {view.when(self.decision)}, under the policy {said.policy} "
                f"({short(said.policy_sha256)}), on the evidence ({short(said.evidence_sha256)}).",
                self.decision,
            )
        elif self.too_late is not None:
            yield sentence(
                f"It was decided on only after it had been deployed, at {view.when(self.too_late)}.", self.too_late
            )
        if self.result is not None:
            yield sentence(_found(self.result), self.result)
        if self.criteria is not None:
            by = view.person(self.criteria.said.by, self.criteria)
            yield sentence(
                f"{by} had fixed the criteria before the test, at {view.when(self.criteria)}.", self.criteria
            )
        for fact in (*self.approvals, *self.waivers, *self.others):
            yield sentence(f"{self._act(fact)}{self._revoked(fact)}", fact, self._revocation(fact))

    def _revocation(self, fact: Fact) -> Fact | None:
        return self.revocations.get(getattr(fact.said, "consent", ""))

    def _revoked(self, fact: Fact) -> str:
        revocation = self._revocation(fact)
        return "" if revocation is None else f" It was taken back at {self.view.when(revocation)}."

    def _act(self, fact: Fact) -> str:
        said, kind = fact.said, fact.event.type
        who, when = self.view.person(said.by, fact), self.view.when(fact)
        if kind == "approval.granted":
            return f"{who} approved it as {said.role}, at {when}."
        if kind == "approval.denied":
            return f"{who} refused, as {said.role}, at {when}."
        lapsed = f" It had lapsed by {self.until[:10]}." if said.expires < self.until[:10] else ""
        if kind == "waiver.granted":
            return f"{who} accepted the risk of {said.control} as {said.role} until {said.expires}, at {when}.{lapsed}"
        against = f"against the decision ({said.decision}) as {said.role} until {said.expires}"
        return f"{who} let it pass {against}, at {when}.{lapsed}"

    def row(self, model: str, environment: str) -> dict[str, Any]:
        """Return the answer as a row."""
        said = None if self.decision is None else self.decision.said
        cited = (self.spell.begun, self.spell.ended, self.decision, self.result, self.criteria)
        return {
            "model": model,
            "version": self.spell.version,
            "model_sha256": self.spell.model_sha256,
            "environment": environment,
            "from": self.spell.start,
            "until": self.spell.end,
            "decision": said and said.decision,
            "policy": said and said.policy,
            "policy_sha256": said and said.policy_sha256,
            "evidence_sha256": said and said.evidence_sha256,
            "approvals": [self._consent_row(fact) for fact in self.approvals],
            "waivers": [self._consent_row(fact) for fact in self.waivers],
            "overrides": [self._consent_row(fact) for fact in self.others if fact.event.type == "override.granted"],
            "entries": sorted({fact.index for fact in (*cited, *self.approvals, *self.waivers, *self.others) if fact}),
        }

    def _consent_row(self, fact: Fact) -> dict[str, Any]:
        said, revocation = fact.said, self._revocation(fact)
        return {
            "by": self.view.person(said.by, fact),
            "role": said.role,
            "at": fact.at,
            "control": getattr(said, "control", None),
            "expires": getattr(said, "expires", None),
            "revoked_at": None if revocation is None else revocation.at,
            "entry": fact.index,
        }


def _last(facts: list[Fact], kind: str) -> Fact | None:
    return next((fact for fact in reversed(facts) if fact.event.type == kind), None)


def _found(result: Fact) -> str:
    said = result.said
    parts = [
        f"{len(said.passed)} findings passed",
        *([f"{len(said.failed)} failed ({', '.join(said.failed)})"] if said.failed else []),
        *([f"{len(said.warned)} warned ({', '.join(said.warned)})"] if said.warned else []),
    ]
    unknown = f" (not settled: {', '.join(said.unknown)})" if said.unknown else ""
    return f"On that evidence {', '.join(parts)}{unknown}."
