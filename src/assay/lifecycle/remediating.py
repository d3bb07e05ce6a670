"""Mending the findings of a release: each step a signed event by a person of the trust file, in the order that counts.

::

    open (owner, day) -> [assign] -> act (its owner) -> retest (a later verdict says) -> close (somebody else)

A re-test is not claimed but looked up: a later verdict of the same system, on the same finding, under the same limit or
a tighter one. What lies in the log is read the same way (`assay.trail.remediations`), so that an event put there by
another road counts no more than it should.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from assay.errors import InputError, suggest
from assay.lifecycle.incident_case import listed, require_day, require_person
from assay.records.canonical import sha256_hex
from assay.trail.remediations import Remediation, finding_of, not_to_close, release_remediations, retest

if TYPE_CHECKING:
    from assay.lifecycle.incident_case import Case
    from assay.records.verdict import Verdict
    from assay.trail.events import Event

_LONGEST = 200
_NAMED = 10


def remediation_of(case: Case) -> Remediation:
    """Return the remediation that a case names.

    Raises:
        InputError: when there is none, or it is closed.
    """
    found = {one.name: one for one in release_remediations(case.view)}
    if case.name not in found:
        raise InputError(
            f"expected a remediation of a release's finding, found {case.name!r}{listed(case.name, list(found))}"
        )
    about = found[case.name]
    if about.closed is not None:
        who = case.who(about.closed.said.by, about.closed)
        raise InputError(
            f"remediation {case.name}: {who} closed it at {about.closed.at}. Should it fail again, open another"
        )
    return about


@dataclass(frozen=True, kw_only=True)
class Open:
    """Have a finding of a release mended.

    Attributes:
        name: the remediation's id.
        verdict: the verdict that holds the finding.
        verdict_sha256: its digest.
        finding: the finding's id.
        owner: a person of the trust file.
        due: by when, YYYY-MM-DD, in UTC.
        plan_sha256: digest of what is to be done.
    """

    name: str
    verdict: Verdict
    verdict_sha256: str
    finding: str
    owner: str
    due: str
    plan_sha256: str | None = None

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        verdict, about = self.verdict, f"{self.verdict.model} {self.verdict.version}"
        found = finding_of(verdict, self.finding)
        waiting = [one.id for one in verdict.findings if one.status in {"fail", "unknown"}]
        if found is None or found.status not in {"fail", "unknown"}:
            how = "no such finding" if found is None else f"it is {found.status}"
            raise InputError(
                f"--finding {self.finding}: expected a finding of {about} that is not passed, found that {how}"
                f"{suggest(self.finding, waiting)}. There are: {', '.join(waiting[:_NAMED]) or 'none'}"
            )
        if verdict.stage is not msgspec.UNSET:
            raise InputError(f"expected the verdict on a release, found one of the stage {verdict.stage}")
        decided = [one for one in case.view.facts("gate.decision") if one.said.verdict_sha256 == self.verdict_sha256]
        if not decided:
            raise InputError(
                f"expected a verdict that the log holds, found one on {about} that no entry names: it was changed, or "
                "decided elsewhere. Decide here with: assay run"
            )
        same = (verdict.model, verdict.version, self.finding)
        for other in release_remediations(case.view):
            said = other.opened.said
            if other.closed is None and (said.model, said.version, said.finding) == same:
                raise InputError(f"{self.finding} of {about}: {other.name} is under way ({other.status})")
        require_person(self.owner, case.trust, "--owner")
        require_day(self.due, case.at)
        return case.event(
            "remediation.opened", remediation=self.name, model=verdict.model, version=verdict.version,
            finding=self.finding, severity=found.severity, owner=case.pseudonym(self.owner), due=self.due,
            plan_sha256=self.plan_sha256, verdict_sha256=self.verdict_sha256,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Assign:
    """Give a remediation another owner, or another day.

    Attributes:
        name: the remediation's id.
        owner: a person of the trust file.
        due: by when.
    """

    name: str
    owner: str
    due: str

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        remediation_of(case)
        require_person(self.owner, case.trust, "--to")
        require_day(self.due, case.at)
        owner = case.pseudonym(self.owner)
        return case.event("remediation.assigned", remediation=self.name, owner=owner, due=self.due, by=case.code)


@dataclass(frozen=True, kw_only=True)
class Act:
    """Say what was done, as the owner.

    Attributes:
        name: the remediation's id.
        evidence_sha256: digest of what was done: words, a file, a model's files.
    """

    name: str
    evidence_sha256: str

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        about = remediation_of(case)
        if about.owner != case.code:
            owner = case.who(about.owner, about.assigned or about.opened)
            raise InputError(
                f"remediation {self.name}: expected its owner, {owner}, to say what was done, found {case.person}. To "
                f"make it yours: assay remediation assign {self.name} --to {case.person} --due DAY --as {case.person}"
            )
        if about.status == "awaiting-close":
            raise InputError(f"remediation {self.name}: it passed its re-test already. {about.words}")
        return case.event(
            "remediation.acted", remediation=self.name, by=case.code, evidence_sha256=self.evidence_sha256
        )


@dataclass(frozen=True, kw_only=True)
class Retest:
    """Hold a finding against a later verdict; what it says is the outcome.

    Attributes:
        name: the remediation's id.
        verdict_sha256: the later verdict; by default the last one on a release of the same model.
    """

    name: str
    verdict_sha256: str | None = None

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        about = remediation_of(case)
        if about.acted is None:
            owner = case.who(about.owner, about.assigned or about.opened)
            raise InputError(
                f"remediation {self.name}: expected that its owner, {owner}, has done something, found nothing. First: "
                f"assay remediation act {self.name} --done WORDS --as {owner}"
            )
        digest = self.verdict_sha256 or _last(case, about)
        outcome, words = retest(case.view, about, digest)
        if outcome is None:
            raise InputError(f"remediation {self.name}: {words}. Decide on what mends it with: assay run")
        return case.event(
            "remediation.retested", remediation=self.name, outcome=outcome, by=case.code, evidence_sha256=digest
        )


@dataclass(frozen=True, kw_only=True)
class Close:
    """Close a remediation that a later verdict has passed, as somebody else than who owned and mended it.

    Attributes:
        name: the remediation's id.
    """

    name: str

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        about = remediation_of(case)
        keys = [one.key.key_id for one in case.trust.people if one.name == case.person]
        why = not_to_close(case.view, about, case.code, keys)
        if why or about.tested is None:
            raise InputError(
                f"remediation {self.name}: not to be closed by {case.person}: {why}. {about.words}".rstrip()
            )
        digest = about.tested.said.evidence_sha256
        return case.event("remediation.closed", remediation=self.name, by=case.code, evidence_sha256=digest)


RemediationAct: TypeAlias = Open | Assign | Act | Retest | Close
"""What people do about a finding of a release."""


def _last(case: Case, about: Remediation) -> str:
    model = about.opened.said.model
    found = [
        one.said.verdict_sha256
        for one in case.view.facts("gate.decision")
        if one.said.model == model and one.said.verdict_sha256 and one.said.stage is None
        and about.acted is not None and one.index > about.acted.index
    ]  # fmt: skip
    if not found:
        raise InputError(
            f"remediation {about.name}: expected a decision on a release of {model} after what was done, found none. "
            "Decide with: assay run"
        )
    return str(found[-1])


def remediation_name(verdict: Verdict, finding: str, before: int) -> str:
    """Return the id of a new remediation: ``r-<version>-<finding>``, numbered when there was one before."""
    name = f"r-{verdict.version}-{finding}" + (f".{before + 1}" if before else "")
    plain = all(one.isascii() and (one.isalnum() or one in "._:/+=,-") for one in name) and len(name) <= _LONGEST
    return name if plain else f"r-{sha256_hex(name.encode())[:32]}"
